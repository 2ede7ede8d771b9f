"""Scores of what was predicted. Each metric declares its task and which direction is better."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Task
from ..registry import Registry

__all__ = ["PRIMARY", "Metric", "metrics", "metrics_of", "register_metric"]

# What the leaderboard of each task shows unless the suite declares another metric.
PRIMARY = {Task.CLASSIFICATION: "accuracy", Task.MULTILABEL: "mean-average-precision", Task.REGRESSION: "r2"}

Score = Callable[[NDArray, NDArray], float]


@dataclass(frozen=True)
class Metric:
    """A named score.

    Parameters
    ----------
    name : str
        Kebab-case.
    direction : {"maximize", "minimize"}
        Which way is better.
    score : callable
        Takes class indices of shape (n,) and probabilities of shape (n, n_classes); or labels and their
        probabilities, both of shape (n, k); or values of shape (n,) and predictions of shape (n, 1). Gives a
        float.
    task : Task
        For which.
    """

    name: str
    direction: Literal["maximize", "minimize"]
    score: Score
    task: Task = Task.CLASSIFICATION

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.score.__doc__ or "").strip().split("\n", 1)[0]


metrics: Registry[Metric] = Registry("metric", group="fusebench.metrics")


def metrics_of(task: Task) -> tuple[Metric, ...]:
    """Give the metrics of a task."""
    return tuple(metric for _, metric in metrics.items() if metric.task is task)


def register_metric(
    name: str, *, direction: Literal["maximize", "minimize"], task: Task = Task.CLASSIFICATION
) -> Callable[[Score], Score]:
    """Make a decorator that enters a metric into the registry.

    Parameters
    ----------
    name : str
        Kebab-case name.
    direction : {"maximize", "minimize"}
        Which way is better.
    task : Task
        For which.

    Raises
    ------
    ValueError
        If the direction is neither, or the name is taken.

    Examples
    --------
    >>> @register_metric("top-1-error", direction="minimize")
    ... def top_1_error(y, probabilities):
    ...     return float(np.mean(probabilities.argmax(axis=1) != y))
    >>> metrics["top-1-error"].direction
    'minimize'
    >>> metrics.remove("top-1-error")
    """
    if direction not in ("maximize", "minimize"):
        raise ValueError(f"direction must be 'maximize' or 'minimize', however: {direction!r}.")

    def enter(score: Score) -> Score:
        metrics.add(name, Metric(name, direction, score, task))
        return score

    return enter


@register_metric("accuracy", direction="maximize")
def accuracy(y: NDArray, probabilities: NDArray) -> float:
    """Share of samples whose most probable class is the true one.

    Examples
    --------
    >>> accuracy(np.array([0, 1]), np.array([[0.9, 0.1], [0.8, 0.2]]))
    0.5
    """
    return float(np.mean(probabilities.argmax(axis=1) == y))


@register_metric("balanced-accuracy", direction="maximize")
def balanced_accuracy(y: NDArray, probabilities: NDArray) -> float:
    """Mean recall over the classes that occur.

    Examples
    --------
    >>> balanced_accuracy(np.array([0, 0, 0, 1]), np.array([[1, 0], [1, 0], [1, 0], [1, 0]]))
    0.5
    """
    hit = probabilities.argmax(axis=1) == y
    return float(np.mean([hit[y == label].mean() for label in np.unique(y)]))


@register_metric("macro-f1", direction="maximize")
def macro_f1(y: NDArray, probabilities: NDArray) -> float:
    """F1 score averaged over the classes that occur or are predicted.

    Examples
    --------
    >>> round(macro_f1(np.array([0, 0, 1]), np.array([[1, 0], [0, 1], [0, 1]])), 3)
    0.667
    """
    predicted = probabilities.argmax(axis=1)
    scores = []
    for label in np.union1d(y, predicted):
        hits = np.sum((predicted == label) & (y == label))
        scores.append(2 * hits / (np.sum(predicted == label) + np.sum(y == label)))
    return float(np.mean(scores))


@register_metric("log-loss", direction="minimize")
def log_loss(y: NDArray, probabilities: NDArray) -> float:
    """Mean negative log probability of the true class, in nats; probabilities are kept above 1e-15.

    Examples
    --------
    >>> round(log_loss(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 4)
    0.6931
    """
    return float(-np.log(np.maximum(probabilities[np.arange(len(y)), y], 1e-15)).mean())


@register_metric("ece", direction="minimize")
def expected_calibration_error(y: NDArray, probabilities: NDArray) -> float:
    """Gap between confidence and accuracy, averaged over 15 bins of equal width.

    Guo et al. (2017), "On Calibration of Modern Neural Networks", ICML.

    Examples
    --------
    >>> round(expected_calibration_error(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])), 3)
    0.4
    """
    confidence = probabilities.max(axis=1)
    hit = probabilities.argmax(axis=1) == y
    # Bins are closed on the right, as in the paper, so that a confidence of exactly 1 is in the last one.
    bins = np.clip(np.ceil(confidence * 15).astype(int) - 1, 0, 14)
    gaps = np.bincount(bins, weights=hit - confidence, minlength=15)
    return float(np.abs(gaps).sum() / len(y))


@register_metric("mean-average-precision", direction="maximize", task=Task.MULTILABEL)
def mean_average_precision(y: NDArray, probabilities: NDArray) -> float:
    """Average precision of the ranking of samples, averaged over the labels that apply somewhere.

    Examples
    --------
    >>> mean_average_precision(np.array([[1], [0], [1]]), np.array([[0.9], [0.1], [0.8]]))
    1.0
    """
    from sklearn.metrics import average_precision_score

    occurs = y.any(axis=0)
    return float(average_precision_score(y[:, occurs], probabilities[:, occurs], average="macro"))


@register_metric("label-macro-f1", direction="maximize", task=Task.MULTILABEL)
def label_macro_f1(y: NDArray, probabilities: NDArray) -> float:
    """F1 score of the labels with a probability above one half, averaged over labels.

    Examples
    --------
    >>> label_macro_f1(np.array([[1, 1], [0, 1]]), np.array([[0.9, 0.2], [0.2, 0.3]]))
    0.5
    """
    from sklearn.metrics import f1_score

    return float(f1_score(y, probabilities > 0.5, average="macro", zero_division=0.0))


@register_metric("label-micro-f1", direction="maximize", task=Task.MULTILABEL)
def label_micro_f1(y: NDArray, probabilities: NDArray) -> float:
    """F1 score over all pairs of a sample and a label; a label applies above a probability of one half.

    Examples
    --------
    >>> label_micro_f1(np.array([[1, 0], [0, 1]]), np.array([[0.9, 0.1], [0.2, 0.7]]))
    1.0
    """
    from sklearn.metrics import f1_score

    return float(f1_score(y, probabilities > 0.5, average="micro", zero_division=0.0))


@register_metric("label-log-loss", direction="minimize", task=Task.MULTILABEL)
def label_log_loss(y: NDArray, probabilities: NDArray) -> float:
    """Mean negative log probability of what is true of each label, in nats; kept above 1e-15.

    Examples
    --------
    >>> round(label_log_loss(np.array([[1, 0]]), np.array([[0.5, 0.5]])), 4)
    0.6931
    """
    return float(-np.log(np.maximum(np.where(y > 0, probabilities, 1 - probabilities), 1e-15)).mean())


@register_metric("r2", direction="maximize", task=Task.REGRESSION)
def r_squared(y: NDArray, values: NDArray) -> float:
    """Share of the variance that is explained; 0 is the mean of the test values, below it is worse.

    Examples
    --------
    >>> r_squared(np.array([1.0, 3.0]), np.array([[1.0], [3.0]]))
    1.0
    """
    from sklearn.metrics import r2_score

    return float(r2_score(y, values[:, 0]))


@register_metric("mae", direction="minimize", task=Task.REGRESSION)
def mean_absolute_error(y: NDArray, values: NDArray) -> float:
    """Mean absolute error, in the unit of the labels.

    Examples
    --------
    >>> mean_absolute_error(np.array([1.0, 3.0]), np.array([[2.0], [3.0]]))
    0.5
    """
    return float(np.abs(values[:, 0] - y).mean())


@register_metric("rmse", direction="minimize", task=Task.REGRESSION)
def root_mean_squared_error(y: NDArray, values: NDArray) -> float:
    """Root of the mean squared error, in the unit of the labels.

    Examples
    --------
    >>> root_mean_squared_error(np.array([1.0, 3.0]), np.array([[1.0], [1.0]])) == 2**0.5
    True
    """
    return float(np.sqrt(((values[:, 0] - y) ** 2).mean()))
