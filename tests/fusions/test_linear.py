import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from fusebench.fusions.linear import TunedLinear, TunedRidge, output_loss
from fusebench.fusions.logistic import TunedLogistic


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def test_classes_are_left_to_logistic_regression(rng):
    X, y, prior = rng.standard_normal((90, 4)), np.arange(90) % 3, np.full(3, 1 / 3)
    model = TunedLinear(prior).fit(X[:60], y[:60], (X[60:], y[60:]))
    expected = TunedLogistic(prior).fit(X[:60], y[:60], (X[60:], y[60:])).predict_proba(X)
    np.testing.assert_array_equal(model.predict(X), expected)


def test_each_label_has_a_model_and_a_penalty_of_its_own(rng):
    X = rng.standard_normal((300, 5))
    easy, random = (X[:, 0] > 0), rng.integers(2, size=300)
    y = np.stack([easy, random], axis=1).astype(np.float32)
    model = TunedLinear(y[:200].mean(axis=0)).fit(X[:200], y[:200], (X[200:], y[200:]))
    chosen = [m.C_ for m in model._models]
    assert chosen[0] > chosen[1]
    for k, C in enumerate(chosen):
        alone = LogisticRegression(C=C, max_iter=1000).fit(X[:200], y[:200, k])
        np.testing.assert_allclose(model.predict(X)[:, k], alone.predict_proba(X)[:, 1], atol=1e-4)


def test_a_label_that_never_applies_keeps_its_prior(rng):
    X = rng.standard_normal((50, 2))
    y = np.stack([X[:, 0] > 0, np.zeros(50)], axis=1).astype(np.float32)
    model = TunedLinear(y.mean(axis=0)).fit(X, y, (X, y))
    np.testing.assert_array_equal(model.predict(X)[:, 1], 0)


def test_values_are_regressed_on_with_the_best_penalty(rng):
    X = rng.standard_normal((60, 30))
    y = (X[:, 0] + rng.standard_normal(60)).astype(np.float32)
    split = slice(0, 40), slice(40, 60)
    errors = {
        alpha: np.mean(
            (Ridge(alpha=alpha).fit(X[split[0]], y[split[0]]).predict(X[split[1]]) - y[split[1]]) ** 2
        )
        for alpha in TunedRidge().grid
    }
    best = min(errors, key=errors.__getitem__)
    model = TunedRidge().fit(X[split[0]], y[split[0]], (X[split[1]], y[split[1]]))
    assert model.alpha_ == best
    expected = Ridge(alpha=best).fit(X[split[0]], y[split[0]]).predict(X)
    linear = TunedLinear(np.zeros(1)).fit(X[split[0]], y[split[0]], (X[split[1]], y[split[1]]))
    np.testing.assert_allclose(linear.predict(X)[:, 0], expected, rtol=1e-6)


def test_no_sample_at_all_predicts_the_mean():
    nothing = np.empty((0, 2)), np.empty(0, np.float32)
    assert TunedRidge().fit(*nothing, nothing).predict(np.ones((3, 2))).tolist() == [0, 0, 0]


def test_the_loss_of_labels_counts_both_answers():
    outputs, y = np.array([[0.9, 0.2]]), np.array([[1.0, 0.0]])
    assert output_loss(outputs, y) == pytest.approx(-(np.log(0.9) + np.log(0.8)) / 2)
    assert np.isfinite(output_loss(np.array([[0.0, 1.0]]), y))
