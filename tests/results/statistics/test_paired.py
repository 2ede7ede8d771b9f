import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fusebench.errors import FusebenchError
from fusebench.results.statistics.paired import (
    SAMPLE_COLUMNS,
    SEEDS_AND_SAMPLES,
    TEST_SAMPLES,
    bootstrap_means,
    compare_paired,
    pool_conditions,
    sample_intervals,
)


def crossed(values) -> pd.DataFrame:
    """Scores of shape (seeds, samples, k): every sample is tested under every seed."""
    values = np.asarray(values, dtype=float)
    index = pd.MultiIndex.from_product([range(n) for n in values.shape[:2]], names=["seed", "sample"])
    return pd.DataFrame(values.reshape(len(index), -1), index)


def long(values, fusions="abcdef", **labels) -> pd.DataFrame:
    """The same as a table of samples."""
    table = crossed(values)
    table.columns = pd.Index(list(fusions[: table.shape[1]]), name="fusion")
    rows = table.stack().rename("score").reset_index()
    about = {"dataset": "d", "training": "clean", "scenario": "clean", "modality": "", "severity": 0}
    return rows.assign(**about | labels)[list(SAMPLE_COLUMNS)]


def half_width(interval) -> float:
    return (interval.high[0] - interval.low[0]) / 2


@pytest.mark.parametrize("shape", [(2, 30), (3, 40), (5, 25)])
def test_the_variance_is_that_of_independent_draws_of_seeds_and_samples(shape):
    """Both weights have a known covariance; the mean is bilinear in them."""
    n_seeds, n_samples = shape
    rng = np.random.default_rng(0)
    values = 0.5 * rng.normal(size=(n_seeds, 1)) + rng.normal(size=n_samples) + rng.normal(size=shape)
    of_seeds = n_seeds / (n_seeds - 1) * (np.eye(n_seeds) - 1 / n_seeds)
    of_samples = np.eye(n_samples) - 1 / n_samples
    by_column, by_row = values.sum(axis=0), values.sum(axis=1)
    variance = by_column @ of_samples @ by_column + by_row @ of_seeds @ by_row
    variance += np.trace(of_seeds @ values @ of_samples @ values.T)
    total = variance / values.size**2
    seeds = values.mean(axis=1).var(ddof=1) / n_seeds
    freedom = total**2 / (seeds**2 / (n_seeds - 1) + (total - seeds) ** 2 / (n_samples - 1))
    expected = stats.t.ppf(0.975, freedom) * np.sqrt(total)
    interval = bootstrap_means(crossed(values[..., None]), 4000)
    assert interval.mean[0] == pytest.approx(values.mean())
    assert half_width(interval) == pytest.approx(expected, rel=0.08)


def test_a_single_seed_gives_the_interval_of_its_samples():
    values = np.random.default_rng(0).normal(size=(1, 60, 1))
    low, high = stats.t.interval(0.95, 59, values.mean(), values.std() / np.sqrt(60))
    interval = bootstrap_means(crossed(values), 4000)
    assert half_width(interval) == pytest.approx((high - low) / 2, rel=0.05)


def test_what_hangs_on_the_seed_alone_has_students_interval_over_seeds():
    seeds = np.random.default_rng(0).normal(size=(6, 1, 1))
    low, high = stats.t.interval(0.95, 5, seeds.mean(), stats.sem(seeds.ravel()))
    interval = bootstrap_means(crossed(np.repeat(seeds, 40, axis=1)), 4000)
    assert half_width(interval) == pytest.approx((high - low) / 2, rel=0.05)


def test_repeating_a_sample_under_all_seeds_is_no_new_evidence():
    """The same 50 samples three times tell less than 150 samples."""
    scores = np.random.default_rng(0).normal(size=150)
    same = crossed(np.repeat(scores[None, :50, None], 3, axis=0))
    other = pd.DataFrame(
        {0: scores},
        pd.MultiIndex.from_arrays([np.repeat(range(3), 50), range(150)], names=["seed", "sample"]),
    )
    once = crossed(scores[None, :50, None])
    assert half_width(bootstrap_means(same)) == pytest.approx(half_width(bootstrap_means(once)), rel=0.15)
    assert half_width(bootstrap_means(other)) < half_width(bootstrap_means(same))


def test_seeds_weigh_the_same_whatever_their_number_of_samples():
    index = pd.MultiIndex.from_tuples([(0, 1), (1, 2), (1, 3), (1, 4)], names=["seed", "sample"])
    interval = bootstrap_means(pd.DataFrame({"a": [1.0, 0.0, 0.0, 0.0]}, index), 20)
    assert interval.mean[0] == 0.5


@settings(max_examples=20)
@given(st.floats(-5, 5), st.floats(0.1, 10))
def test_shifting_and_scaling_scores_shifts_and_scales_the_interval(shift, scale):
    values = np.random.default_rng(0).normal(size=(3, 20, 1))
    before = np.array(bootstrap_means(crossed(values), 50))
    after = np.array(bootstrap_means(crossed(scale * values + shift), 50))
    assert after == pytest.approx(scale * before + shift, abs=1e-6)


def test_the_order_of_rows_changes_nothing():
    samples = long(np.random.default_rng(0).normal(size=(3, 20, 2)))
    shuffled = samples.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(sample_intervals(shuffled, 20), sample_intervals(samples, 20))


