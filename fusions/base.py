"""The contract of a fusion strategy, and the work that all of them share."""

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from ..datasets.data import MultimodalData, Task
from ..errors import DivergedError, FusebenchError, did_you_mean
from ..seeding import make_generator
from .imputers import make_imputer
from .preprocessing import Standardizer
from .search import SearchSpace
from .targets import targets_for

__all__ = ["FusionStrategy", "View", "describe_number"]

View = Literal["vector", "sequence"]


class FusionStrategy(ClassifierMixin, BaseEstimator):
    """A scikit-learn style estimator over `MultimodalData`.

    A subclass writes `_fit` and `_predict_outputs`. This class does what would otherwise be written, and
    got wrong, in each of them:

    - modalities are put in alphabetical order, so that their order in the data changes no number;
    - features are standardised on the training samples that are present;
    - absent content is 0 before a subclass sees it, so that it cannot be read by accident;
    - classes become 0 .. n_classes - 1, and values are standardised (`fusebench.fusions.targets`);
    - without a validation split, a fifth of the training samples becomes one, stratified by class;
    - a sample of which nothing is present gets the class or label frequencies, or the mean, of the training
      data;
    - outputs that are not finite raise `DivergedError`.

    As in scikit-learn, ``__init__`` only stores its arguments and learnt state ends in ``_``.

    Attributes
    ----------
    views : tuple of str
        Class attribute: the views that the strategy takes, in order of preference. For each modality it
        is given the first one that the data offer; data that offer none are skipped by the plan.
    absence : {"native", "imputed"}
        Class attribute: ``"native"`` if the method itself handles an absent modality (`data.mask` tells
        which); else an imputer fills it, and the subclass is shown complete data.
    imputer : str
        Which one, ``"mean"`` by default: a name of `fusebench.fusions.imputers.make_imputer`. A parameter of
        the strategies that do not handle absence themselves.
    tasks : tuple of Task
        Class attribute: what can be predicted; the plan skips data sets of another task.
    n_modalities : tuple of int
        Class attribute: the fewest and the most modalities that can be fused; None for any number.
    constant : bool
        Class attribute: True for a control that predicts the same for every sample.
    streams : bool
        Class attribute: whether samples that are on disk (`fusebench.datasets.large`) are read batch by
        batch, so that they need not fit into memory; with the imputer ``"mean"``, if there is one.
    search_space : mapping of str to Dimension
        Class attribute: which parameters tuning may change, and to what (`fusebench.fusions.search`). The
        defaults lie inside. Nothing that `fit` itself chooses on validation belongs there.
    classes_ : numpy.ndarray of shape (n_classes,)
        Sorted labels; columns of `predict_proba`. Numbers of labels where several may apply; empty where
        values are regressed on.
    modalities_ : list of str
        Names, sorted.
    prior_ : numpy.ndarray of shape (n_outputs,)
        Class or label frequencies in training; 0, the mean of standardised values, in regression.
    """

    views: ClassVar[tuple[View, ...]] = ("vector",)
    absence: ClassVar[Literal["native", "imputed"]] = "imputed"
    imputer: str = "mean"
    tasks: ClassVar[tuple[Task, ...]] = (Task.CLASSIFICATION,)
    n_modalities: ClassVar[tuple[int, int | None]] = (1, None)
    constant: ClassVar[bool] = False
    streams: ClassVar[bool] = False
    search_space: ClassVar[SearchSpace] = {}

    classes_: NDArray
    modalities_: list[str]
    prior_: NDArray[np.float64]

    def fit(self, data: MultimodalData, validation: MultimodalData | None = None) -> Self:
        """Fit to training data.

        Parameters
        ----------
        data : MultimodalData
            Vector or sequence modalities with labels.
        validation : MultimodalData, optional
            For early stopping, weights and stacking; split off `data` when left out or empty.

        Returns
        -------
        self

        Raises
        ------
        FusebenchError
            If there are no labels, fewer than two classes, or a task, number or kind of modalities that is
            not taken.
        """
        if data.task not in self.tasks:
            raise FusebenchError(
                f"{type(self).__name__} does {' and '.join(self.tasks)}, not {data.task}, "
                "which the labels ask for."
            )
        fewest, most = self.n_modalities
        if len(data.names) < fewest or (most is not None and len(data.names) > most):
            raise FusebenchError(
                f"{type(self).__name__} takes {describe_number(self.n_modalities)} modalities, however: "
                f"{', '.join(data.names)}."
            )
        self._targets = targets_for(data.task).fit(data.labels)
        self.classes_, self.prior_ = self._targets.classes_, self._targets.prior_
        self.modalities_ = sorted(data.names)
        if validation is not None and self.task_ is Task.CLASSIFICATION:
            validation = validation.take(np.isin(validation.labels, self.classes_))
        if validation is None or len(validation) == 0:
            data, validation = _split(data, getattr(self, "random_state", 0))
        self._standardizer = Standardizer().fit(self._check(data))
        train, held_out = self._standardize(data), self._standardize(validation)
        if self.absence == "imputed":
            imputer = make_imputer(self.imputer, getattr(self, "random_state", 0))
            self._imputer = imputer.fit(train, held_out)
        self._fit(self._fill(train), self._fill(held_out))
        return self

    @property
    def absence_handled(self) -> str:
        """How an absent modality is handled: ``"native"``, or the imputer's name."""
        return "native" if self.absence == "native" else self.imputer

    @property
    def task_(self) -> Task:
        """Task of the training data."""
        return self._targets.task

    @property
    def n_outputs_(self) -> int:
        """How many classes or labels there are; 1 in regression."""
        return len(self.prior_)

    def predict_proba(self, data: MultimodalData) -> NDArray[np.float64]:
        """Give class probabilities, or of each label the probability that it applies.

        Parameters
        ----------
        data : MultimodalData
            The modalities of training, in any order, any of them absent in any sample.

        Returns
        -------
        numpy.ndarray of shape (n, n_classes)
            Columns are in the order of `classes_`. Rows sum to 1, unless several labels may apply.

        Raises
        ------
        FusebenchError
            If the modalities are not those of training, or values were regressed on.
        DivergedError
            If a probability is not finite.
        """
        if self.task_ is Task.REGRESSION:
            raise FusebenchError(f"{type(self).__name__} was fitted to values: it has no probabilities.")
        return self._finish(data)

    def predict(self, data: MultimodalData) -> NDArray:
        """Give the most probable class or the value, shape (n,); or which labels apply, shape (n, k)."""
        return self._targets.decide(self._finish(data))

    def score(self, X: MultimodalData, y: NDArray, sample_weight: NDArray | None = None) -> float:
        """Give the accuracy (of whole sets of labels where several may apply), or R squared in regression.

        Parameters
        ----------
        X : MultimodalData
            Samples; the name is scikit-learn's.
        y : numpy.ndarray of shape (n,) or (n, k)
            Their labels.
        sample_weight : numpy.ndarray of shape (n,), optional
            Weights.
        """
        from sklearn.metrics import accuracy_score, r2_score

        measure = r2_score if self.task_ is Task.REGRESSION else accuracy_score
        return float(measure(y, self.predict(X), sample_weight=sample_weight))

    @abstractmethod
    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        """Fit to prepared data: sorted, standardised, labels encoded, absent content 0."""

    @abstractmethod
    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        """Predict for prepared data of which each sample has at least one modality.

        Class probabilities of shape (n, n_classes), up to scale; label probabilities (n, k); or standardised
        values (n, 1).
        """

    def _finish(self, data: MultimodalData) -> NDArray[np.float64]:
        prepared = self._prepare(data)
        outputs = np.tile(self.prior_, (len(data), 1))
        known = data.mask.sum(axis=1) > 0
        if known.any():
            outputs[known] = self._predict_outputs(prepared if known.all() else prepared.take(known))
        if not np.isfinite(outputs).all():
            raise DivergedError(f"{type(self).__name__} gave outputs that are not finite.")
        return self._targets.finish(outputs)

    def _prepare(self, data: MultimodalData) -> MultimodalData:
        return self._fill(self._standardize(data))

    def _standardize(self, data: MultimodalData) -> MultimodalData:
        standardized = self._standardizer.transform(self._check(data))
        y = None if data.y is None else self._targets.encode(data.y)
        return replace(standardized, y=y)

    def _fill(self, data: MultimodalData) -> MultimodalData:
        return data if self.absence == "native" else self._imputer.transform(data)

    def _check(self, data: MultimodalData) -> MultimodalData:
        name = type(self).__name__
        for other in data.names:
            if other not in self.modalities_:
                raise FusebenchError(
                    f"{name} was not fitted with a modality {other!r}; "
                    f"{did_you_mean(other, self.modalities_)}"
                )
        for known in self.modalities_:
            if known not in data.names:
                raise FusebenchError(
                    f"{name} was fitted with {known!r}, which the data lack; mark it as absent instead."
                )
            if data.modalities[known].kind not in self.views:
                raise FusebenchError(
                    f"{name} takes {' or '.join(self.views)} modalities, however {known!r} is "
                    f"{data.modalities[known].kind.value}; featurise it first."
                )
        return data.select(self.modalities_)


def describe_number(limits: tuple[int, int | None]) -> str:
    """Say the fewest and the most in words.

    Examples
    --------
    >>> describe_number((2, None)), describe_number((1, 3)), describe_number((2, 2))
    ('2 or more', '1 to 3', '2')
    """
    fewest, most = limits
    if most is None:
        return f"{fewest} or more"
    return str(fewest) if fewest == most else f"{fewest} to {most}"


def _split(data: MultimodalData, seed: int) -> tuple[MultimodalData, MultimodalData]:
    """Hold out a fifth, of each class where there are classes; one of fewer than five samples stays."""
    rng = make_generator("validation split", seed)
    held_out = np.zeros(len(data), bool)
    strata = data.labels if data.task is Task.CLASSIFICATION else np.zeros(len(data))
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        held_out[members[: len(members) // 5]] = True
    if not held_out.any():
        return data, data
    return data.take(~held_out), data.take(held_out)
