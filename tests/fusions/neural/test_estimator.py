"""What holds for every neural strategy: its seed, its trained parameters, words for a wrong argument."""

import numpy as np
import pytest
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.attention import CrossModalAttention
from fusebench.fusions.bilinear import LowRankFusion, MultiplicativeInteractions, TensorFusion
from fusebench.fusions.bilinear_pooling import MFB, MLB, MUTAN, CompactBilinear
from fusebench.fusions.coordinated import ContrastiveFusion, DeepCCA, TripletFusion
from fusebench.fusions.early_mlp import EarlyMLP
from fusebench.fusions.gating import EmbraceNet, FiLM, GatedMultimodalUnit, MixtureOfExperts
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.trainer import seeded

NATIVE = [
    TensorFusion,
    LowRankFusion,
    MultiplicativeInteractions,
    CompactBilinear,
    MLB,
    MFB,
    MUTAN,
    CrossModalAttention,
    GatedMultimodalUnit,
    FiLM,
    EmbraceNet,
    MixtureOfExperts,
    DeepCCA,
    ContrastiveFusion,
    TripletFusion,
]
NEURAL = [EarlyMLP, *NATIVE]


def make_data(n=60, sequences=False):
    rng = np.random.default_rng(0)
    y = np.arange(n) % 3
    shape = (n, 5, 4) if sequences else (n, 4)
    kind = Kind.SEQUENCE if sequences else Kind.VECTOR
    modalities = {
        name: Modality(kind, rng.normal(y.reshape(-1, *[1] * (len(shape) - 1)), 1, shape).astype(np.float32))
        for name in ("a", "b")
    }
    return MultimodalData(modalities, y)


def quick(cls, **parameters):
    return cls(**{"max_epochs": 3, "random_state": 0} | parameters)


@pytest.mark.parametrize("cls", NEURAL)
def test_predictions_depend_on_the_seed_alone(cls):
    data = make_data()
    state = torch.get_rng_state()
    first = quick(cls).fit(data, data).predict_proba(data)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    np.testing.assert_array_equal(quick(cls).fit(data, data).predict_proba(data), first)
    other = quick(cls, random_state=1).fit(data, data).predict_proba(data)
    assert np.abs(other - first).max() > 1e-3


@pytest.mark.parametrize("cls", NEURAL)
def test_predictions_do_not_depend_on_the_batch(cls):
    data = make_data()
    fusion = quick(cls).fit(data, data)
    order = np.random.default_rng(0).permutation(len(data))
    parts = [fusion.predict_proba(data.take(part)) for part in np.split(order, [1, 8, 9, 40])]
    np.testing.assert_allclose(np.concatenate(parts), fusion.predict_proba(data)[order], atol=1e-5)


@pytest.mark.parametrize("cls", NEURAL)
def test_every_parameter_moves_during_fit_and_is_in_the_saved_state(cls):
    data = make_data(sequences=cls is CrossModalAttention)
    fusion = quick(cls, weight_decay=0.0).fit(data, data)
    with seeded(0):
        before = fusion._build(data)
    state = fusion.network_.state_dict()
    for name, parameter in before.named_parameters():
        assert (state[name] != parameter).any(), f"{name} has not moved"
    before.load_state_dict(state)
    prepared = Batch.of(fusion._prepare(data))
    torch.testing.assert_close(before.eval()(prepared), fusion.network_.eval()(prepared))


@pytest.mark.parametrize("cls", NATIVE)
def test_absence_is_told_to_the_network_and_not_imputed(cls):
    data = make_data()
    fusion = quick(cls).fit(data, data)
    mean = data.modalities["b"].values.mean(axis=0)
    filled = data.with_modality("b", Modality(Kind.VECTOR, np.tile(mean, (len(data), 1))))
    absent = fusion._prepare(data.without("b"))
    assert not absent.has("b").any()
    assert np.abs(fusion.predict_proba(data.without("b")) - fusion.predict_proba(filled)).max() > 1e-3


@pytest.mark.parametrize("cls", NEURAL)
def test_history_tells_the_losses_of_every_epoch(cls):
    data = make_data()
    history = quick(cls, max_epochs=5).fit(data, data).history_
    assert len(history.train_loss) == len(history.validation_loss) == 5
    assert history.validation_loss[-1] < history.validation_loss[0]


@pytest.mark.parametrize("parameter", ["hidden", "batch_size", "max_epochs", "patience"])
def test_sizes_are_positive(parameter):
    data = make_data()
    with pytest.raises(FusebenchError, match=f"{parameter} must be at least 1, however: 0"):
        quick(EarlyMLP, **{parameter: 0}).fit(data, data)


@pytest.mark.parametrize("cls", NEURAL)
def test_wide_noise_and_little_data_do_not_end_in_false_confidence(cls):
    """Predicting the prior loses log 2; a network that had memorised its 100 samples would lose far more."""
    dataset = load_dataset("synth-noise", n_train=100, n_test=400, separation=0.0)
    data = dataset.features(cls.views, seed=0)
    probabilities = cls(random_state=0).fit(data.train, data.validation).predict_proba(data.test)
    loss = -np.log(probabilities[np.arange(400), data.test.labels]).mean()
    assert loss < np.log(2) + 0.05
