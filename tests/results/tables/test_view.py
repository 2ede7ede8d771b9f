"""A leaderboard as it was asked for."""

import pandas as pd
import pytest

from fusebench.errors import FusebenchError
from fusebench.results.statistics.intervals import NEW_SEEDS
from fusebench.results.statistics.paired import SEEDS_AND_SAMPLES, pool_conditions, sample_intervals
from fusebench.results.tables.columns import SHOWN
from fusebench.results.tables.leaderboard import build_leaderboard
from fusebench.results.tables.view import make_view

from ..fixtures import DATASETS, make_samples


def test_rows_that_are_left_out_change_no_other(whole):
    board = build_leaderboard(whole).set_index("fusion")
    for text in ("family=late", "fusion=late-*", "fusion=late-mean,late-[pw]*", "family!=[abcegm]*"):
        frame = make_view(whole, filters=[text]).frame.set_index("fusion")
        assert sorted(frame.index) == ["late-mean", "late-product", "late-weighted"], text
        pd.testing.assert_frame_equal(frame, board.loc[frame.index])


def test_several_filters_must_all_hold(whole):
    frame = make_view(whole, filters=["family!=control", "tie=1,2", "absence=native"]).frame
    assert set(frame["fusion"]) == {"cross-attention", "late-weighted", "gated-unit"}
    assert set(frame["absence"]) == {"native"}


def test_data_sets_and_seeds_that_are_left_out_are_not_averaged(whole):
    own = whole[(whole["dataset"] == "fake-digits") & (whole["seed"] != 2)]
    view = make_view(whole, filters=["dataset=fake-digits", "seed=0,1"])
    pd.testing.assert_frame_equal(view.frame, build_leaderboard(own))
    assert "Only dataset=fake-digits, seed=0,1;" in view.page.note


def test_without_a_scenario_the_clean_score_stays(whole):
    full, noisy = build_leaderboard(whole), make_view(whole, filters=["scenario=noise-*"]).frame
    pd.testing.assert_frame_equal(
        noisy[["fusion", "score", "mra_noise"]], full[["fusion", "score", "mra_noise"]]
    )
    assert noisy["mra_missing"].isna().all()
    strongest = make_view(whole, filters=["severity=5", "modality=audio,image,video,text"]).frame
    assert strongest["mra_noise"].iloc[0] < noisy["mra_noise"].iloc[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": ["famly=late"]}, "called 'famly'; did you mean family?"),
        ({"filters": ["fusion=late-maen"]}, "No fusion is 'late-maen'; did you mean late-mean"),
        ({"filters": ["dataset=fake-digit"]}, "No dataset is 'fake-digit'; did you mean fake-digits"),
        ({"filters": ["scenario=nothing"]}, "No scenario is 'nothing'; known: missing-modality"),
        ({"filters": ["family"]}, "A filter is COLUMN=VALUE or COLUMN!=VALUE, however: 'family'"),
        ({"filters": ["family="]}, "A filter is COLUMN=VALUE"),
        ({"filters": ["fusion!=*"]}, r"No row is left by fusion!=\*"),
        ({"filters": ["dataset!=*"]}, r"No record is left by dataset!=\*"),
        ({"sort": "gian"}, "No column to sort by is called 'gian'; did you mean gain"),
    ],
)
def test_what_is_not_there_is_one_sentence(whole, options, message):
    with pytest.raises(FusebenchError, match=message):
        make_view(whole, **options)


@pytest.mark.parametrize(
    ("column", "best_first"),
    [
        ("gain", True),
        ("worst", True),
        ("noise", True),
        ("fit", False),
        ("ECE", False),
        ("n_parameters", False),
    ],
)
def test_the_best_of_a_column_comes_first(records, column, best_first):
    frame = make_view(records, sort=column).frame
    name = next((name for name, shown in SHOWN.items() if shown.heading == column), column)
    values = frame[name].dropna()
    assert len(values) > 5
    assert values.is_monotonic_decreasing if best_first else values.is_monotonic_increasing
    assert frame[name].iloc[-1:].isna().all()
    unsorted = build_leaderboard(records).set_index("fusion")
    pd.testing.assert_frame_equal(frame.set_index("fusion").loc[unsorted.index], unsorted)


def test_lower_is_better_where_the_metric_says_so(records):
    frame = make_view(records, metric="log-loss", sort="worst").frame
    assert frame["worst"].dropna().is_monotonic_increasing
    assert (
        make_view(records, metric="log-loss", sort="log-loss").frame["score"].dropna().is_monotonic_increasing
    )


def test_another_metric_to_sort_by_ranks(records):
    view = make_view(records, sort="log-loss")
    assert view.metric == "log-loss"
    pd.testing.assert_frame_equal(view.frame, build_leaderboard(records, metric="log-loss"))


