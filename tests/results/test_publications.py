"""Results that are published: what is written, what is read again, what is refused."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fusebench.errors import FusebenchError
from fusebench.results.publications import (
    find_publications,
    read_publication,
    round_scores,
    write_publication,
)

from .fixtures import DATASETS, FAILED, SKIPPED, TRACEBACK


def make_provenance(name="tiny", **changes):
    return {
        "version": "1.0",
        "commit": "0123456789abcdef",
        "dirty": False,
        "packages": {"numpy": "2.4"},
        "hardware": {"cores": 2},
        "started": "2026-01-02T03:04:05+00:00",
        "suite": {"name": name, "quick": False, "seeds": 3},
        "metric": "accuracy",
        "data": {
            dataset: {"protocol": 2, "data": f"hash of {dataset}", "sizes": None} for dataset in DATASETS
        },
        "files": "passing",
        **changes,
    }


def test_scores_and_provenance_are_read_as_they_were_written(records, tmp_path):
    write_publication(records, make_provenance(), tmp_path)
    read = read_publication("tiny", tmp_path)
    scores = [
        "dataset",
        "fusion",
        "scenario",
        "modality",
        "severity",
        "level",
        "seed",
        "metric",
        "value",
        "status",
    ]
    expected = round_scores(records)
    assert (expected["value"] - records["value"]).abs().max() <= 5e-6
    pd.testing.assert_frame_equal(read.records[scores], expected[scores])
    assert "files" not in read.provenance
    assert read.provenance["data"] == make_provenance()["data"]
    assert read.describe() == "tiny (Fusebench 1.0, commit 0123456789, 2026-01-02)"
    assert find_publications(tmp_path) == ["tiny"]


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9))
@example(0.99999_6)
@example(-1.0)
def test_scores_keep_five_digits(value):
    rounded = round_scores(pd.DataFrame({"value": [value, float("nan")]}))["value"]
    assert rounded[0] == pytest.approx(value, rel=5.001e-5, abs=1e-300)
    assert len(np.format_float_scientific(rounded[0]).partition("e")[0].lstrip("-")) <= len("1.2345")
    assert pd.isna(rounded[1])
    again = round_scores(pd.DataFrame({"value": rounded}))["value"]
    assert again[0] == rounded[0]


def test_no_time_is_published(records, tmp_path):
    published = write_publication(records, make_provenance(), tmp_path).records
    assert records["fit_seconds"].notna().any()
    assert published[["fit_seconds", "predict_seconds", "fit_bytes"]].isna().all(axis=None)
    assert published["n_parameters"].notna().any()


def test_a_failed_cell_stays_one_and_tells_of_no_folder(records, tmp_path):
    published = write_publication(records, make_provenance(), tmp_path).records
    cells = published.set_index(["fusion", "dataset", "seed"]).sort_index()
    assert cells.loc[FAILED, "status"] == "failed"
    assert cells.loc[FAILED, "reason"] == TRACEBACK.partition("\n")[0]
    assert set(cells.loc[SKIPPED, "status"]) == {"skipped"}


def test_quick_numbers_are_not_published(records, tmp_path):
    quick = make_provenance(suite={"name": "tiny", "quick": True})
    with pytest.raises(FusebenchError, match=r"tiny was in quick mode"):
        write_publication(records, quick, tmp_path)
    assert find_publications(tmp_path) == []


def test_what_does_not_tell_where_it_is_from_is_not_published(records, tmp_path):
    provenance = make_provenance()
    del provenance["data"], provenance["hardware"]
    with pytest.raises(FusebenchError, match=r"does not tell hardware and data"):
        write_publication(records, provenance, tmp_path)


def test_an_unknown_name_and_damage_are_one_sentence(records, tmp_path):
    write_publication(records, make_provenance(), tmp_path)
    with pytest.raises(FusebenchError, match=r"suite 'tniy' are published; did you mean tiny"):
        read_publication("tniy", tmp_path)
    (tmp_path / "tiny.json").write_text("{")
    with pytest.raises(FusebenchError, match=r"published results of tiny are damaged"):
        read_publication("tiny", tmp_path)


def test_texts_are_stored_once(records, tmp_path):
    write_publication(records, make_provenance(), tmp_path)
    stored = pd.read_parquet(tmp_path / "tiny.parquet")
    assert stored["fusion"].dtype == "category"
    assert json.loads((tmp_path / "tiny.json").read_text())["commit"] == "0123456789abcdef"
