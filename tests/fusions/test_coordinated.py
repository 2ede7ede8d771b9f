"""What coordination is for: one modality stands in for another, in a space that they share."""

import numpy as np
import pytest
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.coordinated import ContrastiveFusion, DeepCCA, TripletFusion
from fusebench.fusions.neural.batch import Batch

COORDINATED = [DeepCCA, ContrastiveFusion, TripletFusion]


@pytest.fixture(scope="module")
def data():
    return load_dataset("synth-redundant", n_train=300).features(seed=0)


def embed(fusion, split):
    with torch.inference_mode():
        return fusion.network_.encoders(Batch.of(fusion._prepare(split)))


@pytest.mark.parametrize("cls", COORDINATED)
def test_trained_on_both_a_modality_alone_does(cls, data):
    fusion = cls(max_epochs=30, random_state=0).fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) > 0.9
    for name in "ab":
        assert fusion.score(data.test.without(name), data.test.labels) > 0.8  # the best is 0.92


@pytest.mark.parametrize("cls", COORDINATED)
def test_training_lowers_the_coordination_loss(cls, data):
    def loss(weight):
        options = {"hidden": 3, "max_epochs": 30, "random_state": 0}
        fusion = cls(coordination_weight=weight, **options).fit(data.train, data.validation)
        with torch.inference_mode():
            return fusion._coordination()(*embed(fusion, data.train), torch.tensor(data.train.labels)).item()

    assert loss(1.0) < loss(0.0) - 0.05


def test_a_contrast_finds_the_other_half_of_a_sample():
    """Matching across modalities, which no label asks for, is learnt by the contrastive loss alone."""
    rng = np.random.default_rng(0)
    common = rng.standard_normal((400, 3))
    modalities = {
        name: Modality(Kind.VECTOR, (common @ rng.standard_normal((3, 6))).astype(np.float32))
        for name in "ab"
    }
    data = MultimodalData(modalities, (common[:, 0] > 0).astype(int))
    train, test = data.take(np.arange(300)), data.take(np.arange(300, 400))

    def matched(weight):
        fusion = ContrastiveFusion(coordination_weight=weight, max_epochs=30, random_state=0).fit(
            train, train
        )
        x, z = (torch.nn.functional.normalize(e, dim=1) for e in embed(fusion, test))
        return ((x @ z.T).argmax(dim=1) == torch.arange(100)).float().mean().item()

    assert matched(1.0) > matched(0.0) + 0.2


def test_triplets_need_classes():
    values = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    data = MultimodalData(
        {"a": Modality(Kind.VECTOR, values), "b": Modality(Kind.VECTOR, values)}, values[:, 0].astype(float)
    )
    with pytest.raises(FusebenchError, match="TripletFusion does classification, not regression"):
        TripletFusion().fit(data, data)
    assert DeepCCA(max_epochs=1).fit(data, data).predict(data).shape == (20,)


@pytest.mark.parametrize("cls", COORDINATED)
def test_a_modality_alone_has_nobody_to_agree_with_and_is_classified(cls, data):
    alone = [split.select(["a"]) for split in (data.train, data.validation, data.test)]
    fusion = cls(max_epochs=20, random_state=0).fit(*alone[:2])
    assert fusion.score(alone[2], data.test.labels) > 0.85
