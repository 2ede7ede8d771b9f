"""Arrays in HDF5 files, read block by block with h5py, which the extra ``hdf5`` installs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError

__all__ = ["BLOCK_BYTES", "MAX_BYTES", "read_hdf5"]

MAX_BYTES = 4 * 2**30
"""The largest result that is held in memory."""

BLOCK_BYTES = 64 * 2**20
"""About how much of an array is read at a time."""


def read_hdf5(
    path: Path,
    name: str,
    shape: tuple[int | None, ...],
    reduce: Callable[[NDArray], NDArray] = np.asarray,
) -> NDArray:
    """Read an array of numbers, and reduce it while it is read.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        The array in it.
    shape : tuple of int or None
        What its shape must be; None where any size will do.
    reduce : callable
        Makes of some rows something smaller with as many rows, for example their means over other axes.

    Returns
    -------
    numpy.ndarray
        The reduced rows, in their order. No more than about `BLOCK_BYTES` of the file is held beside it.

    Raises
    ------
    FusebenchError
        If h5py is not installed.
    ValueError
        If it is no whole HDF5 file, has no such array, or one of another shape or of no finite numbers.

    Examples
    --------
    >>> import h5py
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     with h5py.File(Path(folder, "a.h5"), "w") as file:
    ...         file["x"] = np.arange(6).reshape(3, 2)
    ...     read_hdf5(Path(folder, "a.h5"), "x", (None, 2), lambda rows: rows.sum(axis=1))
    array([1, 5, 9])
    """
    with _open(path, name) as array:
        if len(array.shape) != len(shape) or any(
            wanted not in (None, size) for size, wanted in zip(array.shape, shape, strict=True)
        ):
            sizes = ", ".join("n" if size is None else str(size) for size in shape)
            raise ValueError(f"{name!r} must be of shape ({sizes}), however: {array.shape}")
        if array.dtype.kind not in "iuf" or 0 in array.shape:
            raise ValueError(f"{name!r} must hold numbers, however: {array.dtype} {array.shape}")
        n = array.shape[0]
        step = max(1, BLOCK_BYTES * n // (array.size * array.dtype.itemsize))
        result = None
        for start in range(0, n, step):
            part = reduce(array[start : start + step])
            if not np.isfinite(part).all():
                raise ValueError(f"{name!r} holds numbers that are not finite")
            if result is None:
                if n * part[0].nbytes > MAX_BYTES:
                    raise ValueError(f"{name!r} takes more than {MAX_BYTES} bytes")
                result = np.empty((n, *part.shape[1:]), part.dtype)
            result[start : start + step] = part
    assert result is not None  # noqa: S101  (no size is 0; for the type checker)
    return result


@contextmanager
def _open(path: Path, name: str) -> Iterator[Any]:
    """Give an array that lies in the file itself: HDF5 can also refer to other files."""
    try:
        import h5py
    except ImportError as error:
        raise FusebenchError(
            f"'{path.name}' is an HDF5 file, which needs h5py: pip install 'fusebench[hdf5]'."
        ) from error

    try:
        with h5py.File(path, "r") as file:
            if not isinstance(file.get(name, getlink=True), h5py.HardLink):
                raise ValueError(f"it has no array {name!r}")
            array = file[name]
            if not isinstance(array, h5py.Dataset) or array.is_virtual or array.external:
                raise ValueError(f"{name!r} is no array, or lies in another file")
            yield array
    except (OSError, RuntimeError) as error:
        raise ValueError(f"it is no whole HDF5 file: {error}") from error
