"""Early fusion by a perceptron."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..datasets.data import MultimodalData
from .neural.estimator import NeuralFusion
from .registry import register_fusion

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EarlyMLP"]


@register_fusion("early-mlp", family="early")
@dataclass(eq=False, repr=False, kw_only=True)
class EarlyMLP(NeuralFusion):
    """Concatenated vectors into a perceptron with two hidden layers.

    The parameters are those of `NeuralFusion`, and one of its own.

    Parameters
    ----------
    imputer : str
        What fills an absent modality: mean, knn, ridge or cyclic.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = EarlyMLP(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    imputer: str = "mean"

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.early import ConcatenationMLP

        return ConcatenationMLP(train.modalities, self.hidden, self.n_outputs_, self.dropout)
