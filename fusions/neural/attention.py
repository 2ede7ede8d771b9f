"""The cross-modal transformer: frames of one modality attend to those of another, without being aligned."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from ...datasets.data import Modality
from .batch import Batch
from .encoders import mlp
from .tokens import ModalityTokens, Ragged

__all__ = ["AttentionBlock", "AttentionStack", "CrossModalTransformer", "TargetStream"]


class _TokenDropout(nn.Dropout):
    """Dropout that draws in single precision, which takes a third of the time where there are many tokens."""

    def forward(self, tokens: Tensor) -> Tensor:
        """Set a share of the features to 0 while training, and scale the others by 1 / (1 - share)."""
        if not self.training or self.p == 0:
            return tokens
        return tokens * torch.rand_like(tokens).ge_(self.p).div_(1 - self.p)


def _projection(width: int, outputs: int) -> nn.Linear:
    """Make a layer that starts as in torch, which draws queries, keys and values as one matrix."""
    linear = nn.Linear(width, outputs)
    bound = (6 / (width + 3 * width)) ** 0.5
    nn.init.uniform_(linear.weight, -bound, bound)
    nn.init.zeros_(linear.bias)
    return linear


class AttentionBlock(nn.Module):
    """A transformer layer whose queries come from a target and whose keys and values from a source.

    Layers are normalised first and added to the target. Where a source has no token nothing is attended to,
    and the target passes through its own feed-forward layer only.

    Parameters
    ----------
    width, heads : int
        Features, and the heads that share them.
    dropout : float
        Of the feed-forward layer. Attention has none: masks over all pairs of tokens are slow to draw.
    """

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Sequential(nn.LayerNorm(width), _projection(width, width))
        self.key_value = nn.Sequential(nn.LayerNorm(width), _projection(width, 2 * width))
        self.output = nn.Linear(width, width)
        nn.init.zeros_(self.output.bias)
        self.feed_forward = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.ReLU(),
            _TokenDropout(dropout),
            nn.Linear(2 * width, width),
        )

    def forward(self, target: Ragged, source: Ragged) -> Ragged:
        """Let every token of the target attend to all tokens of the source of the same sample."""
        n, steps = target.layout.valid.shape
        queries = target.map(self.query).padded().view(n, steps, self.heads, -1).transpose(1, 2)
        key_values = source.map(self.key_value).padded().view(n, -1, 2, self.heads, queries.shape[-1])
        keys, values = key_values.permute(2, 0, 3, 1, 4).unbind()
        layout, mask = source.layout, None
        if not layout.full:
            # A softmax over no key is 0/0, in some versions of torch NaN: such a row attends to padding
            # instead, and the result is dropped.
            mask = (layout.valid | ~layout.known[:, None])[:, None, None, :]
        attended = scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        update = self.output(target.layout.take(attended.transpose(1, 2).flatten(2)))
        if not layout.full:
            update = update * layout.known[target.layout.rows, None]
        mixed = target.tokens + update
        return target.map(lambda _: mixed + self.feed_forward(mixed))


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

    def forward(self, target: Ragged, source: Ragged) -> Ragged:
        """Let the target attend to the source."""
        for block in self.blocks:
            target = block(target, source)
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

    def forward(self, target: Ragged, sources: list[Ragged]) -> Tensor:
        """Fuse into (n, sources * width); 0 where the target has no token."""
        views = [stack(target, source) for stack, source in zip(self.across, sources, strict=True)]
        tokens = target.map(lambda _: torch.cat([view.tokens for view in views], dim=1))
        mean: Tensor = self.within(tokens, tokens).mean()
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
    n_outputs : int
        Classes, labels or values.
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
        n_outputs: int,
        dropout: float,
    ) -> None:
        super().__init__()
        sources = len(modalities) - 1
        pooled = len(modalities) * sources * width
        self.tokens = ModalityTokens(modalities, width)
        self.streams = nn.ModuleList(TargetStream(sources, layers, width, heads, dropout) for _ in modalities)
        self.head = nn.Sequential(nn.LayerNorm(pooled), mlp(pooled, width, n_outputs, dropout=dropout))

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        inputs = self.tokens(batch)
        pooled = [stream(inputs[m], inputs[:m] + inputs[m + 1 :]) for m, stream in enumerate(self.streams)]
        logits: Tensor = self.head(torch.cat(pooled, dim=1))
        return logits
