"""From a data set that `datasets` of Hugging Face saved to modalities and labels."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ..formats.saved import read_saved
from ..formats.table import Columns
from .contents import Contents
from .tables import parse_table

__all__ = ["parse_saved"]

LISTS = ("List", "LargeList", "Sequence")


def parse_saved(folder: Path, label: str | None = None) -> Contents:
    """Understand a folder of `save_to_disk` by the features of its columns.

    It becomes a table. Images, recordings and lists of numbers are written to temporary files for that, so
    that they are read and checked as those of a table are.

    Parameters
    ----------
    folder : Path
        A saved ``Dataset``, or a ``DatasetDict`` whose splits are called as those of a table.
    label : str, optional
        Column of the labels; ``label`` or ``y`` when left out.

    Returns
    -------
    Contents

    Raises
    ------
    ValueError
        If a column is of a kind that is no modality, or its content cannot be read. Rows are counted from 1,
        through all splits.
    """
    parts = read_saved(folder)
    features = parts[0].features
    if any(part.features != features for part in parts):
        raise ValueError("its splits have different columns")
    plain = {"split", "group", "id", *(("label", "y") if label is None else (label,))}
    columns: Columns = {}
    with TemporaryDirectory() as work:
        for place, (name, feature) in enumerate(features.items()):
            cells = [cell for part in parts for cell in part.table[name].to_pylist()]
            columns |= _convert(name, feature, cells, name in plain, Path(work, str(place)))
        if len(parts) > 1:
            if "split" in columns:
                raise ValueError("it has splits, and a column 'split' too")
            columns["split"] = [part.split for part in parts for _ in range(part.table.num_rows)]
        return replace(parse_table(columns, Path(work), label), files=())


def _convert(name: str, feature: Any, cells: list[Any], plain: bool, work: Path) -> Columns:
    """Make columns of a table of one column, with files in a folder; plain ones get no kind."""
    if isinstance(feature, list) and len(feature) == 1:  # how older versions write lists
        feature = {"_type": "List", "feature": feature[0]}
    kind = feature.get("_type") if isinstance(feature, dict) else None
    if plain and kind == "ClassLabel":
        names = feature["names"]  # -1 stands for a label that is not known
        return {name: [None if cell is None or cell < 0 else names[cell] for cell in cells]}
    if kind == "Value" and feature["dtype"] in ("string", "large_string"):
        return {name if plain else f"{name}:text": cells}
    if kind == "Value" and _is_number(feature):
        return {name: cells}
    if kind in ("Image", "Audio"):
        return {f"{name}:{kind.lower()}": _write_bytes(name, cells, work)}
    inner = feature.get("feature") if kind in LISTS else None
    if plain and isinstance(inner, dict) and inner.get("_type") == "ClassLabel":
        several = [() if cell is None else cell for cell in cells]
        return {
            f"{name}.{word}": [int(code in cell) for cell in several]
            for code, word in enumerate(inner["names"])
        }
    n_dims = _count_dims(feature)
    if n_dims in (1, 2):
        return {f"{name}:{'vector' if n_dims == 1 else 'sequence'}": _write_arrays(name, cells, work)}
    raise ValueError(
        f"the column {name!r} is of a kind that is no modality, {feature}; take it out with remove_columns"
    )


def _is_number(feature: Any) -> bool:
    return str(feature.get("dtype")).startswith(("int", "uint", "float", "bool"))


def _count_dims(feature: Any) -> int:
    """Dimensions of a list of numbers, or of lists of them; 0 for anything else."""
    if isinstance(feature, dict) and feature.get("_type") == "Array2D" and _is_number(feature):
        return 2
    n_dims = 0
    while isinstance(feature, dict) and feature.get("_type") in LISTS:
        feature, n_dims = feature.get("feature"), n_dims + 1
    number = isinstance(feature, dict) and feature.get("_type") == "Value" and _is_number(feature)
    return n_dims if number else 0


def _write_bytes(name: str, cells: Sequence[Any], work: Path) -> list[str | None]:
    """Write encoded images or recordings; give their names, None where absent."""
    work.mkdir()
    names: list[str | None] = []
    for row, cell in enumerate(cells, start=1):
        if cell is not None and cell["bytes"] is None:
            raise ValueError(f"{name!r}, row {row} names the file {cell['path']!r} instead of holding it")
        if cell is not None:
            (work / str(row)).write_bytes(cell["bytes"])
        names.append(None if cell is None else f"{work.name}/{row}")
    return names


def _write_arrays(name: str, cells: Sequence[Any], work: Path) -> list[str | None]:
    """Write lists of numbers; give the names of the files, None where absent."""
    work.mkdir()
    names: list[str | None] = []
    for row, cell in enumerate(cells, start=1):
        if cell is not None:
            try:
                np.save(work / f"{row}.npy", np.array(cell, np.float32))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name!r}, row {row}: {error}") from error
        names.append(None if cell is None else f"{work.name}/{row}.npy")
    return names
