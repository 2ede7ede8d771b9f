"""From the columns of a table, and the files that it names, to modalities and labels."""

from pathlib import Path

import numpy as np

from ...errors import did_you_mean
from ..data import Kind, Modality
from ..formats.table import Columns
from .columns import read_numbers, take_labels, take_words
from .contents import Contents, assemble
from .files import find_file, read_files

__all__ = ["parse_table"]

KINDS = (Kind.IMAGE, Kind.AUDIO, Kind.TEXT, Kind.VECTOR, Kind.SEQUENCE)


def parse_table(columns: Columns, folder: Path, label: str | None = None) -> Contents:
    """Understand a table by its header.

    Parameters
    ----------
    columns : dict of str to list
        Cells by header, None where empty.

        =======================  ==============================================================
        header                   cells
        =======================  ==============================================================
        ``NAME:image``           path of an image file
        ``NAME:audio``           path of a .wav file, one channel of 16 bit
        ``NAME:vector``          path of an .npy file, (d,)
        ``NAME:sequence``        path of an .npy file, (T, d)
        ``NAME:text``            the text itself
        any other                numbers; columns that begin alike up to the first dot, or else
                                 up to the first underscore, make one vector
        ``label`` or ``y``       classes, or values where they have a decimal point
        ``label.NAME``           1 where this label applies and 0 where not, for several at once
        ``split``                train, val or test
        ``group``                what stays in one split
        ``id``                   name of the sample
        =======================  ==============================================================

    folder : Path
        Paths are relative to it and lead to nowhere outside.
    label : str, optional
        Header of the label, where it is another one.

    Returns
    -------
    Contents

    Raises
    ------
    ValueError
        If a header or a cell cannot be read as one of these. Rows are counted from 1, below the header.
    """
    columns = dict(columns)
    n = len(next(iter(columns.values())))
    labels, label_names = take_labels(columns, label)
    split, group, ids = (take_words(columns, name) for name in ("split", "group", "id"))
    kinds, parts = _sort_headers(list(columns))
    if not kinds and not parts:
        raise ValueError("it has no modality; head a column 'NAME:image', 'NAME:audio', 'NAME:text', ...")
    modalities: dict[str, Modality] = {}
    present, notes = [], []
    files: list[Path] = []
    for name, kind in kinds.items():
        header = f"{name}:{kind}"
        cells = columns[header]
        present.append(np.array([cell is not None for cell in cells], bool))
        if not present[-1].any():
            raise ValueError(f"the column {header!r} is empty")
        if kind is Kind.TEXT:
            modalities[name] = Modality(kind, np.array(["" if cell is None else str(cell) for cell in cells]))
            continue
        paths = [find_file(folder, header, row, cell) for row, cell in enumerate(cells, start=1)]
        files += [path for path in paths if path is not None]
        modalities[name], note = read_files(header, kind, paths)
        notes += [note] if note else []
    for name, headers in parts.items():
        modalities[name], there = read_numbers(headers, columns)
        present.append(there)
    return assemble(
        modalities,
        np.stack(present, axis=1) if n else np.zeros((0, len(modalities)), bool),
        labels=labels,
        label_names=label_names,
        split=split,
        group=group,
        ids=ids,
        first=1,
        files=files,
        notes=notes,
    )


def _sort_headers(headers: list[str]) -> tuple[dict[str, Kind], dict[str, list[str]]]:
    """Give modalities that say their kind, and lists of columns of numbers by what they begin with."""
    kinds: dict[str, Kind] = {}
    parts: dict[str, list[str]] = {}
    for header in headers:
        name, colon, kind = header.partition(":")
        if colon:
            if kind not in KINDS:
                raise ValueError(f"the column {header!r} is of no known kind; {did_you_mean(kind, KINDS)}")
            if name in kinds:
                raise ValueError(f"the modality {name!r} has two columns, {name}:{kinds[name]} and {header}")
            kinds[name] = Kind(kind)
        else:
            parts.setdefault(header.partition("." if "." in header else "_")[0], []).append(header)
    for name in parts:
        if name in kinds:
            raise ValueError(
                f"the modality {name!r} has two columns, {name}:{kinds[name]} and {parts[name][0]}"
            )
    return kinds, parts
