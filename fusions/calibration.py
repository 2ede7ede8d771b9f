"""Temperature scaling: any strategy, made as sure of itself as validation says that it may be."""

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..datasets.data import MultimodalData
from .base import FusionStrategy
from .tempering import fit_temperature, log_posterior
from .wrapped import WrappedFusion

__all__ = ["TemperatureScaled", "scale_probabilities", "scaling_temperature"]

_TINY = np.finfo(np.float64).tiny
_LOG_BOUNDS = (-3.0, 5.0)  # of log(tau): from 20 times surer to nearly uniform


class TemperatureScaled(WrappedFusion):
    """A classifier with its class probabilities p(k)^(1 / tau), scaled to sum 1.

    The temperature tau has the least log loss on validation, once for all samples. Above 1 it makes a
    classifier less sure, below 1 surer; it never changes which class is the most probable. Validation has
    often chosen a penalty or stopped the training before, so what is left to learn is a single number.

    Parameters
    ----------
    fusion : FusionStrategy
        Unfitted; it is cloned.

    Attributes
    ----------
    fusion_ : FusionStrategy
        The fitted strategy.
    temperature_ : float
        tau.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger (2017). On calibration of modern neural networks. ICML. arXiv:1706.04599.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> from fusebench.fusions.registry import make_fusion
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = TemperatureScaled(make_fusion("late-mean")).fit(data.train, data.validation)
    >>> fusion.temperature_ < 1  # the mean of two probabilities is less sure than both together are right
    True
    """

    def __init__(self, fusion: FusionStrategy) -> None:
        self.fusion = fusion

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self.fusion_ = clone(self.fusion).fit(train, validation)
        self.temperature_ = scaling_temperature(self._inside(validation), validation.labels)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return scale_probabilities(self._inside(data), self.temperature_)

    def _inside(self, data: MultimodalData) -> NDArray[np.float64]:
        """Probabilities of the strategy, with a column for classes that its training lacked."""
        probabilities = np.zeros((len(data), self.n_outputs_))
        probabilities[:, self.fusion_.classes_] = self.fusion_.predict_proba(data)
        return probabilities


def scale_probabilities(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Raise probabilities (n, n_classes) to the power 1 / temperature and scale the rows to sum 1.

    Examples
    --------
    >>> scale_probabilities(np.array([[0.9, 0.1]]), 2.0).round(3)
    array([[0.75, 0.25]])
    """
    return np.exp(log_posterior(*_as_scores(probabilities), temperature))


def scaling_temperature(probabilities: NDArray[np.float64], y: NDArray) -> float:
    """Find the temperature of least log loss, between exp(-3) and exp(5).

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, n_classes)
        Rows sum to 1.
    y : numpy.ndarray of shape (n,)
        Labels 0 .. n_classes - 1.

    Examples
    --------
    Probabilities of 0.9 that are right three times in four:

    >>> probabilities = np.tile([0.9, 0.1], (4, 1))
    >>> round(scaling_temperature(probabilities, np.array([0, 0, 0, 1])), 2)
    2.0
    """
    return fit_temperature(*_as_scores(probabilities), y, _LOG_BOUNDS)[0]


def _as_scores(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logarithms, and the uniform prior with which Bayes' rule gives the probabilities back."""
    n_classes = probabilities.shape[1]
    return np.log(np.maximum(probabilities, _TINY)), np.full(n_classes, 1 / n_classes)
