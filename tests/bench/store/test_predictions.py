import shutil

import numpy as np
import pandas as pd
import pytest

from fusebench import Dataset
from fusebench.bench.run import run
from fusebench.bench.store.predictions import read_outcomes, read_samples
from fusebench.errors import FusebenchError
from fusebench.results.outcomes import OUTCOME_COLUMNS
from fusebench.results.statistics.paired import SAMPLE_COLUMNS, compare_paired, sample_intervals

KEYS = ["dataset", "training", "scenario", "modality", "severity", "fusion", "seed"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(
        datasets=["synth-redundant"],
        fusions=["late-mean", "early-logistic"],
        scenarios=["missing-modality"],
        training=["label-noise-5"],
        seeds=2,
        quick=True,
        out=tmp_path_factory.mktemp("predictions") / "run",
    )


@pytest.fixture(scope="module")
def samples(finished):
    return read_samples(finished.folder, finished.records)


def test_outcomes_are_those_of_clean_training_and_clean_data(finished):
    outcomes = read_outcomes(finished.folder, finished.records)
    assert tuple(outcomes.columns) == OUTCOME_COLUMNS
    right = (
        (outcomes["label"] == outcomes["predicted"]).groupby([outcomes["fusion"], outcomes["seed"]]).mean()
    )
    records = finished.records
    chosen = (records["scenario"] == "clean") & (records["training"] == "clean")
    done = records[chosen & (records["metric"] == "accuracy")].set_index(["fusion", "seed"])["value"]
    assert len(right) == len(done) == 6 * 2
    assert right.sub(done).abs().max() < 0.02
    assert outcomes["confidence"].between(0.499, 1).all()  # of two classes


def test_outcomes_that_are_not_there_are_left_out(finished, tmp_path):
    assert read_outcomes(tmp_path, finished.records).empty
    shutil.copytree(finished.folder, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "predictions" / "synth-redundant" / "late-mean")
    found = set(read_outcomes(tmp_path / "run", finished.records)["fusion"])
    assert found == set(finished.records["fusion"]) - {"late-mean"}


def test_samples_average_to_the_recorded_scores(finished, samples):
    assert tuple(samples.columns) == SAMPLE_COLUMNS
    done = finished.records[(finished.records["metric"] == "accuracy")].set_index(KEYS)["value"]
    means = samples.groupby(KEYS)["score"].mean()
    assert len(means) == len(done) == 6 * 2 * 2 * 3
    # Half precision may turn a decision between classes of equal probability.
    assert means.sub(done).abs().max() < 0.02


def test_all_strategies_are_scored_on_the_same_samples(samples):
    numbers = samples.groupby([*KEYS[:5], "seed", "fusion"])["sample"].agg(tuple)
    assert (numbers.groupby(["seed"]).nunique() == 1).all()


def test_intervals_and_comparisons_follow(samples):
    clean = samples[(samples["training"] == "clean") & (samples["severity"] == 0)]
    intervals = sample_intervals(clean, n_resamples=50).set_index("fusion")
    assert (intervals["low"] < intervals["mean"]).all()
    found = compare_paired(clean, "late-mean", "majority", n_resamples=50).iloc[0]
    assert found["mean"] == pytest.approx(
        intervals.loc["late-mean", "mean"] - intervals.loc["majority", "mean"]
    )
    assert found["low"] > 0
    assert found["n_seeds"] == 2


def test_what_is_chosen_is_what_is_read(finished):
    records = finished.records
    few = read_samples(finished.folder, records[(records["fusion"] == "majority") & (records["seed"] == 1)])
    assert set(few["fusion"]) == {"majority"}
    assert set(few["seed"]) == {1}


def test_a_metric_that_is_no_mean_over_samples_is_refused(finished):
    with pytest.raises(FusebenchError, match="'ece' is no mean over samples"):
        read_samples(finished.folder, finished.records, "ece")
    with pytest.raises(FusebenchError, match="No cell with the metric 'mae' is done"):
        read_samples(finished.folder, finished.records, "mae")


@pytest.mark.parametrize("kind", ["labels", "predictions"])
def test_a_lost_file_is_named(finished, tmp_path, kind):
    shutil.copytree(finished.folder, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / kind)
    with pytest.raises(FusebenchError, match=r"on synth-redundant, seed 0, are not in .*repeat the run"):
        read_samples(tmp_path / "copy", finished.records)


@pytest.mark.parametrize("part", [slice(0), slice(30), slice(-30)])
def test_a_torn_file_is_named_and_costs_the_report_its_own_cell_alone(finished, tmp_path, part):
    folder, records = shutil.copytree(finished.folder, tmp_path / "copy"), finished.records
    chosen = (records["fusion"] == "late-mean") & (records["training"] == "clean") & (records["seed"] == 0)
    name = f"seed0-{records.loc[chosen, 'key'].iloc[0]}"
    path = folder / "predictions" / "synth-redundant" / "late-mean" / f"{name}.npz"
    path.write_bytes(path.read_bytes()[part])
    with pytest.raises(FusebenchError, match=rf"damaged .*cells/.*/{name}.json, and repeat the run"):
        read_samples(folder, records)
    whole, torn = (
        set(read_outcomes(place, records)[["fusion", "seed"]].itertuples(index=False, name=None))
        for place in (finished.folder, folder)
    )
    assert whole - torn == {("late-mean", 0)}


def test_errors_of_regression_are_absolute_and_samples_are_known_again(tmp_path):
    rng = np.random.default_rng(0)
    a = rng.normal(size=(120, 3)).astype(np.float32)
    arrays = {
        "a": a,
        "b": rng.normal(size=(120, 2)).astype(np.float32),
        "y": 9 * a[:, 0] + rng.normal(size=120),
    }
    dataset = Dataset.from_arrays(arrays, name="values")
    summary = run(datasets=[dataset], fusions=[], scenarios=[], seeds=3, out=tmp_path / "run")
    samples = read_samples(summary.folder, summary.records, "mae")
    done = summary.records[summary.records["metric"] == "mae"].set_index(["fusion", "seed"])["value"]
    pd.testing.assert_series_equal(
        samples.groupby(["fusion", "seed"])["score"].mean(), done.sort_index(), check_names=False, rtol=1e-4
    )
    # Splits differ from seed to seed and overlap: one sample in different tests has one number.
    per_seed = [set(own["sample"]) for _, own in samples.groupby("seed")]
    assert per_seed[0] != per_seed[1]
    assert len(set.union(*per_seed)) < sum(map(len, per_seed))
