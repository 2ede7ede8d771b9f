"""Early fusion of blocks that are scaled, so that none outweighs the others by its size."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .base import FusionStrategy
from .early_pca import principal_components
from .linear import TunedLinear, output_loss
from .registry import register_fusion

__all__ = ["EarlyWeighted"]

_LESS = (0.3, 0.1)


@register_fusion("early-weighted", family="early", reference="Escofier & Pagès 1994, CSDA 18")
class EarlyWeighted(FusionStrategy):
    """Blocks scaled as in multiple factor analysis and weighted on validation, into a linear model.

    Each modality is divided by the spread along its first principal axis, its first singular value over
    sqrt(n). No modality then outweighs another by having more features, or more redundant ones: along no
    direction has a block a variance above 1. The penalty of the model makes scale matter: a block of
    small scale needs large coefficients, which cost more.

    On top of that every modality has a weight of 1, 0.3 or 0.1. They start at 1 and are chosen one modality
    after the other, in the order of their names, each by the least loss on validation given the others.

    Parameters
    ----------
    imputer : str
        What fills an absent modality: mean, knn, ridge or cyclic.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (M,)
        In the order of `modalities_`.

    References
    ----------
    Escofier, Pagès (1994). Multiple factor analysis (AFMULT package). Computational Statistics & Data
    Analysis 18. The scaling; weights on top of it and the model behind it are additions.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = EarlyWeighted().fit(data.train, data.validation)
    >>> bool(fusion.weights_[0] > fusion.weights_[1])
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    weights_: NDArray[np.float64]

    def __init__(self, *, imputer: str = "mean") -> None:
        self.imputer = imputer

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._spreads = [_first_spread(modality.values) for modality in train.modalities.values()]
        best, self.weights_, self._model = self._try(np.ones(len(self._spreads)), train, validation)
        for m in range(len(self._spreads)):
            for less in _LESS:
                weights = self.weights_.copy()
                weights[m] = less
                loss, weights, model = self._try(weights, train, validation)
                if loss < best:
                    best, self.weights_, self._model = loss, weights, model

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict(self._scale(data, self.weights_))

    def _try(
        self, weights: NDArray[np.float64], train: MultimodalData, validation: MultimodalData
    ) -> tuple[float, NDArray[np.float64], TunedLinear]:
        """Fit with given weights; give the loss on validation, the weights and the model."""
        held_out = self._scale(validation, weights)
        model = TunedLinear(self.prior_).fit(
            self._scale(train, weights), train.labels, validation=(held_out, validation.labels)
        )
        return output_loss(model.predict(held_out), validation.labels), weights, model

    def _scale(self, data: MultimodalData, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        blocks = [modality.values for modality in data.modalities.values()]
        scales = weights / self._spreads
        return np.concatenate([scale * block for scale, block in zip(scales, blocks, strict=True)], axis=1)


def _first_spread(x: NDArray) -> float:
    """Give the standard deviation along the first principal axis; 1 where nothing varies."""
    variance = principal_components(x)[0][0]
    return float(np.sqrt(variance)) if variance > 0 else 1.0
