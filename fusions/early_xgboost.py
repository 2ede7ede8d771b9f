"""Early fusion by boosted trees."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .base import FusionStrategy
from .early import concatenate
from .registry import register_fusion
from .search import Integer, Real, SearchSpace

__all__ = ["EarlyXGBoost"]


@register_fusion("early-xgboost", family="early", reference="Chen and Guestrin 2016, arXiv:1603.02754")
class EarlyXGBoost(FusionStrategy):
    """Concatenated vectors into gradient-boosted trees, their number chosen on validation.

    XGBoost can send missing values down a branch of their own, but learns which branch only from training
    data with missing values. With complete ones the direction is arbitrary, so absent features are
    imputed here as in the other early strategies.

    Parameters
    ----------
    n_estimators : int
        At most this many boosting rounds.
    learning_rate : float
        Shrinkage of each tree.
    max_depth : int
        Of each tree.
    patience : int
        Boosting stops after this many rounds without a lower validation loss, and the best number is kept.
    imputer : str
        What fills an absent modality: mean, knn, ridge or cyclic.
    random_state : int
        Draws the 80 % of samples and features that each tree sees.

    References
    ----------
    Chen, Guestrin (2016). XGBoost: a scalable tree boosting system. KDD. arXiv:1603.02754.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = EarlyXGBoost(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.8)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)
    search_space: ClassVar[SearchSpace] = {
        "learning_rate": Real(0.02, 0.5, log=True),
        "max_depth": Integer(2, 8),
    }

    def __init__(
        self,
        *,
        n_estimators: int = 500,
        learning_rate: float = 0.2,
        max_depth: int = 4,
        patience: int = 20,
        imputer: str = "mean",
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.patience = patience
        self.imputer = imputer
        self.random_state = random_state

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        from xgboost import XGBClassifier, XGBRegressor

        boosted_trees = XGBRegressor if self.task_ is Task.REGRESSION else XGBClassifier
        self._model = boosted_trees(
            n_estimators=self.n_estimators,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
            subsample=0.8,
            colsample_bytree=0.8,
            tree_method="hist",
            early_stopping_rounds=self.patience,
            n_jobs=1,
            random_state=self.random_state,
        )
        self._model.fit(
            concatenate(train),
            train.labels,
            eval_set=[(concatenate(validation), validation.labels)],
            verbose=False,
        )

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        X = concatenate(data)
        regression = self.task_ is Task.REGRESSION
        outputs: NDArray = self._model.predict(X)[:, None] if regression else self._model.predict_proba(X)
        return outputs.astype(np.float64)
