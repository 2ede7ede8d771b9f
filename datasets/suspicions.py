"""What is wrong, or looks too good, in data that can be read: sentences for the owner of the data."""

import re
from collections.abc import Iterator
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from ..seeding import make_generator
from .data import Kind, MultimodalData, Splits, Task
from .large import draw_piece, pieces
from .registry import Card

__all__ = ["find_suspicions"]

FEW = 10
"""Fewer training samples of a class than this are too few to learn from."""

ENOUGH = 30
"""Fewer samples than this show a pattern by chance."""


def find_suspicions(card: Card, splits: Splits, names: tuple[list[str], list[str], list[str]]) -> list[str]:
    """Look for what makes numbers on these data mislead.

    Duplicates between the splits; features that are constant; features, lengths, absence or words of a text
    that tell the label nearly by themselves; classes that are rare, or lacking in a split; modalities and
    samples that are never there. Only duplicates and classes are looked for in validation and test.

    Parameters
    ----------
    card : Card
        Of the data set.
    splits : Splits
        Raw data.
    names : tuple of three list of str
        What to call the samples of training, validation and test.

    Returns
    -------
    list of str
        Sentences; none does not mean that all is well.

    Examples
    --------
    >>> from fusebench.datasets.registry import Dataset
    >>> x, y = np.random.default_rng(0).normal(size=(90, 2)), np.repeat([0, 1, 2], 30)
    >>> dataset = Dataset.from_arrays({"a": x, "copy": y[:, None], "y": y})
    >>> names = tuple(list(map(str, rows)) for rows in dataset.draw_split(seed=0))
    >>> find_suspicions(dataset.card, dataset.load(seed=0), names)
    ["Feature 0 of 'copy' alone sorts the training samples by label: is it a copy of it?"]
    """
    found = [*_duplicates(splits, names), *_absence(splits.train), *_constants(splits.train)]
    if splits.train.task is Task.CLASSIFICATION:
        found += [*_rare_classes(card, splits), *_telling_absence(card, splits.train)]
        found += _telling_words(card, splits.train)
    return [*found, *_telling_features(splits.train)]


def _duplicates(splits: Splits, names: tuple[list[str], list[str], list[str]]) -> Iterator[str]:
    digests = [digest_samples(part) for part in (splits.train, splits.validation, splits.test)]
    pairs = (("training", "test", 0, 2), ("training", "validation", 0, 1), ("validation", "test", 1, 2))
    for where, what, one, other in pairs:
        known = {digest: row for row, digest in enumerate(digests[one])}
        twins = [row for row, digest in enumerate(digests[other]) if digest in known]
        if twins:
            first = twins[0]
            yield (
                f"{len(twins)} of {len(digests[other])} {what} samples are in {where} too, the same in every "
                f"modality; the first: {names[other][first]} is {names[one][known[digests[other][first]]]}."
            )


def digest_samples(data: MultimodalData) -> list[bytes]:
    """Hash what is there of each sample, all modalities together."""
    totals = [sha256() for _ in range(len(data))]
    for name, modality in data.modalities.items():
        lengths = modality.lengths
        for row in np.flatnonzero(data.has(name)):
            values = modality.values[row] if lengths is None else modality.values[row, : lengths[row]]
            totals[row].update(f"{name} {np.shape(values)}".encode())
            totals[row].update(str(values).encode() if modality.kind is Kind.TEXT else values.tobytes())
    return [total.digest() for total in totals]


def _absence(train: MultimodalData) -> Iterator[str]:
    for name in train.names:
        if not train.has(name).any():
            yield f"No training sample has {name!r}."
    nothing = int((~train.mask.any(axis=1)).sum())
    if nothing:
        yield f"{nothing} training samples have no modality at all."


def _constants(train: MultimodalData) -> Iterator[str]:
    for name, modality in train.modalities.items():
        valid = train.valid(name) if modality.kind is Kind.SEQUENCE else train.has(name)
        if valid.sum() < 2:
            continue
        same = _same(modality.values, valid)
        if modality.kind in (Kind.VECTOR, Kind.SEQUENCE):
            constant = np.flatnonzero(same)
            if len(constant):
                yield (
                    f"{len(constant)} of {len(same)} features of {name!r} are the same in all training "
                    f"samples: {_list(constant)}."
                )
        elif same.all():
            yield f"{name!r} is the same in all training samples."


