"""Co-attention: for each pair of modalities, which frames of one matter in view of the other, and back."""

from collections.abc import Mapping
from itertools import combinations

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .batch import Batch
from .encoders import mlp
from .tokens import ModalityTokens, Ragged

__all__ = ["CoAttention", "CoAttentionNetwork"]


class CoAttention(nn.Module):
    r"""Parallel co-attention of two modalities with tokens q and v as rows (Lu et al. 2016).

    .. math:: C &= \tanh(q W v^T) \\
              H_q &= \tanh(q U_q + C \, v U_v), \quad H_v = \tanh(v U_v + C^T q U_q) \\
              \hat q &= \mathrm{softmax}(H_q w_q)^T q, \quad \hat v = \mathrm{softmax}(H_v w_v)^T v.

    Where a modality has no token, C is empty: the other attends by itself, and its own result is 0.

    Parameters
    ----------
    width : int
        Features of a token and of H.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.affinity = nn.Parameter(torch.randn(width, width) / width)
        # Without biases: what is padded with zeros adds nothing to the sums over tokens.
        self.maps = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(2))
        self.scores = nn.ModuleList(nn.Linear(width, 1, bias=False) for _ in range(2))

    def forward(self, left: Ragged, right: Ragged) -> tuple[Tensor, Tensor]:
        """Summarise the tokens of each of two modalities, both as (n, width)."""
        q, v = left.padded(), right.padded()
        affinity = torch.tanh(q @ self.affinity @ v.mT)
        mapped_q, mapped_v = self.maps[0](q), self.maps[1](v)
        hidden_q = torch.tanh(mapped_q + affinity @ mapped_v)
        hidden_v = torch.tanh(mapped_v + affinity.mT @ mapped_q)
        return (
            _pool(q, self.scores[0](hidden_q), left.layout.valid),
            _pool(v, self.scores[1](hidden_v), right.layout.valid),
        )


def _pool(tokens: Tensor, scores: Tensor, valid: Tensor) -> Tensor:
    """Average tokens by the softmax of the scores (n, S, 1) of the valid ones; 0 where there is none."""
    # A softmax of nothing is NaN: where no token is valid it is taken over padding, all of which is 0.
    open_to = valid | ~valid.any(dim=1, keepdim=True)
    shares = scores.masked_fill(~open_to[:, :, None], float("-inf")).softmax(dim=1)
    return (shares * tokens).sum(dim=1)


class CoAttentionNetwork(nn.Module):
    """Co-attention of all pairs; the mean summary of every modality over its pairs, side by side, classified.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data; at least two.
    width : int
        Features of a token.
    n_outputs : int
        Classes, labels or values.
    dropout : float
        Of summaries and classifier.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], *, width: int, n_outputs: int, dropout: float
    ) -> None:
        super().__init__()
        M = len(modalities)
        self.tokens = ModalityTokens(modalities, width)
        self.pairs = nn.ModuleList(CoAttention(width) for _ in combinations(range(M), 2))
        self.head = nn.Sequential(
            nn.LayerNorm(M * width), nn.Dropout(dropout), mlp(M * width, width, n_outputs, dropout=dropout)
        )

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        streams = self.tokens(batch)
        found: list[list[Tensor]] = [[] for _ in streams]
        for pair, (j, m) in zip(self.pairs, combinations(range(len(streams)), 2), strict=True):
            for place, summary in zip((j, m), pair(streams[j], streams[m]), strict=True):
                found[place].append(summary)
        summaries = [torch.stack(own).mean(dim=0) for own in found]
        logits: Tensor = self.head(torch.cat(summaries, dim=1))
        return logits
