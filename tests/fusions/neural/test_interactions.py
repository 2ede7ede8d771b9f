"""Bilinear and gating strategies find interactions, keep what one modality knows, and use incomplete data."""

import numpy as np
import pytest

from fusebench.datasets.registry import load_dataset
from fusebench.fusions.bilinear import LowRankFusion, MultiplicativeInteractions, TensorFusion
from fusebench.fusions.bilinear_pooling import MFB, MLB, MUTAN, CompactBilinear
from fusebench.fusions.gating import EmbraceNet, FiLM, GatedMultimodalUnit, MixtureOfExperts
from fusebench.fusions.unimodal import UnimodalClassifier

BILINEAR = [TensorFusion, LowRankFusion, MultiplicativeInteractions]
POOLING = [CompactBilinear, MLB, MFB, MUTAN]
GATING = [GatedMultimodalUnit, FiLM, EmbraceNet, MixtureOfExperts]


@pytest.mark.parametrize(
    ("cls", "n_modalities", "seed"),
    [
        *((cls, 2, seed) for cls in BILINEAR for seed in range(2)),
        *((cls, 3, seed) for cls in (TensorFusion, LowRankFusion) for seed in range(2)),
        *((cls, n_modalities, 0) for cls in POOLING for n_modalities in (2, 3)),
        *((cls, 2, 0) for cls in GATING),
    ],
)
def test_exclusive_or_is_solved(cls, n_modalities, seed):
    dataset = load_dataset("synth-xor", n_modalities=n_modalities)
    data = dataset.features(seed=seed)
    accuracy = cls(random_state=seed).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert accuracy > dataset.card.bayes_accuracy - 0.05


@pytest.mark.parametrize("cls", [*BILINEAR, *POOLING, *GATING])
def test_redundant_modalities_do_no_harm(cls):
    data = load_dataset("synth-redundant").features(seed=0)
    singles = [
        UnimodalClassifier(name, np.array([0.5, 0.5])).fit(data.train, data.validation) for name in ("a", "b")
    ]
    best = max(np.mean(s.predict(data.test).argmax(axis=1) == data.test.labels) for s in singles)
    fusion = cls(random_state=0).fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) > best - 0.02
    for name in ("a", "b"):
        alone = data.test.without(name)
        assert fusion.score(alone, alone.labels) > 0.8


@pytest.mark.parametrize("cls", [*BILINEAR, *GATING])
def test_a_fit_on_incomplete_data_uses_what_is_there(cls):
    """With one modality the first bit of the class is known and the second is not."""
    data = load_dataset("synth-unique").features(seed=0)

    def thin(split):
        present = np.ones_like(split.mask)
        present[::3, 0], present[1::3, 1] = False, False
        return split.with_present(present)

    fusion = cls(random_state=0).fit(thin(data.train), thin(data.validation))
    probabilities = fusion.predict_proba(data.test.without("b"))
    first_bit = probabilities[:, 2:].sum(axis=1) > 0.5
    assert np.mean(first_bit == data.test.labels // 2) > 0.93
    assert np.median(probabilities.max(axis=1)) < 0.75
