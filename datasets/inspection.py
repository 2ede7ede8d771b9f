"""What data hold, as they were understood: sizes, absence, labels, and what looks wrong."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .data import Kind, Modality, MultimodalData, Splits, Task
from .own.dataset import OwnDataset
from .registry import Dataset
from .suspicions import find_suspicions

__all__ = ["Inspection", "ModalityFacts", "inspect_dataset"]

SPLITS = ("training", "validation", "test")

MANY = 20
"""More classes than this, from integers, may be meant as values."""


@dataclass(frozen=True)
class ModalityFacts:
    """What one modality holds.

    Parameters
    ----------
    kind : str
        How it was understood.
    size : str
        Of one sample, in words.
    present : float
        Share of the samples that have it.
    """

    kind: str
    size: str
    present: float


@dataclass(frozen=True)
class Inspection:
    """What a data set holds.

    Parameters
    ----------
    title, description, task : str
        Of the card.
    samples : dict of str to int
        By split.
    modalities : dict of str to ModalityFacts
        By name.
    patterns : dict of str to int
        Samples by the modalities that they have, joined by ``+``; the most frequent first.
    labels : dict of str to list of float
        By split: for every class its samples; for every label of several the share of samples that it applies
        to; or mean, standard deviation, minimum and maximum of values.
    suspicions : list of str
        What looks wrong, in sentences.
    """

    title: str
    description: str
    task: str
    samples: dict[str, int]
    modalities: dict[str, ModalityFacts]
    patterns: dict[str, int]
    labels: dict[str, list[float]]
    suspicions: list[str]


def inspect_dataset(dataset: Dataset, seed: int = 0) -> Inspection:
    """Say what a data set holds and what looks wrong in it.

    Parameters
    ----------
    dataset : Dataset
        One's own or of the registry.
    seed : int
        Of the split.

    Returns
    -------
    Inspection

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> found = inspect_dataset(load_dataset("synth-xor"))
    >>> found.modalities["a"].size, found.patterns, found.suspicions
    ('10 features', {'a+b': 1900}, [])
    """
    card, splits = dataset.card, dataset.load(seed)
    parts = (splits.train, splits.validation, splits.test)
    mask = np.concatenate([part.mask for part in parts])
    names = splits.train.names
    patterns = Counter(
        "+".join(name for name, there in zip(names, row, strict=True) if there) for row in mask
    )
    labels = np.concatenate([part.labels for part in parts])
    return Inspection(
        title=card.title,
        description=card.description,
        task=str(splits.train.task),
        samples={split: len(part) for split, part in zip(SPLITS, parts, strict=True)},
        modalities={
            name: ModalityFacts(
                str(modality.kind), _size(modality, splits.train.has(name)), float(mask[:, m].mean())
            )
            for m, (name, modality) in enumerate(splits.train.modalities.items())
        },
        patterns={pattern or "nothing": count for pattern, count in patterns.most_common()},
        labels=_balance(card.classes, parts),
        suspicions=[
            *_doubt_task(card.classes, labels),
            *find_suspicions(card, splits, _name_samples(dataset, splits, seed)),
        ],
    )


def _name_samples(dataset: Dataset, splits: Splits, seed: int) -> tuple[list[str], list[str], list[str]]:
    """Call samples as the file does, or count them."""
    if isinstance(dataset, OwnDataset):
        train, validation, test = (
            [dataset.contents.ids[row] for row in rows] for rows in dataset.draw_split(seed)
        )
        return train, validation, test
    train, validation, test = (
        [f"{split} sample {row}" for row in range(len(part))]
        for split, part in zip(SPLITS, (splits.train, splits.validation, splits.test), strict=True)
    )
    return train, validation, test


def _size(modality: Modality, present: NDArray[np.bool_]) -> str:
    """Say what one sample is, from those that are there."""
    shape, rows = modality.values.shape[1:], np.flatnonzero(present)
    if modality.kind is Kind.VECTOR:
        return f"{shape[0]} features"
    if modality.kind is Kind.IMAGE:
        return f"{shape[1]} by {shape[2]} pixels, {shape[0]} channel{'s' * (shape[0] > 1)}"
    if len(rows) == 0:
        return "never there"
    if modality.kind is Kind.TEXT:
        return f"{_range([len(str(text).split()) for text in modality.values[rows]])} words"
    lengths = np.asarray(modality.lengths)[rows]
    if modality.kind is Kind.SEQUENCE:
        return f"{_range(lengths)} frames of {shape[1]} features"
    rate = modality.rate or 1
    return f"{_range(np.round(lengths / rate, 2))} s at {rate:g} Hz"


def _range(values: ArrayLike) -> str:
    low, high = np.min(values), np.max(values)
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _balance(classes: tuple[str, ...], parts: tuple[MultimodalData, ...]) -> dict[str, list[float]]:
    labels = [part.labels for part in parts]
    task = parts[0].task
    if task is Task.REGRESSION:
        return {
            "mean": [float(y.mean()) for y in labels],
            "standard deviation": [float(y.std()) for y in labels],
            "minimum": [float(y.min()) for y in labels],
            "maximum": [float(y.max()) for y in labels],
        }
    if task is Task.MULTILABEL:
        return {name: [float(y[:, k].mean()) for y in labels] for k, name in enumerate(classes)}
    return {name: [int((y == k).sum()) for y in labels] for k, name in enumerate(classes)}


def _doubt_task(classes: tuple[str, ...], labels: NDArray) -> list[str]:
    """Say so where the type of the labels may have been chosen by mistake."""
    if labels.dtype.kind == "f":
        values = np.unique(labels)
        if len(values) <= MANY and (values == np.rint(values)).all():
            return [
                f"The labels are floats of {len(values)} whole values, taken as values to predict; "
                "integers or strings would be taken as classes."
            ]
    elif labels.ndim == 1 and len(classes) > MANY and all(name.lstrip("-").isdigit() for name in classes):
        return [
            f"The labels are {len(classes)} different integers, taken as classes; "
            "floats would be taken as values to predict."
        ]
    return []
