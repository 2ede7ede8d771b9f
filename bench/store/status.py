"""Questions about the folder of a run: how far it is, how to repeat a cell, what may be removed."""

import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...datasets.registry import datasets, find_datasets, is_path
from ...errors import FusebenchError, did_you_mean
from ...results.statistics.patterns import MAJORITY
from ..sequential import Stop, select_needed
from .cells import Store
from .events import EVENTS, find_running, read_events
from .index import Finished, Index, find_todo
from .planned import PLAN, PlannedCell, read_plan

__all__ = ["Status", "clean", "find_leftovers", "read_status", "repeat_cell"]

_FEATURES = "features"
_OF_CELLS = ("cells", "predictions")
_OF_FEATURES = ("masks", "labels")


@dataclass(frozen=True)
class Status:
    """How far a run is.

    Parameters
    ----------
    cells : tuple of PlannedCell
        The plan.
    results : dict of str to Finished
        By key; cells that are to be run have none.
    cached : int
        Cells that are done and that the last command found done.
    going : bool
        Whether a command is at work.
    running : dict of str to str
        Since when a cell runs, by key.
    jobs : int
        Of the last command.
    stops : tuple of Stop
        Data sets that need no further seeds.
    """

    cells: tuple[PlannedCell, ...]
    results: dict[str, Finished]
    cached: int
    going: bool
    running: dict[str, str]
    jobs: int
    stops: tuple[Stop, ...] = ()

    @property
    def todo(self) -> list[PlannedCell]:
        """Cells that are still to be run, or run now."""
        needed = select_needed(self.cells, {stop.dataset: stop for stop in self.stops})
        return [cell for cell in needed if cell.key not in self.results]


def read_status(folder: Path) -> Status:
    """Find out how far a run is, whether it goes on or not; damaged cells count as not done.

    Raises
    ------
    FusebenchError
        If it is not the folder of a run.
    """
    plan, events = read_plan(folder), read_events(folder)
    results, _ = find_todo(plan.cells, Index(Store(folder)), lambda _: None)
    last: dict[str, Any] = next((event for event in reversed(events) if event["event"] == "start"), {})
    ran = {event.get("key") for event in events if event["run"] == last.get("run")}
    cached = sum(result.status == "done" and key not in ran for key, result in results.items())
    going, running = find_running(events)
    return Status(plan.cells, results, cached, going, running, last.get("jobs", 1), plan.stops)


def repeat_cell(folder: Path, dataset: str, fusion: str, seed: int) -> str:
    """Give the command that runs a cell again, in a folder of its own, with the same numbers.

    Seeds below that of the cell are run too, and so are the controls.

    Raises
    ------
    FusebenchError
        If the plan has no such cell, or its data were in memory only.
    """
    plan = read_plan(folder)
    known = {f"{cell.dataset} {cell.fusion} {cell.seed}": cell for cell in plan.cells}
    cell = known.get(asked := f"{dataset} {fusion} {seed}")
    if cell is None:
        raise FusebenchError(
            f"The plan of {str(folder)!r} has no cell {asked!r}; {did_you_mean(asked, known)}"
        )
    source: str | None = dataset
    if dataset not in datasets:
        own = filter(is_path, plan.suite.datasets)
        options = plan.suite.dataset_options
        source = next((p for p in own if find_datasets([p], options=options)[0].name == dataset), None)
    if source is None:
        raise FusebenchError(
            f"The data set {dataset!r} was made in memory; only the program that made it can."
        )
    words = ["fusebench", "run", "--suite", str(folder / PLAN), "--dataset", source]
    # Controls are run with every strategy, whatever was asked for.
    words += ["--fusion", MAJORITY if cell.family == "control" else fusion, "--seeds", str(seed + 1)]
    if plan.suite.sequential:
        words.append("--no-sequential")  # else the looks would be those of another number of seeds
    if plan.data_dir is not None:
        words += ["--data-dir", plan.data_dir]
    for path in plan.plugins:
        words += ["--plugin", path]
    return shlex.join([*words, "--out", f"{folder}-repro"])


def find_leftovers(folder: Path) -> list[Path]:
    """List what can go without loss to the last plan.

    That is features, which are made again when needed; half-written files of runs that were killed; and
    cells, with what belongs to them, that the plan does not name.

    Raises
    ------
    FusebenchError
        If it is not the folder of a run, or one is at work in it.
    """
    plan = read_plan(folder)
    if find_running(read_events(folder))[0]:
        raise FusebenchError(
            f"A run is at work in {str(folder)!r}; stop it first. If it was killed on another machine, "
            f"of which nothing is known here, remove {EVENTS} or the folder {Path(EVENTS).stem}."
        )
    found = [folder / _FEATURES] if (folder / _FEATURES).is_dir() else []
    for kinds, keys in (
        (_OF_CELLS, {cell.key for cell in plan.cells}),
        (_OF_FEATURES, {cell.features for cell in plan.cells}),
    ):
        for kind in kinds:
            found += sorted(_find_others(folder / kind, keys))
    return found + [path for path in sorted(folder.iterdir()) if _is_half_written(path)]


def clean(leftovers: list[Path]) -> int:
    """Remove what `find_leftovers` found; gives the bytes that are free now."""
    freed = 0
    for path in leftovers:
        inside = [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
        freed += sum(file.stat().st_size for file in inside)
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        except OSError as error:
            raise FusebenchError(f"Cannot remove {path}: {error.strerror or error}.") from error
    return freed


def _find_others(folder: Path, keys: set[str]) -> Iterator[Path]:
    """List the files that have none of these keys, or are half written."""
    for path in folder.rglob("*"):
        if (path.stem.rpartition("-")[2] not in keys or _is_half_written(path)) and path.is_file():
            yield path


def _is_half_written(path: Path) -> bool:
    return path.name.startswith(".") and path.name.endswith(".tmp")
