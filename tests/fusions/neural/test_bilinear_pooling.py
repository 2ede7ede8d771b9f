"""Pooling layers against the outer product that they never make."""

from itertools import product

import numpy as np
import pytest
import torch

from fusebench.fusions.neural.bilinear import outer_product, with_one
from fusebench.fusions.neural.bilinear_pooling import (
    CompactFusion,
    FactorizedFusion,
    HadamardFusion,
    TuckerFusion,
    circular_convolution,
    count_sketch,
    power_normalize,
)
from fusebench.fusions.neural.trainer import seeded

LAYERS = [
    (CompactFusion, (4, 16)),
    (HadamardFusion, (4,)),
    (FactorizedFusion, (4, 2, 0.0)),
    (TuckerFusion, (4, 2)),
]
LETTERS = "abc"


@pytest.fixture(params=[2, 3])
def embeddings(request):
    with seeded(0):
        return [torch.randn(5, 3, dtype=torch.float64) for _ in range(request.param)]


def make(layer, embeddings, *arguments):
    """A layer in double precision, none of whose parameters is small."""
    with seeded(1):
        fusion = layer(len(embeddings), 3, *arguments).double()
        for parameter in fusion.parameters():
            parameter.data = torch.randn_like(parameter)
    return fusion


@pytest.mark.parametrize("size", [7, 8])
def test_the_sketch_of_an_outer_product_is_the_convolution_of_sketches(embeddings, size):
    rng = np.random.default_rng(0)
    places = torch.tensor(rng.integers(size, size=(len(embeddings), 3)))
    signs = torch.tensor(rng.choice([-1.0, 1.0], size=(len(embeddings), 3)))
    joint_places = torch.tensor([sum(choice) % size for choice in product(*places.tolist())])
    expected = count_sketch(outer_product(embeddings), joint_places, outer_product(signs[:, None])[0], size)
    sketches = [count_sketch(z, *how, size) for *how, z in zip(places, signs, embeddings, strict=True)]
    torch.testing.assert_close(circular_convolution(sketches), expected)


def test_inner_products_of_sketches_are_right_in_expectation():
    rng = np.random.default_rng(0)
    x, y = torch.tensor(rng.normal(size=(2, 1, 20)))
    products = []
    for _ in range(2000):
        how = torch.tensor(rng.integers(8, size=20)), torch.tensor(rng.choice([-1.0, 1.0], size=20)), 8
        products.append((count_sketch(x, *how) * count_sketch(y, *how)).sum().item())
    assert np.mean(products) == pytest.approx((x * y).sum().item(), abs=4 * np.std(products) / 2000**0.5)


def test_power_normalisation_is_a_signed_root_of_length_one():
    with seeded(0):
        x = torch.randn(5, 6, dtype=torch.float64)
    root = x.sign() * x.abs().sqrt()
    expected = root / root.square().sum(dim=1, keepdim=True).sqrt()
    torch.testing.assert_close(power_normalize(x), expected, atol=0.01, rtol=0.01)


def test_power_normalisation_of_nothing_is_nothing_with_a_finite_gradient():
    zeros = torch.zeros(2, 3, requires_grad=True)
    normalized = power_normalize(zeros)
    normalized.sum().backward()
    assert normalized.tolist() == [[0.0] * 3] * 2
    assert zeros.grad.isfinite().all()


def test_compact_fusion_maps_the_normalised_sketch_of_the_tensor(embeddings):
    fusion = make(CompactFusion, embeddings, 4, 16)
    places = torch.tensor([sum(choice) % 16 for choice in product(*fusion.places.tolist())])
    signs = outer_product(fusion.signs[:, None])[0]
    sketch = count_sketch(outer_product([with_one(z) for z in embeddings]), places, signs, 16)
    torch.testing.assert_close(fusion(embeddings), fusion.linear(power_normalize(sketch)))


