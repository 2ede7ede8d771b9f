"""Attention fusion: frames of one modality look for what fits them in the others."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .neural.estimator import NeuralFusion
from .registry import register_fusion
from .search import Choice, Integer, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["AttentionBottleneck", "CoAttention", "CrossModalAttention", "SelfAttention"]


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
    n_modalities = (2, None)
    search_space: ClassVar[SearchSpace] = {**NeuralFusion.search_space, "layers": Integer(1, 3)}

    heads: int = 2
    layers: int = 1

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.attention import CrossModalTransformer

        _check_heads(self.hidden, self.heads)
        return CrossModalTransformer(
            train.modalities,
            width=self.hidden,
            heads=self.heads,
            layers=self.layers,
            n_outputs=self.n_outputs_,
            dropout=self.dropout,
        )


@register_fusion("self-attention", family="attention", reference="Vaswani et al. 2017, arXiv:1706.03762")
@dataclass(eq=False, repr=False, kw_only=True)
class SelfAttention(NeuralFusion):
    """Single-stream transformer: a class token and the tokens of all modalities attend to each other.

    Tokens are those of `CrossModalAttention`, with a learnt vector of their modality added. Padding and
    absent modalities have no tokens. The class token is classified.

    Parameters
    ----------
    heads : int
        Of every attention; divides `hidden`.
    layers : int
        Attention blocks in a row.
    **parameters
        Those of `NeuralFusion`; `hidden` is the width of a token, and even.

    Raises
    ------
    FusebenchError
        By ``fit``, if there is no layer or `hidden` cannot be shared between the heads.

    References
    ----------
    Vaswani, Shazeer, Parmar, Uszkoreit, Jones, Gomez, Kaiser, Polosukhin (2017). Attention is all you need.
    NeurIPS. arXiv:1706.03762. The class token and vectors that tell segments apart are those of BERT
    (Devlin et al. 2019, arXiv:1810.04805).

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = SelfAttention(max_epochs=5, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    views = ("sequence", "vector")
    absence = "native"
    search_space: ClassVar[SearchSpace] = {**NeuralFusion.search_space, "layers": Integer(1, 3)}

    heads: int = 2
    layers: int = 2

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.single_stream import SingleStreamTransformer

        _check_heads(self.hidden, self.heads)
        if self.layers < 1:
            raise FusebenchError(f"layers must be at least 1, however: {self.layers}.")
        return SingleStreamTransformer(
            train.modalities,
            width=self.hidden,
            heads=self.heads,
            layers=self.layers,
            n_outputs=self.n_outputs_,
            dropout=self.dropout,
        )


@register_fusion(
    "attention-bottleneck", family="attention", reference="Nagrani et al. 2021, arXiv:2107.00135"
)
@dataclass(eq=False, repr=False, kw_only=True)
class AttentionBottleneck(NeuralFusion):
    """Multimodal bottleneck transformer: modalities exchange a few tokens and see nothing else of each other.

    Every modality has its own transformer. From layer `fusion_layer` on its tokens attend to each other and
    to shared bottleneck tokens; what the modalities make of these is averaged after each layer, over those
    present. Tokens are those of `CrossModalAttention`. The logits of the modalities' class tokens are
    averaged over those present. The paper's fine-tuned image transformers are not used.

    Parameters
    ----------
    heads : int
        Of every attention; divides `hidden`.
    layers : int
        Attention blocks a modality.
    fusion_layer : int
        The first layer with bottlenecks, counted from 0; at most `layers` - 2, as what enters a bottleneck in
        one layer leaves it in the next.
    bottlenecks : int
        Tokens in the bottleneck.
    **parameters
        Those of `NeuralFusion`; `hidden` is the width of a token, and even.

    Raises
    ------
    FusebenchError
        By ``fit``, if `fusion_layer` or `bottlenecks` are out of range, or `hidden` cannot be shared between
        the heads.

    References
    ----------
    Nagrani, Yang, Arnab, Jansen, Schmid, Sun (2021). Attention bottlenecks for multimodal fusion. NeurIPS.
    arXiv:2107.00135.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = AttentionBottleneck(max_epochs=5, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    views = ("sequence", "vector")
    absence = "native"
    search_space: ClassVar[SearchSpace] = {**NeuralFusion.search_space, "bottlenecks": Choice((2, 4, 8))}

    heads: int = 2
    layers: int = 3
    fusion_layer: int = 1
    bottlenecks: int = 4

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.bottleneck import BottleneckTransformer

        _check_heads(self.hidden, self.heads)
        if not 0 <= self.fusion_layer <= self.layers - 2:
            raise FusebenchError(
                f"fusion_layer must lie between 0 and layers - 2, however: fusion_layer={self.fusion_layer}, "
                f"layers={self.layers}."
            )
        if self.bottlenecks < 1:
            raise FusebenchError(f"bottlenecks must be at least 1, however: {self.bottlenecks}.")
        return BottleneckTransformer(
            train.modalities,
            width=self.hidden,
            heads=self.heads,
            layers=self.layers,
            fusion_layer=self.fusion_layer,
            bottlenecks=self.bottlenecks,
            n_outputs=self.n_outputs_,
            dropout=self.dropout,
        )


@register_fusion("co-attention", family="attention", reference="Lu et al. 2016, arXiv:1606.00061")
class CoAttention(NeuralFusion):
    """Parallel co-attention: for each pair, the affinity of all their tokens says which of them matter.

    In the paper the pair is image and question, at three levels of the question. Here every pair of
    modalities attends to each other at one level; a modality is summarised by the mean over its pairs, and
    the summaries stand side by side before the classifier. Tokens are those of `CrossModalAttention`. In a
    pair of which one is absent, the other attends by itself; the summary of an absent modality is 0. A vector
    is a single token, which leaves nothing to choose: co-attention of vectors only is concatenation.

    The parameters are those of `NeuralFusion`; `hidden` is the width of a token, and even.

    Raises
    ------
    FusebenchError
        By ``fit``, if there is a single modality or `hidden` is odd.

    References
    ----------
    Lu, Yang, Batra, Parikh (2016). Hierarchical question-image co-attention for visual question answering.
    NeurIPS. arXiv:1606.00061.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = CoAttention(max_epochs=5, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    views = ("sequence", "vector")
    absence = "native"
    n_modalities = (2, None)

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.co_attention import CoAttentionNetwork

        _check_heads(self.hidden, heads=1)
        return CoAttentionNetwork(
            train.modalities, width=self.hidden, n_outputs=self.n_outputs_, dropout=self.dropout
        )


def _check_heads(hidden: int, heads: int) -> None:
    """Refuse a width that heads cannot share, or of which positions cannot be half sines and half cosines."""
    if heads < 1 or hidden % (2 * heads):
        raise FusebenchError(
            f"hidden must be a multiple of twice the number of heads, however: hidden={hidden}, "
            f"heads={heads}."
        )