def test_the_pair_is_compared_on_the_same_samples():
    """What both share, such as hard samples, is no part of the uncertainty of their difference."""
    rng = np.random.default_rng(0)
    values = 5 * rng.normal(size=(3, 50, 1)) + [0.2, 0.0] + 0.1 * rng.normal(size=(3, 50, 2))
    samples = long(values)
    alone = sample_intervals(samples, 200).set_index("fusion")
    found = compare_paired(samples, "a", "b", 200).iloc[0]
    assert found["mean"] == pytest.approx(alone.loc["a", "mean"] - alone.loc["b", "mean"])
    assert 0 < found["low"] < found["high"] < 0.3
    assert alone.loc["a", "low"] < alone.loc["b", "high"]
    turned = compare_paired(samples, "b", "a", 200).iloc[0]
    assert [turned["low"], turned["high"]] == pytest.approx([-found["high"], -found["low"]])


def test_each_condition_of_each_data_set_has_its_own_row():
    values = np.random.default_rng(0).normal(size=(2, 10, 2))
    samples = pd.concat(
        [
            long(values),
            long(values + 1, dataset="e"),
            long(values + 2, scenario="missing-modality", modality="audio", severity=5),
        ]
    )
    found = sample_intervals(samples, 20).set_index(["dataset", "scenario", "fusion"])
    assert len(found) == 6
    assert found.loc[("e", "clean", "a"), "mean"] == pytest.approx(values[..., 0].mean() + 1)
    assert found.loc[("d", "missing-modality", "b"), "mean"] == pytest.approx(values[..., 1].mean() + 2)
    assert set(found["basis"]) == {SEEDS_AND_SAMPLES}
    assert set(found["n_seeds"]) == {2}
    assert set(found["n_samples"]) == {10}


def test_the_basis_says_what_a_single_seed_leaves_out():
    samples = long(np.random.default_rng(0).normal(size=(1, 10, 2)))
    assert set(sample_intervals(samples, 20)["basis"]) == {TEST_SAMPLES}


def test_a_missing_cell_is_not_averaged_away():
    samples = long(np.random.default_rng(0).normal(size=(3, 10, 2)))
    holed = samples[(samples["fusion"] != "a") | (samples["seed"] > 0)]
    found = sample_intervals(holed, 20).set_index("fusion")
    assert found.loc["a", ["mean", "low", "high"]].isna().all()
    assert found.loc["b", ["mean", "low", "high"]].notna().all()
    assert compare_paired(holed, "a", "b", 20)[["mean", "low", "high"]].isna().all(axis=None)


def test_what_is_wrong_is_named():
    samples = long(np.zeros((2, 3, 2)))
    with pytest.raises(FusebenchError, match="no predictions of 'aa'; did you mean a"):
        compare_paired(samples, "aa", "b")
    with pytest.raises(FusebenchError, match="lacks the column 'score'"):
        sample_intervals(samples.drop(columns="score"))
    with pytest.raises(FusebenchError, match="a on d, seed 0, has two scores for the sample 0"):
        sample_intervals(pd.concat([samples, samples]))
    with pytest.raises(FusebenchError, match="no rows"):
        sample_intervals(samples.iloc[:0])


def test_conditions_of_a_sample_are_averaged_before_samples_are_drawn():
    rng = np.random.default_rng(0)
    noises = [rng.random((3, 20, 2)) for _ in range(3)]
    absent = rng.random((3, 20, 2))
    parts = [long(noise, scenario="noise", severity=k) for k, noise in enumerate(noises, start=1)]
    parts += [long(absent, scenario="outage", modality="audio")]
    samples = pd.concat(parts)
    by_scenario = pool_conditions(samples)
    assert len(by_scenario) == 2 * 3 * 20 * 2
    noise = by_scenario[by_scenario["scenario"] == "noise"]
    pd.testing.assert_frame_equal(
        sample_intervals(noise, 50)[["mean", "low", "high"]],
        sample_intervals(long(np.mean(noises, axis=0)), 50)[["mean", "low", "high"]],
    )
    # A scenario weighs as much as another, however many conditions each has.
    whole = pool_conditions(samples, {"noise": "fault", "outage": "fault"})
    expected = (np.mean(noises, axis=0) + absent) / 2
    assert set(whole["scenario"]) == {"fault"}
    found = whole.set_index(["seed", "sample", "fusion"])["score"].sort_index()
    assert found.to_numpy() == pytest.approx(expected.reshape(-1))


def test_a_condition_that_one_fusion_lacks_is_not_averaged_away():
    values = np.random.default_rng(0).random((2, 10, 2))
    samples = pd.concat([long(values, severity=1), long(values, severity=2)])
    lacking = samples[(samples["fusion"] != "b") | (samples["severity"] != 2) | (samples["seed"] != 1)]
    pooled = pool_conditions(lacking).set_index(["fusion", "seed"])["score"]
    assert pooled["b", 1].isna().all()
    assert pooled["b", 0].notna().all()
    assert pooled["a"].notna().all()
    found = sample_intervals(pool_conditions(lacking), 20).set_index("fusion")["mean"]
    assert np.isnan(found["b"])
    assert found["a"] == pytest.approx(values[..., 0].mean())
