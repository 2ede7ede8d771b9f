"""Repeated confidence intervals: against Student's, and simulated where the truth is known."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from fusebench.results.statistics.bayes import ROPE
from fusebench.results.statistics.repeated import ERROR, decide, find_looks, repeated_intervals, spend


def simulate(effects, n_seeds, repetitions, seed=0, noise=0.01):
    """Verdicts of shape (repetitions, m) on gains of these sizes, in units of their spread over seeds."""
    m = len(effects)
    rng = np.random.default_rng(seed)
    # Fusions share the luck of the baseline: half of the variance.
    own, shared = (rng.standard_normal((n_seeds, repetitions, k)) for k in (m, 1))
    gains = noise * (np.asarray(effects) + np.sqrt(0.5) * (own + shared))
    verdicts = decide(gains.reshape(n_seeds, -1), n_seeds, n_gains=m)
    return np.array(verdicts).reshape(repetitions, m), gains


def looked_at_naively(gains):
    """Whether any look rejects at 0.05 / m, as if it were the only one; gains: (n_seeds, repetitions, m)."""
    found = np.zeros(gains.shape[1:], bool)
    for n in find_looks(len(gains)):
        found |= stats.ttest_1samp(gains[:n], 0).pvalue < ERROR / gains.shape[2]
    return found.any(axis=1)


def false_alarms(verdicts):
    return np.isin(verdicts, ["above", "below"]).any(axis=1).mean()


def test_the_error_is_spent_little_by_little_and_to_the_end():
    shares = np.linspace(0.01, 1, 100)
    spent = np.array([spend(share) for share in shares])
    assert (np.diff(spent) > 0).all()
    assert spent[-1] == pytest.approx(ERROR)
    # The function of Lan and DeMets, as it is written.
    expected = 2 - 2 * stats.norm.cdf(stats.norm.isf(ERROR / 2) / np.sqrt(0.5))
    assert spend(0.5) == pytest.approx(expected)


@pytest.mark.parametrize("n_seeds", [2, 3, 4])
def test_a_single_look_is_the_interval_of_student(n_seeds):
    gains = np.random.default_rng(0).normal(0.1, 0.05, size=(n_seeds, 1))
    [(n, mean, half)] = repeated_intervals(gains, n_seeds, n_gains=1)
    low, high = stats.t.interval(1 - ERROR, n_seeds - 1, gains.mean(), stats.sem(gains[:, 0]))
    assert n == n_seeds
    assert (mean[0] - half[0], mean[0] + half[0]) == pytest.approx((low, high))


@pytest.mark.parametrize(("n_seeds", "n_gains"), [(5, 1), (10, 7), (21, 60)])
def test_the_errors_of_all_intervals_add_up_to_what_is_said(n_seeds, n_gains):
    gains = np.random.default_rng(0).normal(size=(n_seeds, 1))
    errors = [
        2 * stats.t.sf(half[0] / stats.sem(gains[:n, 0]), n - 1)
        for n, _, half in repeated_intervals(gains, n_seeds, n_gains)
    ]
    assert len(errors) == len(find_looks(n_seeds))
    assert n_gains * sum(errors) == pytest.approx(ERROR)


def test_looks_to_come_are_not_taken_and_change_nothing():
    gains = np.random.default_rng(1).normal(0.01, 0.01, size=(12, 20))
    so_far = [list(decide(gains[:n], 12, 20)) for n in range(13)]
    assert so_far[0] == so_far[3] == [""] * 20
    for earlier, later in pairwise(so_far):
        assert all(old in ("", new) for old, new in zip(earlier, later, strict=True))
    assert so_far[5] == so_far[4]  # no look at five seeds
    assert any(so_far[12])


def test_differences_that_are_all_the_same_prove_nothing():
    assert decide(np.full((10, 2), [0.3, 0.0]), 10, 2) == ["", ""]


def test_signs_and_the_region_of_practical_equivalence():
    gains = np.random.default_rng(2).normal([0.3, -0.3, 0.0, 0.3], [0.01, 0.01, 0.001, 1.0], size=(8, 4))
    assert decide(gains, 8, 4) == ["above", "below", "equal", ""]
    assert decide(-gains, 8, 4) == ["below", "above", "equal", ""]
    assert decide(gains + np.array([0, 0, ROPE, 0]), 8, 4)[2] != "equal"  # half of its interval lies outside


@pytest.mark.parametrize("n_seeds", [10, 20])
@pytest.mark.parametrize("m", [1, 10, 60])
def test_false_alarms_are_as_rare_as_said_where_naive_looks_have_more(n_seeds, m):
    """The first table of docs/statistics.md."""
    verdicts, gains = simulate([0.0] * m, n_seeds, repetitions=4000)
    margin = 3 * np.sqrt(ERROR * (1 - ERROR) / 4000)
    rare, naive = false_alarms(verdicts), looked_at_naively(gains).mean()
    print(f"{n_seeds} seeds, {m} gains: {rare:.3f}, {naive:.3f}")
    assert rare < ERROR + margin
    assert naive > ERROR + 2 * margin


@pytest.mark.parametrize(
    ("n_seeds", "m", "effect", "found", "seeds"),
    [
        (10, 1, 1, 0.68, 8.6), (10, 1, 2, 1.00, 6.4), (10, 1, 4, 1.00, 5.2), (10, 1, 8, 1.00, 4.2),
        (10, 10, 1, 0.26, 10.0), (10, 10, 2, 0.94, 9.7), (10, 10, 4, 1.00, 7.0), (10, 10, 8, 1.00, 6.0),
        (10, 60, 1, 0.08, 10.0), (10, 60, 2, 0.72, 10.0), (10, 60, 4, 1.00, 8.6), (10, 60, 8, 1.00, 6.2),
        (20, 1, 1, 0.95, 12.8), (20, 1, 2, 1.00, 8.3), (20, 1, 4, 1.00, 6.5), (20, 1, 8, 1.00, 5.9),
        (20, 10, 1, 0.74, 19.5), (20, 10, 2, 1.00, 12.3), (20, 10, 4, 1.00, 8.4), (20, 10, 8, 1.00, 6.9),
        (20, 60, 1, 0.51, 20.0), (20, 60, 2, 1.00, 15.8), (20, 60, 4, 1.00, 10.1), (20, 60, 8, 1.00, 8.0),
    ],
)  # fmt: skip
def test_what_is_found_and_how_many_seeds_it_takes(n_seeds, m, effect, found, seeds):
    """The second table of docs/statistics.md."""
    _, gains = simulate([effect] * m, n_seeds, repetitions=500)
    verdicts = {
        n: np.array(decide(gains[:n].reshape(n, -1), n_seeds, m)).reshape(-1, m) for n in find_looks(n_seeds)
    }
    used = np.full(500, n_seeds)
    for n in sorted(verdicts, reverse=True):
        used[(verdicts[n] != "").all(axis=1)] = n
    assert (verdicts[n_seeds] == "above").mean() == pytest.approx(found, abs=0.006)
    assert used.mean() == pytest.approx(seeds, abs=0.06)


def test_gains_at_the_edge_of_the_region_are_rarely_called_equal_and_those_inside_mostly():
    edge, _ = simulate([2.0], n_seeds=10, repetitions=4000, noise=ROPE / 2)
    assert 0 < (edge == "equal").mean() < ERROR / 2
    inside, _ = simulate([0.0], n_seeds=10, repetitions=1000, noise=ROPE / 4)
    assert (inside == "equal").mean() > 0.9
