"""Bilinear strategies multiply, lose nothing when there is nothing to multiply, and stay within bounds."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.bilinear import LowRankFusion, MultiplicativeInteractions, TensorFusion
from fusebench.fusions.unimodal import UnimodalClassifier

BILINEAR = [TensorFusion, LowRankFusion, MultiplicativeInteractions]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    ("cls", "n_modalities"),
    [
        (TensorFusion, 2),
        (TensorFusion, 3),
        (LowRankFusion, 2),
        (LowRankFusion, 3),
        (MultiplicativeInteractions, 2),
    ],
)
def test_exclusive_or_is_solved(cls, n_modalities, seed):
    dataset = load_dataset("synth-xor", n_modalities=n_modalities)
    data = dataset.features(seed=seed)
    accuracy = cls(random_state=seed).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert accuracy > dataset.card.bayes_accuracy - 0.05


@pytest.mark.parametrize("cls", BILINEAR)
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


@pytest.mark.parametrize("cls", BILINEAR)
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


def make_data(n_modalities):
    rng = np.random.default_rng(0)
    names = [f"m{place}" for place in range(n_modalities)]
    modalities = {name: Modality(Kind.VECTOR, rng.normal(size=(20, 2)).astype(np.float32)) for name in names}
    return MultimodalData(modalities, np.arange(20) % 2)


@pytest.mark.parametrize(
    ("n_modalities", "width"), [(2, 63), (3, 15), (4, 7), (5, 4), (6, 3), (7, 2), (8, 1), (12, 1)]
)
def test_the_tensor_is_bounded(n_modalities, width):
    data = make_data(n_modalities)
    fusion = TensorFusion(hidden=100, max_epochs=1).fit(data, data)
    assert fusion.network_.fusion.linear.in_features == (1 + width) ** n_modalities <= 4096


def test_too_many_modalities_for_a_tensor():
    data = make_data(13)
    with pytest.raises(FusebenchError, match="at most 12 modalities, however: 13; try low-rank-fusion"):
        TensorFusion().fit(data, data)
    LowRankFusion(max_epochs=1).fit(data, data)


def test_the_rank_is_positive():
    data = make_data(2)
    with pytest.raises(FusebenchError, match="rank must be at least 1, however: 0"):
        LowRankFusion(rank=0).fit(data, data)
