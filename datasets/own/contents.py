"""What one's own data hold, however they were given: samples, labels, and what is known of the split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import did_you_mean
from ..data import Modality, MultimodalData
from .labels import encode_labels

__all__ = ["SPLITS", "Contents", "assemble", "check_name"]

SPLITS = {"train": 0, "val": 1, "valid": 1, "validation": 1, "test": 2}
"""Words for the three splits, with the codes that `Contents.split` has for them."""


@dataclass(frozen=True, eq=False)
class Contents:
    """All samples, in the order of the file.

    Parameters
    ----------
    data : MultimodalData
        Raw modalities and labels.
    classes : tuple of str
        Names of classes or labels; empty where values are to be predicted.
    split : numpy.ndarray of int, shape (n,), or None
        0 for training, 1 for validation, 2 for test; None if they are to be drawn.
    group : numpy.ndarray of int, shape (n,), or None
        Samples of one number stay in one split.
    ids : tuple of str
        Names of the samples, "row N" where none were given.
    files : tuple of Path
        The files that a table names.
    notes : tuple of str
        Sentences on what was done to the data as they were read.
    """

    data: MultimodalData
    classes: tuple[str, ...]
    split: NDArray[np.int64] | None
    group: NDArray[np.int64] | None
    ids: tuple[str, ...]
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def assemble(
    modalities: Mapping[str, Modality],
    present: NDArray[np.bool_],
    *,
    labels: NDArray,
    label_names: Sequence[str] | None = None,
    split: Sequence[str] | None = None,
    group: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    first: int = 0,
    files: Sequence[Path] = (),
    notes: Sequence[str] = (),
) -> Contents:
    """Put together what a reader found.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Of n samples each.
    present : numpy.ndarray of bool, shape (n, M)
        Which entries are there.
    labels : numpy.ndarray of shape (n,) or (n, k)
        As they were given.
    label_names : sequence of k str, optional
        Of labels of which several may apply.
    split, group, ids : sequence of n str, optional
        As they were given.
    first : int
        The number of the first row, for messages.
    files, notes
        As in `Contents`.

    Raises
    ------
    ValueError
        If there are labels or splits that cannot be meant; it names the row.
    """
    if len(present) == 0:
        raise ValueError("it holds no samples")
    for name in modalities:
        check_name(name)
    y, classes = encode_labels(labels, label_names, first)
    splits = None if split is None else _encode_splits(split, first)
    groups = None if group is None else _encode_groups(group, splits, first)
    names = [f"row {row}" for row in range(first, first + len(present))] if ids is None else ids
    _check_unique(names, first)
    return Contents(
        MultimodalData(modalities, y, present),
        classes,
        splits,
        groups,
        tuple(names),
        tuple(files),
        tuple(notes),
    )


def check_name(name: str) -> None:
    """Refuse a name that could not stand in the name of a file or of a scenario."""
    if not name.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"the modality {name!r} needs a name of letters, digits, '-' and '_'")


def _encode_splits(split: Sequence[str], first: int) -> NDArray[np.int64]:
    for row, word in enumerate(split, start=first):
        if word not in SPLITS:
            raise ValueError(f"'split', row {row}: {word!r} is no split; {did_you_mean(word, SPLITS)}")
    codes = np.array([SPLITS[word] for word in split])
    for code, name in ((0, "train"), (2, "test")):
        if code not in codes:
            raise ValueError(f"'split' has no {name!r}; without a column 'split' a split is drawn")
    return codes


def _encode_groups(group: Sequence[str], splits: NDArray[np.int64] | None, first: int) -> NDArray[np.int64]:
    names, starts, codes = np.unique(np.asarray(group, str), return_index=True, return_inverse=True)
    if splits is not None:
        strays = np.flatnonzero(splits != splits[starts][codes])
        if len(strays):
            row = int(strays[0])
            raise ValueError(
                f"'group', row {row + first}: {names[codes[row]]} is in another split in row "
                f"{starts[codes[row]] + first}; a group stays in one"
            )
    return codes.astype(np.int64)


def _check_unique(ids: Sequence[str], first: int) -> None:
    seen: dict[str, int] = {}
    for row, name in enumerate(ids, start=first):
        if name in seen:
            raise ValueError(
                f"'ids', row {row}: {name!r} is that of row {seen[name]} too; "
                "what belongs together has one 'group'"
            )
        seen[name] = row
