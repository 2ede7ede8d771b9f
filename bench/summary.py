"""What a run leaves: tables and a report, unless those that are there are of the same cells."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FusebenchError
from .planning.fingerprint import hash_json
from .planning.plan import Cell, find_metric
from .profile import Profile
from .store.cells import CellResult
from .store.index import Finished, Index
from .store.outputs import OUTPUTS, write_outputs
from .store.provenance import collect_provenance, describe_data, read_provenance
from .suite import Suite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RunSummary", "summarize"]


@dataclass(frozen=True)
class RunSummary:
    """What a run left.

    Parameters
    ----------
    folder : Path
        With ``results.parquet``, ``results.csv``, ``leaderboard.csv``, ``leaderboard.md``,
        ``report.html`` and ``run.json``.
    metric : str
        What strategies are ranked by.
    ran : int
        Cells that were run now; the others were there.
    done : int
        Cells that have scores. If there are none, neither have the leaderboard and the report been written.
    failed : int
        Cells that are neither done nor skipped.
    not_needed : int
        Cells of seeds that sequential stopping has saved.
    profile : Profile
        Where the time went.
    written : pandas.DataFrame, optional
        The records, if they have been written now.
    """

    folder: Path
    metric: str
    ran: int
    done: int
    failed: int
    not_needed: int = 0
    profile: Profile = field(default_factory=Profile, compare=False)
    written: "pd.DataFrame | None" = field(default=None, repr=False, compare=False)

    @cached_property
    def records(self) -> "pd.DataFrame":
        """One row a score; read from the folder when first asked for, unless they have been written now."""
        from ..results.records import read_records

        return read_records(self.folder) if self.written is None else self.written

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"


def summarize(
    suite: Suite,
    cells: Sequence[Cell],
    index: Index,
    results: Mapping[str, Finished],
    *,
    ran: int,
    not_needed: int = 0,
    note: str,
    about: Mapping[str, Any],
) -> RunSummary:
    """Write the tables and the report of finished cells, unless they are there.

    Parameters
    ----------
    suite : Suite
        What was asked for.
    cells : sequence of Cell
        The plan.
    index : Index
        Of the folder.
    results : mapping of str to Finished
        What came of the cells, by key.
    ran, not_needed : int
        As of `RunSummary`.
    note : str
        A caution put on every table.
    about : mapping
        More for ``run.json``.

    Raises
    ------
    FusebenchError
        If the file of a cell is gone or damaged, or nothing can be written.
    """
    from ..results.records import validate
    from .records import make_records

    folder, metric, asked = index.store.folder, find_metric(suite, cells), suite.model_dump(mode="json")
    done = sum(results[cell.key].status == "done" for cell in cells)
    failed = sum(results[cell.key].failed for cell in cells)
    # What came of a cell is a part of this, since another try may change it.
    plan = hash_json([(cell.key, results[cell.key].status) for cell in cells])
    if not ran and _is_current(index, asked, plan):
        index.save()
        return RunSummary(folder, metric, ran, done, failed, not_needed)
    records = validate(make_records(_read(cells, index), note))
    index.save()
    strategies = {cell.fusion: cell for cell in cells}
    provenance = {
        **collect_provenance(),
        "suite": asked,
        "metric": metric,
        "data": describe_data(cells),
        "strategies": {name: _describe_parameters(cell) for name, cell in strategies.items()},
        **about,
        "cells": {"planned": len(cells), "ran": ran, "failed": failed},
        "plan": plan,
        "note": note,
    }
    write_outputs(records, provenance, folder)
    return RunSummary(folder, metric, ran, done, failed, not_needed, written=records)


def _read(cells: Sequence[Cell], index: Index) -> Iterator[tuple[Cell, CellResult]]:
    """Read one result after the other, since all of them may not fit into memory."""
    for cell in cells:
        result = index.load(cell)
        if result is None:
            path = index.store.path(cell)
            raise FusebenchError(f"The cell file {path} is gone; repeat the run, which runs the cell again.")
        yield cell, result


def _describe_parameters(cell: Cell) -> dict[str, str]:
    """Give the parameters that are the same in all cells of a strategy."""
    parameters: dict[str, str] = cell.ingredients["parameters"]
    return {name: value for name, value in parameters.items() if not name.endswith("random_state")}


def _is_current(index: Index, suite: dict[str, Any], plan: str) -> bool:
    """Tell whether the tables and the report that ``run.json`` tells of are there, and are of this plan."""
    folder = index.store.folder
    written = read_provenance(folder)
    if written.get("suite") != suite or written.get("plan") != plan:
        return False
    return index.has_hash([folder / name for name in OUTPUTS], written.get("files", ""))
