"""Labels as strategies see them, and predictions as users see them, for each task."""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Task
from ..errors import FusebenchError

__all__ = ["Targets", "targets_for"]


class Targets(ABC):
    """How the labels of one task are encoded.

    Attributes
    ----------
    prior_ : numpy.ndarray of shape (n_outputs,)
        The prediction, encoded, for a sample of which nothing is known.
    classes_ : numpy.ndarray
        What the columns of the outputs stand for: classes, or the numbers of labels of which several may
        apply; empty in regression.
    """

    task: ClassVar[Task]
    prior_: NDArray[np.float64]
    classes_: NDArray

    @abstractmethod
    def fit(self, y: NDArray) -> Self:
        """Learn from training labels."""

    @abstractmethod
    def encode(self, y: NDArray) -> NDArray:
        """Turn labels into what a strategy is fitted to."""

    @abstractmethod
    def finish(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn outputs (n, n_outputs) into probabilities, or values in the unit of the labels."""

    @abstractmethod
    def decide(self, finished: NDArray[np.float64]) -> NDArray:
        """Turn finished outputs into labels."""


class ClassTargets(Targets):
    """One of several classes: 0 .. n_classes - 1; rows of the outputs sum to 1."""

    task = Task.CLASSIFICATION

    def fit(self, y: NDArray) -> Self:
        """Learn the classes and their frequencies."""
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise FusebenchError(f"Training needs at least two classes, however: {self.classes_.tolist()}.")
        self.prior_ = np.bincount(codes) / len(codes)
        return self

    def encode(self, y: NDArray) -> NDArray:
        """Give the place of each label among the classes."""
        return np.searchsorted(self.classes_, y)

    def finish(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scale every row to sum 1."""
        normalised: NDArray[np.float64] = outputs / outputs.sum(axis=1, keepdims=True)
        return normalised

    def decide(self, finished: NDArray[np.float64]) -> NDArray:
        """Give the most probable class."""
        labels: NDArray = self.classes_[finished.argmax(axis=1)]
        return labels


class LabelTargets(Targets):
    """Any number of k labels: 0 and 1 of shape (n, k); each column of the outputs is a probability."""

    task = Task.MULTILABEL

    def fit(self, y: NDArray) -> Self:
        """Learn the frequency of each label."""
        self.classes_ = np.arange(y.shape[1])
        self.prior_ = y.mean(axis=0, dtype=np.float64)
        return self

    def encode(self, y: NDArray) -> NDArray:
        """Give them as float32."""
        return y.astype(np.float32)

    def finish(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Leave probabilities as they are."""
        return outputs

    def decide(self, finished: NDArray[np.float64]) -> NDArray:
        """Give the labels that are more probable than not."""
        return (finished > 0.5).astype(np.int64)


class ValueTargets(Targets):
    """A number: standardised; the output is one column."""

    task = Task.REGRESSION

    def fit(self, y: NDArray) -> Self:
        """Learn mean and spread."""
        self.classes_, self.prior_ = np.empty(0), np.zeros(1)
        self.mean_, self.scale_ = float(y.mean()), float(y.std())
        if self.scale_ == 0:
            raise FusebenchError(f"Training needs values that differ, however: all are {self.mean_:g}.")
        return self

    def encode(self, y: NDArray) -> NDArray:
        """Centre and scale."""
        return ((y - self.mean_) / self.scale_).astype(np.float32)

    def finish(self, outputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Go back to the unit of the labels."""
        return outputs * self.scale_ + self.mean_

    def decide(self, finished: NDArray[np.float64]) -> NDArray:
        """Give the only column."""
        return finished[:, 0]


def targets_for(task: Task) -> Targets:
    """Make the unfitted encoder of a task.

    Examples
    --------
    >>> targets = targets_for(Task.REGRESSION).fit(np.array([1.0, 3.0]))
    >>> targets.encode(np.array([3.0])), targets.finish(np.array([[1.0]]))
    (array([1.], dtype=float32), array([[3.]]))
    """
    kinds: dict[Task, type[Targets]] = {
        Task.CLASSIFICATION: ClassTargets,
        Task.MULTILABEL: LabelTargets,
        Task.REGRESSION: ValueTargets,
    }
    return kinds[task]()
