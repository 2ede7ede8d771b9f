import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fusebench.results.statistics.overall import interquartile_interval, summarise


def table(values) -> pd.DataFrame:
    """Scores of shape (data sets, seeds, fusions)."""
    values = np.asarray(values, dtype=float)
    index = pd.MultiIndex.from_product([range(n) for n in values.shape[:2]], names=["dataset", "seed"])
    return pd.DataFrame(values.reshape(len(index), -1), index, columns=list("abcdefgh"[: values.shape[2]]))


@given(st.integers(0, 10**6), st.integers(4, 15))
def test_the_interval_for_new_data_sets_is_that_of_yuens_test(seed, n):
    """Compared with its own mirror image, the trimmed t statistic of a sample is sqrt(2) times its own."""
    values = np.random.default_rng(seed).normal(1, 1, n)
    mean, low, high = (end[0] for end in interquartile_interval(values[:, None]))
    kept = n - 2 * (n // 4)
    assert mean == pytest.approx(stats.trim_mean(values, 0.25))
    statistic = stats.ttest_ind(values, -values, trim=0.25).statistic
    error = np.sqrt(2) * mean / statistic
    assert high - mean == pytest.approx(mean - low) == pytest.approx(stats.t.ppf(0.975, kept - 1) * error)


def test_ranks_over_data_sets_have_students_interval():
    values = np.random.default_rng(0).normal(size=(7, 3, 4))
    ranks = stats.rankdata(-values.mean(axis=1), axis=1)
    found = summarise(table(values), 1)
    for k, row in enumerate(found.itertuples()):
        low, high = stats.t.interval(0.95, 6, ranks[:, k].mean(), stats.sem(ranks[:, k]))
        assert (row.mean_rank, row.mean_rank_low, row.mean_rank_high) == pytest.approx(
            (ranks[:, k].mean(), low, high)
        )


def test_ranks_of_single_runs_have_students_interval_over_seeds():
    values = np.random.default_rng(0).normal(size=(1, 5, 4))
    ranks = stats.rankdata(-values[0], axis=1)
    row = summarise(table(values), 1).loc["b"]
    low, high = stats.t.interval(0.95, 4, ranks[:, 1].mean(), stats.sem(ranks[:, 1]))
    assert row[["run_rank", "run_rank_low", "run_rank_high"]].to_list() == pytest.approx(
        [ranks[:, 1].mean(), low, high]
    )


def test_the_bootstrap_over_seeds_of_a_single_data_set_is_students_interval():
    """The interquartile mean of one data set is its mean, whose standard error is known."""
    values = np.random.default_rng(0).normal(size=(1, 6, 2))
    row = summarise(table(values), 1, n_resamples=20_000).loc["a"]
    low, high = stats.t.interval(0.95, 5, values[0, :, 0].mean(), stats.sem(values[0, :, 0]))
    assert row[["iqm_seeds_low", "iqm_seeds_high"]].to_list() == pytest.approx([low, high], abs=0.02)


def test_an_outlying_data_set_does_not_move_the_interquartile_mean():
    values = np.random.default_rng(0).normal(size=(8, 2, 2))
    wild = values.copy()
    wild[values[..., 0].mean(axis=1).argmax()] += 100
    before, after = summarise(table(values), 1), summarise(table(wild), 1)
    assert after.loc["a", "iqm"] == before.loc["a", "iqm"]


def test_few_data_sets_say_nothing_of_new_ones():
    found = summarise(table(np.random.default_rng(0).normal(size=(5, 3, 2))), 1)
    about_new = ["mean_rank_low", "mean_rank_high", "iqm_datasets_low", "iqm_datasets_high"]
    assert found[about_new].isna().all(axis=None)
    assert found.drop(columns=about_new).notna().all(axis=None)


def test_a_single_seed_says_nothing_of_new_ones():
    found = summarise(table(np.random.default_rng(0).normal(size=(6, 1, 2))), 1)
    about_new = ["run_rank_low", "run_rank_high", "iqm_seeds_low", "iqm_seeds_high"]
    assert found[about_new].isna().all(axis=None)
    assert found.drop(columns=about_new).notna().all(axis=None)


def test_less_is_better_turns_ranks_round():
    values = np.random.default_rng(0).normal(size=(6, 3, 3))
    up, down = summarise(table(values), 1), summarise(table(-values), -1)
    ranks = [name for name in up if "rank" in name]
    pd.testing.assert_frame_equal(up[ranks], down[ranks])


def test_only_who_is_done_everywhere_has_a_row():
    values = np.random.default_rng(0).normal(size=(6, 3, 3))
    values[2, 1, 0] = np.nan
    found = summarise(table(values), 1)
    assert list(found.index) == ["b", "c"]
    pd.testing.assert_frame_equal(found, summarise(table(values)[["b", "c"]], 1))


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_the_order_of_rows_changes_nothing(seed):
    scores = table(np.random.default_rng(0).normal(size=(6, 3, 3)))
    shuffled = scores.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(summarise(shuffled, 1, 50), summarise(scores, 1, 50))
