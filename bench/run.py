"""The main job: plan, run what is missing, and leave tables and a report."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..datasets.registry import Dataset
from ..datasets.storage import hash_files
from .events import EventLog
from .fingerprint import hash_json
from .listener import Listener, Watch
from .outputs import OUTPUTS, write_outputs
from .plan import Cell, find_metric, make_plan
from .planned import write_plan
from .provenance import collect_provenance, describe_data, read_provenance
from .store import CellResult, DamagedCellError, Store
from .suite import Suite, load_suite

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["QUICK_NOTICE", "Listener", "RunSummary", "find_todo", "run", "run_plan"]

QUICK_NOTICE = "QUICK MODE: a smoke test on a few samples. These numbers measure nothing."


@dataclass(frozen=True)
class RunSummary:
    """What a run left.

    Parameters
    ----------
    folder : Path
        With ``results.parquet``, ``results.csv``, ``leaderboard.csv``, ``leaderboard.md``,
        ``report.html`` and ``run.json``.
    records : pandas.DataFrame
        One row a score.
    metric : str
        What strategies are ranked by.
    ran : int
        Cells that were run now; the others were there.
    done : int
        Cells that have scores. If there are none, neither have the leaderboard and the report been written.
    failed : int
        Cells that are neither done nor skipped.
    """

    folder: Path
    records: "pd.DataFrame"
    metric: str
    ran: int
    done: int
    failed: int

    @property
    def report(self) -> Path:
        """The page to open."""
        return self.folder / "report.html"


def run(
    suite: str | Path = "default",
    *,
    datasets: Sequence[str | Path | Dataset] | None = None,
    fusions: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    training: Sequence[str] | None = None,
    seeds: int | None = None,
    quick: bool | None = None,
    out: str | Path,
    jobs: int = 1,
    timeout: float | None = None,
    memory: float | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    debug: bool = False,
    data_dir: str | Path | None = None,
    engine: str | None = None,
    scheduler: str | None = None,
    cluster: str | None = None,
    cache: str | Path | None = None,
) -> RunSummary:
    """Run a suite, or what of it is not done yet, and write tables and the report.

    Parameters
    ----------
    suite : str or Path
        A built-in suite or a TOML file.
    datasets, fusions, scenarios : sequence of str, optional
        Names or globs, in place of those of the suite. Data sets may be paths, or `Dataset` objects, too.
    training : sequence of str, optional
        Globs of training scenarios with their severity, in place of those of the suite.
    seeds : int, optional
        Number of seeds, in place of that of the suite.
    quick : bool, optional
        Smoke mode, marked in every output.
    out : path
        Folder of the run, or a URL such as ``s3://bucket/run``. What is finished there is not run again.
    jobs : int
        1 stays in this process, unless there is a limit; with more, or with a limit, a script needs the
        ``if __name__ == "__main__":`` guard that `multiprocessing` asks for.
    timeout, memory : float, optional
        What a cell, or making the features of a data set, may take, in seconds and GiB, before its process
        is killed.
    retry_failed : bool
        Whether to run cells again that failed before.
    fail_fast : bool
        Whether to stop at the first cell that fails.
    debug : bool
        Whether to stay in this process and raise what goes wrong in a cell.
    data_dir : path, optional
        Where files of data sets are; ``FUSEBENCH_DATA`` when left out.
    engine, scheduler, cluster : str, optional
        Where cells run, see `fusebench.bench.engines.Place`.
    cache : path, optional
        Folder for features; see `fusebench.bench.features.find_features`.

    Returns
    -------
    RunSummary

    Raises
    ------
    FusebenchError
        If a name is unknown, files are missing or the folder cannot be written to.
    CellFailedError
        If a cell fails and `fail_fast` is set.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     summary = run(datasets=["synth-xor"], fusions=["late-mean"], scenarios=["clean"], seeds=1,
    ...                   quick=True, out=folder)
    >>> sorted(set(summary.records["fusion"]))
    ['best-unimodal', 'late-mean', 'majority', 'unimodal-a', 'unimodal-b']
    """
    own = [dataset for dataset in datasets or () if isinstance(dataset, Dataset)]
    names = None
    if datasets is not None:
        names = [dataset.name if isinstance(dataset, Dataset) else str(dataset) for dataset in datasets]
    asked = load_suite(
        suite,
        datasets=names,
        fusions=fusions,
        scenarios=scenarios,
        training=training,
        seeds=seeds,
        quick=quick,
    )
    return run_plan(
        asked,
        make_plan(asked, data_dir, own),
        out=out,
        jobs=jobs,
        timeout=timeout,
        memory=memory,
        retry_failed=retry_failed,
        fail_fast=fail_fast,
        debug=debug,
        engine=engine,
        scheduler=scheduler,
        cluster=cluster,
        cache=cache,
    )


def find_todo(
    cells: Iterable[Cell], store: Store, warn: Callable[[str], None]
) -> tuple[dict[str, CellResult], list[Cell]]:
    """Sort cells into what is there, by key, and what is to be run; a damaged cell is to be run."""
    there: dict[str, CellResult] = {}
    todo: list[Cell] = []
    for cell in cells:
        try:
            result = store.load(cell)
        except DamagedCellError as error:
            warn(str(error))
            result = None
        if result is None:
            todo.append(cell)
        else:
            there[cell.key] = result
    return there, todo


def run_plan(
    suite: Suite,
    cells: list[Cell],
    *,
    out: str | Path,
    jobs: int = 1,
    timeout: float | None = None,
    memory: float | None = None,
    retry_failed: bool = False,
    fail_fast: bool = False,
    debug: bool = False,
    engine: str | None = None,
    scheduler: str | None = None,
    cluster: str | None = None,
    cache: str | Path | None = None,
    listener: Listener | None = None,
) -> RunSummary:
    """Run planned cells; see `run`.

    Parameters
    ----------
    suite : Suite
        What was asked for, for the record.
    cells : list of Cell
        The plan.
    out : path
        Folder of the run.
    jobs, timeout, memory, retry_failed, fail_fast, debug, engine, scheduler, cluster, cache
        As of `run`.
    listener : Listener, optional
        Told of what happens.

    Returns
    -------
    RunSummary
    """
    from .engines import Place
    from .execute import execute
    from .workers import Limits

    listener = listener or Listener()
    limits = Limits(timeout, None if memory is None else memory * 2**30)
    place = Place(engine, jobs, limits, scheduler, cluster, debug)
    store = Store(out)
    store.check_writable()
    results, todo = find_todo(cells, store, listener.warn)
    if retry_failed:
        again = [cell for cell in cells if cell.key in results and results[cell.key].failed]
        todo += again
    workers, features = 0, None if cache is None else Path(cache).absolute()
    started, clock = datetime.now(UTC), perf_counter()
    write_plan(store.folder, suite, cells)
    listener.start(len(cells), len(cells) - len(todo))
    if todo:
        with EventLog(store.folder, total=len(cells), todo=len(todo), jobs=jobs) as log:
            watch = Watch(listener, log, results, fail_fast)
            workers = execute(todo, store.folder, place=place, observer=watch, cache=features)
    return _write_outputs(
        suite,
        cells,
        results,
        store.folder,
        ran=len(todo),
        started=started,
        seconds=perf_counter() - clock,
        engine=place.describe(workers),
    )


def _write_outputs(
    suite: Suite,
    cells: list[Cell],
    results: dict[str, CellResult],
    folder: Path,
    *,
    ran: int,
    started: datetime,
    seconds: float,
    engine: dict[str, Any],
) -> RunSummary:
    from ..results.records import validate
    from .records import make_records

    note = QUICK_NOTICE if suite.quick else ""
    records = validate(make_records(cells, results, note))
    failed = sum(result.failed for result in results.values())
    done = sum(result.status == "done" for result in results.values())
    summary = RunSummary(folder, records, find_metric(suite, cells), ran, done, failed)
    asked = suite.model_dump(mode="json")
    plan = hash_json([cell.key for cell in cells])
    outputs = [folder / name for name in OUTPUTS]
    if not ran and _is_current(read_provenance(folder), asked, plan, outputs):
        return summary
    provenance = {
        **collect_provenance(),
        "suite": asked,
        "metric": summary.metric,
        "data": describe_data(cells),
        "strategies": {cell.fusion: _describe_parameters(cell) for cell in cells},
        "engine": engine,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "cells": {"planned": len(cells), "ran": ran, "failed": failed},
        "plan": plan,
        "note": note,
    }
    write_outputs(records, provenance, folder)
    return summary


def _describe_parameters(cell: Cell) -> dict[str, str]:
    """Give the parameters that are the same in all cells of a strategy."""
    parameters: dict[str, str] = cell.ingredients["parameters"]
    return {name: value for name, value in parameters.items() if not name.endswith("random_state")}


def _is_current(written: dict[str, Any], suite: dict[str, Any], plan: str, outputs: list[Path]) -> bool:
    """Tell whether the tables and the report that a ``run.json`` tells of are there, and are of this plan."""
    if written.get("suite") != suite or written.get("plan") != plan:
        return False
    return all(path.is_file() for path in outputs) and hash_files(outputs) == written.get("files")
