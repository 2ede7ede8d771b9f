"""The contract of a fusion strategy, and the work that all of them share."""

from abc import abstractmethod
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin

from ..datasets.data import MultimodalData
from ..errors import DivergedError, FusebenchError, did_you_mean
from ..seeding import make_generator
from .preprocessing import Standardizer

__all__ = ["FusionStrategy", "View"]

View = Literal["vector", "sequence"]


class FusionStrategy(ClassifierMixin, BaseEstimator):
    """A scikit-learn style classifier over `MultimodalData`.

    A subclass writes `_fit` and `_predict_outputs`. This class does what would otherwise be written, and
    got wrong, in each of them:

    - modalities are put in alphabetical order, so that their order in the data changes no number;
    - features are standardised on the training samples that are present;
    - absent content is 0 before a subclass sees it, so that it cannot be read by accident;
    - labels become 0 .. n_classes - 1;
    - without a validation split, a stratified fifth of the training samples becomes one;
    - a sample of which nothing is present gets the class frequencies of the training data;
    - probabilities that are not finite raise `DivergedError`.

    As in scikit-learn, ``__init__`` only stores its arguments and learnt state ends in ``_``.

    Attributes
    ----------
    views : tuple of str
        Class attribute: the views that the strategy takes, in order of preference. For each modality it
        is given the first one that the data offer; data that offer none are skipped by the plan.
    absence : {"native", "mean"}
        Class attribute: ``"native"`` if the method itself handles an absent modality (`data.mask` tells
        which), else the imputer: ``"mean"`` replaces absent features by their training mean and the
        subclass is shown complete data.
    constant : bool
        Class attribute: True for a control that predicts the same for every sample.
    classes_ : numpy.ndarray of shape (n_classes,)
        Sorted labels; columns of `predict_proba`.
    modalities_ : list of str
        Names, sorted.
    prior_ : numpy.ndarray of shape (n_classes,)
        Class frequencies in training.
    """

    views: ClassVar[tuple[View, ...]] = ("vector",)
    absence: ClassVar[Literal["native", "mean"]] = "mean"
    constant: ClassVar[bool] = False

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
            If there are no labels, fewer than two classes, or a modality of a kind that is not taken.
        """
        classes, codes = np.unique(data.labels, return_inverse=True)
        if len(classes) < 2:
            raise FusebenchError(f"Training needs at least two classes, however: {classes.tolist()}.")
        self.classes_ = classes
        self.modalities_ = sorted(data.names)
        self.prior_ = np.bincount(codes) / len(codes)
        if validation is not None:
            validation = validation.take(np.isin(validation.labels, classes))
        if validation is None or len(validation) == 0:
            data, validation = _split(data, getattr(self, "random_state", 0))
        self._standardizer = Standardizer().fit(self._check(data))
        self._fit(self._prepare(data), self._prepare(validation))
        return self

    def predict_proba(self, data: MultimodalData) -> NDArray[np.float64]:
        """Give class probabilities.

        Parameters
        ----------
        data : MultimodalData
            The modalities of training, in any order, any of them absent in any sample.

        Returns
        -------
        numpy.ndarray of shape (n, n_classes)
            Rows sum to 1; columns are in the order of `classes_`.

        Raises
        ------
        FusebenchError
            If the modalities are not those of training.
        DivergedError
            If a probability is not finite.
        """
        prepared = self._prepare(data)
        probabilities = np.tile(self.prior_, (len(data), 1))
        known = data.mask.sum(axis=1) > 0
        if known.any():
            probabilities[known] = self._predict_outputs(prepared if known.all() else prepared.take(known))
        if not np.isfinite(probabilities).all():
            raise DivergedError(f"{type(self).__name__} predicted probabilities that are not finite.")
        normalised: NDArray[np.float64] = probabilities / probabilities.sum(axis=1, keepdims=True)
        return normalised

    def predict(self, data: MultimodalData) -> NDArray:
        """Give the most probable class of each sample, shape (n,)."""
        labels: NDArray = self.classes_[self.predict_proba(data).argmax(axis=1)]
        return labels

    @abstractmethod
    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        """Fit to prepared data: sorted, standardised, labels 0 .. n_classes - 1, absent content 0."""

    @abstractmethod
    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        """Predict for prepared data of which each sample has at least one modality; shape (n, n_classes)."""

    def _prepare(self, data: MultimodalData) -> MultimodalData:
        prepared = self._standardizer.transform(self._check(data))
        present = prepared.mask if self.absence == "native" else np.ones_like(prepared.mask)
        y = None if data.y is None else np.searchsorted(self.classes_, data.y)
        return MultimodalData(prepared.modalities, y, present)

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


def _split(data: MultimodalData, seed: int) -> tuple[MultimodalData, MultimodalData]:
    """Hold out a stratified fifth; a class of fewer than five samples stays in training."""
    rng = make_generator("validation split", seed)
    held_out = np.zeros(len(data), bool)
    for label in np.unique(data.labels):
        members = rng.permutation(np.flatnonzero(data.labels == label))
        held_out[members[: len(members) // 5]] = True
    if not held_out.any():
        return data, data
    return data.take(~held_out), data.take(held_out)
