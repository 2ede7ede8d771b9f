"""Fusion layers that shorten the outer product: by random sketches, or by weights of a given structure.

They were made for pairs of image and question. Here they multiply M modalities, each extended to [1; z] as in
`bilinear`, so that an absent one, [1; 0], takes away the products that it is part of and leaves the others.

Examples
--------
>>> embeddings = [torch.ones(5, 3), torch.ones(5, 3)]
>>> CompactFusion(n_modalities=2, width=3, outputs=4, sketch=8)(embeddings).shape
torch.Size([5, 4])
>>> TuckerFusion(n_modalities=2, width=3, outputs=4, rank=2)(embeddings).shape
torch.Size([5, 4])
"""

from functools import reduce
from operator import mul

import torch
from torch import Tensor, nn

from .bilinear import with_one

__all__ = [
    "CompactFusion",
    "FactorizedFusion",
    "HadamardFusion",
    "TuckerFusion",
    "circular_convolution",
    "count_sketch",
    "power_normalize",
]


def count_sketch(vectors: Tensor, places: Tensor, signs: Tensor, size: int) -> Tensor:
    """Add every feature, with its sign, to its place in a shorter vector.

    Parameters
    ----------
    vectors : Tensor of shape (n, h)
    places : Tensor of int64, shape (h,)
        0 .. size - 1.
    signs : Tensor of shape (h,)
        1 or -1.
    size : int
        Length of the sketch.

    Returns
    -------
    Tensor of shape (n, size)

    Examples
    --------
    >>> places, signs = torch.tensor([2, 0, 2]), torch.tensor([1.0, -1.0, 1.0])
    >>> count_sketch(torch.tensor([[1.0, 10.0, 100.0]]), places, signs, 3)
    tensor([[-10.,   0., 101.]])
    """
    return vectors.new_zeros(len(vectors), size).index_add(1, places, vectors * signs)


def circular_convolution(vectors: list[Tensor]) -> Tensor:
    """Convolve vectors (n, size) circularly with each other, as a product of Fourier transforms.

    Examples
    --------
    >>> shift = torch.tensor([[0.0, 1.0, 0.0]])
    >>> circular_convolution([torch.tensor([[1.0, 2.0, 3.0]]), shift]).round()
    tensor([[3., 1., 2.]])
    """
    product = reduce(mul, [torch.fft.rfft(vector) for vector in vectors])
    convolution: Tensor = torch.fft.irfft(product, n=vectors[0].shape[1])
    return convolution


def power_normalize(features: Tensor) -> Tensor:
    """Take the signed square root, then scale each row to length 1.

    The root is smoothed below about 1e-4, because its slope at 0 is infinite.

    Examples
    --------
    >>> power_normalize(torch.tensor([[9.0, -16.0]]))
    tensor([[ 0.6000, -0.8000]])
    """
    return nn.functional.normalize(features / (features.abs() + 1e-4).sqrt(), dim=1)


class CompactFusion(nn.Module):
    r"""A random projection of the outer product of all [1; z_m], without ever making it (Fukui et al. 2016).

    The count sketch of an outer product is the circular convolution of the count sketches of its vectors. It
    is normalised and mapped linearly.

    Parameters
    ----------
    n_modalities, width, outputs, sketch : int
        M, h, o, and the length of the sketch. `places` and `signs` of shape (M, 1 + h) are drawn once and
        saved, but not trained.
    """

    places: Tensor
    signs: Tensor

    def __init__(self, n_modalities: int, width: int, outputs: int, sketch: int) -> None:
        super().__init__()
        shape = n_modalities, 1 + width
        self.sketch = sketch
        self.register_buffer("places", torch.randint(sketch, shape))
        self.register_buffer("signs", 2.0 * torch.randint(2, shape) - 1.0)
        self.linear = nn.Linear(sketch, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        sketches = [
            count_sketch(with_one(z), places, signs, self.sketch)
            for z, places, signs in zip(embeddings, self.places, self.signs, strict=True)
        ]
        fused: Tensor = self.linear(power_normalize(circular_convolution(sketches)))
        return fused


class HadamardFusion(nn.Module):
    r"""An element-wise product of projections (MLB, Kim et al. 2017).

    .. math:: f = P \prod_m \tanh(U_m [1; z_m]) + b

    Parameters
    ----------
    n_modalities, width, outputs : int
        M; h, of the product too; and o.
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(width, width) for _ in range(n_modalities))
        self.linear = nn.Linear(width, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        factors = [U(z).tanh() for U, z in zip(self.projections, embeddings, strict=True)]
        fused: Tensor = self.linear(reduce(mul, factors))
        return fused


class FactorizedFusion(nn.Module):
    r"""Products of projections, summed in groups and normalised (MFB, Yu et al. 2017).

    .. math:: f_o = \sum_{i=1}^k \prod_m u_{moi} \cdot [1; z_m],

    then dropout on the products, a signed square root and a length of 1, and a linear map.

    Parameters
    ----------
    n_modalities, width, outputs, factors : int
        M, h, o and k.
    dropout : float
        Of the products.
    """

    def __init__(self, n_modalities: int, width: int, outputs: int, factors: int, dropout: float) -> None:
        super().__init__()
        self.shape = outputs, factors
        self.projections = nn.ModuleList(nn.Linear(width, outputs * factors) for _ in range(n_modalities))
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(outputs, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        product = reduce(mul, [U(z) for U, z in zip(self.projections, embeddings, strict=True)])
        pooled = self.dropout(product).unflatten(1, self.shape).sum(dim=2)
        fused: Tensor = self.linear(power_normalize(pooled))
        return fused


class TuckerFusion(nn.Module):
    r"""A Tucker decomposition of the weights, with a core of low rank (MUTAN, Ben-younes et al. 2017).

    With :math:`q_m = [1; \tanh(W_m z_m)]` and a core T of shape (1 + h, .., 1 + h, h),

    .. math:: f = W_o \, (T \times_1 q_1 \dots \times_M q_M) + b, \quad
              T_{\cdot \dots \cdot k} = \sum_{r=1}^R t_{1rk} \otimes \dots \otimes t_{Mrk}.

    Parameters
    ----------
    n_modalities, width, outputs, rank : int
        M, h, o and R; `core` holds the factors of T, shape (M, R, 1 + h, h).
    """

    def __init__(self, n_modalities: int, width: int, outputs: int, rank: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(n_modalities))
        self.core = nn.Parameter(torch.randn(n_modalities, rank, 1 + width, width) / (1 + width) ** 0.5)
        self.linear = nn.Linear(width, outputs)

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        projected = [with_one(W(z).tanh()) for W, z in zip(self.projections, embeddings, strict=True)]
        factors = torch.einsum("mnh,mrhk->mnrk", torch.stack(projected), self.core)
        fused: Tensor = self.linear(factors.prod(dim=0).sum(dim=1))
        return fused
