"""What labels mean by their type: classes, several labels at once, or values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["encode_labels"]


def encode_labels(
    labels: NDArray, names: Sequence[str] | None = None, first: int = 0
) -> tuple[NDArray, tuple[str, ...]]:
    """Turn labels as they were given into those of `MultimodalData`.

    =======================  ==========  ====================================================
    labels                   shape       what they are
    =======================  ==========  ====================================================
    strings, integers, bool  (n,)        classes, sorted; label k is the k-th of them
    floats                   (n,)        values to regress on
    0 and 1                  (n, k)      which of k labels apply, any number of them
    =======================  ==========  ====================================================

    Parameters
    ----------
    labels : numpy.ndarray
        As in the table.
    names : sequence of k str, optional
        Of k labels; their numbers when left out.
    first : int
        The number of the first row, for messages.

    Returns
    -------
    y : numpy.ndarray of shape (n,) or (n, k)
        int64, or float64 where values are to be predicted.
    classes : tuple of str
        Names of classes or labels; empty where values are to be predicted.

    Raises
    ------
    ValueError
        If a label is missing, they are of another type, or there is nothing to tell apart.

    Examples
    --------
    >>> encode_labels(np.array(["dog", "cat", "dog"]))
    (array([1, 0, 1]), ('cat', 'dog'))
    >>> encode_labels(np.array([30, 10]))
    (array([1, 0]), ('10', '30'))
    >>> encode_labels(np.array([0.5, np.nan]))
    Traceback (most recent call last):
    ...
    ValueError: the label of row 1 is nan, which is no finite number
    """
    if labels.ndim == 2:
        return _encode_several(labels, names, first)
    if labels.ndim != 1:
        raise ValueError(f"labels have shape (n,) or (n, k), however: {labels.shape}")
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            row = int(np.flatnonzero(~np.isfinite(labels))[0])
            raise ValueError(f"the label of row {row + first} is {labels[row]}, which is no finite number")
        if (labels == labels[0]).all():
            raise ValueError(f"all labels are {labels[0]:g}: there is nothing to predict")
        return labels.astype(np.float64), ()
    if labels.dtype.kind not in "biuU":
        raise ValueError(f"labels are strings, integers or floats, however: {labels.dtype}")
    if labels.dtype.kind == "U" and (labels == "").any():
        raise ValueError(f"the label of row {int((labels == '').argmax()) + first} is empty")
    classes, y = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"all labels are {str(classes[0])!r}: there is one class only, and nothing to tell apart"
        )
    return y.astype(np.int64), tuple(map(str, classes))


def _encode_several(
    labels: NDArray, names: Sequence[str] | None, first: int
) -> tuple[NDArray, tuple[str, ...]]:
    n_labels = labels.shape[1]
    if n_labels == 0 or labels.dtype.kind not in "biuf":
        raise ValueError(
            f"several labels at once are 0 and 1 of shape (n, k), however: {labels.dtype} {labels.shape}"
        )
    wrong = np.argwhere((labels != 0) & (labels != 1))
    known = tuple(map(str, range(n_labels) if names is None else names))
    if len(known) != n_labels:
        raise ValueError(f"there are {n_labels} labels but {len(known)} names for them")
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(
            f"the label {known[column]!r} of row {row + first} is {labels[row, column]}; "
            "where several labels may apply, each is 0 or 1"
        )
    return labels.astype(np.int64), known
