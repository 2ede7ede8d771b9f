"""Co-training: classifiers of single modalities that are fitted together so that they agree."""

from itertools import product
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .base import FusionStrategy
from .registry import register_fusion
from .tempering import fit_temperature, log_posterior

__all__ = ["CoTraining", "coregularized_weights"]

_AGREEMENTS = (0.01, 0.1, 1.0, 10.0)
_PENALTIES = (10.0, 1.0, 0.1, 0.01, 0.001)
_SHARPEST = 100.0  # what a score of 1 counts at temperature 1, the lowest


@register_fusion(
    "co-training", family="co-learning", reference="Sindhwani, Niyogi & Belkin 2005, ICML workshop"
)
class CoTraining(FusionStrategy):
    r"""Co-regularised least squares: one linear classifier a modality, penalised where two disagree.

    Co-training (Blum and Mitchell 1998) lets the classifiers of two views label samples for each other whose
    labels are not known. Here all labels are. This is its form by regularisation, in which the views are
    asked to agree on every training sample that has both, beside fitting its label:

    .. math:: \min \sum_m \sum_i \| y_i - f_m(x_{im}) \|^2
              + \mu \sum_{m<l} \sum_i \| f_m(x_{im}) - f_l(x_{il}) \|^2 + n \gamma \sum_m \| W_m \|^2

    where y are class indicators minus their frequencies, f_m is linear with an intercept that is penalised
    too, and each sum over samples runs over those that have the modalities in it. The score of a class is
    the mean over the modalities that are present, as in the paper; probabilities are proportional to
    prior(k) exp(100 score_k / tau). :math:`\mu`, :math:`\gamma` and tau have the least log loss on
    validation.

    Attributes
    ----------
    agreement_, penalty_, temperature_ : float
        :math:`\mu`, :math:`\gamma` and tau.
    weights_ : numpy.ndarray of shape (d_1 + 1 + .. + d_M + 1, n_classes)
        Of the features of each modality and its intercept, the last row of each.

    References
    ----------
    Sindhwani, Niyogi, Belkin (2005). A co-regularization approach to semi-supervised learning with multiple
    views. ICML workshop on learning with multiple views. The linear case, all samples labelled.
    Blum, Mitchell (1998). Combining labeled and unlabeled data with co-training. COLT.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = CoTraining().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    agreement_: float
    penalty_: float
    temperature_: float
    weights_: NDArray[np.float64]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        features, owner = _side_by_side(train)
        wanted = np.eye(len(self.prior_))[train.labels] - self.prior_
        n_views = train.mask.sum(axis=1)
        squares = features.T @ features
        meetings = features.T @ ((n_views - 1)[:, None] * features)
        towards = features.T @ wanted
        best = np.inf
        for agreement, penalty in product(_AGREEMENTS, _PENALTIES):
            weights = coregularized_weights(
                squares, meetings, towards, owner, agreement, penalty * len(train)
            )
            scores = _score(validation, weights)
            temperature, loss = fit_temperature(scores, self.prior_, validation.labels)
            if loss < best:
                best, self.agreement_, self.penalty_ = loss, agreement, penalty
                self.temperature_, self.weights_ = temperature, weights

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return np.exp(log_posterior(_score(data, self.weights_), self.prior_, self.temperature_))


def coregularized_weights(
    squares: NDArray[np.float64],
    meetings: NDArray[np.float64],
    towards: NDArray[np.float64],
    owner: NDArray[np.int64],
    agreement: float,
    penalty: float,
) -> NDArray[np.float64]:
    r"""Solve the normal equations of co-regularised least squares.

    With X the features of all modalities side by side, (n, d), 0 where absent, and r the number of modalities
    of each sample, (n,):

    Parameters
    ----------
    squares, meetings : numpy.ndarray of shape (d, d)
        X' X and X' diag(r - 1) X.
    towards : numpy.ndarray of shape (d, n_outputs)
        X' Y.
    owner : numpy.ndarray of shape (d,)
        The number of the modality that each feature belongs to.
    agreement, penalty : float
        :math:`\mu` and :math:`n \gamma`.

    Returns
    -------
    numpy.ndarray of shape (d, n_outputs)

    Examples
    --------
    >>> X, y = np.array([[1.0, 1.0]]), np.array([[1.0]])  # one sample of two modalities with one feature
    >>> coregularized_weights(X.T @ X, X.T @ X, X.T @ y, np.array([0, 1]), agreement=5.0, penalty=1.0).ravel()
    array([0.5, 0.5])
    """
    own = owner[:, None] == owner
    system = np.where(own, squares + agreement * meetings, -agreement * squares)
    return np.linalg.solve(system + penalty * np.eye(len(owner)), towards).astype(np.float64, copy=False)


def _side_by_side(data: MultimodalData) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Features of all modalities and a constant for each, 0 where absent; which modality each belongs to."""
    blocks = [
        np.column_stack([modality.values.astype(np.float64), data.has(name)])
        for name, modality in data.modalities.items()
    ]
    owner = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
    return np.concatenate(blocks, axis=1), owner


def _score(data: MultimodalData, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the modalities that are present, (n, n_classes)."""
    features, _ = _side_by_side(data)
    n_present = np.maximum(data.mask.sum(axis=1, keepdims=True), 1)
    scores: NDArray[np.float64] = _SHARPEST * (features @ weights) / n_present
    return scores
