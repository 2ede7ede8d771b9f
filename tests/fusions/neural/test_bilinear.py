"""Fusion layers against products written out by hand."""

from itertools import combinations, product

import numpy as np
import pytest
import torch

from fusebench.fusions.neural.bilinear import (
    LowRankFusion,
    PairwiseFusion,
    TensorFusion,
    outer_product,
    with_one,
)
from fusebench.fusions.neural.trainer import seeded

LETTERS = "abcd"


@pytest.fixture(params=[2, 3, 4])
def embeddings(request):
    with seeded(0):
        return [torch.randn(5, 3, dtype=torch.float64) for _ in range(request.param)]


def make(layer, embeddings, **parameters):
    """A layer in double precision, none of whose parameters is zero."""
    with seeded(1):
        fusion = layer(len(embeddings), width=3, outputs=4, **parameters).double()
        for parameter in fusion.parameters():
            parameter.data = torch.randn_like(parameter)
    return fusion


def full_weights(fusion):
    """The tensor that the factors stand for, shape (o, 1 + h, .., 1 + h)."""
    letters = LETTERS[: len(fusion.factors)]
    terms = ",".join(f"r{letter}o" for letter in letters)
    return torch.einsum(f"{terms},r->o{letters}", *fusion.factors, fusion.rank_weights)


def test_the_constant_comes_first():
    assert with_one(torch.tensor([[2.0, 3.0]])).tolist() == [[1.0, 2.0, 3.0]]


def test_outer_product_holds_every_product_in_order(embeddings):
    actual = outer_product(embeddings).numpy()
    for row in range(5):
        vectors = [z[row].numpy() for z in embeddings]
        np.testing.assert_allclose(actual[row], [np.prod(choice) for choice in product(*vectors)])


def test_tensor_fusion_contracts_its_weights_with_all_embeddings(embeddings):
    fusion = make(TensorFusion, embeddings)
    letters = LETTERS[: len(embeddings)]
    weights = fusion.linear.weight.reshape(4, *[4] * len(embeddings))
    ones = torch.ones(5, 1, dtype=torch.float64)
    terms = ",".join(f"n{letter}" for letter in letters)
    expected = torch.einsum(
        f"o{letters},{terms}->no", weights, *[torch.cat([ones, z], dim=1) for z in embeddings]
    )
    torch.testing.assert_close(fusion(embeddings), expected + fusion.linear.bias)


def test_pairwise_fusion_is_tensor_fusion_without_products_of_three(embeddings):
    pairwise, full = make(PairwiseFusion, embeddings), make(TensorFusion, embeddings)
    n_modalities = len(embeddings)
    weights = torch.zeros(4, *[4] * n_modalities, dtype=torch.float64)
    constant = [0] * n_modalities
    blocks = pairwise.linear.weight.detach()
    for m in range(n_modalities):
        weights[:, *constant[:m], 1:, *constant[m + 1 :]] = blocks[:, 3 * m : 3 * m + 3]
    for k, (j, m) in enumerate(combinations(range(n_modalities), 2)):
        place = [slice(1, None) if i in (j, m) else 0 for i in range(n_modalities)]
        start = 3 * n_modalities + 9 * k
        weights[:, *place] = blocks[:, start : start + 9].reshape(4, 3, 3)
    with torch.no_grad():
        full.linear.weight.copy_(weights.flatten(1))
        full.linear.bias.copy_(pairwise.linear.bias)
    torch.testing.assert_close(pairwise(embeddings), full(embeddings))


@pytest.mark.parametrize("rank", [1, 5])
def test_low_rank_fusion_is_tensor_fusion_with_the_weights_of_its_factors(embeddings, rank):
    low_rank = make(LowRankFusion, embeddings, rank=rank)
    full = make(TensorFusion, embeddings)
    with torch.no_grad():
        full.linear.weight.copy_(full_weights(low_rank).flatten(1))
        full.linear.bias.copy_(low_rank.bias)
    torch.testing.assert_close(low_rank(embeddings), full(embeddings))


def test_without_a_modality_the_products_of_the_others_remain(embeddings):
    fusion = make(LowRankFusion, embeddings, rank=3)
    absent_first = [torch.zeros_like(embeddings[0]), *embeddings[1:]]
    letters = LETTERS[1 : len(embeddings)]
    terms = ",".join(f"n{letter}" for letter in letters)
    expected = torch.einsum(
        f"o{letters},{terms}->no", full_weights(fusion)[:, 0], *[with_one(z) for z in embeddings[1:]]
    )
    torch.testing.assert_close(fusion(absent_first), expected + fusion.bias)
    torch.testing.assert_close(
        fusion([torch.zeros_like(z) for z in embeddings]),
        (full_weights(fusion).flatten(1)[:, 0] + fusion.bias).expand(5, -1),
    )


@pytest.mark.parametrize(
    ("layer", "parameters"), [(TensorFusion, {}), (PairwiseFusion, {}), (LowRankFusion, {"rank": 3})]
)
def test_every_parameter_is_saved_and_gets_a_gradient(layer, parameters, embeddings):
    fusion = make(layer, embeddings, **parameters)
    fusion(embeddings).square().sum().backward()
    named = dict(fusion.named_parameters())
    assert set(named) == set(fusion.state_dict())
    assert all((parameter.grad != 0).all() for parameter in named.values())
    M = len(embeddings)
    expected = {
        TensorFusion: 4 * 4**M + 4,
        PairwiseFusion: 4 * (3 * M + 9 * M * (M - 1) // 2) + 4,
        LowRankFusion: 4 * 4 * 3 * M + 3 + 4,
    }
    assert sum(parameter.numel() for parameter in named.values()) == expected[layer]


@pytest.mark.parametrize("n_modalities", [2, 5])
def test_low_rank_outputs_start_at_the_size_of_one(n_modalities):
    with seeded(0):
        fusion = LowRankFusion(n_modalities, width=32, outputs=500, rank=8)
        outputs = fusion([2 * torch.rand(100, 32) - 1 for _ in range(n_modalities)])
    assert 0.02 < outputs.std() < 2
