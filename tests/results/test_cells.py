import pandas as pd
import pytest

from fusebench.results.cells import coverage, group_unfinished, unfinished_cells


def test_coverage_counts_planned_cells(records):
    share = coverage(records)
    assert share["early-mlp"] == 1
    assert share["tensor-fusion"] == pytest.approx(17 / 18)  # one failed
    assert share["gated-unit"] == pytest.approx(17 / 18)  # one has no record
    assert share["multistream-hmm"] == pytest.approx(15 / 18)  # one data set skipped
    assert share["unimodal-text"] == pytest.approx(6 / 18)  # two data sets have text


def test_a_fusion_that_is_never_done_covers_nothing(records):
    failed = records[(records["fusion"] == "tensor-fusion") & (records["status"] == "failed")]
    rest = records[records["fusion"] != "tensor-fusion"]
    assert coverage(pd.concat([rest, failed]))["tensor-fusion"] == 0


def test_all_that_is_not_done_is_listed(records):
    cells = unfinished_cells(records)
    assert cells[["status", "fusion", "dataset", "seed"]].to_numpy().tolist() == [
        ["failed", "tensor-fusion", "fake-posts", 1],
        ["skipped", "multistream-hmm", "fake-recipes", 0],
        ["skipped", "multistream-hmm", "fake-recipes", 1],
        ["skipped", "multistream-hmm", "fake-recipes", 2],
        ["missing", "gated-unit", "fake-words", 2],
    ]


def test_a_whole_data_set_that_was_never_reached_is_listed(whole):
    rest = whole[(whole["fusion"] != "late-mean") | (whole["dataset"] != "fake-words")]
    assert unfinished_cells(rest)["fusion"].to_list() == ["late-mean"] * 3


def test_a_control_of_one_modality_is_missed_only_where_it_has_been(whole):
    one = (whole["fusion"] == "unimodal-text") & (whole["dataset"] == "fake-posts") & (whole["seed"] == 1)
    assert unfinished_cells(whole[~one])[["fusion", "dataset", "seed"]].to_numpy().tolist() == [
        ["unimodal-text", "fake-posts", 1]
    ]


def test_nothing_is_listed_if_all_is_done(whole):
    assert unfinished_cells(whole).empty


def test_cells_with_the_same_reason_share_a_line(records):
    groups = group_unfinished(unfinished_cells(records))
    assert [group.line for group in groups] == [
        '1 cell failed: tensor-fusion on fake-posts: ValueError: <script>alert("trace")</script>',
        "3 cells skipped: multistream-hmm on fake-recipes: no sequence view",
        "1 cell missing: gated-unit on fake-words: no record; the run may have been stopped",
    ]
    assert [bool(group.detail) for group in groups] == [True, False, False]
    assert "Traceback" in groups[0].detail
