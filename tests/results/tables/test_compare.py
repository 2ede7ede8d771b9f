"""What differs between two runs or strategies, by how much, and whether it is more than noise."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

from fusebench.errors import FusebenchError
from fusebench.results.statistics.paired import SEEDS_AND_SAMPLES, compare_paired
from fusebench.results.statistics.robustness import mean_under
from fusebench.results.statistics.stats import condition_scores, dataset_means
from fusebench.results.tables.compare import ALL, compare_fusions, compare_runs

from ..fixtures import make_samples

FUSION = "early-mlp"


def scores_of(records, fusion, dataset):
    rows = records[(records["fusion"] == fusion) & (records["metric"] == "accuracy")]
    rows = rows[(rows["dataset"] == dataset) & (rows["mechanism"] == "clean")]
    return rows.sort_values("seed")["value"].to_numpy()


def moved(records, by, fusion=FUSION):
    """The same records with the scores of one strategy moved, seed by seed."""
    steps = records["seed"].map(dict(enumerate(by)))
    own = (records["fusion"] == fusion) & (records["metric"] == "accuracy")
    return records.assign(value=records["value"] + steps.where(own, 0))


def test_the_interval_is_that_of_the_paired_test(whole):
    table = compare_fusions(whole, "late-mean", FUSION).table.set_index(["part", "dataset"])
    for dataset in ("fake-digits", "fake-posts"):
        a, b = (scores_of(whole, fusion, dataset) for fusion in ("late-mean", FUSION))
        interval = ttest_rel(b, a).confidence_interval(0.95)
        row = table.loc["clean", dataset]
        assert row[["first", "second"]].to_list() == pytest.approx([a.mean(), b.mean()])
        assert row[["low", "high"]].to_list() == pytest.approx([interval.low, interval.high])
        assert row["seeds"] == 3
        assert row["verdict"] == (
            "unclear" if interval.low < 0 < interval.high else "better" if interval.low > 0 else "worse"
        )


def test_kinds_of_fault_are_averaged_as_in_the_leaderboard(whole):
    table = compare_fusions(whole, "late-mean", FUSION).table.set_index(["part", "dataset"])
    means = dataset_means(condition_scores(whole, "accuracy"))
    for mechanism in ("missing", "noise"):
        expected = mean_under(means, mechanism)
        assert table.loc[(mechanism, ALL), "first"] == pytest.approx(expected["late-mean"])
        assert table.loc[(mechanism, ALL), "second"] == pytest.approx(expected[FUSION])
    assert table.loc[("missing", ALL), "verdict"] == "worse"


def test_strategies_are_described_by_what_differs(whole):
    told = {d.what: (d.first, d.second) for d in compare_fusions(whole, "late-mean", FUSION).differences}
    assert told["family"] == ("late", "early")
    assert told["absence"] == ("native", "mean")
    assert {"missing", "fit", "latency", "parameters", "memory"} <= set(told)
    assert "done" not in told
    assert compare_fusions(whole, FUSION, FUSION).differences == []


def test_a_run_is_the_same_as_itself(records):
    found = compare_runs(records, records)
    done = found.table[found.table["verdict"] != "not done"]
    assert set(done["verdict"]) == {"same"}
    assert found.differences == []
    assert "More than noise" not in found.summarise()
    assert "Not done in one of the two: 2." in found.summarise()  # tensor-fusion and gated-unit


@pytest.mark.parametrize(("sign", "verdict"), [(1, "better"), (-1, "worse")])
def test_what_moves_evenly_is_found_and_what_moves_at_random_is_not(whole, sign, verdict):
    even = compare_runs(whole, moved(whole, sign * np.array([0.02, 0.03, 0.025]))).table
    table = even.set_index(["part", "dataset"])
    # That the data sets agree to the last digit is no proof for new ones.
    assert set(table.loc[FUSION, "verdict"].drop(ALL)) == {verdict}
    assert set(table.drop(index=FUSION)["verdict"]) == {"same"}
    noisy = compare_runs(whole, moved(whole, np.array([0.02, -0.03, 0.02])))
    table = noisy.table.set_index(["part", "dataset"])
    assert set(table.loc[FUSION].drop(index=ALL)["verdict"]) == {"unclear"}
    assert "More than noise: 0 of the 6" in noisy.summarise()
    assert "Chance alone would give about 0.3 of 6" in noisy.summarise()


def test_lower_is_better_for_a_loss(whole):
    own = (whole["metric"] == "log-loss") & (whole["fusion"] == FUSION)
    less = whole.assign(value=whole["value"] - own * (0.01 + 0.001 * whole["seed"]))
    table = compare_runs(whole, less, metric="log-loss").table.set_index("part")
    table = table[table["dataset"] != ALL]
    assert set(table.loc[FUSION, "verdict"]) == {"better"}
    assert (table.loc[FUSION, "difference"] > 0).all()
    assert (table.loc[FUSION, "second"] < table.loc[FUSION, "first"]).all()


def test_only_shared_seeds_and_data_sets_are_compared(whole):
    few = whole[(whole["seed"] != 2) & (whole["dataset"] != "fake-words")]
    few = few[few["fusion"] != "late-mean"].assign(key="other")
    found = compare_runs(whole, few)
    assert set(found.table["seeds"]) == {2}
    assert "fake-words" not in set(found.table["dataset"])
    told = {d.what: (d.first, d.second) for d in found.differences}
    assert told["only here: dataset"] == ("fake-words", "–")
    assert told["only here: fusion"] == ("late-mean", "–")
    assert told["only here: seed"] == ("2", "–")
    assert told["cells"][1].startswith("0 of them made by the same code")


def test_one_seed_is_not_testable(whole):
    one = whole[whole["seed"] == 0]
    found = compare_runs(one, moved(one, [0.1]))
    assert set(found.table.loc[found.table["part"] == FUSION, "verdict"]) == {"unclear"}
    assert "Not testable with one seed: 6." in found.summarise()


def test_what_is_not_there_is_not_counted(whole):
    assert compare_runs(whole, whole).summarise().startswith("The same numbers: ")
    one = whole[(whole["dataset"] == "fake-posts") & whole["fusion"].isin([FUSION])]
    found = compare_runs(one, moved(one, [0.1, 0.11, 0.12]))
    assert found.summarise().startswith("More than noise: 1 of the 1 difference with an interval")


def test_differences_of_provenance_are_named_and_passing_ones_are_not(whole):
    a = {"version": "1", "suite": {"seeds": 3, "fusions": ["*"]}, "started": "now", "dirty": None}
    b = {"version": "1", "suite": {"seeds": 5, "fusions": ["late-*", "x"]}, "started": "then", "note": "q"}
    a["data"] = {"digits": {"protocol": 2, "data": "0a"}, "letters": {"protocol": 2}}
    b["data"] = {"digits": {"protocol": 2, "data": "0b"}}
    found = compare_runs(whole, whole, provenance=(a, b)).differences
    assert [tuple(d) for d in found] == [
        ("suite seeds", "3", "5"),
        ("suite fusions", "*", "late-*, x"),
        ("data digits data", "0a", "0b"),
        ("note", "–", "q"),
    ]


def test_a_caution_is_handed_on(whole):
    quick = whole.assign(note="QUICK MODE")
    assert compare_runs(whole, quick).notices == ["QUICK MODE"]
    assert compare_fusions(quick, FUSION, "late-mean").notices == ["QUICK MODE"]


def test_what_cannot_be_compared_is_one_sentence(whole):
    with pytest.raises(FusebenchError, match=r"no fusion 'late-maen'; did you mean late-mean"):
        compare_fusions(whole, FUSION, "late-maen")
    with pytest.raises(FusebenchError, match="no strategy, data set and seed in common"):
        compare_runs(
            whole,
            whole.assign(dataset="another").drop_duplicates(
                ["fusion", "seed", "metric", "scenario", "modality", "severity"]
            ),
        )
    with pytest.raises(FusebenchError, match="no metric 'f1'"):
        compare_runs(whole, whole, metric="f1")


def test_a_strategy_that_is_not_done_everywhere_says_so(records):
    table = compare_fusions(records, "tensor-fusion", FUSION).table.set_index(["part", "dataset"])
    assert table.loc[("clean", "fake-posts"), "verdict"] == "not done"
    assert table.loc[("clean", ALL), "verdict"] == "not done"
    assert pd.isna(table.loc[("clean", ALL), "difference"])
    assert table.loc[("clean", "fake-digits"), "verdict"] != "not done"


def test_intervals_can_cover_test_samples(whole):
    few = whole[whole["fusion"].isin(["late-mean", FUSION, "best-unimodal"])]
    samples = make_samples(few[few["fusion"] != "best-unimodal"])
    before = compare_fusions(few, "late-mean", FUSION)
    found = compare_fusions(few, "late-mean", FUSION, samples=samples)
    assert found.interval == SEEDS_AND_SAMPLES != before.interval
    same = ["part", "dataset", "first", "second", "difference", "seeds"]
    pd.testing.assert_frame_equal(found.table[same], before.table[same])
    one = samples[(samples["scenario"] == "clean") & (samples["dataset"] == "fake-posts")]
    expected = compare_paired(one, FUSION, "late-mean").iloc[0]
    row = found.table.set_index(["part", "dataset"]).loc["clean", "fake-posts"]
    assert row["high"] - row["low"] == pytest.approx(expected["high"] - expected["low"])
    assert row["high"] + row["low"] == pytest.approx(2 * row["difference"])
    # What is over data sets stays as it was; the verdicts are those of the new intervals.
    over = found.table["dataset"] == ALL
    pd.testing.assert_frame_equal(found.table[over], before.table[over])
    rows = found.table[~over & (found.table["high"] - found.table["low"] > 1e-9)]
    assert rows.loc[rows["low"] > 0, "verdict"].eq("better").all()
    assert rows.loc[(rows["low"] <= 0) & (rows["high"] >= 0), "verdict"].isin(["unclear", "same"]).all()
    assert rows.loc[rows["high"] < 0, "verdict"].eq("worse").all()
    assert set(rows["verdict"]) >= {"worse", "unclear"}


def test_a_strategy_beside_itself_is_the_same_whatever_the_interval(whole):
    samples = make_samples(whole[whole["fusion"] == FUSION])
    assert set(compare_fusions(whole, FUSION, FUSION, samples=samples).table["verdict"]) == {"same"}
