"""Models of what the data of each class look like, turned into class probabilities one can believe."""

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .base import FusionStrategy

__all__ = ["TemperedFusion", "fit_temperature", "log_posterior"]

_MAX_LOG_TEMPERATURE = 12.0  # at exp(12) the scores say nothing any more


class TemperedFusion(FusionStrategy):
    """Bayes' rule on one score a class, with a temperature of least validation log loss.

    A model that takes dependent features or frames for independent counts the same evidence many times,
    and nearly every posterior would be 0 or 1. So

        p(k | x) is proportional to prior(k) exp(score_k(x) / tau), tau >= 1.

    The temperature does not change which class has the highest score, only how far it moves the prior. A
    subclass writes `_fit_classes` and `_scores`, and says in its docstring what the score is.

    Attributes
    ----------
    temperature_ : float
        tau.
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    temperature_: float

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._fit_classes(train)
        self.temperature_, _ = fit_temperature(self._scores(validation), self.prior_, validation.labels)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return np.exp(log_posterior(self._scores(data), self.prior_, self.temperature_))

    @abstractmethod
    def _fit_classes(self, train: MultimodalData) -> None:
        """Fit what the scores are made with."""

    @abstractmethod
    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        """Log-likelihood of what is present of each sample under each class, shape (n, n_classes)."""


def log_posterior(
    scores: NDArray[np.float64], prior: NDArray[np.float64], temperature: float
) -> NDArray[np.float64]:
    """Log-probabilities of classes by Bayes' rule, log-likelihoods divided by the temperature.

    Parameters
    ----------
    scores : numpy.ndarray of shape (n, n_classes)
        Log-likelihoods, up to a constant of each sample.
    prior : numpy.ndarray of shape (n_classes,)
        Class frequencies, all positive.
    temperature : float
        1 for the plain rule.

    Returns
    -------
    numpy.ndarray of shape (n, n_classes)

    Examples
    --------
    >>> np.exp(log_posterior(np.log([[0.9, 0.1]]), np.array([0.5, 0.5]), temperature=2.0)).round(2)
    array([[0.75, 0.25]])
    """
    joint = np.log(prior) + scores / temperature
    return joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)


def fit_temperature(
    scores: NDArray[np.float64],
    prior: NDArray[np.float64],
    y: NDArray,
    log_bounds: tuple[float, float] = (0.0, _MAX_LOG_TEMPERATURE),
) -> tuple[float, float]:
    """Find the temperature of least log loss, by default at least 1.

    Parameters
    ----------
    scores, prior
        As in `log_posterior`.
    y : numpy.ndarray of shape (n,)
        Labels 0 .. n_classes - 1.
    log_bounds : tuple of float
        The least and the greatest logarithm of the temperature.

    Returns
    -------
    temperature, loss : float
        The loss is the mean over samples, in nats.

    Examples
    --------
    >>> sure = 50 * np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> temperature, _ = fit_temperature(sure, np.array([0.5, 0.5]), np.array([0, 0, 1, 1]))
    >>> round(float(1 / (1 + np.exp(-50 / temperature))), 2)  # three of four are right
    0.75
    """
    from scipy.optimize import minimize_scalar

    def loss(log_inverse: float) -> float:
        log_probability = log_posterior(scores, prior, np.exp(-log_inverse))
        return -float(log_probability[np.arange(len(y)), y].mean())

    # The loss has one valley in 1 / tau, and so in its logarithm.
    found = minimize_scalar(loss, bounds=(-log_bounds[1], -log_bounds[0]), method="bounded")
    return float(np.exp(-found.x)), float(found.fun)
