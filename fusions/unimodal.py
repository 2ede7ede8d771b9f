"""The classifier of a single modality, the same one in the controls and in late and hybrid fusion."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .linear import TunedLinear

__all__ = ["UnimodalClassifier", "fit_unimodal", "predict_unimodal"]


class UnimodalClassifier:
    """The linear model of the task on one vector modality, fitted on the samples that have it.

    Parameters
    ----------
    modality : str
        Its name.
    prior : numpy.ndarray of shape (n_outputs,)
        The prediction for a sample that lacks the modality.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> model = UnimodalClassifier("a", prior=np.array([0.5, 0.5])).fit(data.train, data.validation)
    >>> model.predict(data.test.without("a"))[0]
    array([0.5, 0.5])
    """

    def __init__(self, modality: str, prior: NDArray[np.float64]) -> None:
        self.modality = modality
        self.prior = prior

    def fit(self, train: MultimodalData, validation: MultimodalData) -> Self:
        """Fit to standardised data with encoded labels; validation chooses the penalty."""
        train, validation = self._having(train), self._having(validation)
        self._model = TunedLinear(self.prior).fit(
            train.modalities[self.modality].values,
            train.labels,
            validation=(validation.modalities[self.modality].values, validation.labels),
        )
        return self

    def predict(self, data: MultimodalData) -> NDArray[np.float64]:
        """Give class probabilities, label probabilities or values, shape (n, n_outputs)."""
        outputs = self._model.predict(data.modalities[self.modality].values)
        return np.where(data.has(self.modality)[:, None], outputs, self.prior)

    def _having(self, data: MultimodalData) -> MultimodalData:
        return data.take(data.has(self.modality))


def fit_unimodal(
    train: MultimodalData, validation: MultimodalData, prior: NDArray[np.float64]
) -> list[UnimodalClassifier]:
    """Fit one classifier for every modality, in the order of the data."""
    return [UnimodalClassifier(name, prior).fit(train, validation) for name in train.names]


def predict_unimodal(classifiers: list[UnimodalClassifier], data: MultimodalData) -> NDArray[np.float64]:
    """Stack the predictions, shape (n, M, n_outputs); where a modality is absent, the prior."""
    return np.stack([classifier.predict(data) for classifier in classifiers], axis=1)
