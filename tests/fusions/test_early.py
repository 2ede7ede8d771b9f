"""Early fusion is one classifier on standardised features side by side."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from xgboost import DMatrix

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.early import EarlyLogistic, concatenate
from fusebench.fusions.early_mlp import EarlyMLP
from fusebench.fusions.early_xgboost import EarlyXGBoost
from fusebench.fusions.logistic import log_loss

EARLY = [EarlyLogistic, EarlyXGBoost, EarlyMLP]


def features(split):
    return np.hstack([split.modalities[name].values for name in sorted(split.names)]).astype(np.float64)


def test_vectors_stand_side_by_side():
    a, b = np.arange(6, dtype=np.float32).reshape(3, 2), np.ones((3, 1), np.float32)
    data = MultimodalData({"a": Modality(Kind.VECTOR, a), "b": Modality(Kind.VECTOR, b)})
    assert concatenate(data).tolist() == [[0, 1, 1], [2, 3, 1], [4, 5, 1]]


def test_early_logistic_is_regression_on_scaled_features_with_the_best_penalty():
    data = load_dataset("synth-unique").features(seed=0)
    scaler = StandardScaler().fit(features(data.train))
    train, validation, test = (
        scaler.transform(features(split)) for split in (data.train, data.validation, data.test)
    )
    models = [LogisticRegression(C=C, max_iter=1000).fit(train, data.train.labels) for C in (0.01, 0.1, 1.0)]
    best = min(models, key=lambda model: log_loss(model.predict_proba(validation), data.validation.labels))
    fusion = EarlyLogistic().fit(data.train, data.validation)
    np.testing.assert_allclose(fusion.predict_proba(data.test), best.predict_proba(test), atol=1e-4)


@pytest.mark.parametrize("cls", EARLY)
def test_an_absent_modality_is_its_training_mean(cls):
    data = load_dataset("synth-redundant", n_train=200, n_test=100).features(seed=0)
    fusion = cls().fit(data.train, data.validation)
    mean = data.train.modalities["b"].values.mean(axis=0)
    filled = data.test.with_modality("b", Modality(Kind.VECTOR, np.tile(mean, (100, 1))))
    np.testing.assert_allclose(
        fusion.predict_proba(data.test.without("b")), fusion.predict_proba(filled), atol=1e-5
    )


def test_xgboost_keeps_the_number_of_trees_that_is_best_on_validation():
    data = load_dataset("synth-redundant").features(seed=0)
    fusion = EarlyXGBoost(random_state=0).fit(data.train, data.validation)
    losses = fusion._model.evals_result()["validation_0"]["logloss"]
    best = int(np.argmin(losses))
    assert best + 1 < len(losses) < 500
    matrix = DMatrix(concatenate(fusion._prepare(data.test)))
    expected = fusion._model.get_booster().predict(matrix, iteration_range=(0, best + 1))
    np.testing.assert_allclose(fusion.predict_proba(data.test)[:, 1], expected, atol=1e-6)


def test_xgboost_depends_on_its_seed():
    data = load_dataset("synth-xor", n_train=200).features(seed=0)
    first, again, other = (
        EarlyXGBoost(random_state=seed).fit(data.train, data.validation).predict_proba(data.test)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(again, first)
    assert np.abs(other - first).max() > 1e-3


@pytest.mark.parametrize("seed", range(3))
def test_early_mlp_solves_exclusive_or_and_a_linear_model_cannot(seed):
    dataset = load_dataset("synth-xor")
    data = dataset.features(seed=seed)
    accuracy = {
        cls: cls(**parameters).fit(data.train, data.validation).score(data.test, data.test.labels)
        for cls, parameters in ((EarlyMLP, {"random_state": seed}), (EarlyLogistic, {}))
    }
    assert accuracy[EarlyMLP] > dataset.card.bayes_accuracy - 0.05
    assert accuracy[EarlyLogistic] < 0.56


@pytest.mark.parametrize("cls", EARLY)
def test_sequences_are_refused(cls):
    data = MultimodalData({"a": Modality(Kind.SEQUENCE, np.zeros((4, 3, 2), np.float32))}, np.arange(4) % 2)
    with pytest.raises(FusebenchError, match="takes vector modalities, however 'a' is sequence"):
        cls().fit(data)
