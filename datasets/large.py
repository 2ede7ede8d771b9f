"""Arrays that need not fit into memory: read from disk piece by piece, with what is made of them on disk too.

An array is mapped if its content is that of a file, which the system reads where it is looked at and forgets
again when memory is short. Only mapped arrays above `LIMIT` are treated differently from others.
"""

import os
from collections.abc import Iterator
from mmap import mmap
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..errors import StorageError
from ..seeding import make_generator
from .storage import cache_folder

__all__ = ["LIMIT", "copy_like", "draw_piece", "is_large", "make_like", "pieces", "take_rows"]

LIMIT = 256 * 2**20
"""Bytes. What is made of a mapped array goes to disk if it is larger, and into memory if not."""

PIECES = 16
"""Pieces into which `LIMIT` bytes are divided."""


def is_large(array: NDArray) -> bool:
    """Tell whether an array is mapped and above `LIMIT`, and should be looked at piece by piece.

    Examples
    --------
    >>> is_large(np.zeros(10))
    False
    """
    return array.nbytes > LIMIT and _is_mapped(array)


def pieces(array: NDArray) -> Iterator[slice]:
    """Cut the rows of an array, wherever it is, into pieces that are small beside `LIMIT`.

    Examples
    --------
    >>> list(pieces(np.zeros((3, 2))))
    [slice(0, 3, None)]
    """
    n = len(array)
    step = max(1, n * LIMIT // (PIECES * max(1, array.nbytes)))
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def draw_piece(array: NDArray, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the rows, or as many of them, drawn at random, as make one piece of a large array.

    Examples
    --------
    >>> draw_piece(np.zeros((5, 2)), np.array([1, 4]))
    array([1, 4])
    """
    if not is_large(array):
        return rows
    rng = make_generator("piece", len(rows))
    return np.sort(rng.permutation(rows)[: next(pieces(array)).stop])


def make_like(source: NDArray, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray:
    """Make an array of zeros: on disk if the source is mapped and it is above `LIMIT`, else in memory.

    On disk it has a file without a name in the cache folder, which is gone when the array is.

    Raises
    ------
    StorageError
        If there is no room for it, or the folder cannot be written to.
    """
    n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    if n_bytes <= LIMIT or not _is_mapped(source):
        return np.zeros(shape, dtype)
    folder = cache_folder()
    try:
        with TemporaryFile(dir=folder) as file:
            # Room is taken now: a disk that is full when a page is written would kill the process.
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, n_bytes)
            else:
                file.truncate(n_bytes)
            return np.memmap(file, dtype, "r+", shape=shape)
    except OSError as error:
        raise StorageError(
            f"Cannot take {n_bytes / 2**30:.1f} GiB in '{folder}' ({error.strerror}); make room, or name "
            "another folder with FUSEBENCH_CACHE."
        ) from error


def copy_like(source: NDArray) -> NDArray:
    """Copy an array, as `make_like` does."""
    copied = make_like(source, source.shape, source.dtype)
    for part in pieces(source):
        copied[part] = source[part]
    return copied


def take_rows(array: NDArray, index: NDArray) -> NDArray:
    """Select rows by an integer or boolean index, as `make_like` does; neighbours on disk are not copied.

    Examples
    --------
    >>> take_rows(np.arange(4), np.array([True, False, True, False]))
    array([0, 2])
    """
    if not is_large(array):
        taken: NDArray = array[index]
        return taken
    rows = np.flatnonzero(index) if index.dtype == bool else index
    if len(rows) and (np.diff(rows) == 1).all():
        return array[rows[0] : rows[-1] + 1]
    taken = make_like(array, (len(rows), *array.shape[1:]), array.dtype)
    for part in pieces(taken):
        taken[part] = array[rows[part]]
    return taken


def _is_mapped(array: NDArray) -> bool:
    base: object = array
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, mmap)
