"""Boosted trees as a combiner of class probabilities: a fixed number of small ones."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["SmallBoostedTrees"]


class SmallBoostedTrees:
    """XGBoost with trees of a few leaves, for data too few to hold some out for early stopping.

    A class of which there is no sample keeps its prior probability, and the others share the rest. With
    fewer than two classes the prediction is therefore the prior.

    Parameters
    ----------
    prior : numpy.ndarray of shape (n_classes,)
        Class frequencies.
    n_rounds, max_depth : int
        Boosting rounds, and the depth of their trees.
    learning_rate : float
        Shrinkage of each tree.

    Examples
    --------
    >>> X, y = np.arange(40.0)[:, None], np.arange(40) // 20
    >>> model = SmallBoostedTrees(prior=np.array([0.5, 0.5])).fit(X, y)
    >>> model.predict_proba(np.array([[5.0], [35.0]])).argmax(axis=1)
    array([0, 1])
    """

    def __init__(
        self,
        prior: NDArray[np.float64],
        *,
        n_rounds: int = 50,
        learning_rate: float = 0.1,
        max_depth: int = 2,
    ) -> None:
        self.prior = prior
        self.n_rounds = n_rounds
        self.learning_rate = learning_rate
        self.max_depth = max_depth

    def fit(self, X: NDArray, y: NDArray, sample_weight: NDArray[np.float64] | None = None) -> Self:
        """Fit to features (n, d) and labels 0 .. n_classes - 1, shape (n,)."""
        from xgboost import XGBClassifier

        self._seen, codes = np.unique(y, return_inverse=True)
        self._model = XGBClassifier(
            n_estimators=self.n_rounds,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            tree_method="hist",
            n_jobs=1,
        )
        if len(self._seen) > 1:
            self._model.fit(X, codes, sample_weight=sample_weight)
        return self

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes)."""
        probabilities = np.tile(self.prior, (len(X), 1))
        if len(self._seen) > 1:
            probabilities[:, self._seen] = self._model.predict_proba(X) * self.prior[self._seen].sum()
        return probabilities
