"""Metrics against scikit-learn and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from fusebench.bench.metrics import PRIMARY, metrics, metrics_of, register_metric
from fusebench.datasets.data import Task


@st.composite
def predictions(draw):
    """Labels and probabilities of 2 to 5 classes, every class among the labels."""
    n_classes = draw(st.integers(2, 5))
    n = draw(st.integers(n_classes, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n - n_classes)])
    return y, rng.dirichlet(np.ones(n_classes), size=n)


@given(predictions())
def test_metrics_equal_scikit_learn(case):
    y, probabilities = case
    predicted = probabilities.argmax(axis=1)
    expected = {
        "accuracy": oracle.accuracy_score(y, predicted),
        "balanced-accuracy": oracle.balanced_accuracy_score(y, predicted),
        "macro-f1": oracle.f1_score(y, predicted, average="macro"),
        "log-loss": oracle.log_loss(y, probabilities, labels=range(probabilities.shape[1])),
    }
    for name, value in expected.items():
        assert metrics[name].score(y, probabilities) == pytest.approx(value)


@given(predictions())
def test_ece_equals_its_definition_bin_by_bin(case):
    y, probabilities = case
    confidence, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    expected = 0.0
    for low, high in zip(np.arange(15) / 15, np.arange(1, 16) / 15, strict=True):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            expected += inside.mean() * abs(hit[inside].mean() - confidence[inside].mean())
    assert metrics["ece"].score(y, probabilities) == pytest.approx(expected)


def _right_and_wrong(task):
    """Labels, certain and right predictions, and certain and wrong ones."""
    if task is Task.CLASSIFICATION:
        y = np.array([0, 1, 2, 1])
        return y, np.eye(3)[y], np.eye(3)[(y + 1) % 3]
    if task is Task.MULTILABEL:
        y = np.array([[1, 0], [0, 1], [1, 1]])
        return y, y.astype(float), 1.0 - y
    y = np.array([1.0, 2.0, 4.0])
    return y, y[:, None], y[::-1, None]


@pytest.mark.parametrize("task", Task)
def test_a_certain_and_right_prediction_is_best_by_every_metric(task):
    y, best, worst = _right_and_wrong(task)
    assert PRIMARY[task] in {metric.name for metric in metrics_of(task)}
    for metric in metrics_of(task):
        right, wrong = metric.score(y, best), metric.score(y, worst)
        assert (right > wrong) == (metric.direction == "maximize"), metric.name


@given(st.integers(0, 2**32 - 1))
def test_metrics_of_labels_and_values_equal_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    y, p = rng.integers(2, size=(30, 3)), rng.random((30, 3))
    y[0], y[1] = 1, 0  # every label applies somewhere, and not everywhere
    values, predicted = rng.standard_normal(30), rng.standard_normal((30, 1))
    flat = oracle.f1_score(y.ravel(), p.ravel() > 0.5)
    assert metrics["label-micro-f1"].score(y, p) == pytest.approx(flat)
    each = [oracle.f1_score(y[:, k], p[:, k] > 0.5, zero_division=0) for k in range(3)]
    assert metrics["label-macro-f1"].score(y, p) == pytest.approx(np.mean(each))
    ranked = [oracle.average_precision_score(y[:, k], p[:, k]) for k in range(3)]
    assert metrics["mean-average-precision"].score(y, p) == pytest.approx(np.mean(ranked))
    assert metrics["label-log-loss"].score(y, p) == pytest.approx(oracle.log_loss(y.ravel(), p.ravel()))
    assert metrics["mae"].score(values, predicted) == pytest.approx(
        oracle.mean_absolute_error(values, predicted)
    )
    assert metrics["rmse"].score(values, predicted) == pytest.approx(
        oracle.root_mean_squared_error(values, predicted)
    )


def test_a_label_that_never_applies_has_no_average_precision():
    y, p = np.array([[1, 0], [0, 0]]), np.array([[0.9, 0.5], [0.1, 0.7]])
    assert metrics["mean-average-precision"].score(y, p) == 1.0


def test_a_direction_must_be_known():
    with pytest.raises(ValueError, match="'maximize' or 'minimize'"):
        register_metric("speed", direction="up")
