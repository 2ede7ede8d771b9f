"""Bilinear fusion: embeddings of the modalities are multiplied with each other."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .neural.estimator import NeuralFusion
from .registry import register_fusion
from .search import Integer, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["BilinearFusion", "LowRankFusion", "MultiplicativeInteractions", "TensorFusion"]

_MAX_TENSOR = 4096


class BilinearFusion(NeuralFusion):
    """Encode, multiply, classify; subclasses choose how to multiply."""

    views = ("vector", "sequence")
    absence = "native"

    def _around(self, fusion: "nn.Module", width: int, train: MultimodalData) -> "nn.Module":
        """Put the shared encoders before a fusion layer and the shared classifier behind it."""
        from torch import nn

        from .neural.encoders import Encoders, IntermediateFusion

        encoders = Encoders(train.modalities, width, self.dropout)
        head = nn.Sequential(nn.ReLU(), nn.Dropout(self.dropout), nn.Linear(self.hidden, self.n_outputs_))
        return IntermediateFusion(encoders, fusion, head)


@register_fusion("tensor-fusion", family="bilinear", reference="Zadeh et al. 2017, arXiv:1707.07250")
class TensorFusion(BilinearFusion):
    """Outer product of all embeddings, each with a constant 1, into a classifier.

    The constant keeps the products of fewer modalities: with two, the tensor holds 1, each embedding, and all
    products of their features. An absent modality is an embedding of 0, and only the products without it
    remain; nothing is imputed. Trained on complete data alone, the network has not learnt to do without the
    others.

    The tensor has (1 + width)^M entries. The width of an embedding is `hidden` or, if that is less, the
    largest with a tensor of at most 4096 entries: 63 for two modalities, 15 for three, 7 for four, 1 for
    twelve.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Zadeh, Chen, Poria, Cambria, Morency (2017). Tensor fusion network for multimodal sentiment analysis.
    EMNLP. arXiv:1707.07250.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = TensorFusion(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    n_modalities = (1, 12)

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import bilinear

        n_modalities = len(train.modalities)
        width = min(self.hidden, _side(_MAX_TENSOR, n_modalities) - 1)
        return self._around(bilinear.TensorFusion(n_modalities, width, self.hidden), width, train)


@register_fusion("multiplicative", family="bilinear", reference="Jayakumar et al. 2020, ICLR")
class MultiplicativeInteractions(BilinearFusion):
    """Products of all pairs of features of two modalities, beside the features themselves.

    This is the general form of the paper, z'Wx + z'U + Vx + b, with one tensor W for each pair of modalities;
    its diagonal form, a scale and a shift for each feature, is `film`. For two modalities it is the map of
    `TensorFusion`, except that no embedding is made narrower. For more it stops at pairs, so that it grows
    with the square of their number; what three together tell is left to the classifier. An absent modality is
    an embedding of 0 and takes its pairs away.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Jayakumar, Czarnecki, Menick, Schwarz, Rae, Osindero, Teh, Harley, Pascanu (2020). Multiplicative
    interactions and where to find them. ICLR.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = MultiplicativeInteractions(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import bilinear

        fusion = bilinear.PairwiseFusion(len(train.modalities), self.hidden, self.hidden)
        return self._around(fusion, self.hidden, train)


@register_fusion("low-rank-fusion", family="bilinear", reference="Liu et al. 2018, arXiv:1806.00064")
@dataclass(eq=False, repr=False, kw_only=True)
class LowRankFusion(BilinearFusion):
    """Tensor fusion with weights of low rank, at a cost linear in the number of modalities.

    The same map as in `TensorFusion`, except that its weights are a sum of `rank` outer products of one
    factor for each modality; the tensor itself is never made. An absent modality is treated as there.

    Parameters
    ----------
    rank : int
        Outer products in the sum.
    **parameters
        Those of `NeuralFusion`.

    References
    ----------
    Liu, Shen, Lakshminarasimhan, Liang, Zadeh, Morency (2018). Efficient low-rank multimodal fusion with
    modality-specific factors. ACL. arXiv:1806.00064. There the constant 1 comes last, here first.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = LowRankFusion(rank=4, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {**NeuralFusion.search_space, "rank": Integer(2, 16)}

    rank: int = 8

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import bilinear

        if self.rank < 1:
            raise FusebenchError(f"rank must be at least 1, however: {self.rank}.")
        fusion = bilinear.LowRankFusion(len(train.modalities), self.hidden, self.hidden, self.rank)
        return self._around(fusion, self.hidden, train)


def _side(volume: int, dimensions: int) -> int:
    """Give the largest integer whose power is at most `volume`."""
    side = 1
    while (side + 1) ** dimensions <= volume:
        side += 1
    return side
