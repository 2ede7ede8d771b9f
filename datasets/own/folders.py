"""From a folder to modalities: a subfolder for each class, as torchvision's ImageFolder has it; or arrays."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality
from ..formats.npy import map_npy
from .contents import SPLITS, Contents, assemble
from .files import find_file, read_files

__all__ = ["is_arrays", "list_files", "map_arrays", "parse_folder"]

KINDS = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"), Kind.IMAGE),
    ".wav": Kind.AUDIO,
    ".txt": Kind.TEXT,
}
"""What is in a file, by how its name ends; others are left aside."""

MAX_TEXT_BYTES = 2**20


class _Sample(NamedTuple):
    split: str
    label: str
    name: str


def parse_folder(folder: Path) -> Contents:
    """Understand a folder by the names of its subfolders and files.

    Parameters
    ----------
    folder : Path
        It holds ``CLASS/NAME.png``, or ``SPLIT/CLASS/NAME.png`` where all its subfolders are called as
        splits, in letters of either case. Files of one class that differ in how their names end are one
        sample: an image, a recording (.wav) and a text (.txt), each of which may be absent. There may be
        more folders inside of a class.

    Returns
    -------
    Contents
        Modalities ``image``, ``audio`` and ``text``, those that there are.

    Raises
    ------
    ValueError
        If there are no such files, one cannot be read, or a sample has two of a kind.
    """
    paths = [file.relative_to(folder) for file in list_files(folder)]
    has_splits = {path.parts[0].lower() for path in paths if len(path.parts) > 1} <= SPLITS.keys()
    found: dict[_Sample, dict[Kind, str]] = {}
    n_above, n_left = 2 if has_splits else 1, 0
    for path in paths:
        kind = KINDS.get(path.suffix.lower())
        if kind is None or len(path.parts) <= n_above:
            n_left += 1
            continue
        sample = _Sample(path.parts[0].lower(), path.parts[n_above - 1], path.with_suffix("").as_posix())
        files = found.setdefault(sample, {})
        if kind in files:
            raise ValueError(
                f"{files[kind]!r} and {path.as_posix()!r} are two files of a kind for one sample"
            )
        files[kind] = path.as_posix()
    if not found:
        raise ValueError("it has no images, recordings (.wav) or texts (.txt) in a subfolder for each class")
    kinds = [kind for kind in dict.fromkeys(KINDS.values()) if any(kind in files for files in found.values())]
    modalities = {}
    notes = [f"{n_left} files of other kinds, or outside of the classes, were left aside."] if n_left else []
    for kind in kinds:
        modalities[kind.value], note = _read_kind(folder, kind, [files.get(kind) for files in found.values()])
        notes += [note] if note else []
    return assemble(
        modalities,
        np.array([[kind in files for kind in kinds] for files in found.values()]),
        labels=np.array([sample.label for sample in found]),
        split=[sample.split for sample in found] if has_splits else None,
        ids=[sample.name for sample in found],
        first=1,
        notes=notes,
    )


def is_arrays(folder: Path) -> bool:
    """Tell a folder of arrays from others by its labels."""
    return (folder / "y.npy").is_file()


def map_arrays(folder: Path) -> dict[str, NDArray]:
    """Read all ``NAME.npy`` of a folder by name, and map those that are large; other files are left aside.

    Raises
    ------
    ValueError
        If one cannot be read.
    """
    arrays = {}
    for path in sorted(folder.glob("*.npy")):
        if not _is_hidden(path.relative_to(folder)):
            try:
                arrays[path.stem] = map_npy(path)
            except ValueError as error:
                raise ValueError(f"'{path.name}': {error}") from error
    return arrays


def list_files(folder: Path) -> list[Path]:
    """List the files of a folder and of those below, in order, without hidden ones."""
    paths = sorted(folder.rglob("*"))
    return [path for path in paths if path.is_file() and not _is_hidden(path.relative_to(folder))]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _read_kind(folder: Path, kind: Kind, names: list[str | None]) -> tuple[Modality, str]:
    paths = [find_file(folder, kind, row, name) for row, name in enumerate(names, start=1)]
    if kind is not Kind.TEXT:
        return read_files(kind, kind, paths)
    texts = np.array(["" if path is None else _read_text(path) for path in paths])
    return Modality(kind, texts), ""


def _read_text(path: Path) -> str:
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        raise ValueError(f"{path.name} has {size} bytes, more than {MAX_TEXT_BYTES}")
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not in UTF-8: {error.reason} at byte {error.start}") from error
