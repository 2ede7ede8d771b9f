"""Early fusion: the vectors of all modalities side by side, into one classifier.

Features are standardised on what is present in training; an absent vector is filled by an imputer, by default
with 0, the training mean.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .base import FusionStrategy
from .linear import TunedLinear
from .registry import register_fusion

__all__ = ["EarlyLogistic", "concatenate"]


def concatenate(data: MultimodalData) -> NDArray[np.float32]:
    """Put the vectors of all modalities side by side, shape (n, d_1 + .. + d_M)."""
    return np.concatenate([modality.values for modality in data.modalities.values()], axis=1)


@register_fusion("early-logistic", family="early")
class EarlyLogistic(FusionStrategy):
    """Concatenated vectors into logistic regression, the penalty chosen on validation.

    Where values are predicted, it is ridge regression (`TunedLinear`). The model and its grid of penalties
    are those of the single modalities and of late fusion, so that only the fusion differs. It is fitted
    without randomness.

    Parameters
    ----------
    imputer : str
        What fills an absent modality: mean, knn, ridge or cyclic.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = EarlyLogistic().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    def __init__(self, *, imputer: str = "mean") -> None:
        self.imputer = imputer

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._model = TunedLinear(self.prior_).fit(
            concatenate(train), train.labels, validation=(concatenate(validation), validation.labels)
        )

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict(concatenate(data))
