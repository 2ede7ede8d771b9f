"""Where cells run: in this process, or in several that use one thread each."""

import warnings
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Protocol

from ..errors import StorageError
from ..plugins import PluginWarning
from .cell import describe_failure, run_cell
from .features import FeatureCache
from .plan import Bundle, Cell
from .plugin_files import load_plugin_files, loaded_plugin_files
from .store import CellResult, Store
from .threads import pin_threads, pinned_environment
from .workers import Limits, Loss, Task, WorkerPool

__all__ = ["Observer", "execute"]


class Observer(Protocol):
    """Who is told of cells."""

    def begin(self, cell: Cell) -> None:
        """Take note of a cell that starts; of one whose worker died, again."""

    def advance(self, cell: Cell, result: CellResult) -> None:
        """Take note of a cell that has finished and is saved."""


def execute(
    cells: Iterable[Cell],
    folder: Path,
    *,
    jobs: int,
    observer: Observer,
    limits: Limits = Limits(),  # noqa: B008  (immutable)
    debug: bool = False,
) -> None:
    """Run cells and save each as soon as it is done.

    Parameters
    ----------
    cells : iterable of Cell
        What to run.
    folder : Path
        The folder of the run.
    jobs : int
        1 runs in this process, unless there are limits; more starts so many worker processes. The numbers
        are the same.
    observer : Observer
        Told of every cell and its result, in the order in which they finish. What it raises ends the run.
    limits : Limits
        Of each cell. Making features has no limit of time.
    debug : bool
        Run in this process, and let what goes wrong be raised.

    Raises
    ------
    FusebenchError
        If results cannot be written or workers cannot be started. What was done is kept.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.bundle.key, []).append(cell)
    if not groups:
        return
    if debug or (jobs == 1 and not limits):
        undo = pin_threads()
        try:
            for group in groups.values():
                failure = _make_features(group[0].bundle, folder, debug=debug)
                for cell in group:
                    observer.begin(cell)
                    observer.advance(cell, _finish(cell, folder, failure, debug=debug))
        finally:
            undo()
    else:
        _run_in_pool(list(groups.values()), folder, jobs, observer, limits)


def _make_features(bundle: Bundle, folder: Path, *, debug: bool = False) -> CellResult | None:
    """Make the features of a bundle; what came of it is the result of all its cells if it failed."""
    try:
        cache = FeatureCache(folder / "features")
        cache.make(bundle)
        store = Store(folder)
        store.save_masks(bundle, cache.masks(bundle))
        store.save_labels(bundle, cache.labels(bundle))
    except StorageError:  # the folder's fault, not that of the data
        raise
    except Exception as error:
        if debug:
            raise
        return describe_failure(error)
    return None


def _finish(
    cell: Cell, folder: Path, failure: CellResult | None = None, *, debug: bool = False
) -> CellResult:
    """Run and save one cell."""
    if failure is not None and not cell.skip:
        Store(folder).save(cell, failure, {})
        return failure
    result, predictions = run_cell(cell, FeatureCache(folder / "features"), debug=debug)
    Store(folder).save(cell, result, predictions)
    return result


def _run_in_pool(
    groups: list[list[Cell]], folder: Path, jobs: int, observer: Observer, limits: Limits
) -> None:
    """Make the features of every group first, each once; a group's cells follow as soon as it has them."""
    prepare = partial(_prepare_worker, loaded_plugin_files())
    with pinned_environment(), WorkerPool(jobs, limits, prepare) as pool:
        for group in groups:
            pool.submit(Task(_make_features, (group[0].bundle, folder), about=group, timed=False))
        for task, outcome in pool.finish():
            result = CellResult(outcome.status, outcome.reason) if isinstance(outcome, Loss) else outcome
            if isinstance(task.about, Cell):
                if isinstance(outcome, Loss):
                    Store(folder).save(task.about, result, {})
                observer.advance(task.about, result)
            else:
                for cell in task.about:
                    begin = partial(observer.begin, cell)
                    pool.submit(Task(_finish, (cell, folder, result), about=cell, on_start=begin))


def _prepare_worker(plugin_files: list[Path]) -> None:
    """Make a new process what this one is, before it gets its first task."""
    pin_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # this one has said it
        load_plugin_files(plugin_files)
