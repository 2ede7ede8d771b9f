"""Early fusion: the vectors of all modalities side by side, into one classifier.

Features are standardised on what is present in training; an absent vector becomes the training mean, 0.
"""

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .base import FusionStrategy
from .logistic import TunedLogistic
from .registry import register_fusion

__all__ = ["EarlyLogistic", "concatenate"]


def concatenate(data: MultimodalData) -> NDArray[np.float32]:
    """Put the vectors of all modalities side by side, shape (n, d_1 + .. + d_M)."""
    return np.concatenate([modality.values for modality in data.modalities.values()], axis=1)


@register_fusion("early-logistic", family="early")
class EarlyLogistic(FusionStrategy):
    """Concatenated vectors into logistic regression, the penalty chosen on validation.

    The classifier and its grid of penalties are those of the single modalities and of late fusion, so that
    only the fusion differs. It is fitted without randomness.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = EarlyLogistic().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._model = TunedLogistic(self.prior_).fit(
            concatenate(train), train.labels, validation=(concatenate(validation), validation.labels)
        )

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict_proba(concatenate(data))