def _same(values: NDArray, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which entries of a row are the same in all rows that may be read; there is one at least."""
    first = values[tuple(np.argwhere(valid)[0])]
    same = np.ones(np.shape(first), bool)
    for part in pieces(values):
        same &= (values[part][valid[part]] == first).all(axis=0)
    return same


def _rare_classes(card: Card, splits: Splits) -> Iterator[str]:
    parts = {"training": splits.train, "validation": splits.validation, "test": splits.test}
    counts = {part: np.bincount(data.labels, minlength=len(card.classes)) for part, data in parts.items()}
    rare = np.flatnonzero(counts["training"] < FEW)
    if len(rare):
        told = [f"{card.classes[k]!r} ({counts['training'][k]})" for k in rare]
        yield f"Fewer than {FEW} training samples are there of {_list(told)}."
    for part in ("validation", "test"):
        lacking = [repr(card.classes[k]) for k in np.flatnonzero(counts[part] == 0)]
        if lacking:
            yield f"The {part} split lacks {_list(lacking)}."


def _telling_absence(card: Card, train: MultimodalData) -> Iterator[str]:
    """Compare how often a modality is absent in each class, by Cramer's V."""
    counts = np.bincount(train.labels, minlength=len(card.classes))
    seen = np.flatnonzero(counts)
    for name in train.names:
        absent = np.bincount(train.labels[~train.has(name)], minlength=len(card.classes))
        rate = absent.sum() / counts.sum()
        if absent.sum() < FEW or rate > 1 - FEW / len(train):
            continue
        expected = rate * counts[seen]
        v = np.sqrt((((absent[seen] - expected) ** 2) / (expected * (1 - rate))).sum() / counts.sum())
        if v > 0.5:
            shares = absent[seen] / counts[seen]
            most, least = seen[shares.argmax()], seen[shares.argmin()]
            yield (
                f"Whether {name!r} is there tells much of the label: it is absent in {shares.max():.0%} of "
                f"{card.classes[most]!r} and in {shares.min():.0%} of {card.classes[least]!r}."
            )


def _telling_words(card: Card, train: MultimodalData) -> Iterator[str]:
    """Look for texts that contain the name of their class."""
    for name, modality in train.modalities.items():
        if modality.kind is not Kind.TEXT:
            continue
        there = train.has(name)
        labels = train.labels[there]
        for k, word in enumerate(card.classes):
            if len(word) < 3 or word.isdigit() or (labels == k).sum() < FEW:
                continue
            pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
            hits = np.array([bool(pattern.search(str(text))) for text in modality.values[there]])
            share = hits[labels == k].mean()
            if share >= 0.8 and hits[labels != k].mean() <= 0.05:
                yield f"The text {name!r} says the name of its class, {word!r}, in {share:.0%} of them."


def _telling_features(train: MultimodalData) -> Iterator[str]:
    """Look for single numbers that sort the samples by label: features, and lengths."""
    for name, modality in train.modalities.items():
        rows = draw_piece(modality.values, np.flatnonzero(train.has(name)))
        if len(rows) < ENOUGH:
            continue
        if modality.kind is Kind.VECTOR:
            telling = _sorting(modality.values[rows], train.labels[rows])
            if len(telling):
                what = "Feature" if len(telling) == 1 else "Each of the features"
                yield (
                    f"{what} {_list(telling)} of {name!r} alone sorts the training samples by label: "
                    "is it a copy of it?"
                )
        elif modality.lengths is not None and len(_sorting(modality.lengths[rows, None], train.labels[rows])):
            yield f"The length of {name!r} alone sorts the training samples by label."


def _sorting(values: NDArray, labels: NDArray) -> NDArray[np.int64]:
    """Columns of values (n, d) along which the labels change hardly more often than they must."""
    if labels.ndim == 2:
        both = [column for column in labels.T if column.any() and not column.all()]
        return (
            np.unique(np.concatenate([_sorting(values, column) for column in both]))
            if both
            else np.zeros(0, int)
        )
    n = len(labels)
    if labels.dtype.kind == "f":
        x, y = values - values.mean(axis=0, dtype=np.float64), labels - labels.mean()
        size = np.sqrt((x**2).sum(axis=0) * (y**2).sum())
        return np.flatnonzero(np.abs(y @ x) > 0.999 * np.where(size > 0, size, np.inf))
    k = len(np.unique(labels))
    if k < 2 or n < FEW * k:
        return np.zeros(0, np.int64)
    # Shuffled first, so that equal values do not stay sorted by label as they may have been in the file.
    order = make_generator("inspection", n).permutation(n)
    values, labels = values[order], labels[order]
    changes = np.diff(labels[np.argsort(values, axis=0, kind="stable")], axis=0) != 0
    return np.flatnonzero(changes.sum(axis=0) <= k - 1 + n // 100)


def _list(items: NDArray | list[str]) -> str:
    shown = ", ".join(map(str, items[:5]))
    return shown if len(items) <= 5 else f"{shown} and {len(items) - 5} more"
