"""Fusion layers that multiply modalities: all products, pairs only, and all with weights of low rank.

**Shape.** A layer takes a list of M embeddings (n, width) and gives (n, outputs). Before they are
multiplied, every embedding z is extended to [1; z], the constant first, so that the products hold every
subset of the modalities: each alone, each pair, up to all M. An absent modality is an embedding of 0, hence
[1; 0], and takes away exactly the products that it is part of.

Examples
--------
>>> embeddings = [torch.ones(5, 3), torch.ones(5, 3)]
>>> TensorFusion(n_modalities=2, width=3, outputs=4)(embeddings).shape
torch.Size([5, 4])
>>> LowRankFusion(n_modalities=2, width=3, outputs=4, rank=2)(embeddings).shape
torch.Size([5, 4])
"""

from functools import reduce
from itertools import combinations
from math import comb

import torch
from torch import Tensor, nn

__all__ = ["LowRankFusion", "PairwiseFusion", "TensorFusion", "outer_product", "with_one"]


def with_one(embedding: Tensor) -> Tensor:
    """Put a constant 1 before the features: (n, h) becomes (n, 1 + h)."""
    return nn.functional.pad(embedding, (1, 0), value=1.0)


def outer_product(vectors: list[Tensor]) -> Tensor:
    """Multiply every feature of a vector with every feature of the others.

    Parameters
    ----------
    vectors : list of Tensor
        Shapes (n, h_1), .. (n, h_M).

    Returns
    -------
    Tensor of shape (n, h_1 * .. * h_M)
        The last vector's index runs fastest.

    Examples
    --------
    >>> outer_product([torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 10.0, 100.0]])])
    tensor([[  1.,  10., 100.,   2.,  20., 200.]])
    """
    return reduce(lambda left, right: (left[:, :, None] * right[:, None, :]).flatten(1), vectors)


class TensorFusion(nn.Module):
    """A linear map of the outer product of all [1; z_m] (Zadeh et al. 2017).

    Parameters
    ----------
    n_modalities, width, outputs : int
        M, h and o; the weights have shape (o, (1 + h)^M).
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear((1 + width) ** n_modalities, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        fused: Tensor = self.linear(outer_product([with_one(z) for z in embeddings]))
        return fused


class PairwiseFusion(nn.Module):
    r"""Bilinear forms of all pairs with their terms of lower order (Jayakumar et al. 2020).

    .. math:: f = b + \sum_m V_m z_m + \sum_{j < m} z_j^T W_{jm} z_m.

    Parameters
    ----------
    n_modalities, width, outputs : int
        M, h and o; all weights stand side by side, shape (o, M h + M (M - 1) / 2 h^2).
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_modalities * width + comb(n_modalities, 2) * width**2, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        pairs = [outer_product([left, right]) for left, right in combinations(embeddings, 2)]
        fused: Tensor = self.linear(torch.cat(embeddings + pairs, dim=1))
        return fused


class LowRankFusion(nn.Module):
    r"""The same map with weights of low rank, without ever making the tensor (Liu et al. 2018).

    The weights of `TensorFusion` are replaced by a weighted sum over r of outer products of factors,

    .. math:: W = \sum_r c_r \; w_{1r} \otimes \dots \otimes w_{Mr},

    so that the map of the outer product is a product of maps:

    .. math:: W \cdot ([1; z_1] \otimes \dots \otimes [1; z_M]) = \sum_r c_r \prod_m w_{mr} \cdot [1; z_m].

    Parameters
    ----------
    n_modalities, width, outputs, rank : int
        M, h, o and r; `factors` has shape (M, r, 1 + h, o), `rank_weights` (r,), `bias` (o,).
    """

    def __init__(self, n_modalities: int, width: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.factors = nn.Parameter(torch.randn(n_modalities, rank, 1 + width, outputs) / (1 + width) ** 0.5)
        self.rank_weights = nn.Parameter(torch.randn(rank) / rank**0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        extended = torch.stack([with_one(z) for z in embeddings])
        projected = torch.einsum("mnh,mrho->mnro", extended, self.factors)
        return torch.einsum("nro,r->no", projected.prod(dim=0), self.rank_weights) + self.bias
