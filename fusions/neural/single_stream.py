"""The single-stream transformer: the tokens of all modalities attend to each other as if they were one."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .attention import AttentionBlock
from .batch import Batch
from .encoders import mlp
from .tokens import ModalityTokens, Ragged

__all__ = ["SingleStreamTransformer"]


class SingleStreamTransformer(nn.Module):
    """One transformer over a class token and the tokens of all modalities; the class token is classified.

    To every token a learnt vector of its modality is added.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data.
    width, heads, layers : int
        Features of a token, heads, and blocks in a row.
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
        self.tokens = ModalityTokens(modalities, width)
        self.kinds = nn.Parameter(0.02 * torch.randn(len(modalities), width))
        self.summary = nn.Parameter(0.02 * torch.randn(width))
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(layers))
        self.head = nn.Sequential(nn.LayerNorm(width), mlp(width, width, n_outputs, dropout=dropout))

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        n = len(batch)
        streams = self.tokens(batch)
        padded = [stream.padded() + kind for stream, kind in zip(streams, self.kinds, strict=True)]
        everyone = batch.present.new_ones(n, 1)
        joint = Ragged.of(
            torch.cat([self.summary.expand(n, 1, -1), *padded], dim=1),
            torch.cat([everyone, *(stream.layout.valid for stream in streams)], dim=1),
        )
        *first, last = self.blocks
        for block in first:
            joint = block(joint, joint)
        # Of the last block only the class token is read.
        summary = last(Ragged.of(joint.padded()[:, :1], everyone), joint)
        logits: Tensor = self.head(summary.tokens)
        return logits
