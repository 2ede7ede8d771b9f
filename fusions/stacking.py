"""The learnt combiner of class probabilities, shared by late and hybrid fusion."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .logistic import TunedLogistic

__all__ = ["Combiner", "EvidenceStacker"]

# A branch that is surer than this is not believed: one miss would outweigh every other vote.
_FLOOR = 1e-6


class Combiner(Protocol):
    """What a stack fits: a classifier that takes weights and has a column for every class."""

    def fit(self, X: NDArray, y: NDArray, *, sample_weight: NDArray[np.float64]) -> Self:
        """Fit to features (n, d) and labels 0 .. n_classes - 1, shape (n,)."""

    def predict_proba(self, X: NDArray) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes)."""


class EvidenceStacker:
    """A classifier on the evidence log p(class | branch) - log prior(class) of every branch.

    A branch that knows nothing predicts the prior and has evidence 0, so an absent modality needs no
    imputer. A stack that has only seen complete data relies on all branches at once and, when one falls
    silent, can do worse than those that are left. So the validation samples are used a second time: once
    as they are, and once more shared out over copies that each lack one modality.

    By default it is logistic regression. Its penalty is fixed, because the split that would choose it is
    the one that the stack is fitted on. A class that has no validation sample keeps its prior probability.

    Parameters
    ----------
    prior : numpy.ndarray of shape (n_classes,)
        Class frequencies.
    combiner : Combiner, optional
        The unfitted classifier; logistic regression when left out.

    References
    ----------
    Wolpert (1992). Stacked generalization. Neural Networks 5(2). There the level-one data are
    cross-validated predictions; here they are those on the validation split.
    """

    def __init__(
        self,
        prior: NDArray[np.float64],
        combiner: Combiner | None = None,
    ) -> None:
        self.prior = prior
        self.combiner = combiner or TunedLogistic(prior, grid=(1.0,))

    def fit(
        self, branches: Callable[[MultimodalData], NDArray[np.float64]], validation: MultimodalData
    ) -> Self:
        """Fit to standardised samples that the branches were not fitted on.

        Parameters
        ----------
        branches : callable
            Gives class probabilities of shape (n, n_branches, n_classes) for samples of which some lack a
            modality.
        validation : MultimodalData
            The samples.
        """
        copies = [validation, *(_lacking(validation, name) for name in validation.names)]
        weights = [1.0] + [1 / len(validation.names)] * len(validation.names)
        self.combiner.fit(
            np.concatenate([self._evidence(branches(copy)) for copy in copies]),
            np.tile(validation.labels, len(copies)),
            sample_weight=np.repeat(weights, len(validation)),
        )
        return self

    def predict_proba(self, votes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give class probabilities, shape (n, n_classes), from those of the branches."""
        return self.combiner.predict_proba(self._evidence(votes))

    def _evidence(self, votes: NDArray[np.float64]) -> NDArray[np.float64]:
        evidence = np.log(np.maximum(votes, _FLOOR)) - np.log(self.prior)
        return evidence.reshape(len(votes), -1)


def _lacking(data: MultimodalData, name: str) -> MultimodalData:
    """Take a modality away, its content included: absent content is 0 for a strategy."""
    blank = replace(data.modalities[name], values=np.zeros_like(data.modalities[name].values))
    return data.with_modality(name, blank).without(name)
