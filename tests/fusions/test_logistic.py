import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fusebench.fusions.logistic import TunedLogistic, log_loss


def draw(n, seed, n_classes=3, noise=1.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    return np.eye(n_classes)[y] + noise * rng.standard_normal((n, n_classes)), y


def test_log_loss_by_hand():
    probabilities = np.array([[0.2, 0.8], [0.5, 0.5]])
    assert log_loss(probabilities, np.array([1, 0])) == pytest.approx(-(np.log(0.8) + np.log(0.5)) / 2)


def test_log_loss_of_an_impossible_class_is_finite():
    assert 100 < log_loss(np.array([[1.0, 0.0]]), np.array([1])) < np.inf


def test_the_penalty_is_the_one_of_least_validation_loss():
    (X, y), validation = draw(60, 0, noise=2.0), draw(300, 1, noise=2.0)
    grid = (0.001, 0.1, 10.0)
    losses = [
        log_loss(LogisticRegression(C=C, max_iter=1000).fit(X, y).predict_proba(validation[0]), validation[1])
        for C in grid
    ]
    model = TunedLogistic(np.full(3, 1 / 3), grid).fit(X, y, validation)
    assert min(losses) == losses[1] < min(losses[0], losses[2]) - 0.001
    assert grid[int(np.argmin(losses))] == model.C_
    assert log_loss(model.predict_proba(validation[0]), validation[1]) == pytest.approx(min(losses))


def test_without_validation_the_middle_of_the_grid_is_taken():
    X, y = draw(60, 0)
    for validation in (None, (X[:0], y[:0])):
        assert TunedLogistic(np.full(3, 1 / 3)).fit(X, y, validation).C_ == 1.0


def test_a_class_without_training_samples_keeps_its_prior():
    X, y = draw(90, 0)
    prior = np.array([0.5, 0.2, 0.3])
    kept = y != 1
    model = TunedLogistic(prior, grid=(1.0,)).fit(X[kept], y[kept])
    probabilities = model.predict_proba(X)
    np.testing.assert_allclose(probabilities[:, 1], 0.2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    alone = LogisticRegression(C=1.0).fit(X[kept], y[kept]).predict_proba(X)
    np.testing.assert_allclose(probabilities[:, [0, 2]], 0.8 * alone, atol=1e-6)


@pytest.mark.parametrize("n", [0, 5])
def test_with_fewer_than_two_classes_the_prediction_is_the_prior(n):
    prior = np.array([0.25, 0.75])
    model = TunedLogistic(prior).fit(np.ones((n, 2)), np.zeros(n, int))
    assert model.C_ is None
    np.testing.assert_array_equal(model.predict_proba(np.ones((3, 2))), np.tile(prior, (3, 1)))


def test_sample_weights_count_as_repetitions():
    X, y = draw(60, 0)
    repeated = np.r_[np.arange(60), np.arange(30)]
    weighted = TunedLogistic(np.full(3, 1 / 3)).fit(X, y, sample_weight=np.repeat([2.0, 1.0], 30))
    expected = TunedLogistic(np.full(3, 1 / 3)).fit(X[repeated], y[repeated])
    np.testing.assert_allclose(weighted.predict_proba(X), expected.predict_proba(X), atol=1e-3)