def test_sketches_are_drawn_once_and_saved():
    with seeded(0):
        fusion = CompactFusion(2, 400, 4, 8)
        other = CompactFusion(2, 400, 4, 8)
    assert {"places", "signs"} <= set(fusion.state_dict())
    assert set(fusion.places.flatten().tolist()) == set(range(8))
    assert set(fusion.signs.flatten().tolist()) == {-1.0, 1.0}
    assert not torch.equal(fusion.places[0], fusion.places[1])
    assert not torch.equal(fusion.places, other.places)


def linear_by_hand(layer, z):
    bias = 0 if layer.bias is None else layer.bias.detach().numpy()
    return layer.weight.detach().numpy() @ z + bias


def test_hadamard_fusion_is_the_formula(embeddings):
    fusion = make(HadamardFusion, embeddings, 4)
    for n, fused in enumerate(fusion(embeddings).detach().numpy()):
        factors = [
            np.tanh(linear_by_hand(U, z[n].numpy()))
            for U, z in zip(fusion.projections, embeddings, strict=True)
        ]
        np.testing.assert_allclose(fused, linear_by_hand(fusion.linear, np.prod(factors, axis=0)))


def test_factorised_fusion_pools_forms_of_rank_k(embeddings):
    """Every pooled feature is the tensor contracted with a sum of k outer products of the weights."""
    fusion = make(FactorizedFusion, embeddings, 4, 2, 0.5).eval()
    weights = [torch.cat([U.bias[:, None], U.weight], dim=1) for U in fusion.projections]
    forms = outer_product(weights).reshape(4, 2, -1).sum(dim=1)
    pooled = outer_product([with_one(z) for z in embeddings]) @ forms.T
    torch.testing.assert_close(fusion(embeddings), fusion.linear(power_normalize(pooled)))


def test_factorised_fusion_drops_products_before_they_are_pooled(embeddings):
    fusion = make(FactorizedFusion, embeddings, 4, 2, 0.5)
    dropped = []
    fusion.dropout.register_forward_hook(lambda module, inputs, output: dropped.append(output))
    with seeded(0):
        fusion(embeddings)
    assert dropped[0].shape == (5, 8)
    assert 0 < (dropped[0] == 0).double().mean() < 1


@pytest.mark.parametrize("rank", [1, 4])
def test_tucker_fusion_contracts_the_full_core(embeddings, rank):
    fusion = make(TuckerFusion, embeddings, 4, rank)
    letters = LETTERS[: len(embeddings)]
    terms = ",".join(f"r{letter}k" for letter in letters)
    core = torch.einsum(f"{terms}->{letters}k", *fusion.core)
    inputs = [with_one((z @ W.weight.T).tanh()) for W, z in zip(fusion.projections, embeddings, strict=True)]
    terms = ",".join(f"n{letter}" for letter in letters)
    expected = torch.einsum(f"{letters}k,{terms},ok->no", core, *inputs, fusion.linear.weight)
    torch.testing.assert_close(fusion(embeddings), expected + fusion.linear.bias)


@pytest.mark.parametrize(("layer", "arguments"), LAYERS)
def test_without_a_modality_the_others_still_count(layer, arguments, embeddings):
    fusion = make(layer, embeddings, *arguments).eval()
    absent_first = [torch.zeros_like(embeddings[0]), *embeddings[1:]]
    fused = fusion(absent_first)
    assert fused.isfinite().all()
    assert (fused.std(dim=0) > 1e-3).all()
    nothing = fusion([torch.zeros_like(z) for z in embeddings])
    torch.testing.assert_close(nothing, nothing[:1].expand(5, -1))


@pytest.mark.parametrize(("layer", "arguments"), LAYERS)
def test_every_parameter_gets_a_gradient(layer, arguments, embeddings):
    fusion = make(layer, embeddings, *arguments)
    fusion(embeddings).square().sum().backward()
    for name, parameter in fusion.named_parameters():
        assert (parameter.grad != 0).any(), name
