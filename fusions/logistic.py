"""Logistic regression as the classical strategies use it: tuned on validation, a column for every class."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = ["TunedLogistic", "log_loss"]

_TINY = np.finfo(np.float64).tiny


def log_loss(probabilities: NDArray[np.float64], y: NDArray) -> float:
    """Mean negative log-probability of the true class; finite even where that probability is 0.

    Parameters
    ----------
    probabilities : numpy.ndarray of shape (n, n_classes)
        Rows sum to 1.
    y : numpy.ndarray of shape (n,)
        Labels 0 .. n_classes - 1.

    Returns
    -------
    float
        In nats.

    Examples
    --------
    >>> round(log_loss(np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([0, 1])), 3)
    0.49
    """
    return float(-np.log(np.maximum(probabilities[np.arange(len(y)), y], _TINY)).mean())


class TunedLogistic:
    """Multinomial logistic regression with the L2 penalty of least log loss on validation.

    A class of which there is no training sample keeps its prior probability, and the others share the
    rest: nothing was learnt that speaks for or against it. With fewer than two classes the prediction is
    therefore the prior.

    Parameters
    ----------
    prior : numpy.ndarray of shape (n_classes,)
        Class frequencies.
    grid : sequence of float
        Values of scikit-learn's ``C``, the inverse strength of the penalty beside the summed loss. A tie
        goes to the first, so list the strongest penalty first.

    Attributes
    ----------
    C_ : float or None
        The value chosen; None where nothing could be fitted.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [-2.0], [1.0], [2.0]]), np.array([0, 0, 2, 2])
    >>> model = TunedLogistic(prior=np.array([0.4, 0.2, 0.4])).fit(X, y, validation=(X, y))
    >>> model.C_
    100.0
    >>> model.predict_proba(np.array([[0.0]])).round(3)
    array([[0.4, 0.2, 0.4]])
    """

    C_: float | None

    def __init__(
        self, prior: NDArray[np.float64], grid: Sequence[float] = (0.01, 0.1, 1.0, 10.0, 100.0)
    ) -> None:
        self.prior = prior
        self.grid = grid

    def fit(
        self,
        X: NDArray,
        y: NDArray,
        validation: tuple[NDArray, NDArray] | None = None,
        sample_weight: NDArray[np.float64] | None = None,
    ) -> Self:
        """Fit to features (n, d) and labels 0 .. n_classes - 1, shape (n,).

        Without `validation`, features and labels too, or with an empty one, the middle of the grid is taken.
        """
        from sklearn.linear_model import LogisticRegression

        grid = self.grid
        if validation is None or len(validation[1]) == 0:
            validation, grid = None, [grid[len(grid) // 2]]
        self.C_, self._model, best = None, None, np.inf
        for C in grid if len(np.unique(y)) > 1 else []:
            model = LogisticRegression(C=C, max_iter=1000).fit(X.astype(np.float64), y, sample_weight)
            loss = 0.0 if validation is None else log_loss(self._align(model, validation[0]), validation[1])
            if loss < best:
                self.C_, self._model, best = C, model, loss
        return self

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes)."""
        return self._align(self._model, X)

    def _align(self, model: "LogisticRegression | None", X: NDArray) -> NDArray[np.float64]:
        probabilities = np.tile(self.prior, (len(X), 1))
        if model is not None and len(X):
            seen = model.classes_
            probabilities[:, seen] = model.predict_proba(X.astype(np.float64)) * self.prior[seen].sum()
        return probabilities
