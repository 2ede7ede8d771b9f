import numpy as np
import pytest
from xgboost import XGBClassifier

from fusebench.fusions.boosting import SmallBoostedTrees


@pytest.fixture
def blobs():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    return y[:, None] + rng.standard_normal((90, 2)), y


def test_a_class_without_samples_keeps_its_prior_and_the_rest_is_xgboost(blobs):
    X, y = blobs
    prior = np.array([0.3, 0.3, 0.1, 0.3])
    labels = np.array([0, 1, 3])[y]  # nothing of class 2
    weight = np.linspace(0.1, 2, 90)
    got = SmallBoostedTrees(prior, n_rounds=7, learning_rate=0.3, max_depth=3).fit(X, labels, weight)
    expected = XGBClassifier(n_estimators=7, learning_rate=0.3, max_depth=3).fit(X, y, sample_weight=weight)
    probabilities = got.predict_proba(X)
    np.testing.assert_allclose(probabilities[:, [0, 1, 3]], 0.9 * expected.predict_proba(X), rtol=1e-5)
    np.testing.assert_allclose(probabilities[:, 2], 0.1)


def test_with_one_class_the_prediction_is_the_prior(blobs):
    prior = np.array([0.2, 0.8])
    model = SmallBoostedTrees(prior).fit(blobs[0], np.ones(90, int))
    np.testing.assert_array_equal(model.predict_proba(blobs[0][:2]), [prior, prior])
