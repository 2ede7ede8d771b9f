"""Gating layers against their formulas written out sample by sample, for every pattern of absence."""

from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from fusebench.fusions.neural.gating import EmbraceLayer, FeatureModulation, GatedUnit, MixtureOfExperts
from fusebench.fusions.neural.trainer import seeded


@pytest.fixture(params=[2, 3])
def present(request):
    """Every pattern of absence but the empty one, several times each."""
    patterns = [p for p in product([True, False], repeat=request.param) if any(p)]
    return torch.tensor(patterns * 3)


@pytest.fixture
def embeddings(present):
    with seeded(0):
        return [torch.randn(len(present), 3, dtype=torch.float64) * a[:, None] for a in present.T]


def make(layer, n_modalities, *arguments):
    """A layer in double precision, none of whose parameters is small."""
    with seeded(1):
        fusion = layer(n_modalities, 3, *arguments).double().eval()
        for parameter in fusion.parameters():
            parameter.data = torch.randn_like(parameter)
    return fusion


def apply(linear, x):
    return linear.weight.detach().numpy() @ x + (0 if linear.bias is None else linear.bias.detach().numpy())


def rows(embeddings, present):
    """Sample by sample: the list of its embeddings as arrays, and which of them are present."""
    for n in range(len(present)):
        yield [z[n].numpy() for z in embeddings], present[n].numpy()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_gated_unit_is_the_formula_with_gates_of_constant_sum(embeddings, present):
    unit = make(GatedUnit, len(embeddings), 4)
    expected = []
    for z, a in rows(embeddings, present):
        values = [np.tanh(apply(f, x)) for f, x in zip(unit.values, z, strict=True)]
        logits = apply(unit.gates, np.concatenate(z))
        if len(z) == 2:
            gates = np.array([sigmoid(logits), sigmoid(-logits)])
        else:
            gates = sigmoid(logits).reshape(len(z), 4)
        kept = gates * a[:, None] * gates.sum(axis=0) / gates[a].sum(axis=0)
        expected.append((kept * values).sum(axis=0))
    np.testing.assert_allclose(unit(embeddings, present).detach(), expected)


def test_of_two_modalities_the_only_one_present_passes_its_gate_whole():
    with seeded(0):
        z = torch.randn(5, 3, dtype=torch.float64)
    unit = make(GatedUnit, 2, 4)
    fused = unit([z, torch.zeros_like(z)], torch.tensor([[True, False]]).expand(5, 2))
    torch.testing.assert_close(fused, unit.values[0](z).tanh())


def test_feature_modulation_is_the_formula(embeddings, present):
    layer = make(FeatureModulation, len(embeddings), 4)
    expected = []
    for z, a in rows(embeddings, present):
        hidden = []
        for m in range(len(z)):
            conditions = apply(layer.conditions[m], np.concatenate([x for j, x in enumerate(z) if j != m]))
            modulated = (1 + conditions[:3]) * apply(layer.features[m], z[m]) + conditions[3:]
            hidden.append(a[m] * np.maximum(modulated, 0))
        expected.append(apply(layer.linear, np.concatenate(hidden)))
    np.testing.assert_allclose(layer(embeddings, present).detach(), expected)


def docked(layer, embeddings):
    return torch.stack([f(z).relu() for f, z in zip(layer.docking, embeddings, strict=True)], dim=1)


def test_embracing_while_training_takes_each_feature_from_one_modality_that_is_present(embeddings, present):
    layer = make(EmbraceLayer, len(embeddings), 50).train()
    with seeded(2):
        fused = layer(embeddings, present)
    features = docked(layer, embeddings)
    matches = (features == fused[:, None]) & present[:, :, None]
    assert matches.any(dim=1).all()
    # Features are drawn apart: where a sample has several modalities, each of them gives some.
    assert ((matches & (features > 0)).any(dim=2) == present).all()


def test_embracing_in_evaluation_is_the_expectation_of_the_draw(embeddings, present):
    layer = make(EmbraceLayer, len(embeddings), 4)
    expected = layer(embeddings, present)
    for fused, features, a in zip(expected, docked(layer, embeddings), present, strict=True):
        torch.testing.assert_close(fused, features[a].mean(dim=0))
    layer.train()
    with seeded(2):
        draws = torch.stack([layer(embeddings, present) for _ in range(2000)]).detach()
    error = draws.std(dim=0) / 2000**0.5
    assert ((draws.mean(dim=0) - expected).abs() <= 5 * error + 1e-9).all()


def test_a_mixture_is_the_log_of_mixed_probabilities(embeddings, present):
    mixture = make(MixtureOfExperts, len(embeddings), 6, 4, 0.0)
    joint = torch.cat(embeddings, dim=1)
    opinions = torch.stack(
        [f(z).softmax(dim=1) for f, z in zip(mixture.experts, [*embeddings, joint], strict=True)]
    )
    shares = mixture.gate(joint).exp().T * torch.vstack([present.T, present.sum(dim=1) > 1])
    expected = torch.einsum("in,inc->nc", shares / shares.sum(dim=0), opinions)
    logits = mixture(embeddings, present)
    torch.testing.assert_close(logits.exp(), expected)
    labels = torch.arange(len(present)) % 4
    error = -expected[torch.arange(len(present)), labels].log().mean()
    torch.testing.assert_close(cross_entropy(logits, labels), error)


def test_alone_an_expert_is_believed():
    mixture = make(MixtureOfExperts, 3, 6, 4, 0.0)
    with seeded(0):
        z = torch.randn(5, 3, dtype=torch.float64)
    nothing = torch.zeros_like(z)
    logits = mixture([nothing, z, nothing], torch.tensor([[False, True, False]]).expand(5, 3))
    torch.testing.assert_close(logits, mixture.experts[1](z).log_softmax(dim=1))


LAYERS = [(GatedUnit, (4,)), (FeatureModulation, (4,)), (EmbraceLayer, (4,)), (MixtureOfExperts, (6, 4, 0.0))]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("layer", "arguments"), LAYERS)
def test_a_sample_without_anything_is_finite(layer, arguments, training):
    fusion = make(layer, 2, *arguments).train(training)
    embeddings = [torch.zeros(3, 3, dtype=torch.float64) for _ in range(2)]
    with seeded(0):
        fused = fusion(embeddings, torch.zeros(3, 2, dtype=torch.bool))
    fused.sum().backward()
    assert fused.isfinite().all()
    gradients = [p.grad for p in fusion.parameters() if p.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("n_modalities", [2, 3])
@pytest.mark.parametrize(("layer", "arguments"), LAYERS)
def test_every_parameter_is_saved_and_gets_a_gradient(layer, arguments, n_modalities):
    fusion = make(layer, n_modalities, *arguments)
    with seeded(0):
        embeddings = [torch.randn(40, 3, dtype=torch.float64) for _ in range(n_modalities)]
    fusion(embeddings, torch.ones(40, n_modalities, dtype=torch.bool)).square().sum().backward()
    named = dict(fusion.named_parameters())
    assert set(named) == set(fusion.state_dict())
    assert all((parameter.grad != 0).any() for parameter in named.values())
