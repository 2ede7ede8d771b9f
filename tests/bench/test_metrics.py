"""Metrics against scikit-learn and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from fusebench.bench.metrics import metrics, register_metric


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


def test_a_certain_and_right_prediction_is_best_by_every_metric():
    y = np.array([0, 1, 2, 1])
    best, worst = np.eye(3)[y], np.eye(3)[(y + 1) % 3]
    for name, metric in metrics.items():
        right, wrong = metric.score(y, best), metric.score(y, worst)
        assert (right > wrong) == (metric.direction == "maximize"), name


def test_a_direction_must_be_known():
    with pytest.raises(ValueError, match="'maximize' or 'minimize'"):
        register_metric("speed", direction="up")
