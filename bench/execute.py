"""What an engine does for a run: features, each once; then the cells that use them."""

import warnings
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from ..errors import StorageError
from ..plugins import PluginWarning
from .cell import describe_failure, run_cell
from .engines.base import Place
from .engines.elsewhere import checked_elsewhere
from .engines.threads import pin_threads
from .engines.workers import Loss, Task
from .features import FeatureCache, find_features
from .planning.plan import Bundle, Cell
from .plugin_files import load_plugin_files, loaded_plugin_files
from .store.cells import CellResult, Store

__all__ = ["Observer", "execute"]


class Observer(Protocol):
    """Who is told of cells."""

    def begin(self, cell: Cell) -> None:
        """Take note of a cell that starts; of one whose worker died, again."""

    def featurise(self, bundle: Bundle, seconds: float) -> None:
        """Take note of features that are made, or were there."""

    def advance(self, cell: Cell, result: CellResult, seconds: float) -> None:
        """Take note of a cell that has finished and is saved, after so long in its worker."""


def execute(
    stages: Iterable[Iterable[Cell]],
    folder: Path,
    *,
    place: Place,
    observer: Observer,
    cache: Path | None = None,
) -> int:
    """Run cells and save each as soon as it is done; gives the largest number of workers that there were.

    Parameters
    ----------
    stages : iterable of iterable of Cell
        What to run, one after the other: the next is asked for when all of the last is done.
    folder : Path
        The folder of the run.
    place : Place
        Where to run it; the numbers are the same everywhere. Its limits hold for every cell, and for making
        the features of a data set.
    observer : Observer
        Told of every cell and its result, in the order in which they finish. What it raises ends the run.
    cache : Path, optional
        Where features go, on each machine; see `find_features`.

    Raises
    ------
    FusebenchError
        If results cannot be written or workers cannot be started. What was done is kept.
    """
    folder = folder.absolute()  # workers may be elsewhere
    make = partial(_make_features, folder=folder, cache=cache, debug=place.debug)
    finish = partial(_finish, folder=folder, cache=cache, debug=place.debug)
    with ExitStack() as stack:
        prepare: Callable[[], object] = partial(_prepare_worker, loaded_plugin_files())
        if place.name == "dask":
            prepare = stack.enter_context(checked_elsewhere(prepare, folder))
        engine = stack.enter_context(place.open(prepare))
        for cells in stages:
            for key, group in _group(cells).items():
                features = "features", key  # a kind of its own, so that all are made first
                engine.submit(Task(_time, (make, group[0].bundle), about=group, group=key, kind=features))
            for task, answer in engine.finish():
                outcome, seconds = (answer, 0.0) if isinstance(answer, Loss) else answer
                if isinstance(task.about, Cell):
                    if isinstance(outcome, Loss):
                        result = CellResult(outcome.status, outcome.reason)
                        Store(folder).save(task.about, result, {})
                    else:
                        result = outcome
                    observer.advance(task.about, result, seconds)
                    continue
                observer.featurise(task.about[0].bundle, seconds)
                failure = outcome
                if isinstance(outcome, Loss):
                    failure = CellResult(outcome.status, f"Its features could not be made. {outcome.reason}")
                for cell in task.about:
                    begin = partial(observer.begin, cell)
                    arguments = (finish, cell, failure)
                    kind = cell.dataset, cell.training, cell.fusion
                    engine.submit(
                        Task(_time, arguments, about=cell, group=task.group, kind=kind, on_start=begin)
                    )
        return engine.workers


def _time(function: Callable[..., CellResult | None], *arguments: Any) -> tuple[CellResult | None, float]:
    """Call a function in the worker; gives what it gave, and the seconds that it took."""
    start = perf_counter()
    return function(*arguments), perf_counter() - start


def _group(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Put together the cells that share features."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.bundle.key, []).append(cell)
    return groups


def _make_features(bundle: Bundle, folder: Path, cache: Path | None, debug: bool) -> CellResult | None:
    """Make the features of a bundle; what came of it is the result of all its cells if it failed."""
    try:
        features = FeatureCache(find_features(folder, cache))
        features.make(bundle)
        store = Store(folder)
        store.save_masks(bundle, features.masks(bundle))
        store.save_labels(bundle, features.labels(bundle))
    except (StorageError, KeyboardInterrupt):  # the folder's fault, not that of the data; and the user's will
        raise
    except BaseException as error:  # a library may end the process, too
        if debug:
            raise
        return describe_failure(error)
    return None


def _finish(
    cell: Cell, failure: CellResult | None, folder: Path, cache: Path | None, debug: bool
) -> CellResult:
    """Run and save one cell."""
    features = FeatureCache(find_features(folder, cache))
    if failure is None and not cell.skip and not features.has(cell.bundle):
        # They were made on another machine, which has a cache of its own.
        failure = _make_features(cell.bundle, folder, cache, debug)
    if failure is not None and not cell.skip:
        Store(folder).save(cell, failure, {})
        return failure
    result, predictions = run_cell(cell, features, debug=debug)
    Store(folder).save(cell, result, predictions)
    return result


def _prepare_worker(plugin_files: list[Path]) -> None:
    """Make a new process what this one is, before it gets its first task."""
    pin_threads()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # this one has said it
        load_plugin_files(plugin_files)