def test_by_data_set(records):
    view = make_view(records, by="dataset")
    clean = records[(records["metric"] == "accuracy") & (records["mechanism"] == "clean")]
    expected = clean.groupby(["fusion", "dataset"])["value"].mean()
    found = view.frame.set_index(["fusion", "dataset"])["score"]
    assert len(found) == 16 * len(DATASETS)
    for place in [("early-mlp", "fake-posts"), ("majority", "fake-words")]:
        assert found[place] == pytest.approx(expected[place])
    assert pd.isna(found["tensor-fusion", "fake-posts"])
    assert [heading.text for heading in view.page.headings] == ["fusion", *sorted(DATASETS)]
    assert [row[0] for row in view.page.rows] == build_leaderboard(records)["fusion"].to_list()
    number = view.frame.query("fusion == 'early-mlp' and dataset == 'fake-posts'").iloc[0]
    row = next(row for row in view.page.rows if row[0] == "early-mlp")
    place = [heading.text for heading in view.page.headings].index("fake-posts")
    assert row[place].startswith(f"{number['score']:.3f} ± ")


def test_by_scenario_severities_and_modalities_weigh_the_same_in_every_data_set(records):
    view = make_view(records, by="scenario", filters=["fusion=early-mlp", "dataset=fake-posts,fake-words"])
    assert [heading.text for heading in view.page.headings][:2] == ["fusion", "clean"]
    rows = records[
        (records["fusion"] == "early-mlp")
        & (records["metric"] == "accuracy")
        & records["dataset"].isin(["fake-posts", "fake-words"])
        & (records["scenario"] == "missing-rate")
    ]
    expected = rows.groupby(["dataset", "seed"])["value"].mean().groupby("dataset").mean().mean()
    found = view.frame.set_index("scenario").loc["missing-rate"]
    assert found["score"] == pytest.approx(expected)
    assert found["low"] < found["score"] < found["high"]
    typos = view.frame.set_index("scenario").loc["noise-text-typos", "score"]
    own = records[(records["fusion"] == "early-mlp") & (records["metric"] == "accuracy")]
    own = own[(own["dataset"] == "fake-posts") & (own["scenario"] == "noise-text-typos")]
    assert typos == pytest.approx(own["value"].mean())
    assert view.page.note.count("Each mean is over the data sets that have the scenario.") == 1
    assert "have the scenario" not in make_view(records, by="dataset").page.note


def test_by_family_the_best_ranked_of_each_is_left(records):
    frame = make_view(records, by="family").frame.set_index("family")
    assert frame.index.is_unique
    assert frame.loc["late", ["fusion", "members"]].to_list() == ["late-weighted", 3]
    assert frame.loc["early", "fusion"] == "early-mlp"
    assert frame.loc["control", "fusion"] == "best-unimodal"
    page = make_view(records, by="family", filters=["family!=control"]).page
    assert "of" in [heading.text for heading in page.headings]
    assert "control" not in {row[3] for row in page.rows}


def test_every_column_says_what_it_means(whole):
    page = make_view(whole).page
    assert len(page.headings) >= 16
    assert all(heading.meaning.endswith(".") and len(heading.meaning) > 20 for heading in page.headings)
    assert {heading.name for heading in page.headings} <= set(SHOWN)


@pytest.mark.parametrize("by", ["dataset", "scenario"])
def test_intervals_can_cover_test_samples(whole, by):
    few = whole[whole["fusion"].isin(["majority", "late-mean"]) & (whole["dataset"] == "fake-digits")]
    before = make_view(few, by=by)
    view = make_view(few, by=by, read_samples=make_samples)
    assert SEEDS_AND_SAMPLES in view.page.note
    assert NEW_SEEDS in before.page.note
    samples = make_samples(few)
    if by == "dataset":
        samples = samples[samples["scenario"] == "clean"]
    expected = sample_intervals(pool_conditions(samples)).set_index(["fusion", by])
    found = view.frame.set_index(["fusion", by])
    assert len(found) == len(expected) == (2 if by == "dataset" else 10)
    half = (expected["high"] - expected["low"]).reindex(found.index) / 2
    assert (found["high"] - found["score"]).to_list() == pytest.approx(half.to_list())
    assert (found["score"] - found["low"]).to_list() == pytest.approx(half.to_list())
    pd.testing.assert_series_equal(view.frame["score"], before.frame["score"])


def test_scenarios_of_several_data_sets_have_no_samples_in_common(whole):
    with pytest.raises(FusebenchError, match=r"one data set, however: fake-digits, .*--filter dataset=NAME"):
        make_view(whole, by="scenario", read_samples=make_samples)
