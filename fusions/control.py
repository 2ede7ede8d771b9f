"""Controls: what a fusion must be compared with before its accuracy means anything."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from ..errors import FusebenchError, did_you_mean
from .base import FusionStrategy, View
from .linear import output_loss
from .registry import register_fusion
from .unimodal import UnimodalClassifier, fit_unimodal, predict_unimodal

__all__ = ["BestUnimodal", "Majority", "Unimodal"]


@register_fusion("majority", family="control", control=True)
class Majority(FusionStrategy):
    """Class or label frequencies, or the mean, of the training data, whatever the sample.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = Majority().fit(data.train, data.validation)
    >>> bool((fusion.predict_proba(data.test) == fusion.prior_).all())
    True
    """

    views: ClassVar[tuple[View, ...]] = ("vector", "sequence")
    absence: ClassVar[Literal["native", "imputed"]] = "native"
    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)
    constant: ClassVar[bool] = True
    streams: ClassVar[bool] = True

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        """Learn nothing beyond `prior_`."""

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return np.tile(self.prior_, (len(data), 1))


@register_fusion("unimodal", family="control", control=True, per_modality=True)
class Unimodal(FusionStrategy):
    """Linear model of one modality alone; a sample that lacks it gets what `majority` says.

    It is logistic regression for classes and labels, ridge regression for values (`TunedLinear`).

    Parameters
    ----------
    modality : str
        The one to use.

    Raises
    ------
    FusebenchError
        By `fit`, if the data have no such modality.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = Unimodal(modality="a").fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.95)
    True
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"
    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    def __init__(self, *, modality: str | None = None) -> None:
        self.modality = modality

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        if self.modality is None:
            raise FusebenchError(
                f"Unimodal needs the name of a modality, modality=...; known: {', '.join(train.names)}."
            )
        if self.modality not in train.names:
            raise FusebenchError(
                f"There is no modality {self.modality!r}; {did_you_mean(self.modality, train.names)}"
            )
        self._classifier = UnimodalClassifier(self.modality, self.prior_).fit(train, validation)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._classifier.predict(data)


@register_fusion("best-unimodal", family="control", control=True)
class BestUnimodal(FusionStrategy):
    """The best single modality that each sample has: a switch, not a fusion.

    Modalities are ranked by the validation accuracy of their classifiers among the samples that have
    them; ties go to the lower log loss, which also ranks them where labels or values are predicted (there
    it is the squared error). Each sample is predicted from the best-ranked modality that it
    has, so that a fusion which falls below this when a modality fails would better not have been used.

    Attributes
    ----------
    ranking_ : list of str
        Modalities, best first.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> BestUnimodal().fit(data.train, data.validation).ranking_
    ['a', 'b']
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"
    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    ranking_: list[str]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._classifiers = fit_unimodal(train, validation, self.prior_)
        votes = predict_unimodal(self._classifiers, validation)
        keys = []
        for m in range(len(train.names)):
            has = validation.mask[:, m]
            if not has.any():
                keys.append((0.0, np.inf))
                continue
            outputs, y = votes[has, m], validation.labels[has]
            hits = outputs.argmax(axis=1) == y if self.task_ is Task.CLASSIFICATION else np.zeros(1)
            keys.append((-float(hits.mean()), output_loss(outputs, y)))
        self._order = np.array(sorted(range(len(keys)), key=keys.__getitem__))
        self.ranking_ = [train.names[m] for m in self._order]

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        votes = predict_unimodal(self._classifiers, data)
        chosen = self._order[data.mask[:, self._order].argmax(axis=1)]
        probabilities: NDArray[np.float64] = votes[np.arange(len(data)), chosen]
        return probabilities
