"""How often the statistics err where the truth is known. docs/statistics.md has the numbers."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from fusebench.results.statistics.overall import summarise
from fusebench.results.statistics.paired import bootstrap_means
from fusebench.results.statistics.ranks import compare_ranks

pytestmark = pytest.mark.slow

NAMES = list("abcdefghij")


def make_scores(rng, n_datasets, n_fusions, n_test=None):
    """Means of equal fusions: data sets differ, and each favours some fusions at random."""
    scores = 0.7 + 0.1 * rng.normal(size=(n_datasets, 1)) + 0.03 * rng.standard_t(4, (n_datasets, n_fusions))
    if n_test:  # shares of a small test split, which are often tied
        scores = np.round(scores * n_test) / n_test
    return pd.DataFrame(scores, columns=NAMES[:n_fusions])


@pytest.mark.parametrize(
    ("n_datasets", "n_fusions", "n_test"),
    [(6, 2, None), (12, 2, None), (12, 2, 20), (8, 4, None), (20, 4, None), (20, 4, 20), (15, 8, None)],
)
def test_equal_fusions_are_separated_at_most_as_often_as_said(n_datasets, n_fusions, n_test, report):
    """Any of the pairs, in one of 20 tables at most."""
    rng = np.random.default_rng(0)
    n = 1000
    found = [compare_ranks(make_scores(rng, n_datasets, n_fusions, n_test), 1) for _ in range(n)]
    friedman = np.mean([test.p_value < 0.05 for test in found])
    any_pair = np.mean([test.pairs["separable"].any() for test in found])
    report(f"{n_datasets} {n_fusions} {n_test}: Friedman {friedman:.3f}, any pair {any_pair:.3f}")
    assert friedman < 0.05 + 0.014  # two standard errors of the simulation
    assert any_pair < 0.05 + 0.014


def test_seeds_as_blocks_would_cry_wolf(report):
    """Why seeds are averaged: each data set favours one of two equal fusions, and its seeds repeat that."""
    rng = np.random.default_rng(0)
    favour = 0.03 * rng.normal(size=(500, 6, 1)) + 0.005 * rng.normal(size=(500, 6, 5))
    alarms = [
        (stats.wilcoxon(table.ravel()).pvalue < 0.05, stats.wilcoxon(table.mean(axis=1)).pvalue < 0.05)
        for table in favour
    ]
    as_blocks, averaged = np.mean(alarms, axis=0)
    report(f"seeds as blocks {as_blocks:.3f}, averaged {averaged:.3f}")
    assert as_blocks > 0.3
    assert averaged < 0.05 + 0.02


SHARE = stats.norm.cdf(0.5 / np.sqrt(2.01))


def draw_right(rng, n_seeds, n_test, pool, n_fusions=1):
    """Right or wrong answers: hard and easy samples, good and bad seeds, and luck.

    Test samples are drawn from a pool under each seed: all of it, a part of it, or (None) always new ones.
    """
    size = n_seeds * n_test if pool is None else pool
    ids = np.arange(size).reshape(n_seeds, -1) if pool is None else draw_ids(rng, n_seeds, n_test, pool)
    ease = rng.normal(size=size)[ids][..., None]
    seeds = 0.1 * rng.normal(size=(n_seeds, 1, n_fusions))
    right = 0.5 + ease + seeds + rng.normal(size=(n_seeds, n_test, n_fusions)) > 0
    index = pd.MultiIndex.from_arrays(
        [np.repeat(np.arange(n_seeds), n_test), ids.ravel()], names=["seed", "sample"]
    )
    return pd.DataFrame(right.reshape(-1, n_fusions).astype(float), index, columns=NAMES[:n_fusions])


def draw_ids(rng, n_seeds, n_test, pool):
    return np.array([rng.permutation(pool)[:n_test] for _ in range(n_seeds)])


def simulate_samples(n_seeds, n_test, pool, n=500):
    """How often the interval of a mean covers, and that of the difference of two equal ones excludes 0."""
    rng = np.random.default_rng(0)
    covered, alarms = 0, 0
    for _ in range(n):
        right = draw_right(rng, n_seeds, n_test, pool, 2)
        _, low, high = bootstrap_means(right.assign(difference=right["a"] - right["b"]), 200)
        covered += low[0] <= SHARE <= high[0]
        alarms += low[2] > 0 or high[2] < 0
    return covered / n, alarms / n


@pytest.mark.parametrize(
    ("n_seeds", "n_test", "pool"),
    [(3, 200, 200), (5, 200, 200), (3, 200, 400), (3, 200, None), (5, 50, 50)],
)
def test_intervals_over_seeds_and_samples_cover(n_seeds, n_test, pool, report):
    covered, alarms = simulate_samples(n_seeds, n_test, pool)
    report(f"{n_seeds} {n_test} {pool}: covers {covered:.3f}, false alarms of pairs {alarms:.3f}")
    assert covered > 0.95 - 0.02  # two standard errors of the simulation
    assert alarms < 0.05 + 0.02


def test_a_single_seed_says_nothing_of_other_seeds(report):
    """Why its interval is named otherwise."""
    covered, alarms = simulate_samples(1, 200, 200)
    report(f"1 200 200: covers {covered:.3f}, false alarms of pairs {alarms:.3f}")
    assert alarms > 0.1


def test_a_single_seed_covers_test_samples(report):
    rng = np.random.default_rng(0)
    n, covered = 500, 0
    for _ in range(n):
        right = (0.5 + rng.normal(size=200) > 0).astype(float)
        index = pd.MultiIndex.from_product([[0], range(200)], names=["seed", "sample"])
        interval = bootstrap_means(pd.DataFrame({"a": right}, index), 200)
        covered += interval.low[0] <= stats.norm.cdf(0.5) <= interval.high[0]
    report(f"one seed: covers {covered / n:.3f}")
    assert covered / n > 0.95 - 0.02


@pytest.mark.parametrize(
    ("n_datasets", "n_seeds", "n_fusions"), [(3, 3, 5), (6, 3, 5), (6, 5, 10), (12, 3, 8)]
)
def test_intervals_of_ranks_and_interquartile_means_cover(n_datasets, n_seeds, n_fusions, report):
    rng = np.random.default_rng(0)
    n = 300
    level = 0.3 * np.arange(n_fusions)
    truth = level + rng.normal(size=(n_datasets, n_fusions))  # these data sets
    noise = 0.5
    many = truth + noise * rng.normal(size=(20_000, n_datasets, n_fusions))
    run_rank = stats.rankdata(-many, axis=2).mean(axis=(0, 1))
    iqm = stats.trim_mean(truth, 0.25, axis=0)
    new = level + rng.normal(0, np.hypot(1, noise / np.sqrt(n_seeds)), size=(100_000, n_fusions))
    mean_rank = stats.rankdata(-new, axis=1).mean(axis=0)  # any data sets like these
    index = pd.MultiIndex.from_product([range(n_datasets), range(n_seeds)], names=["dataset", "seed"])
    covered = np.zeros(4)
    for _ in range(n):
        same = truth[:, None] + noise * rng.normal(size=(n_datasets, n_seeds, n_fusions))
        other = level + rng.normal(size=(n_datasets, 1, n_fusions))
        other = other + noise * rng.normal(size=(n_datasets, n_seeds, n_fusions))
        shape = (-1, n_fusions)
        old = summarise(pd.DataFrame(same.reshape(shape), index, NAMES[:n_fusions]), 1, 300)
        fresh = summarise(pd.DataFrame(other.reshape(shape), index, NAMES[:n_fusions]), 1, 20)
        ends = [
            (old["run_rank_low"], run_rank, old["run_rank_high"]),
            (old["iqm_seeds_low"], iqm, old["iqm_seeds_high"]),
            (fresh["mean_rank_low"], mean_rank, fresh["mean_rank_high"]),
            (fresh["iqm_datasets_low"], level, fresh["iqm_datasets_high"]),
        ]
        covered += [np.mean((low <= value) & (value <= high)) for low, value, high in ends]
    shares = dict(zip(["run rank", "iqm seeds", "mean rank", "iqm datasets"], covered / n, strict=True))
    report(f"{n_datasets} {n_seeds} {n_fusions}: " + ", ".join(f"{k} {v:.3f}" for k, v in shares.items()))
    assert min(shares["run rank"], shares["iqm seeds"]) > 0.95 - 0.03
    if n_datasets >= 6:
        assert min(shares["mean rank"], shares["iqm datasets"]) > 0.95 - 0.03


@pytest.fixture
def report(record_property):
    """Print a number, and keep it in the report of the tests."""

    def tell(line: str) -> None:
        print(line)
        record_property("simulated", line)

    return tell
