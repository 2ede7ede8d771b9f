import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fusebench.errors import FusebenchError
from fusebench.results.statistics.intervals import NEW_DATASETS, NEW_SEEDS
from fusebench.results.statistics.stats import (
    clean_scores,
    condition_intervals,
    condition_scores,
    dataset_means,
    find_sign,
    mean_ranks,
    paired_basis,
    paired_intervals,
    seed_intervals,
    tie_groups,
)


def table(values) -> pd.DataFrame:
    """Scores of shape (data sets, seeds, fusions) as `clean_scores` gives them."""
    values = np.asarray(values, dtype=float)
    index = pd.MultiIndex.from_product([range(n) for n in values.shape[:2]], names=["dataset", "seed"])
    columns = pd.Index([f"f{k}" for k in range(values.shape[2])], name="fusion")
    return pd.DataFrame(values.reshape(-1, values.shape[2]), index, columns)


def test_an_unknown_metric_is_named(records):
    with pytest.raises(FusebenchError, match=r"no metric 'acuracy'; did you mean accuracy?"):
        find_sign(records, "acuracy")
    with pytest.raises(FusebenchError, match="No cell is done"):
        find_sign(records[records["status"] == "failed"], "accuracy")


def test_directions_give_signs(records):
    assert find_sign(records, "accuracy") == 1
    assert find_sign(records, "log-loss") == -1


def test_what_lacks_is_a_hole_in_the_table(records):
    clean = clean_scores(condition_scores(records, "accuracy"))
    assert clean.shape == (18, 16)
    assert np.isnan(clean.loc[("fake-posts", 1), "tensor-fusion"])  # failed
    assert np.isnan(clean.loc[("fake-words", 2), "gated-unit"])  # no record
    assert clean.loc["fake-recipes", "multistream-hmm"].isna().all()  # skipped
    assert clean["early-mlp"].notna().all()


def test_a_hole_is_not_averaged_away(records):
    means = dataset_means(clean_scores(condition_scores(records, "accuracy")))
    assert np.isnan(means.loc["fake-posts", "tensor-fusion"])
    assert np.isfinite(means.loc["fake-words", "tensor-fusion"])


def test_a_single_data_set_gives_students_interval_over_seeds():
    values = np.random.default_rng(0).normal(size=(1, 5, 1))
    low, high = stats.t.interval(0.95, 4, values.mean(), stats.sem(values.ravel()))
    interval = seed_intervals(table(values)).loc["f0"]
    assert interval.to_list() == pytest.approx([values.mean(), low, high])


def test_few_data_sets_speak_of_new_seeds():
    """One data set: the paired t-interval of its seeds."""
    values = np.random.default_rng(1).normal(size=(1, 6, 2))
    differences = table(values[..., :1] - values[..., 1:])
    expected = stats.ttest_rel(values[0, :, 0], values[0, :, 1]).confidence_interval(0.95)
    interval = paired_intervals(differences).loc["f0"]
    assert interval[["low", "high"]].to_list() == pytest.approx(list(expected))
    assert paired_basis(5) == NEW_SEEDS


def test_six_data_sets_speak_of_new_data_sets():
    """The seeds of a data set are averaged first: the interval is that of six numbers, not of eighteen."""
    values = np.random.default_rng(2).normal(size=(6, 3, 1))
    expected = stats.ttest_1samp(values.mean(axis=1).ravel(), 0).confidence_interval(0.95)
    interval = paired_intervals(table(values)).loc["f0"]
    assert interval[["low", "high"]].to_list() == pytest.approx(list(expected))
    assert paired_basis(6) == NEW_DATASETS


def test_equal_strategies_are_rarely_told_apart_over_data_sets():
    """Data sets favour one or the other at random; seeds hardly vary. Seeds as blocks would cry wolf."""
    rng = np.random.default_rng(3)
    favour = rng.normal(0, 1, (6, 1, 4000))
    interval = paired_intervals(table(favour + rng.normal(0, 0.1, (6, 5, 4000))))
    alarms = ((interval["low"] > 0) | (interval["high"] < 0)).mean()
    assert 0.035 < alarms < 0.065
    seeds_as_blocks = stats.ttest_1samp((favour + rng.normal(0, 0.1, (6, 5, 4000))).reshape(30, -1), 0).pvalue
    assert (seeds_as_blocks < 0.05).mean() > 0.3


@given(st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=1, max_size=5))
def test_ranks_are_scipys(scores):
    means = pd.DataFrame(scores, dtype=float)
    assert mean_ranks(means, 1).to_list() == pytest.approx(stats.rankdata(-means, axis=1).mean(axis=0))
    assert mean_ranks(means, -1).to_list() == pytest.approx(stats.rankdata(means, axis=1).mean(axis=0))


def test_who_lacks_a_data_set_is_not_ranked_and_takes_no_place():
    means = pd.DataFrame({"a": [0.1, 0.2], "b": [0.9, np.nan], "c": [0.3, 0.4]})
    ranks = mean_ranks(means, 1)
    assert ranks[["a", "c"]].to_list() == [2, 1]
    assert np.isnan(ranks["b"])


def test_tie_groups_follow_the_paired_differences():
    rng = np.random.default_rng(4)
    shared = rng.normal(0, 1, (6, 3, 1))  # far larger than the differences, and paired away
    levels = np.array([0.0, 0.3, 0.299, -0.5])
    groups = tie_groups(table(shared + levels + rng.normal(0, 0.01, (6, 3, 4))), 1)
    assert groups.to_list() == [2, 1, 1, 3]
    groups = tie_groups(table(shared + levels + rng.normal(0, 0.01, (6, 3, 4))), -1)
    assert groups.to_list() == [2, 3, 3, 1]


def test_one_seed_on_few_data_sets_separates_nothing():
    groups = tie_groups(table([[[0.9, 0.1, 0.5]], [[0.8, 0.2, 0.5]]]), 1)
    assert groups.to_list() == [1, 1, 1]


def test_who_lacks_a_score_is_in_no_group():
    values = np.random.default_rng(5).normal(size=(2, 3, 2))
    values[0, 1, 1] = np.nan
    assert tie_groups(table(values), 1).isna().to_list() == [False, True]


def test_intervals_of_conditions_are_students_intervals_over_seeds(whole):
    scores = condition_scores(whole, "accuracy")
    found = condition_intervals(scores).set_index(
        ["dataset", "scenario", "mechanism", "modality", "severity", "fusion"]
    )
    assert len(found) == scores.groupby(level=[0, 1, 2, 3, 4]).ngroups * scores.shape[1]
    key = ("fake-digits", "noise-audio-white", "noise", "audio", 3)
    seeds = scores.loc[key, "late-mean"].to_numpy()
    expected = stats.t.interval(0.95, 2, seeds.mean(), stats.sem(seeds))
    assert found.loc[(*key, "late-mean"), "mean"] == pytest.approx(seeds.mean())
    assert found.loc[(*key, "late-mean"), ["low", "high"]].to_list() == pytest.approx(expected)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(seed):
    records = small_records()
    shuffled = records.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        condition_scores(shuffled, "accuracy"), condition_scores(records, "accuracy")
    )


def small_records() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {"dataset": d, "fusion": f, "seed": s, "scenario": c, "mechanism": m, "modality": "", "severity": v}
        for d in "xy"
        for f in "abc"
        for s in range(2)
        for c, m, v in (("clean", "clean", 0), ("missing-rate", "missing", 1))
    ]
    return pd.DataFrame(rows).assign(metric="accuracy", value=rng.random(len(rows)))
