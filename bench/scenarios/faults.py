"""Faults of the collection that a strategy learns from: wrong labels, few samples, unpaired samples.

They change training and validation data alike, each by itself: a user divides what was collected, faults
included. A modality of poor quality in training is any scenario of noise, applied to the training data.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import MultimodalData
from .registry import register_scenario

__all__ = ["confuse_labels", "keep_few", "unpair"]


@register_scenario(
    "label-noise",
    mechanism="training",
    levels={1: 0.05, 2: 0.1, 3: 0.2, 4: 0.3, 5: 0.4},
    level_name="share of labels that are wrong",
    identity=0.0,
    applies_to="train",
)
def confuse_labels(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Give a share of the samples a wrong label, any other class with the same probability.

    Where several labels may apply, or values are regressed on, each of these samples is given what
    belongs to another of them, which may happen to be the same.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> train = load_dataset("synth-unique", n_train=100).load().train
    >>> noisy = confuse_labels(train, "", 0.2, np.random.default_rng(0), train)
    >>> int((noisy.labels != train.labels).sum())
    20
    """
    labels = data.labels.copy()
    order = rng.permutation(len(labels))
    hit = order[: round(level * len(labels))]
    if labels.ndim == 2 or labels.dtype.kind == "f":
        labels[hit] = labels[np.roll(hit, 1)]
        return replace(data, y=labels)
    classes = np.unique(train.labels)
    shift = rng.integers(1, max(len(classes), 2), size=len(labels))
    places = np.searchsorted(classes, labels[hit])
    labels[hit] = classes[(places + shift[hit]) % len(classes)]
    return replace(data, y=labels)


@register_scenario(
    "small-training",
    mechanism="training",
    levels={1: 0.5, 2: 0.25, 3: 0.1, 4: 0.05, 5: 0.02},
    level_name="share of samples that are left",
    identity=1.0,
    applies_to="train",
)
def keep_few(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Keep a share of the samples, in proportion to their classes; one of each class stays.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> train = load_dataset("avdigits").load().train
    >>> len(keep_few(train, "", 0.05, np.random.default_rng(0), train))
    50
    """
    order = rng.permutation(len(data))
    groups = _groups(data.labels)
    # The k-th of a class of c samples stands at k / c of the queue: every class has its first in front.
    place = np.empty(len(data))
    for group in range(groups.max(initial=0) + 1):
        own = order[groups[order] == group]
        place[own] = np.arange(len(own)) / max(len(own), 1)
    queue = order[np.argsort(place[order], kind="stable")]
    kept = max(round(level * len(data)), groups.max(initial=0) + 1)
    return data.take(np.sort(queue[:kept]))


@register_scenario(
    "unpaired",
    mechanism="missing",
    levels={1: 0.2, 2: 0.4, 3: 0.6, 4: 0.8, 5: 1.0},
    level_name="share of samples with one modality only",
    identity=0.0,
    applies_to="train",
)
def unpair(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Leave a share of the samples one of their modalities, each with the same probability.

    Samples that have one only already count as they are drawn.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> train = load_dataset("synth-xor", n_train=10).load().train
    >>> unpair(train, "", 0.4, np.random.default_rng(0), train).mask.sum(axis=1)
    array([2, 2, 1, 2, 1, 2, 1, 1, 2, 2])
    """
    chosen = rng.permutation(len(data))[: round(level * len(data))]
    chance = rng.random(data.mask.shape)
    keeper = np.where(data.mask, chance, -1).argmax(axis=1)
    present = data.mask.copy()
    present[chosen] &= np.arange(present.shape[1]) == keeper[chosen, None]
    return data.with_present(present)


def _groups(labels: NDArray) -> NDArray[np.int64]:
    """Class of each sample; all are of one where values or several labels are predicted."""
    if labels.ndim == 2 or labels.dtype.kind == "f":
        return np.zeros(len(labels), np.int64)
    codes: NDArray[np.int64] = np.unique(labels, return_inverse=True)[1]
    return codes
