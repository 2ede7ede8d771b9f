"""Where cells run: in this process, or in several that use one thread each."""

import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any

from ..errors import FusebenchError
from .cell import describe_failure, run_cell
from .features import FeatureCache
from .plan import Bundle, Cell
from .store import CellResult, Store
from .threads import pin_threads, pinned_environment

__all__ = ["execute"]

OnDone = Callable[[Cell, CellResult], None]


def execute(cells: Iterable[Cell], folder: Path, *, jobs: int, on_done: OnDone) -> None:
    """Run cells and save each as soon as it is done.

    Parameters
    ----------
    cells : iterable of Cell
        What to run.
    folder : Path
        The folder of the run.
    jobs : int
        1 runs in this process; more starts so many worker processes. The numbers are the same.
    on_done : callable
        Told of every cell and its result, in the order in which they finish.

    Raises
    ------
    FusebenchError
        If a worker process dies. What was done is kept.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.bundle.key, []).append(cell)
    if not groups:
        return
    if jobs == 1:
        undo = pin_threads()
        try:
            for group in groups.values():
                failure = _make_features(group[0].bundle, folder)
                for cell in group:
                    on_done(cell, _finish(cell, folder, failure))
        finally:
            undo()
    else:
        _run_in_pool(list(groups.values()), folder, jobs, on_done)


def _make_features(bundle: Bundle, folder: Path) -> CellResult | None:
    """Make the features of a bundle; what came of it is the result of all its cells if it failed."""
    try:
        cache = FeatureCache(folder / "features")
        cache.make(bundle)
        store = Store(folder)
        store.save_masks(bundle, cache.masks(bundle))
        store.save_labels(bundle, cache.labels(bundle))
    except Exception as error:
        return describe_failure(error)
    return None


def _finish(cell: Cell, folder: Path, failure: CellResult | None = None) -> CellResult:
    """Run and save one cell."""
    if failure is not None and not cell.skip:
        Store(folder).save(cell, failure, {})
        return failure
    result, predictions = run_cell(cell, FeatureCache(folder / "features"))
    Store(folder).save(cell, result, predictions)
    return result


def _run_in_pool(groups: list[list[Cell]], folder: Path, jobs: int, on_done: OnDone) -> None:
    with pinned_environment():
        # "spawn": a fork would inherit locks and threads of libraries that are already loaded.
        pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_start_worker)
        try:
            _schedule(pool, groups, folder, on_done)
        except BaseException as error:
            # A cell in progress is not saved and loses nothing but its time.
            for worker in list((pool._processes or {}).values()):
                worker.kill()
            if isinstance(error, BrokenProcessPool):
                raise FusebenchError(
                    "A worker process died (out of memory, or killed from outside). Finished cells are "
                    "kept: repeat the command to go on, with fewer --jobs if memory was short."
                ) from error
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _schedule(pool: ProcessPoolExecutor, groups: list[list[Cell]], folder: Path, on_done: OnDone) -> None:
    """Make the features of every group first, each once; a group's cells follow as soon as it has them."""
    making: dict[Future[Any], list[Cell]] = {
        pool.submit(_make_features, group[0].bundle, folder): group for group in groups
    }
    running: dict[Future[Any], Cell] = {}
    while making or running:
        finished, _ = wait([*making, *running], return_when=FIRST_COMPLETED)
        for future in finished:
            if future in making:
                failure = future.result()
                for cell in making.pop(future):
                    running[pool.submit(_finish, cell, folder, failure)] = cell
            else:
                on_done(running.pop(future), future.result())


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends the workers
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    pin_threads()


def _follow(sentinel: int) -> None:
    """End this worker when its parent is gone, however that ended."""
    connection.wait([sentinel])
    os._exit(1)
