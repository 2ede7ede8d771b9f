"""The long table of results: one row is one score. Its columns, its checks and its files."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from ..errors import FusebenchError, did_you_mean
from .files import write_atomically
from .location import open_folder

__all__ = [
    "CELL",
    "COLUMNS",
    "DIRECTIONS",
    "MAX_SEVERITY",
    "MECHANISMS",
    "STATUSES",
    "Column",
    "collect_notices",
    "read_records",
    "validate",
    "write_records",
]

STATUSES = ("done", "failed", "skipped", "timeout", "out-of-memory", "diverged")
MECHANISMS = ("clean", "missing", "noise", "misalignment")
DIRECTIONS = ("maximize", "minimize")
MAX_SEVERITY = 5

CELL = ["dataset", "training", "fusion", "seed"]
"""Columns that name a cell: one fit, scored under every scenario."""

_NAN = float("nan")


class Column(NamedTuple):
    """One column of the records; a default of None says that it must be given."""

    kind: Literal["text", "int", "float"]
    default: str | float | None
    meaning: str


COLUMNS: dict[str, Column] = {
    "dataset": Column("text", None, "data set"),
    "training": Column("text", "clean", "what was done to the training data, with its severity"),
    "fusion": Column("text", None, "fusion strategy or control"),
    "family": Column("text", "custom", "family of the strategy; one for each fusion"),
    "absence": Column("text", "", 'how an absent modality is handled: "native" or an imputer'),
    "scenario": Column("text", "clean", "what was done to the test data"),
    "mechanism": Column("text", "clean", "kind of fault: clean, missing, noise or misalignment"),
    "modality": Column("text", "", "the modality that is changed; empty if none or all"),
    "severity": Column("int", 0, "0 (clean) to 5"),
    "level": Column("float", _NAN, "physical amount behind the severity; missing for clean"),
    "level_name": Column("text", "", "what the level measures, with its unit"),
    "seed": Column("int", None, "seed of the split, the corruption and the fit"),
    "metric": Column("text", None, "name of the metric; empty if the cell is not done"),
    "direction": Column("text", None, '"maximize" or "minimize"; empty if the cell is not done'),
    "value": Column("float", None, "the score; missing if the cell is not done"),
    "status": Column("text", "done", "done, failed, skipped, timeout, out-of-memory or diverged"),
    "reason": Column("text", "", "why the cell is not done; the first line says it in short"),
    "fit_seconds": Column("float", _NAN, "time of the fit"),
    "predict_seconds": Column("float", _NAN, "time of predicting the test split"),
    "fit_bytes": Column("float", _NAN, "memory that the fit took at its peak, about; missing if not known"),
    "n_parameters": Column("float", _NAN, "numbers that the fit learnt; missing if not known"),
    "n_test": Column("int", 0, "samples in the test split; 0 if not known"),
    "trials": Column("int", 0, "trials that tuning on validation was given; 0 if it was not tuned"),
    "chosen": Column("text", "", "parameters that tuning chose"),
    "key": Column("text", "", "content hash of the cell"),
    "note": Column("text", "", "a caution to show above every table made of this row"),
}

_DTYPES = {"text": "str", "int": "int64", "float": "float64"}
_SCORE = [*CELL, "scenario", "modality", "severity", "metric"]  # names one row


def validate(frame: pd.DataFrame) -> pd.DataFrame:
    """Check records and bring them into their one form.

    Parameters
    ----------
    frame : pandas.DataFrame
        Columns of `COLUMNS` in any order. Those with a default, and single entries of them, may be left
        out: results made elsewhere need only ``dataset``, ``fusion``, ``seed``, ``metric``, ``direction``
        and ``value``.

    Returns
    -------
    pandas.DataFrame
        A copy with all columns in the order of `COLUMNS`, their dtypes (str, int64, float64), and rows
        sorted, so that the same content is always the same table.

    Raises
    ------
    FusebenchError
        If a column lacks or is not known, a value is outside its vocabulary, a score occurs twice, or a
        cell contradicts itself.

    Examples
    --------
    >>> row = {"dataset": "d", "fusion": "f", "seed": 0, "metric": "accuracy", "direction": "maximize"}
    >>> validate(pd.DataFrame([{**row, "value": 0.9}]))[["scenario", "severity", "value"]]
      scenario  severity  value
    0    clean         0    0.9
    >>> validate(pd.DataFrame([{**row, "valu": 0.9}]))
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: The records have a column 'valu' that is not known; did you mean value?
    """
    records = _typed(frame)
    _check_vocabulary(records)
    _check_cells(records)
    return records.sort_values(_SCORE, kind="stable", ignore_index=True)


def collect_notices(records: pd.DataFrame, extra: Iterable[str] = ()) -> list[str]:
    """List the cautions to show above a table: `extra`, then the notes of the records, each once.

    Examples
    --------
    >>> collect_notices(pd.DataFrame({"note": ["", "QUICK MODE", "QUICK MODE"]}), ["a copy"])
    ['a copy', 'QUICK MODE']
    """
    return list(dict.fromkeys(filter(None, [*extra, *sorted(records["note"].unique())])))


def write_records(frame: pd.DataFrame, folder: str | Path) -> None:
    """Write ``results.parquet`` and ``results.csv``.

    Both hold the same rows in the same order. The CSV is byte-identical for the same content, whatever
    the order of rows in `frame`.

    Parameters
    ----------
    frame : pandas.DataFrame
        Records, checked by `validate`.
    folder : str or pathlib.Path
        Made if it does not exist. Each file is replaced as a whole.
    """
    records = validate(frame)
    buffer = BytesIO()
    records.to_parquet(buffer, index=False)
    folder = open_folder(folder)
    write_atomically(folder / "results.parquet", buffer.getvalue())
    write_atomically(folder / "results.csv", records.to_csv(index=False, lineterminator="\n").encode())


def read_records(folder: str | Path) -> pd.DataFrame:
    """Read what `write_records` wrote.

    Parameters
    ----------
    folder : str or pathlib.Path
        Folder with ``results.parquet``.

    Returns
    -------
    pandas.DataFrame
        Validated records.

    Raises
    ------
    FusebenchError
        If there is no such folder, no results in it, or they are damaged or incomplete.
    """
    folder = open_folder(folder)
    if not folder.is_dir():
        raise FusebenchError(f"There is no folder {str(folder)!r}.{_near(folder)}")
    path = folder / "results.parquet"
    if not path.is_file():
        raise FusebenchError(
            f"The folder {str(folder)!r} holds no results.parquet; run a benchmark into it first."
        )
    try:
        with path.open("rb") as file:
            frame = pd.read_parquet(file)
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise FusebenchError(
            f"{str(path)!r} is damaged ({str(error).splitlines()[0]}); write it again from the run's cells."
        ) from error
    return validate(frame)


def _near(folder: Path) -> str:
    if not folder.parent.is_dir():
        return ""
    siblings = [path.name for path in folder.parent.iterdir() if path.is_dir()]
    suggestion = did_you_mean(folder.name, siblings)
    return f" {suggestion.capitalize()}" if suggestion.startswith("did") else ""


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Put columns in order, with defaults and dtypes."""
    for name in frame.columns:
        if name not in COLUMNS:
            raise FusebenchError(
                f"The records have a column {name!r} that is not known; {did_you_mean(str(name), COLUMNS)}"
            )
    columns = {}
    for name, column in COLUMNS.items():
        if name in frame.columns:
            columns[name] = _cast(frame[name], column)
        elif column.default is not None:
            columns[name] = pd.Series(column.default, index=frame.index)
        else:
            raise FusebenchError(f"The records lack the column {name!r} ({column.meaning}).")
    if frame.empty:
        raise FusebenchError("There are no records: the table has no rows.")
    return pd.DataFrame(columns)


