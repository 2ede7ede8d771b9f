"""Bilinear pooling: short forms of the outer product, from visual question answering.

All end in the classifier of the other bilinear strategies. The papers fuse two modalities; the product of
three or more follows the same formula with more factors, and a constant 1 before every embedding keeps the
products of fewer. An absent modality is an embedding of 0, and only the products without it remain.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .bilinear import BilinearFusion
from .registry import register_fusion
from .search import Choice, Integer, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MFB", "MLB", "MUTAN", "CompactBilinear"]


@register_fusion("compact-bilinear", family="bilinear", reference="Fukui et al. 2016, arXiv:1606.01847")
@dataclass(eq=False, repr=False, kw_only=True)
class CompactBilinear(BilinearFusion):
    """Multimodal compact bilinear pooling: the outer product of all embeddings, shortened by a count sketch.

    The sketch is a random projection that is drawn once and not trained; its inner products are right in
    expectation. It takes a convolution of the embeddings' own sketches, made by fast Fourier transforms, and
    never the product itself. A signed square root and a length of 1 follow, as in the paper.

    With M modalities the outer product has (1 + hidden)^M entries, and a sketch that is far shorter mixes
    them: lengthen it when there are more than two.

    Parameters
    ----------
    sketch : int
        Length of the sketch.
    **parameters
        Those of `NeuralFusion`.

    Raises
    ------
    FusebenchError
        By ``fit``, if the sketch is empty.

    References
    ----------
    Fukui, Park, Yang, Rohrbach, Darrell, Rohrbach (2016). Multimodal compact bilinear pooling for visual
    question answering and visual grounding. EMNLP. arXiv:1606.01847.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = CompactBilinear(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {**BilinearFusion.search_space, "sketch": Choice((256, 512, 1024))}

    sketch: int = 512

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.bilinear_pooling import CompactFusion

        _check_positive("sketch", self.sketch)
        fusion = CompactFusion(len(train.modalities), self.hidden, self.hidden, self.sketch)
        return self._around(fusion, self.hidden, train)


@register_fusion("mlb", family="bilinear", reference="Kim et al. 2017, arXiv:1610.04325")
class MLB(BilinearFusion):
    """Multimodal low-rank bilinear pooling: the element-wise product of projections, each behind a tanh.

    The projections have biases: the factor of an absent modality is a learnt constant.

    The parameters are those of `NeuralFusion`; `hidden` is the rank too.

    References
    ----------
    Kim, On, Lim, Kim, Ha, Zhang (2017). Hadamard product for low-rank bilinear pooling. ICLR.
    arXiv:1610.04325.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = MLB(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.bilinear_pooling import HadamardFusion

        fusion = HadamardFusion(len(train.modalities), self.hidden, self.hidden)
        return self._around(fusion, self.hidden, train)


@register_fusion("mfb", family="bilinear", reference="Yu et al. 2017, arXiv:1708.01471")
@dataclass(eq=False, repr=False, kw_only=True)
class MFB(BilinearFusion):
    """Multimodal factorised bilinear pooling: products of projections, summed in groups of `factors`.

    A sum of k products is a bilinear form of rank k. Dropout on the products, a signed square root and a
    length of 1 follow, as in the paper.

    Parameters
    ----------
    factors : int
        Products in a sum.
    **parameters
        Those of `NeuralFusion`.

    Raises
    ------
    FusebenchError
        By ``fit``, if there are no factors.

    References
    ----------
    Yu, Yu, Fan, Tao (2017). Multi-modal factorized bilinear pooling with co-attention learning for visual
    question answering. ICCV. arXiv:1708.01471. Its co-attention is not part of this.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = MFB(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {**BilinearFusion.search_space, "factors": Integer(2, 8)}

    factors: int = 5

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.bilinear_pooling import FactorizedFusion

        _check_positive("factors", self.factors)
        fusion = FactorizedFusion(len(train.modalities), self.hidden, self.hidden, self.factors, self.dropout)
        return self._around(fusion, self.hidden, train)


@register_fusion("mutan", family="bilinear", reference="Ben-younes et al. 2017, arXiv:1705.06676")
@dataclass(eq=False, repr=False, kw_only=True)
class MUTAN(BilinearFusion):
    """Multimodal Tucker fusion: projections, multiplied by a core tensor whose slices have low rank.

    The weights of tensor fusion as a Tucker decomposition: a matrix for each modality, one for the output,
    and between them a core with a slice for each of `hidden` features, which is a sum of `rank` outer
    products. Neither the weights nor the core are ever made.

    Parameters
    ----------
    rank : int
        Outer products in a slice of the core.
    **parameters
        Those of `NeuralFusion`.

    Raises
    ------
    FusebenchError
        By ``fit``, if the rank is less than 1.

    References
    ----------
    Ben-younes, Cadene, Cord, Thome (2017). MUTAN: multimodal Tucker fusion for visual question answering.
    ICCV. arXiv:1705.06676.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = MUTAN(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {**BilinearFusion.search_space, "rank": Integer(2, 16)}

    rank: int = 8

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.bilinear_pooling import TuckerFusion

        _check_positive("rank", self.rank)
        fusion = TuckerFusion(len(train.modalities), self.hidden, self.hidden, self.rank)
        return self._around(fusion, self.hidden, train)


def _check_positive(parameter: str, value: int) -> None:
    if value < 1:
        raise FusebenchError(f"{parameter} must be at least 1, however: {value}.")
