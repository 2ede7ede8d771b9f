"""The bottleneck transformer: modalities tell each other only what fits into a few shared tokens."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .attention import AttentionBlock
from .batch import Batch
from .encoders import mlp
from .tokens import ModalityTokens, Ragged

__all__ = ["BottleneckLayer", "BottleneckTransformer"]


class BottleneckLayer(nn.Module):
    r"""Each modality attends to itself and the bottleneck, which becomes the mean of what they make of it.

    .. math:: [z_m'; b_m] = \mathrm{block}_m([z_m; b]), \quad b' = \sum_m a_m b_m / \sum_m a_m,

    with :math:`a_m` 1 if modality m is present and else 0.

    Parameters
    ----------
    n_modalities, width, heads : int
        Blocks, one a modality, and their parameters.
    dropout : float
        Of the blocks.
    """

    def __init__(self, n_modalities: int, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(n_modalities))

    def forward(
        self, streams: list[Ragged], bottleneck: Tensor, present: Tensor
    ) -> tuple[list[Ragged], Tensor]:
        """Pass on M streams, of which a mask (n, M) tells those present, and a bottleneck (n, B, width)."""
        size = bottleneck.shape[1]
        open_to_all = present.new_ones(len(present), size)
        passed, shares = [], []
        for block, stream in zip(self.blocks, streams, strict=True):
            valid = stream.layout.valid
            joint = Ragged.of(
                torch.cat([bottleneck, stream.padded()], dim=1), torch.cat([open_to_all, valid], dim=1)
            )
            after = block(joint, joint).padded()
            shares.append(after[:, :size])
            passed.append(Ragged.of(after[:, size:], valid))
        weights = present / present.sum(dim=1, keepdim=True).clamp(min=1)
        return passed, (torch.stack(shares, dim=1) * weights[:, :, None, None]).sum(dim=1)


class BottleneckTransformer(nn.Module):
    """A transformer a modality, joined by bottlenecks in the upper layers (MBT, Nagrani et al. 2021).

    Every modality has a class token. One classifier gives logits for each; their mean over the modalities
    present is the output.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data.
    width, heads : int
        Features of a token, and heads.
    layers, fusion_layer : int
        All layers, and the first of them, counted from 0, with bottlenecks.
    bottlenecks : int
        B, tokens in the bottleneck.
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
        fusion_layer: int,
        bottlenecks: int,
        n_outputs: int,
        dropout: float,
    ) -> None:
        super().__init__()
        M = len(modalities)
        self.tokens = ModalityTokens(modalities, width)
        self.summaries = nn.Parameter(0.02 * torch.randn(M, width))
        self.bottleneck = nn.Parameter(0.02 * torch.randn(bottlenecks, width))
        self.alone = nn.ModuleList(AttentionBlock(width, heads, dropout) for _ in range(fusion_layer * M))
        self.together = nn.ModuleList(
            BottleneckLayer(M, width, heads, dropout) for _ in range(layers - fusion_layer)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), mlp(width, width, n_outputs, dropout=dropout))

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        n, present = len(batch), batch.present
        streams = [
            Ragged.of(
                torch.cat([summary.expand(n, 1, -1), stream.padded()], dim=1),
                torch.cat([has[:, None], stream.layout.valid], dim=1),
            )
            for summary, stream, has in zip(
                self.summaries, self.tokens(batch), present.unbind(dim=1), strict=True
            )
        ]
        for place, block in enumerate(self.alone):  # layer by layer, in each modality by modality
            m = place % len(streams)
            streams[m] = block(streams[m], streams[m])
        bottleneck = self.bottleneck.expand(n, -1, -1)
        for layer in self.together:
            streams, bottleneck = layer(streams, bottleneck, present)
        opinions = self.head(torch.stack([stream.padded()[:, 0] for stream in streams], dim=1))
        weights = present / present.sum(dim=1, keepdim=True).clamp(min=1)
        logits: Tensor = (opinions * weights[:, :, None]).sum(dim=1)
        return logits
