"""What transformers attend to: tokens made of modalities, kept without their padding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import log
from typing import Self

import torch
from torch import Tensor, nn

from ...datasets.data import Kind, Modality
from .batch import Batch
from .encoders import Frames

__all__ = ["Layout", "ModalityTokens", "Ragged", "Tokens", "positions"]


def positions(steps: int, width: int) -> Tensor:
    """Encode frame numbers by sines and cosines of falling frequency (Vaswani et al. 2017).

    Parameters
    ----------
    steps, width : int
        Frames and features; the width is even.

    Returns
    -------
    Tensor of shape (steps, width)
        The first half sines, the second half cosines.

    Examples
    --------
    >>> positions(2, 4)
    tensor([[0.0000, 0.0000, 1.0000, 1.0000],
            [0.8415, 0.0100, 0.5403, 0.9999]])
    """
    frequencies = torch.exp(torch.arange(0, width, 2) * (-log(10_000) / width))
    angles = torch.arange(steps)[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


@dataclass(frozen=True, eq=False)
class Layout:
    """Where tokens stand when padded.

    Parameters
    ----------
    valid : Tensor of bool, shape (n, S)
        Which of the places hold a token: P of them.
    """

    valid: Tensor

    @cached_property
    def places(self) -> Tensor:
        """Indices of the valid places in the flattened mask, shape (P,)."""
        return self.valid.flatten().nonzero()[:, 0]

    @cached_property
    def full(self) -> bool:
        """Whether there is no padding."""
        return len(self.places) == self.valid.numel()

    @cached_property
    def rows(self) -> Tensor:
        """The sample of each token, shape (P,)."""
        return self.places // self.valid.shape[1]

    @cached_property
    def known(self) -> Tensor:
        """Which samples have a token, shape (n,)."""
        return self.valid.any(dim=1)

    def take(self, padded: Tensor) -> Tensor:
        """Take tokens (P, width) from (n, S, width)."""
        flat = padded.flatten(0, 1)
        return flat if self.full else flat.index_select(0, self.places)

    def pad(self, tokens: Tensor) -> Tensor:
        """Put tokens (P, width) into (n, S, width), with zeros elsewhere."""
        if not self.full:
            zeros = tokens.new_zeros(self.valid.numel(), tokens.shape[1])
            tokens = zeros.index_copy(0, self.places, tokens)
        return tokens.view(*self.valid.shape, -1)


@dataclass(frozen=True, eq=False)
class Ragged:
    """The valid tokens of n samples, one after another, so that layers spend no time on padding.

    Parameters
    ----------
    tokens : Tensor of shape (P, width)
        Sample by sample.
    layout : Layout
        Where they stand when padded.

    Examples
    --------
    >>> padded = torch.arange(6.0).reshape(2, 3, 1)
    >>> ragged = Ragged.of(padded, torch.tensor([[True, True, False], [True, False, False]]))
    >>> ragged.tokens.ravel()
    tensor([0., 1., 3.])
    >>> ragged.map(lambda x: 10 * x).padded()[:, :, 0]
    tensor([[ 0., 10.,  0.],
            [30.,  0.,  0.]])
    >>> ragged.mean().ravel()
    tensor([0.5000, 3.0000])
    """

    tokens: Tensor
    layout: Layout

    @classmethod
    def of(cls, padded: Tensor, valid: Tensor) -> Self:
        """Take the valid of (n, S, width) tokens by a mask (n, S)."""
        layout = Layout(valid)
        return cls(layout.take(padded), layout)

    def map(self, layer: Callable[[Tensor], Tensor]) -> Self:
        """Apply a layer to every token."""
        return replace(self, tokens=layer(self.tokens))

    def padded(self) -> Tensor:
        """Give (n, S, width), with zeros where there is no token."""
        return self.layout.pad(self.tokens)

    def mean(self) -> Tensor:
        """Average the tokens of each sample, shape (n, width); 0 where there is none."""
        count = self.layout.valid.sum(dim=1, keepdim=True)
        mean: Tensor = self.padded().sum(dim=1) / count.clamp(min=1)
        return mean


class Tokens(nn.Module):
    """Projected frames with their positions; a vector is a single frame.

    Parameters
    ----------
    modality : Modality
        Training data, for the kind and the sizes.
    width : int
        Features of a token.
    """

    def __init__(self, modality: Modality, width: int) -> None:
        super().__init__()
        if modality.kind is Kind.SEQUENCE:
            self.projection: nn.Module = Frames(modality, width)
        else:
            self.projection = nn.Linear(modality.values.shape[1], width)

    def forward(self, values: Tensor, lengths: Tensor | None) -> tuple[Tensor, Tensor]:
        """Turn (n, T, d) or (n, d) into tokens (n, S, width) and a mask (n, S) of the valid ones."""
        if lengths is None:
            tokens = self.projection(values)[:, None, :]
            return tokens, torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        frames, valid = self.projection(values, lengths)
        return frames + positions(*frames.shape[1:]).to(frames.device), valid


class ModalityTokens(nn.Module):
    """The tokens of every modality; of an absent one there are none.

    Places at which no sample of the batch has a token are cut off, but for one.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data.
    width : int
        Features of a token.
    """

    def __init__(self, modalities: Mapping[str, Modality], width: int) -> None:
        super().__init__()
        self.of_each = nn.ModuleList(Tokens(modality, width) for modality in modalities.values())

    def forward(self, batch: Batch) -> list[Ragged]:
        """Give M ragged batches of tokens."""
        streams = []
        for tokens, (name, values), present in zip(
            self.of_each, batch.values.items(), batch.present.unbind(dim=1), strict=True
        ):
            content, valid = tokens(values, batch.lengths.get(name))
            streams.append(_trim(content, valid & present[:, None]))
        return streams


def _trim(padded: Tensor, valid: Tensor) -> Ragged:
    used = valid.any(dim=0)
    used[0] |= ~used.any()
    return Ragged.of(padded, valid) if used.all() else Ragged.of(padded[:, used], valid[:, used])
