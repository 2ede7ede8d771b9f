"""The files that the cells of a table name, read into modalities."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality
from ..formats.npy import MAX_BYTES, read_npy
from ..formats.pictures import Shape, find_shape, read_picture
from ..formats.wav import find_rate, pad_waveforms, read_wav
from ..padding import pad_sequences

__all__ = ["LARGEST_SIDE", "SIDE", "find_file", "read_files"]

LARGEST_SIDE = 128
"""Images of one size are kept as they are up to this many pixels a side."""

SIDE = 64
"""What all other images are resized to, width and height."""

T = TypeVar("T")


def read_files(header: str, kind: Kind, paths: Sequence[Path | None]) -> tuple[Modality, str]:
    """Read the files of one column.

    Parameters
    ----------
    header : str
        Of the column, for messages.
    kind : Kind
        Image, audio, vector or sequence.
    paths : sequence of n Path or None
        None where the modality is absent; at least one is there.

    Returns
    -------
    modality : Modality
        Of n samples; 0 where absent.
    note : str
        What was done to them that a user should know; empty if nothing.

    Raises
    ------
    ValueError
        If a file cannot be read, or does not fit the others; it names the row, counted from 1.
    """
    return _READERS[kind](header, paths)


def find_file(folder: Path, header: str, row: int, cell: Any) -> Path | None:
    """Find the file that a cell names, inside the folder; None for an empty cell.

    Raises
    ------
    ValueError
        If there is none, or it lies outside, be it by a link.
    """
    if cell is None:
        return None
    where = f"{header!r}, row {row}"
    try:
        path = (folder / str(cell)).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError(f"{where}: {str(cell)!r} lies outside the folder of the table")
        if not path.is_file():
            raise ValueError(f"{where}: there is no file {str(cell)!r} beside the table")
    except OSError as error:
        raise ValueError(f"{where}: {str(cell)!r} cannot be read ({error.strerror})") from error
    return path


def _each(header: str, paths: Sequence[Path | None], read: Callable[[Path], T]) -> dict[int, T]:
    """Read the files that there are, by row; an error says which."""
    found = {}
    for row, path in enumerate(paths):
        if path is not None:
            try:
                found[row] = read(path)
            except (OSError, ValueError) as error:
                raise ValueError(f"{header!r}, row {row + 1} ({path.name}): {error}") from error
    return found


def _same(header: str, found: dict[int, T], what: str) -> T:
    """Check that all rows agree."""
    first, value = next(iter(found.items()))
    for row, other in found.items():
        if other != value:
            raise ValueError(f"{header!r}, row {row + 1} has {what} {other}, row {first + 1} has {value}")
    return value


def _read_images(header: str, paths: Sequence[Path | None]) -> tuple[Modality, str]:
    shapes = set(_each(header, paths, find_shape).values())
    sizes = {shape[1:] for shape in shapes}
    height, width = next(iter(sizes))
    note = ""
    if len(sizes) > 1 or max(height, width) > LARGEST_SIDE:
        why = "differ in size" if len(sizes) > 1 else f"have {width} by {height} pixels"
        note = f"The images of '{header}' {why}: all were resized to {SIDE} by {SIDE}."
        height = width = SIDE
    shape = Shape(max(shape.channels for shape in shapes), height, width)
    if len(paths) * shape.channels * height * width > MAX_BYTES:
        raise ValueError(f"the images of {header!r} take more than {MAX_BYTES} bytes")
    images = np.zeros((len(paths), *shape), np.uint8)
    for row, pixels in _each(header, paths, lambda path: read_picture(path, shape)).items():
        images[row] = pixels
    return Modality(Kind.IMAGE, images), note


def _read_waveforms(header: str, paths: Sequence[Path | None]) -> tuple[Modality, str]:
    rate = _same(header, _each(header, paths, find_rate), "samples per second:")
    found = _each(header, paths, lambda path: read_wav(path, rate))
    _check_room(header, len(paths), max(map(len, found.values())))
    return pad_waveforms([found.get(row, np.zeros(1, np.int16)) for row in range(len(paths))], rate), ""


def _read_vectors(header: str, paths: Sequence[Path | None]) -> tuple[Modality, str]:
    return Modality(Kind.VECTOR, _read_arrays(header, paths, ndim=1).values[:, 0]), ""


def _read_sequences(header: str, paths: Sequence[Path | None]) -> tuple[Modality, str]:
    return _read_arrays(header, paths, ndim=2), ""


def _read_arrays(header: str, paths: Sequence[Path | None], ndim: int) -> Modality:
    """Read .npy files of shape (d,), as one frame, or (T, d)."""

    def read(path: Path) -> NDArray[np.float32]:
        array = read_npy(path)
        if array.ndim != ndim or array.dtype.kind not in "biuf" or array.size == 0:
            shape = "(d,)" if ndim == 1 else "(T, d)"
            raise ValueError(f"it needs numbers of shape {shape}, however: {array.dtype} {array.shape}")
        with np.errstate(over="ignore"):
            array = array.astype(np.float32)
        if not np.isfinite(array).all():
            raise ValueError("it holds numbers that are not finite")
        return np.atleast_2d(array)

    found = _each(header, paths, read)
    width = _same(header, {row: array.shape[1] for row, array in found.items()}, "features:")
    _check_room(header, len(paths), width * max(map(len, found.values())))
    nothing = np.zeros((1, width), np.float32)
    return pad_sequences([found.get(row, nothing) for row in range(len(paths))])


def _check_room(header: str, n: int, width: int) -> None:
    if 4 * n * width > MAX_BYTES:
        raise ValueError(f"{header!r} takes more than {MAX_BYTES} bytes when padded to the longest")


_READERS: dict[Kind, Callable[[str, Sequence[Path | None]], tuple[Modality, str]]] = {
    Kind.IMAGE: _read_images,
    Kind.AUDIO: _read_waveforms,
    Kind.VECTOR: _read_vectors,
    Kind.SEQUENCE: _read_sequences,
}
