"""Temperature scaling against closed forms, and around other strategies."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.checks import check_fusion
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.suite import load_suite
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.calibration import TemperatureScaled, scale_probabilities, scaling_temperature
from fusebench.fusions.logistic import log_loss
from fusebench.fusions.registry import make_fusion


@settings(max_examples=20)
@given(st.floats(0.3, 20), st.integers(0, 2**32 - 1))
def test_a_temperature_is_recovered_from_labels_that_follow_the_scaled_probabilities(tau, seed):
    """With every label weighted by its probability, the log loss is least at the true temperature."""
    p = np.random.default_rng(seed).dirichlet([2.0, 2.0, 2.0], size=20)
    counts = (5000 * scale_probabilities(p, tau)).astype(int)
    rows, y = (
        np.repeat(np.arange(20), counts.sum(axis=1)),
        np.concatenate([np.repeat(range(3), c) for c in counts]),
    )
    assert scaling_temperature(p[rows], y) == pytest.approx(tau, rel=0.05)


@given(st.floats(0.05, 100), st.integers(0, 2**32 - 1))
def test_scaling_keeps_the_order_of_the_classes(tau, seed):
    p = np.random.default_rng(seed).dirichlet([1.0, 1.0, 1.0, 1.0], size=10)
    scaled = scale_probabilities(p, tau)
    np.testing.assert_allclose(scaled.sum(axis=1), 1)
    assert (scaled.argmax(axis=1) == p.argmax(axis=1)).all()
    np.testing.assert_allclose(scale_probabilities(p, 1.0), p, rtol=1e-9)


def test_a_temperature_above_one_makes_less_sure():
    np.testing.assert_allclose(scale_probabilities(np.array([[0.9, 0.1]]), 2.0), [[0.75, 0.25]])
    assert scaling_temperature(np.tile([0.9, 0.1], (4, 1)), np.array([0, 0, 0, 1])) == pytest.approx(
        2, rel=1e-3
    )


def test_it_is_better_calibrated_and_as_accurate_as_the_strategy_inside():
    data = load_dataset("synth-redundant").features(seed=0)
    plain = make_fusion("late-product").fit(data.train, data.validation)
    scaled = TemperatureScaled(make_fusion("late-product")).fit(data.train, data.validation)
    y = data.validation.labels
    expected = scale_probabilities(plain.predict_proba(data.validation), scaled.temperature_)
    np.testing.assert_allclose(scaled.predict_proba(data.validation), expected, atol=1e-5)
    assert log_loss(expected, y) <= log_loss(plain.predict_proba(data.validation), y)


@pytest.mark.parametrize("name", ["late-mean", "early-logistic", "majority"])
def test_a_scaled_strategy_keeps_all_promises(name):
    check_fusion(TemperatureScaled(make_fusion(name)))


def test_the_views_are_those_of_the_strategy_inside():
    assert TemperatureScaled(make_fusion("multistream-hmm")).views == ("sequence",)


def test_a_suite_can_temper_every_strategy(tmp_path):
    options = {
        "datasets": ["synth-redundant"],
        "fusions": ["late-product"],
        "scenarios": ["clean"],
        "seeds": 1,
    }
    cells = (
        make_plan(load_suite("default", **options)),
        make_plan(load_suite("default", **options, temper=True)),
    )
    assert not {cell.key for cell in cells[0]} & {cell.key for cell in cells[1]}
    assert all(isinstance(cell.estimator, TemperatureScaled) for cell in cells[1])
    losses = [
        run_plan(load_suite("default", **options, temper=temper), plan, out=tmp_path / str(temper))
        .records.query("fusion == 'late-product' and metric == 'log-loss'")["value"]
        .item()
        for temper, plan in zip((False, True), cells, strict=True)
    ]
    assert losses[1] < losses[0]
