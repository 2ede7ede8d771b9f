"""The linear model of every task, its penalty tuned on validation."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from .logistic import TunedLogistic, log_loss

if TYPE_CHECKING:
    pass

__all__ = ["TunedLinear", "TunedRidge", "output_loss"]


def output_loss(outputs: NDArray[np.float64], y: NDArray) -> float:
    """Mean loss of outputs (n, n_outputs), by the kind of the encoded labels.

    Parameters
    ----------
    outputs : numpy.ndarray of shape (n, n_outputs)
        Class probabilities, label probabilities, or values.
    y : numpy.ndarray
        Integers of shape (n,) for the log loss of the true class; 0 and 1 of shape (n, k) for the mean log
        loss of the labels; floats of shape (n,) for the squared error.

    Examples
    --------
    >>> round(output_loss(np.array([[0.5, 0.5]]), np.array([1])), 3)
    0.693
    >>> round(output_loss(np.array([[0.5, 0.5]]), np.array([[1.0, 1.0]])), 3)
    0.693
    >>> output_loss(np.array([[0.5]]), np.array([2.5]))
    4.0
    """
    if y.ndim == 2:
        tiny = np.finfo(np.float64).tiny
        return float(-np.log(np.maximum(np.where(y > 0, outputs, 1 - outputs), tiny)).mean())
    return log_loss(outputs, y) if y.dtype.kind == "i" else float(((outputs[:, 0] - y) ** 2).mean())


class TunedLinear:
    """Logistic regression for classes, one for each of several labels, and ridge regression for values.

    Which of them follows from the labels that it is fitted to, encoded as in `fusebench.fusions.targets`.

    Parameters
    ----------
    prior : numpy.ndarray of shape (n_outputs,)
        What is predicted where nothing could be learnt.

    Examples
    --------
    >>> X, y = np.array([[-1.0], [0.0], [1.0]]), np.array([-2.0, 0.0, 2.0])
    >>> model = TunedLinear(prior=np.zeros(1)).fit(X, y, validation=(X, y))
    >>> model.predict(np.array([[0.5]])).round(1)
    array([[1.]])
    """

    def __init__(self, prior: NDArray[np.float64]) -> None:
        self.prior = prior

    def fit(self, X: NDArray, y: NDArray, validation: tuple[NDArray, NDArray]) -> Self:
        """Fit to features (n, d) and encoded labels; validation chooses each penalty."""
        held_out, held_out_y = validation
        self._models: list[TunedLogistic | TunedRidge]
        if y.ndim == 2:
            # An int64 label of two classes each, of which the second is that the label applies.
            self._models = [
                TunedLogistic(np.array([1 - share, share])).fit(
                    X, y[:, k].astype(np.int64), validation=(held_out, held_out_y[:, k].astype(np.int64))
                )
                for k, share in enumerate(self.prior)
            ]
        elif y.dtype.kind == "f":
            self._models = [TunedRidge().fit(X, y, validation)]
        else:
            self._models = [TunedLogistic(self.prior).fit(X, y, validation)]
        self._labelwise = y.ndim == 2
        return self

    def predict(self, X: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, label probabilities or values, shape (n, n_outputs)."""
        outputs = [
            model.predict(X)[:, None] if isinstance(model, TunedRidge) else model.predict_proba(X)
            for model in self._models
        ]
        return np.stack([p[:, 1] for p in outputs], axis=1) if self._labelwise else outputs[0]


class TunedRidge:
    """Ridge regression with the penalty of least squared error on validation.

    Parameters
    ----------
    grid : sequence of float
        Values of scikit-learn's ``alpha``, the penalty beside the summed squares. A tie goes to the first, so
        list the strongest first.

    Attributes
    ----------
    alpha_ : float or None
        The value chosen; None where there was nothing to fit, and 0 is predicted.
    """

    alpha_: float | None

    def __init__(self, grid: Sequence[float] = (10_000.0, 1_000.0, 100.0, 10.0, 1.0, 0.1)) -> None:
        self.grid = grid

    def fit(self, X: NDArray, y: NDArray, validation: tuple[NDArray, NDArray]) -> Self:
        """Fit to features (n, d) and values (n,); without validation samples the grid's middle is taken."""
        from sklearn.linear_model import Ridge

        held_out, held_out_y = validation
        grid = self.grid if len(held_out_y) else [self.grid[len(self.grid) // 2]]
        self._model: Ridge | None = None
        self.alpha_, best = None, np.inf
        for alpha in grid if len(y) else []:
            model = Ridge(alpha=alpha).fit(X.astype(np.float64), y)
            error = output_loss(model.predict(held_out)[:, None], held_out_y) if len(held_out_y) else 0.0
            if error < best:
                self.alpha_, self._model, best = alpha, model, error
        return self

    def predict(self, X: NDArray) -> NDArray[np.float64]:
        """Give values, shape (n,)."""
        if self._model is None or len(X) == 0:
            return np.zeros(len(X))
        values: NDArray[np.float64] = self._model.predict(X.astype(np.float64))
        return values
