"""Attention fusion: frames of one modality look for what fits them in the others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .neural.estimator import NeuralFusion
from .registry import register_fusion

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CrossModalAttention"]


@register_fusion("cross-modal-attention", family="attention", reference="Tsai et al. 2019, arXiv:1906.00295")
@dataclass(eq=False, repr=False, kw_only=True)
class CrossModalAttention(NeuralFusion):
    """Cross-modal transformer: the frames of every modality attend to those of every other.

    The modalities may differ in length and rate and need no alignment. A vector counts as a sequence of one
    frame; sequences of more than 32 frames are shortened by a strided convolution. Padding is masked, and so
    is an absent modality: nobody attends to it, and it adds nothing to what is classified.

    Parameters
    ----------
    heads : int
        Of every attention; divides `hidden`.
    layers : int
        Attention blocks in every stack; there are M (M - 1) stacks across modalities and M within.
    **parameters
        Those of `NeuralFusion`; `hidden` is the width of a frame, and even.

    Raises
    ------
    FusebenchError
        By ``fit``, if there is a single modality or `hidden` cannot be shared between the heads.

    References
    ----------
    Tsai, Bai, Liang, Kolter, Morency, Salakhutdinov (2019). Multimodal transformer for unaligned multimodal
    language sequences. ACL. arXiv:1906.00295.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = CrossModalAttention(max_epochs=5, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    views = ("sequence", "vector")
    absence = "native"

    heads: int = 2
    layers: int = 1

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.attention import CrossModalTransformer

        if len(train.modalities) < 2:
            raise FusebenchError(f"Cross-modal attention needs two modalities, however: {train.names}.")
        if self.heads < 1 or self.hidden % (2 * self.heads):
            raise FusebenchError(
                f"hidden must be a multiple of twice the number of heads, however: hidden={self.hidden}, "
                f"heads={self.heads}."
            )
        return CrossModalTransformer(
            train.modalities,
            width=self.hidden,
            heads=self.heads,
            layers=self.layers,
            n_outputs=self.n_outputs_,
            dropout=self.dropout,
        )
