"""Auxiliary heads against the formulas of their papers."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.neural import auxiliary as auxiliary_module
from fusebench.fusions.neural.auxiliary import (
    AuxiliaryHeads,
    ModulatedHeads,
    attach_heads,
    blend,
    blending_weights,
    modulation,
)
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.concatenation import concatenation_network
from fusebench.fusions.neural.trainer import make_optimizer, seeded, train_epoch
from fusebench.fusions.registry import make_fusion

SETTINGS = {"learning_rate": 3e-3, "weight_decay": 0.0, "batch_size": 32, "modality_dropout": 0.0}


def make_data(n=96, strength=(1.0, 1.0), noise=1.0, seed=0):
    """Two modalities of two classes, each with its own distance between the classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    modalities = {
        name: Modality(
            Kind.VECTOR, (s * (2 * y[:, None] - 1) + noise * rng.standard_normal((n, 3))).astype("f4")
        )
        for name, s in zip("ab", strength, strict=True)
    }
    return MultimodalData(modalities, y)


def make_network(data, kind=AuxiliaryHeads, **options):
    with seeded(0):
        return kind(concatenation_network(data.modalities, 8, 2, 0.0), 2, 8, 2, **options)


def test_the_loss_is_the_weighted_sum_over_the_samples_that_have_the_modality():
    present = np.ones((96, 2), bool)
    present[:40, 1] = False
    data = make_data().with_present(present)
    batch, network = Batch.of(data), make_network(data)
    network.weights.copy_(torch.tensor([0.5, 2.0, 3.0]))
    z = network.network.encoders(batch)
    expected = (
        0.5 * cross_entropy(network(batch), batch.labels)
        + 2.0 * cross_entropy(network.heads[0](z[0]), batch.labels)
        + 3.0 * cross_entropy(network.heads[1](z[1][40:]), batch.labels[40:])
    )
    torch.testing.assert_close(network.loss(batch), expected)


def test_a_modality_that_nobody_has_costs_nothing():
    data = make_data().without("b")
    losses = make_network(data).losses(Batch.of(data))
    assert losses[2] == 0
    assert losses[:2].isfinite().all()


def test_probes_do_not_reach_the_encoders():
    data = make_data()
    batch, network = Batch.of(data), make_network(data, ModulatedHeads)
    gradients = []
    for loss in (network.loss(batch), cross_entropy(network(batch), batch.labels)):
        network.zero_grad()
        loss.backward()
        gradients.append([p.grad.clone() for p in network.network.parameters()])
    for ours, of_the_fused_output_alone in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, of_the_fused_output_alone)
    network.zero_grad()
    network.loss(batch).backward()
    assert all(p.grad.abs().sum() > 0 for p in network.heads.parameters())


def test_modulation_is_that_of_the_paper():
    pace = modulation(torch.tensor([0.9, 0.3]), alpha=0.7)
    assert pace[0].item() == pytest.approx(1 - np.tanh(0.7 * 3), rel=1e-4)
    assert pace[1] == 1
    assert modulation(torch.tensor([0.5, 0.5]), alpha=0.7).tolist() == [1, 1]
    three = modulation(torch.tensor([0.9, 0.5, 0.1]), alpha=0.7)
    assert three[0].item() == pytest.approx(1 - np.tanh(0.7 * 3), rel=1e-4)
    assert three[1:].tolist() == [1, 1]


def test_the_encoder_that_is_ahead_is_slowed_down_and_the_other_is_not():
    data = make_data(strength=(3.0, 0.0))
    batch, network = Batch.of(data), make_network(data, ModulatedHeads, alpha=5.0)
    with seeded(1):
        optimizer = make_optimizer(network, 1e-2, 0.0)
        for _ in range(20):
            train_epoch(network, data=batch, batch_size=96, optimizer=optimizer, modality_dropout=0.0)
    network.zero_grad()
    network.loss(batch).backward()
    a, b = ([p.grad.clone() for p in e.parameters()] for e in network.network.encoders.encoders)
    with seeded(2):
        network.adjust_gradients()
    ahead, behind = ([p.grad for p in e.parameters()] for e in network.network.encoders.encoders)
    for before, after in zip(b, behind, strict=True):
        torch.testing.assert_close(after, before)
    with seeded(2):  # what is left of the gradient is noise of its spread
        for before, after in zip(a, ahead, strict=True):
            noise = torch.randn_like(before) * before.std()
            torch.testing.assert_close(after, before * network._pace[0] + noise)
    assert network._pace[0] < 0.01


def test_blending_weights_are_gain_over_squared_overfitting():
    before = torch.tensor([[1.0, 1.1], [2.0, 2.0], [1.0, 1.0]])
    after = torch.tensor([[0.2, 0.6], [1.0, 1.6], [0.5, 1.2]])
    gain = np.array([0.5, 0.4, 0.0])
    overfitting = np.array([0.4 - 0.1, 0.6, 0.7])
    expected = gain / overfitting**2
    np.testing.assert_allclose(blending_weights(before, after), expected / expected.sum(), rtol=1e-5)


def test_where_nothing_is_learnt_all_branches_weigh_the_same():
    losses = torch.ones(3, 2)
    np.testing.assert_allclose(blending_weights(losses, losses), 1 / 3)


def test_the_loss_of_a_branch_is_the_same_however_many_samples_are_looked_at_together(monkeypatch):
    present = np.ones((96, 2), bool)
    present[:40, 1] = False
    batch = Batch.of(make_data().with_present(present))
    network = make_network(make_data()).eval()
    whole = [auxiliary_module._mean_loss(network, batch, branch) for branch in range(3)]
    np.testing.assert_allclose(whole, network.losses(batch).detach(), rtol=1e-6)
    monkeypatch.setattr(auxiliary_module, "_EVALUATION_BATCH", 25)
    parts = [auxiliary_module._mean_loss(network, batch, branch) for branch in range(3)]
    np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_a_modality_of_noise_gets_little_weight_in_blending():
    train, validation = (make_data(n, strength=(2.0, 0.0), seed=seed) for seed, n in enumerate((96, 500)))
    network = make_network(train)
    untouched = {name: value.clone() for name, value in network.named_parameters()}
    with seeded(0):
        blend(network, Batch.of(train), Batch.of(validation), **SETTINGS)
    assert network.weights.sum().item() == pytest.approx(1)
    assert network.weights[1] > 5 * network.weights[2]
    assert all(value.equal(untouched[name]) for name, value in network.named_parameters())


def test_only_networks_with_encoders_have_heads():
    with pytest.raises(FusebenchError, match="encodes each modality by itself; Linear"):
        attach_heads(torch.nn.Linear(2, 2), 2, 8, 2, modulated=False)
    data = make_data()
    with pytest.raises(FusebenchError, match="use auxiliary='none'"):
        make_fusion("early-mlp", auxiliary="sum").fit(data)
    with pytest.raises(FusebenchError, match="did you mean blending"):
        make_fusion("gmu", auxiliary="blendin").fit(data)


@pytest.mark.parametrize("name", ["gmu", "low-rank-fusion"])
@pytest.mark.parametrize("auxiliary", ["sum", "blending", "modulation"])
def test_other_strategies_can_have_heads_too(name, auxiliary):
    train, test = make_data(200), make_data(200, seed=1)
    fusion = make_fusion(name, auxiliary=auxiliary, max_epochs=20).fit(train)
    assert fusion.score(test, test.labels) > 0.85
