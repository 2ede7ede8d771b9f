"""Blocks scaled by their first singular value, and weights chosen on validation."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.early_weighted import EarlyWeighted
from fusebench.fusions.logistic import TunedLogistic, log_loss


@pytest.fixture(scope="module")
def data():
    return load_dataset("synth-noise", n_train=200).features(seed=0)


def blocks(fusion, split):
    return [modality.values.astype(np.float64) for modality in fusion._prepare(split).modalities.values()]


def test_blocks_are_divided_by_their_first_singular_value(data):
    fusion = EarlyWeighted().fit(data.train, data.validation)
    scaled = fusion._scale(fusion._prepare(data.train), np.ones(2))
    expected = [np.sqrt(200) * x / np.linalg.svd(x)[1][0] for x in blocks(fusion, data.train)]
    np.testing.assert_allclose(scaled, np.hstack(expected), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "options"),
    [("synth-noise", {"n_modalities": 3}), ("synth-redundant", {}), ("synth-unique", {"separation": 1.0})],
)
def test_weights_are_chosen_one_modality_after_the_other(name, options):
    data = load_dataset(name, n_train=200, **options).features(seed=1)
    fusion = EarlyWeighted().fit(data.train, data.validation)
    spreads = [np.linalg.svd(x)[1][0] / np.sqrt(200) for x in blocks(fusion, data.train)]

    def fit(*weights):
        x, held_out, test = (
            np.hstack([w * b / s for w, b, s in zip(weights, blocks(fusion, split), spreads, strict=True)])
            for split in (data.train, data.validation, data.test)
        )
        validation = held_out, data.validation.labels
        model = TunedLogistic(fusion.prior_).fit(x, data.train.labels, validation)
        return log_loss(model.predict_proba(held_out), data.validation.labels), model.predict_proba(test)

    chosen = [1.0] * len(spreads)
    for m in range(len(spreads)):
        candidates = [[*chosen[:m], weight, *chosen[m + 1 :]] for weight in (1.0, 0.3, 0.1)]
        chosen = min(candidates, key=lambda weights: fit(*weights)[0])
    assert fusion.weights_.tolist() == chosen
    np.testing.assert_allclose(fusion.predict_proba(data.test), fit(*chosen)[1], atol=1e-3)


def test_a_modality_of_noise_gets_less_weight_whichever_comes_first(data):
    assert EarlyWeighted().fit(data.train, data.validation).weights_.tolist() == [1, 0.1]
    swap = [
        MultimodalData({"a": split.modalities["b"], "b": split.modalities["a"]}, split.y)
        for split in (data.train, data.validation)
    ]
    assert EarlyWeighted().fit(*swap).weights_.tolist() == [0.1, 1]


def test_copies_of_the_features_do_not_make_a_modality_louder():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    a, b = (y[:, None] + rng.standard_normal((200, 3)).astype(np.float32) for _ in "ab")

    def fit(values):
        both = {"a": Modality(Kind.VECTOR, a), "b": Modality(Kind.VECTOR, values)}
        train = MultimodalData(both, y)
        return EarlyWeighted().fit(train, train).predict_proba(train)

    np.testing.assert_allclose(fit(np.tile(b, 7)), fit(b), atol=1e-3)


def test_a_modality_that_never_varies_changes_nothing(data):
    fusion = EarlyWeighted().fit(data.train.without("b"), data.validation.without("b"))
    without = fusion.predict_proba(data.test.without("b"))
    np.testing.assert_allclose(fusion.predict_proba(data.test), without, atol=1e-6)
