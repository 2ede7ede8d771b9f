"""The idx format of MNIST: a magic number, the sizes, then bytes in row-major order, all of it gzipped."""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_idx"]

UNSIGNED_BYTE = 8


def read_idx(path: Path, limits: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read a gzipped idx file of unsigned bytes.

    Parameters
    ----------
    path : Path
        The file.
    limits : tuple of int
        The largest size of each dimension that is believed; no more than their product is read.

    Returns
    -------
    numpy.ndarray of uint8
        With as many dimensions as `limits`.

    Raises
    ------
    ValueError
        If it is not gzip, not idx, of other dimensions, or of another length than it declares.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "labels.gz")
    ...     _ = path.write_bytes(gzip.compress(bytes([0, 0, 8, 1]) + bytes([0, 0, 0, 3]) + bytes([7, 8, 9])))
    ...     read_idx(path, limits=(10,))
    array([7, 8, 9], dtype=uint8)
    """
    magic = bytes([0, 0, UNSIGNED_BYTE, len(limits)])
    try:
        with gzip.open(path) as file:
            header = file.read(4 + 4 * len(limits))
            if header[:4] != magic or len(header) < 4 + 4 * len(limits):
                raise ValueError(f"it must begin with {magic.hex()} and {len(limits)} sizes")
            shape = struct.unpack_from(f">{len(limits)}I", header, 4)
            if any(size > limit for size, limit in zip(shape, limits, strict=True)):
                raise ValueError(f"it declares the shape {shape}, more than {limits}")
            content = file.read(math.prod(shape) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"it is not a whole gzip file: {error}") from error
    if len(content) != math.prod(shape):
        few = "fewer" if len(content) < math.prod(shape) else "more"
        raise ValueError(f"it declares the shape {shape}, but holds {few} bytes")
    return np.frombuffer(content, np.uint8).reshape(shape)
