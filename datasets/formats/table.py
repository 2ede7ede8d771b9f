"""Tables: CSV, Parquet and data frames, as columns of cells of which None is empty."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "from_frame", "read_csv", "read_parquet"]

Columns = dict[str, list[Any]]
"""Cells by header: strings, numbers, booleans, or None where empty."""

MAX_CELLS = 100_000_000
MAX_BYTES = 2**30


def read_csv(path: Path) -> Columns:
    r"""Read a CSV file in UTF-8, its first row the header; all cells are strings.

    Raises
    ------
    ValueError
        If it is larger than a gigabyte, not UTF-8, or a row has more or fewer cells than the header. Rows
        are counted from 1, below the header.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.csv")
    ...     _ = path.write_text("age,label\n41,yes\n,no\n")
    ...     read_csv(path)
    {'age': ['41', None], 'label': ['yes', 'no']}
    """
    _check_size(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            rows = [row for row in reader if row]
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not in UTF-8: {error.reason} at byte {error.start}") from error
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num} is no CSV: {error}") from error
    _check_header(header)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise ValueError(f"row {number} has {len(row)} cells, the header {len(header)}")
    cells = zip(*rows, strict=True) if rows else ([] for _ in header)
    return {name: [cell or None for cell in column] for name, column in zip(header, cells, strict=True)}


def read_parquet(path: Path) -> Columns:
    """Read a Parquet file.

    Raises
    ------
    ValueError
        If it is no Parquet file, or holds more than a hundred million cells or a gigabyte.
    """
    from pyarrow import ArrowException, parquet

    _check_size(path)
    try:
        with parquet.ParquetFile(path) as file:
            facts = file.metadata
            size = sum(facts.row_group(group).total_byte_size for group in range(facts.num_row_groups))
            if size > MAX_BYTES or facts.num_rows * facts.num_columns > MAX_CELLS:
                raise ValueError(f"it holds {facts.num_rows} rows and {size} bytes: more than is read")
            frame = file.read().to_pandas()
    except (ArrowException, OSError) as error:
        raise ValueError(f"it is not a whole Parquet file: {error}") from error
    return from_frame(frame.reset_index(drop=True))


def from_frame(frame: "pd.DataFrame") -> Columns:
    """Take the columns of a data frame; missing values become None.

    Examples
    --------
    >>> import pandas as pd
    >>> from_frame(pd.DataFrame({"age": [41.5, float("nan")]}))
    {'age': [41.5, None]}
    """
    header = [str(name) for name in frame.columns]
    _check_header(header)
    return {
        name: frame.iloc[:, place].astype(object).where(frame.iloc[:, place].notna(), None).tolist()
        for place, name in enumerate(header)
    }


def _check_size(path: Path) -> None:
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, more than {MAX_BYTES}")


def _check_header(header: list[str]) -> None:
    if not header:
        raise ValueError("it is empty; the first row names the columns")
    for place, name in enumerate(header, start=1):
        if not name.strip():
            raise ValueError(f"column {place} has no name")
        if name in header[: place - 1]:
            raise ValueError(f"two columns are called {name!r}")
