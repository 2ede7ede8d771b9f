"""The cross-modal transformer: frames of one modality attend to those of another, without being aligned."""

from collections.abc import Mapping
from math import log

import torch
from torch import Tensor, nn

from ...datasets.data import Kind, Modality
from .batch import Batch
from .encoders import Frames, mlp

__all__ = ["AttentionBlock", "AttentionStack", "CrossModalTransformer", "TargetStream", "Tokens", "positions"]


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


class Tokens(nn.Module):
    """What a transformer attends to: projected frames with their positions; a vector is a single frame.

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


class AttentionBlock(nn.Module):
    """A transformer layer whose queries come from a target and whose keys and values from a source.

    Layers are normalised first and added to the target. Where a source has no valid token nothing is
    attended to, and the target passes through its own feed-forward layer only.

    Parameters
    ----------
    width, heads : int
        Features, and the heads that share them.
    dropout : float
        Of the feed-forward layer. Attention has none: masks over all pairs of tokens are slow to draw.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.target_norm, self.source_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed_forward = nn.Sequential(nn.LayerNorm(width), mlp(width, 2 * width, width, dropout=dropout))

    def forward(self, target: Tensor, source: Tensor, valid: Tensor) -> Tensor:
        """Let the target (n, T, width) attend to the valid (n, S) tokens of the source (n, S, width)."""
        # A softmax over no key is 0/0, in some versions of torch NaN: such a row attends to all keys instead,
        # and the result is dropped.
        known = valid.any(dim=1)
        keys = self.source_norm(source)
        attended, _ = self.attention(
            self.target_norm(target), keys, keys, key_padding_mask=~valid & known[:, None], need_weights=False
        )
        mixed = target + attended * known[:, None, None]
        fused: Tensor = mixed + self.feed_forward(mixed)
        return fused


class AttentionStack(nn.Module):
    """Blocks in a row; each looks at the same source, as in the paper.

    Parameters
    ----------
    layers, width, heads, dropout
        How many blocks, and their parameters.
    """

    def __init__(self, layers: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(layers))

    def forward(self, target: Tensor, source: Tensor, valid: Tensor) -> Tensor:
        """Let the target (n, T, width) attend to the valid (n, S) tokens of the source (n, S, width)."""
        for block in self.blocks:
            target = block(target, source, valid)
        return target


class TargetStream(nn.Module):
    """All that happens to one modality as the target: attention to each source, to itself, and the mean.

    Parameters
    ----------
    sources : int
        Other modalities, M - 1.
    layers, width, heads, dropout
        Of every stack; self-attention has `sources` times the width.
    """

    def __init__(self, sources: int, layers: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.across = nn.ModuleList(AttentionStack(layers, width, heads, dropout) for _ in range(sources))
        self.within = AttentionStack(layers, sources * width, heads, dropout)

    def forward(self, target: Tensor, valid: Tensor, sources: list[tuple[Tensor, Tensor]]) -> Tensor:
        """Turn tokens (n, T, width) with a mask (n, T) into (n, sources * width); 0 where none is valid."""
        views = [stack(target, *source) for stack, source in zip(self.across, sources, strict=True)]
        tokens = torch.cat(views, dim=2)
        total = (self.within(tokens, tokens, valid) * valid[:, :, None]).sum(dim=1)
        mean: Tensor = total / valid.sum(dim=1, keepdim=True).clamp(min=1)
        return mean


class CrossModalTransformer(nn.Module):
    """Cross-modal attention between all ordered pairs of modalities (MulT, Tsai et al. 2019).

    Two things differ from the paper: the classifier sees the mean over valid tokens instead of the last one,
    and each source is projected once, instead of once for each of its targets.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data; at least two.
    width, heads, layers : int
        Features of a token, heads, and blocks in a stack.
    n_classes : int
        Outputs.
    dropout : float
        Of feed-forward layers and the classifier.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        *,
        width: int,
        heads: int,
        layers: int,
        n_classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        sources = len(modalities) - 1
        pooled = len(modalities) * sources * width
        self.tokens = nn.ModuleList(Tokens(modality, width) for modality in modalities.values())
        self.streams = nn.ModuleList(TargetStream(sources, layers, width, heads, dropout) for _ in modalities)
        self.head = nn.Sequential(nn.LayerNorm(pooled), mlp(pooled, width, n_classes, dropout=dropout))

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_classes)."""
        inputs = []
        for tokens, (name, values), present in zip(
            self.tokens, batch.values.items(), batch.present.unbind(dim=1), strict=True
        ):
            content, valid = tokens(values, batch.lengths.get(name))
            inputs.append((content, valid & present[:, None]))
        pooled = [stream(*inputs[m], inputs[:m] + inputs[m + 1 :]) for m, stream in enumerate(self.streams)]
        logits: Tensor = self.head(torch.cat(pooled, dim=1))
        return logits
