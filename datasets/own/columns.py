"""Columns of cells, read as labels, words or numbers. Rows are counted from 1, below the header."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import did_you_mean
from ..data import Kind, Modality
from ..formats.table import Columns

__all__ = ["read_numbers", "take_labels", "take_words"]

LABELS = ("label", "y")


def take_labels(columns: Columns, label: str | None) -> tuple[NDArray, list[str] | None]:
    """Take out the column of labels, or those that begin with its name and a dot."""
    for name in LABELS if label is None else (label,):
        if name in columns:
            return _type_labels(columns.pop(name)), None
        parts = [header for header in columns if header.startswith(f"{name}.")]
        if parts:
            several = np.stack([_to_floats(header, columns.pop(header)) for header in parts], axis=1)
            return several, [header.removeprefix(f"{name}.") for header in parts]
    if label is not None:
        raise ValueError(f"it has no column {label!r}; {did_you_mean(label, columns)}")
    raise ValueError(f"it has no column 'label' or 'y', the labels; it has {', '.join(columns)}")


def _type_labels(cells: Sequence[Any]) -> NDArray:
    """Integers if all cells can be read as such, else floats if all can, else strings."""
    empty = [
        row for row, cell in enumerate(cells, start=1) if cell is None or str(cell).strip() in ("", "nan")
    ]
    if empty:
        raise ValueError(f"the label of row {empty[0]} is missing")
    if all(isinstance(cell, float) for cell in cells):
        return np.array(cells, np.float64)
    for kind in (int, float):
        try:
            return np.array([kind(str(cell)) for cell in cells])
        except (ValueError, OverflowError):
            continue
    return np.array([str(cell) for cell in cells])


def take_words(columns: Columns, name: str) -> list[str] | None:
    """Take out a column of which no cell is empty; None if there is none of this name."""
    cells = columns.pop(name, None)
    if cells is None:
        return None
    for row, cell in enumerate(cells, start=1):
        if cell is None:
            raise ValueError(f"{name!r}, row {row} is empty")
    return [str(cell) for cell in cells]


def read_numbers(headers: list[str], columns: Columns) -> tuple[Modality, NDArray[np.bool_]]:
    """Put columns of numbers side by side; a sample has all of them or none."""
    values = np.stack([_to_floats(header, columns[header]) for header in headers], axis=1).astype(np.float32)
    there = ~np.isnan(values)
    present = np.asarray(there.any(axis=1))
    partly = np.argwhere(present[:, None] & ~there)
    if len(partly):
        row, column = partly[0]
        raise ValueError(
            f"{headers[column]!r}, row {row + 1} is empty but {headers[int(there[row].argmax())]!r} is not; "
            "a vector is there as a whole, or not at all"
        )
    return Modality(Kind.VECTOR, np.nan_to_num(values)), present


def _to_floats(header: str, cells: Sequence[Any]) -> NDArray[np.float64]:
    """Read numbers; NaN where a cell is empty."""
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell is not None:
            try:
                values[row] = float(cell)
            except (TypeError, ValueError):
                raise ValueError(
                    f"{header!r}, row {row + 1}: {cell!r} is no number; texts are headed '{header}:text'"
                ) from None
            if abs(values[row]) > np.finfo(np.float32).max:
                raise ValueError(f"{header!r}, row {row + 1}: {cell} is no finite number of 32 bits")
    return values