def _cast(series: pd.Series, column: Column) -> pd.Series:
    if series.dtype == _DTYPES[column.kind]:  # as in validated records; to convert a million takes seconds
        unfit = np.isinf(series) if column.kind == "float" else series.isna()
        if not unfit.any():
            return series
    series = series.astype(object).where(series.notna(), column.default)
    if column.kind == "text":
        return series.where(series.notna(), "").astype(str)
    numbers = pd.to_numeric(series, errors="coerce").astype("float64")
    wrong = series.notna() & numbers.isna() if column.kind == "float" else numbers.isna() | (numbers % 1 != 0)
    wrong |= np.isinf(numbers)
    if wrong.any():
        what = "numbers" if column.kind == "float" else "whole numbers"
        raise FusebenchError(
            f"The column {series.name!r} must hold {what}, however: {series[wrong].iloc[0]}."
        )
    return numbers if column.kind == "float" else numbers.astype("int64")


def _check_vocabulary(records: pd.DataFrame) -> None:
    done = records["status"] == "done"
    for name, known, values in (
        ("status", STATUSES, records["status"]),
        ("direction", DIRECTIONS, records.loc[done, "direction"]),
        ("mechanism", MECHANISMS, records.loc[done, "mechanism"]),
    ):
        for value in values.unique():
            if value not in known:
                raise FusebenchError(f"The records have a {name} {value!r}; {did_you_mean(value, known)}")
    for row in records[done & ~records["severity"].between(0, MAX_SEVERITY)].itertuples():
        raise FusebenchError(f"A severity is 0 to {MAX_SEVERITY}, however: {row.severity}.")
    clean = records["mechanism"] == "clean"
    for row in records[done & ((records["severity"] == 0) != clean)].itertuples():
        raise FusebenchError(
            f"Severity 0 is for clean data and for nothing else, however: {row.scenario} has {row.severity}."
        )
    for row in records[done & ((records["metric"] == "") | (records["scenario"] == ""))].itertuples():
        raise FusebenchError(f"{_cell(row)} is done, but a score has no metric or scenario.")
    _check_one(records.loc[done, ["metric", "direction"]], "metric", "direction")
    _check_one(records, "fusion", "family")


def _check_cells(records: pd.DataFrame) -> None:
    for row in records[records.duplicated(_SCORE)].itertuples():
        raise FusebenchError(
            f"{_cell(row)} has two values of {row.metric or row.status!r} under {row.scenario!r}; "
            "were results of the same cell merged?"
        )
    unfinished = records[records["status"] != "done"]
    for row in unfinished[(unfinished["metric"] != "") | unfinished["value"].notna()].itertuples():
        raise FusebenchError(f"{_cell(row)} is {row.status}, but has a value.")
    cells = records.groupby(CELL)["status"].transform("size")
    for row in records[(records["status"] != "done") & (cells > 1)].itertuples():
        raise FusebenchError(f"{_cell(row)} is {row.status}, but has other rows too.")


def _check_one(rows: pd.DataFrame, key: str, name: str) -> None:
    """Each `key` has one `name`."""
    pairs = rows[[key, name]].drop_duplicates()
    for value in pairs.loc[pairs.duplicated(key), key]:
        both = " and ".join(pairs.loc[pairs[key] == value, name])
        raise FusebenchError(f"The {key} {value!r} has more than one {name}: {both}.")


def _cell(row: object) -> str:
    return f"The cell {row.fusion} on {row.dataset}, seed {row.seed}"  # type: ignore[attr-defined]
