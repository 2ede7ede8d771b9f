"""Records of several machines as one table."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from fusebench.errors import FusebenchError
from fusebench.results.merge import merge_records

from .fixtures import FAILED


def split(records, by):
    return {str(name): own for name, own in records.groupby(by)}


@pytest.mark.parametrize("by", ["dataset", "seed", "fusion"])
def test_parts_make_the_whole_again(records, by):
    merged, owners = merge_records(split(records, by))
    assert_frame_equal(merged, records)
    assert set(owners) == set(records["key"])
    some = records.iloc[100]
    assert owners[some["key"]] == str(some[by])


def test_the_same_cell_twice_is_one_cell(records):
    costly = records.assign(fit_seconds=records["fit_seconds"] + 1, value=records["value"] * (1 + 1e-7))
    merged, owners = merge_records({"a": records, "b": costly})
    assert_frame_equal(merged, records)
    assert set(owners.values()) == {"a"}


def test_a_cell_that_is_done_takes_the_place_of_one_that_is_not(records, whole):
    failed = records[(records["fusion"] == FAILED[0]) & (records["dataset"] == FAILED[1])]
    done = whole[(whole["fusion"] == FAILED[0]) & (whole["dataset"] == FAILED[1])]
    for parts in ({"a": failed, "b": done}, {"b": done, "a": failed}):
        merged, owners = merge_records(parts)
        assert set(merged["status"]) == {"done"}
        assert owners["/".join(map(str, (FAILED[1], FAILED[0], FAILED[2])))] == "b"


def change(records, **columns):
    """One cell, with something else in it."""
    own = records[(records["fusion"] == "late-mean") & (records["dataset"] == "fake-posts")]
    return own[own["seed"] == 1].assign(**columns)


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        (
            lambda records: change(records, key="other"),
            "late-mean on fake-posts, seed 1, was made by other code, data or options in here than in there",
        ),
        (
            lambda records: change(records, value=0.5),
            "late-mean on fake-posts, seed 1, has other scores in here than in there: drop one",
        ),
        (
            lambda records: change(records).assign(value=lambda own: own["value"] * (1 + 1e-5)),
            "late-mean on fake-posts, seed 1, has other scores",
        ),
        (
            lambda records: change(records)[lambda own: own["mechanism"] == "clean"],
            "late-mean on fake-posts, seed 1, has other scores",
        ),
        (
            lambda records: change(records, training="label-noise-3"),
            None,
        ),
        (
            lambda records: change(records, seed=7, family="early"),
            "'late-mean' has more than one family: (early and late|late and early)",
        ),
    ],
)
def test_what_contradicts_is_refused(records, mutate, message):
    parts = {"here": records, "there": mutate(records)}
    if message is None:
        assert len(merge_records(parts)[0]) == len(records) + len(parts["there"])
        return
    with pytest.raises(FusebenchError, match=message):
        merge_records(parts)


def test_both_not_done_stay_so_once(records):
    failed = records[records["status"] == "failed"]
    merged, _ = merge_records({"a": records, "b": failed.assign(reason="another reason")})
    assert_frame_equal(merged, records)
    assert isinstance(merged, pd.DataFrame)
