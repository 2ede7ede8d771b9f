"""Arrays in .npy and .npz files, read without pickle and without belief in the sizes that they declare."""

import math
import zipfile
import zlib
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..large import is_large

__all__ = ["MAX_BYTES", "map_npy", "read_npy", "read_npz"]

MAX_BYTES = 4 * 2**30
"""The largest content that is read into memory, decompressed."""

_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npy(path: Path) -> NDArray:
    """Read one array.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    numpy.ndarray
        Of numbers, booleans or unicode strings.

    Raises
    ------
    ValueError
        If it is not a whole .npy file, holds Python objects, or is larger than `MAX_BYTES`.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, more than {MAX_BYTES}")
    with path.open("rb") as file:
        return _read_array(file, size)


def map_npy(path: Path) -> NDArray:
    """Read one array, or map it from the file if it is large (`fusebench.datasets.large`).

    Parameters
    ----------
    path : Path
        The file; of any size, and not to be changed while it is in use.

    Returns
    -------
    numpy.ndarray
        As by `read_npy`; read-only, and maybe in another byte order, where it is mapped.

    Raises
    ------
    ValueError
        As by `read_npy`; or if it is large and its rows do not lie one after the other.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        shape, fortran_order, dtype = _read_header(file, size)
        expected = math.prod(shape) * dtype.itemsize
        if 0 < expected <= size - file.tell():
            mapped = np.memmap(file, dtype, "r", file.tell(), shape, "F" if fortran_order else "C")
            if is_large(mapped):
                if fortran_order:
                    raise ValueError(
                        "it is in the order of Fortran, which is slow to read by rows; save it again after "
                        "numpy.ascontiguousarray"
                    )
                return mapped
    return read_npy(path)


def read_npz(path: Path) -> dict[str, NDArray]:
    """Read all arrays of an archive.

    Parameters
    ----------
    path : Path
        The file, as `numpy.savez` or `numpy.savez_compressed` writes it.

    Returns
    -------
    dict of str to numpy.ndarray
        By name.

    Raises
    ------
    ValueError
        If it is not a whole archive, an array cannot be read, or they are larger than `MAX_BYTES` together.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     np.savez(Path(folder, "a.npz"), y=np.array([0, 1]))
    ...     read_npz(Path(folder, "a.npz"))
    {'y': array([0, 1])}
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            # zipfile reads no more of a member than it declares, so that the sum holds for the content too.
            size = sum(member.file_size for member in members)
            if size > MAX_BYTES:
                raise ValueError(
                    f"it holds {size} bytes, more than {MAX_BYTES}; a folder with an .npy file for each "
                    "array may be larger"
                )
            arrays = {}
            for member in members:
                with archive.open(member) as file:
                    arrays[member.filename.removesuffix(".npy")] = _read_member(file, member)
            return arrays
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is not a whole .npz file: {error}") from error


def _read_member(file: IO[bytes], member: zipfile.ZipInfo) -> NDArray:
    try:
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError("it is compressed in a way that numpy does not use")
        return _read_array(file, member.file_size)
    except ValueError as error:
        raise ValueError(f"the array '{member.filename}': {error}") from error


def _read_array(file: IO[bytes], size: int) -> NDArray:
    """Read a stream of `size` bytes; it allocates no more than that, whatever the header says."""
    shape, fortran_order, dtype = _read_header(file, size)
    expected = math.prod(shape) * dtype.itemsize
    content = file.read(expected)
    if len(content) != expected:
        raise ValueError(f"it declares {expected} bytes, but holds {len(content)}")
    array: NDArray = np.frombuffer(content, dtype) if dtype.itemsize else np.zeros(math.prod(shape), dtype)
    array = array.reshape(shape[::-1]).T if fortran_order else array.reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def _read_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Read shape, order and type, which must fit a stream of `size` bytes."""
    version = npy.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version[0]}.{version[1]} of the .npy format is not read")
    shape, fortran_order, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read; store numbers or strings of one dtype")
    if dtype.kind not in "biufU":
        raise ValueError(f"it holds {dtype}; store numbers, booleans or unicode strings")
    expected = math.prod(shape) * dtype.itemsize
    if expected > size:
        raise ValueError(f"it declares {expected} bytes, but holds fewer")
    return shape, fortran_order, dtype
