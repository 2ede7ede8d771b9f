"""Coordinated fusion by networks: embeddings in one space, where one modality can stand in for another."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ..datasets.data import MultimodalData, Task
from .neural.estimator import NeuralFusion
from .registry import register_fusion
from .search import Real, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["ContrastiveFusion", "DeepCCA", "TripletFusion"]


class _CoordinatedFusion(NeuralFusion):
    """Encode, coordinate, classify the mean of what is present; subclasses choose how to coordinate."""

    views = ("vector", "sequence")
    absence = "native"

    coordination_weight: float

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.coordinated import CoordinatedNetwork
        from .neural.encoders import Encoders, mlp

        return CoordinatedNetwork(
            Encoders(train.modalities, self.hidden, self.dropout),
            self._coordination(),
            mlp(self.hidden, self.hidden, self.n_outputs_, dropout=self.dropout),
            self.coordination_weight,
        )

    @abstractmethod
    def _coordination(self) -> "nn.Module":
        """Make the coordination loss."""


@register_fusion("deep-cca", family="coordinated", reference="Andrew et al. 2013, ICML")
@dataclass(eq=False, repr=False, kw_only=True)
class DeepCCA(_CoordinatedFusion):
    """Deep canonical correlation analysis: embeddings of great total correlation, classified together.

    The sum of the canonical correlations of two modalities' embeddings in a batch, summed over the pairs of
    modalities, is maximised together with the classification; in the paper the embeddings are trained alone
    and classified after, and in full batches. Canonical correlations do not say which embedding is which: it
    is the classifier, which reads the mean of the embeddings present, that puts them into one space.

    Parameters
    ----------
    coordination_weight : float
        Of minus the total correlation, added to the loss of the task.
    ridge : float
        On the diagonal of the embeddings' covariances.
    batch_size : int
        Samples in a step. Larger than with other strategies: small batches are correlated by chance.

    The other parameters are those of `NeuralFusion`.

    References
    ----------
    Andrew, Arora, Bilmes, Livescu (2013). Deep canonical correlation analysis. ICML.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = DeepCCA(max_epochs=20, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {
        **NeuralFusion.search_space,
        "coordination_weight": Real(0.003, 0.3, log=True),
    }

    coordination_weight: float = 0.03
    ridge: float = 1e-3
    batch_size: int = 256

    def _coordination(self) -> "nn.Module":
        from .neural.coordinated import TotalCorrelation

        return TotalCorrelation(self.ridge)


@register_fusion("contrastive", family="coordinated", reference="Radford et al. 2021, arXiv:2103.00020")
@dataclass(eq=False, repr=False, kw_only=True)
class ContrastiveFusion(_CoordinatedFusion):
    """Contrastive coordination: the embeddings of a sample are more alike than those of different samples.

    The symmetric InfoNCE loss of CLIP between two modalities, with a learnt temperature, summed over the
    pairs of modalities, is added to the loss of the task; in the paper there is no task, and classes are
    read from text. Other samples count as different even if their class is the same. The classifier reads
    the mean of the embeddings that are present.

    Parameters
    ----------
    coordination_weight : float
        Of the contrastive loss, added to the loss of the task.

    The other parameters are those of `NeuralFusion`.

    References
    ----------
    Radford, Kim, Hallacy et al. (2021). Learning transferable visual models from natural language
    supervision. ICML. arXiv:2103.00020.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = ContrastiveFusion(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.85)
    True
    """

    search_space: ClassVar[SearchSpace] = {
        **NeuralFusion.search_space,
        "coordination_weight": Real(0.01, 1.0, log=True),
    }

    coordination_weight: float = 0.1

    def _coordination(self) -> "nn.Module":
        from .neural.coordinated import Contrast

        return Contrast()


@register_fusion("triplet", family="coordinated", reference="Schroff et al. 2015, arXiv:1503.03832")
@dataclass(eq=False, repr=False, kw_only=True)
class TripletFusion(_CoordinatedFusion):
    """Triplet coordination: embeddings of a class are closer across modalities than those of two classes.

    The triplet loss with the anchor from one modality, positive and negative from the other, averaged over
    all triplets of a batch and summed over the pairs of modalities, is added to the loss of the task. In the
    paper all three are images and negatives are picked that are neither too easy nor too hard; here none
    is. The classifier reads the mean of the embeddings that are present.

    Parameters
    ----------
    coordination_weight : float
        Of the triplet loss, added to the loss of the task.
    margin : float
        By how much closer; squared distances of embeddings of length 1 lie between 0 and 4.

    The other parameters are those of `NeuralFusion`.

    References
    ----------
    Schroff, Kalenichenko, Philbin (2015). FaceNet: a unified embedding for face recognition and clustering.
    CVPR. arXiv:1503.03832.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = TripletFusion(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.85)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = (Task.CLASSIFICATION,)
    search_space: ClassVar[SearchSpace] = {
        **NeuralFusion.search_space,
        "coordination_weight": Real(0.03, 3.0, log=True),
        "margin": Real(0.05, 0.5),
    }

    coordination_weight: float = 0.3
    margin: float = 0.2

    def _coordination(self) -> "nn.Module":
        from .neural.coordinated import CrossModalTriplets

        return CrossModalTriplets(self.margin)
