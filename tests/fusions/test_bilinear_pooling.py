"""Bilinear pooling solves what needs products, loses nothing where it does not, and checks its sizes."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.bilinear_pooling import MFB, MLB, MUTAN, CompactBilinear
from fusebench.fusions.unimodal import UnimodalClassifier

POOLING = [CompactBilinear, MLB, MFB, MUTAN]


@pytest.mark.parametrize("n_modalities", [2, 3])
@pytest.mark.parametrize("cls", POOLING)
def test_exclusive_or_is_solved(cls, n_modalities):
    dataset = load_dataset("synth-xor", n_modalities=n_modalities)
    data = dataset.features(seed=0)
    accuracy = cls(random_state=0).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert accuracy > dataset.card.bayes_accuracy - 0.05


@pytest.mark.parametrize("cls", POOLING)
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


@pytest.mark.parametrize(
    ("cls", "parameter"), [(CompactBilinear, "sketch"), (MFB, "factors"), (MUTAN, "rank")]
)
def test_sizes_are_positive(cls, parameter):
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    data = MultimodalData({"a": Modality(Kind.VECTOR, values)}, np.arange(20) % 2)
    with pytest.raises(FusebenchError, match=f"{parameter} must be at least 1, however: 0"):
        cls(**{parameter: 0}).fit(data, data)
