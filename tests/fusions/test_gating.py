"""Gating strategies find interactions, keep what one modality knows, and use incomplete training data."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.gating import EmbraceNet, FiLM, GatedMultimodalUnit, MixtureOfExperts
from fusebench.fusions.unimodal import UnimodalClassifier

GATING = [GatedMultimodalUnit, FiLM, EmbraceNet, MixtureOfExperts]


@pytest.mark.parametrize("cls", GATING)
def test_exclusive_or_is_solved(cls):
    dataset = load_dataset("synth-xor")
    data = dataset.features(seed=0)
    accuracy = cls(random_state=0).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert accuracy > dataset.card.bayes_accuracy - 0.05


@pytest.mark.parametrize("cls", GATING)
def test_redundant_modalities_do_no_harm(cls):
    data = load_dataset("synth-redundant").features(seed=0)
    singles = [
        UnimodalClassifier(name, np.array([0.5, 0.5])).fit(data.train, data.validation) for name in ("a", "b")
    ]
    best = max(np.mean(s.predict_proba(data.test).argmax(axis=1) == data.test.labels) for s in singles)
    fusion = cls(random_state=0).fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) > best - 0.02
    for name in ("a", "b"):
        alone = data.test.without(name)
        assert fusion.score(alone, alone.labels) > 0.8


@pytest.mark.parametrize("cls", GATING)
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


def test_a_single_modality_has_nobody_to_modulate_it():
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    data = MultimodalData({"a": Modality(Kind.VECTOR, values)}, np.arange(20) % 2)
    with pytest.raises(FusebenchError, match=r"needs two modalities, however: \['a'\]"):
        FiLM().fit(data, data)
    for cls in (GatedMultimodalUnit, EmbraceNet, MixtureOfExperts):
        assert cls(max_epochs=1).fit(data, data).predict_proba(data).shape == (20, 2)
