"""Which cells were planned, which are done, and why the others are not."""

from typing import NamedTuple

import pandas as pd

from .records import CELL, STATUSES
from .tables.formatting import count_noun

__all__ = ["MISSING", "Unfinished", "coverage", "group_unfinished", "unfinished_cells"]

_SLOT = ["dataset", "training", "seed"]  # what every fusion is run on

MISSING = "missing"
"""Status of a planned cell that has no record, for example because the run was stopped."""


def coverage(records: pd.DataFrame) -> pd.Series:
    """Share of cells that are done, for each fusion.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records.

    Returns
    -------
    pandas.Series
        Index ``fusion``. Planned is every seed of every data set that any fusion was run on, so that a
        control of one modality, which some data sets lack, covers less than 1.
    """
    planned = len(records[_SLOT].drop_duplicates())
    done = records.loc[records["status"] == "done", CELL].drop_duplicates()
    fusions = sorted(records["fusion"].unique())
    return done.groupby("fusion").size().reindex(fusions, fill_value=0).rename("coverage") / planned


def unfinished_cells(records: pd.DataFrame) -> pd.DataFrame:
    """List the cells that are not done, those without any record included.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records.

    Returns
    -------
    pandas.DataFrame
        Columns ``status``, ``fusion``, ``dataset``, ``seed``, ``reason``. A control of one modality
        (``unimodal-...``) is not missing from a data set on which it has no record at all: there is no
        such modality in it.
    """
    known = records[[*CELL, "status", "reason"]].drop_duplicates(CELL).set_index(CELL)
    slots = records[_SLOT].drop_duplicates()
    families = records[["fusion"]].drop_duplicates()
    grid = slots.merge(families, how="cross")
    pairs = pd.MultiIndex.from_frame(records[["dataset", "fusion"]].drop_duplicates())
    planned = pd.MultiIndex.from_frame(grid[["dataset", "fusion"]]).isin(pairs)
    planned |= ~grid["fusion"].str.startswith("unimodal-").to_numpy()
    cells = grid[planned].join(known, on=CELL)
    cells["status"] = cells["status"].fillna(MISSING)
    cells["reason"] = cells["reason"].fillna("no record; the run may have been stopped")
    cells = cells[cells["status"] != "done"]
    order = {status: position for position, status in enumerate((*STATUSES, MISSING))}
    cells = cells.sort_values(
        ["status", "fusion", "dataset", "seed"],
        key=lambda column: column.map(order) if column.name == "status" else column,
    )
    return cells[["status", "fusion", "dataset", "seed", "reason"]].reset_index(drop=True)


class Unfinished(NamedTuple):
    """Cells of a fusion that are not done for the same reason: a line that says so, and the whole reason."""

    fusion: str
    line: str
    detail: str


def group_unfinished(cells: pd.DataFrame) -> list[Unfinished]:
    """Put together the cells of the same status, fusion, data set and (first line of the) reason.

    Parameters
    ----------
    cells : pandas.DataFrame
        From `unfinished_cells`.

    Returns
    -------
    list of Unfinished
        Empty if all cells are done. The detail is that of the first cell; "" if the line says it all.

    Examples
    --------
    >>> cells = pd.DataFrame({"status": "skipped", "fusion": "multistream-hmm", "dataset": "synth-xor",
    ...                       "seed": [0, 1, 2], "reason": "no sequence view"})
    >>> group_unfinished(cells)[0].line
    '3 cells skipped: multistream-hmm on synth-xor: no sequence view'
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in cells.to_dict("records"):
        short = row["reason"].partition("\n")[0]
        groups.setdefault((row["status"], row["fusion"], row["dataset"], short), []).append(row["reason"])
    found = []
    for (status, fusion, dataset, short), reasons in groups.items():
        line = f"{count_noun(len(reasons), 'cell')} {status}: {fusion} on {dataset}{short and ': ' + short}"
        found.append(Unfinished(fusion, line, reasons[0] if reasons[0] != short else ""))
    return found
