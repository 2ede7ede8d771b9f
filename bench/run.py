"""The main job: plan, run what is missing, and leave tables and a report."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from ..datasets.registry import Dataset
from .listener import Listener, Watch
from .planning.plan import Cell, find_metric, make_plan
from .profile import Profile
from .sequential import Stop, describe_stops, find_stops, run_stages, select_needed
from .store.cells import Store
from .store.events import EventLog
from .store.index import Index, find_todo
from .store.planned import write_plan
from .suite import Suite, load_suite
from .summary import RunSummary, summarize

__all__ = ["QUICK_NOTICE", "Listener", "RunSummary", "run", "run_plan"]

QUICK_NOTICE = "QUICK MODE: a smoke test on a few samples. These numbers measure nothing."


def run(
    suite: str | Path = "default",
    *,
    datasets: Sequence[str | Path | Dataset] | None = None,
    fusions: Sequence[str] | None = None,
    scenarios: Sequence[str] | None = None,
    training: Sequence[str] | None = None,
    seeds: int | None = None,
    tune: int | None = None,
    sequential: bool | None = None,
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
    tune : int, optional
        Trials of each strategy to tune its parameters on validation.
    sequential : bool, optional
        Whether a data set gets no further seeds when every gain is decided.
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
        Where cells run, see `fusebench.bench.engines.base.Place`.
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
        tune=tune,
        sequential=sequential,
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
    from .engines.base import Place
    from .engines.workers import Limits
    from .execute import execute

    listener = listener or Listener()
    limits = Limits(timeout, None if memory is None else memory * 2**30)
    place = Place(engine, jobs, limits, scheduler, cluster, debug)
    store = Store(out)
    profile = Profile()
    with profile.stage("look"):
        store.check_writable()
        index = Index(store)
        results, todo = find_todo(cells, index, listener.warn)
        index.save()
    if retry_failed:
        again = [cell for cell in cells if cell.key in results and results[cell.key].failed]
        todo += again
        for cell in again:
            del results[cell.key]
    metric = find_metric(suite, cells)
    stops = find_stops(cells, results, metric) if suite.sequential else {}
    needed, todo, there = select_needed(cells, stops), select_needed(todo, stops), len(results)
    features = None if cache is None else Path(cache).absolute()
    started = datetime.now(UTC)
    write_plan(store.folder, suite, cells, stops.values())
    listener.start(len(needed), len(needed) - len(todo))

    def stop(found: Stop) -> None:
        stops[found.dataset] = found
        write_plan(store.folder, suite, cells, stops.values())
        listener.stop(found)

    if todo:
        stages = run_stages(cells, results, metric, stops, stop) if suite.sequential else [todo]
        log = EventLog(store.folder, total=len(cells), todo=len(todo), jobs=jobs)
        with profile.stage("run"), log:
            watch = Watch(listener, log, results, profile, fail_fast=fail_fast)
            profile.workers = execute(stages, store.folder, place=place, observer=watch, cache=features)
    needed = select_needed(cells, stops)
    rule = describe_stops(stops, 1 + max(cell.seed for cell in cells)) if suite.sequential else ""
    note = " ".join(filter(None, [QUICK_NOTICE if suite.quick else "", rule]))
    about = {
        "engine": place.describe(profile.workers),
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(profile.stages.get("run", 0.0), 1),
        "stopped": [asdict(stop) for stop in stops.values()],
    }
    ran, not_needed = len(results) - there, len(cells) - len(needed)
    with profile.stage("write"):
        summary = summarize(
            suite, needed, index, results, ran=ran, not_needed=not_needed, note=note, about=about
        )
    return replace(summary, profile=profile)
