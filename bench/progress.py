"""What a run says while it runs: a live table on a terminal, one line a cell in a log."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from ..fusions.tuning import find_tuned
from ..results.statistics.repeated import find_looks
from ..results.tables.formatting import count_noun
from .planning.footprint import find_shortages
from .planning.plan import Cell, find_metric
from .run import QUICK_NOTICE, Listener
from .sequential import Stop, find_stops, select_needed
from .store.cells import CellResult, Named, Store
from .store.index import Finished, Index, find_todo
from .suite import Suite

__all__ = ["Progress", "estimate_seconds", "print_plan", "say_seconds"]


_SHOWN = 16  # running cells that have a row


class Progress(Listener):
    """Shows how far a run is and which cells run; failures stay on the screen."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._running: dict[str, tuple[Cell, float]] = {}
        self._counts: Counter[str] = Counter()
        self._task = self._bar.add_task("starting", total=None)
        self._done = self._total = 0
        self._said: set[tuple[str, str]] = set()
        self._live = (
            Live(console=self.console, get_renderable=self._draw) if self.console.is_terminal else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def start(self, total: int, there: int) -> None:
        """Say how many cells there are and how many are done already."""
        self._done, self._total = there, total
        self._bar.update(self._task, total=total, completed=there, description="loading data")
        if there:
            self.console.print(f"{there} of {total} cells are done already.")

    def begin(self, cell: Cell) -> None:
        """Give a cell a row."""
        self._running[cell.key] = cell, monotonic()
        self._bar.update(self._task, description="cells")

    def advance(self, cell: Cell, result: CellResult) -> None:
        """Say that a cell has finished."""
        self._done += 1
        self._running.pop(cell.key, None)
        self._counts[result.status] += 1
        name = _name(cell)
        if result.failed:
            # What breaks the data of a seed breaks all its cells: the reason is said once.
            reason = (
                result.reason if (known := (cell.bundle.key, result.reason)) not in self._said else "as above"
            )
            self._said.add(known)
            self.console.print(f"{result.status}: {name}: {reason}", style="red", markup=False)
        elif not self.console.is_terminal:
            seconds = f", fit in {result.fit_seconds:.2f} s" if result.status == "done" else ""
            self.console.print(f"[{self._done}/{self._total}] {name}: {result.status}{seconds}", markup=False)
        self._bar.update(self._task, completed=self._done)

    def stop(self, stop: Stop) -> None:
        """Say that a data set needs no further seeds."""
        self.console.print(str(stop), markup=False)

    def warn(self, message: str) -> None:
        """Say what is wrong but mended."""
        self.console.print(message, style="yellow", markup=False)

    def _draw(self) -> Group:
        running = list(self._running.values())  # this is called from a thread
        table = Table.grid(padding=(0, 2))
        for cell, start in running[:_SHOWN]:
            table.add_row(Text(_name(cell)), f"{monotonic() - start:.0f} s")
        if len(running) > _SHOWN:
            table.add_row(f"and {len(running) - _SHOWN} more")
        counts = ", ".join(f"{count} {status}" for status, count in sorted(self._counts.items()))
        return Group(self._bar, Text(f"now: {counts}" if counts else ""), table)


def _name(cell: Cell) -> str:
    faults = "" if cell.training == "clean" else f" / trained on {cell.training}"
    return f"{cell.dataset}{faults} / {cell.fusion} / seed {cell.seed}"


def print_plan(
    suite: Suite, cells: Sequence[Cell], folder: Path, *, jobs: int, untuned: Sequence[Cell] = ()
) -> None:
    """Print the cells by data set, those done, those that cannot run, and the time to be expected.

    The cells of the same plan without tuning tell how long a trial takes, if none with it is done.
    """
    console = Console()
    index = Index(Store(folder))
    there, todo = find_todo(cells, index, lambda message: console.print(message, style="yellow"))
    stops = find_stops(cells, there, find_metric(suite, cells)) if suite.sequential else {}
    looks = ", ".join(map(str, find_looks(1 + max(cell.seed for cell in cells))))
    cells, todo = select_needed(cells, stops), select_needed(todo, stops)
    if suite.quick:
        console.print(QUICK_NOTICE, style="bold red")
    table = Table(
        "data set", "strategies", "seeds", "conditions", "cells", "done", "to run", title=f"Plan for {folder}"
    )
    for name in dict.fromkeys(cell.dataset for cell in cells):
        own = [cell for cell in cells if cell.dataset == name]
        waiting = sum(cell.dataset == name for cell in todo)
        sizes = (
            len({cell.fusion for cell in own}),
            len({cell.seed for cell in own}),
            len(own[0].bundle.conditions),
            len(own),
            len(own) - waiting,
            waiting,
        )
        table.add_row(name, *map(str, sizes))
    console.print(table)
    skips = Counter((cell.dataset, cell.fusion, cell.skip) for cell in cells if cell.skip)
    for (dataset, fusion, reason), count in skips.items():
        console.print(f"skipped: {fusion} on {dataset} ({count_noun(count, 'cell')}): {reason}", markup=False)
    counts = f"{len(cells)} cells, {len(cells) - len(todo)} done, {len(todo)} to run"
    console.print(f"{counts} with {count_noun(jobs, 'job')}.")
    for stop in stops.values():
        console.print(str(stop), markup=False)
    if suite.sequential and todo:
        console.print(f"That is the most there can be: each data set is looked at after {looks} seeds.")
    runnable = [cell for cell in todo if not cell.skip]
    if not suite.quick:
        for shortage in find_shortages(runnable, jobs):
            console.print(shortage, style="yellow", markup=False)
    if untuned:
        fits = {cell.key: _count_fits(cell) for cell in runnable}
        console.print(
            f"They are {sum(fits.values())} fits: all trials of what can be tuned, one of the rest."
        )
    seconds = estimate_seconds(cells, there, runnable)
    if seconds is None and untuned:
        plain, _ = find_todo(untuned, index, console.print)
        seconds = estimate_seconds(untuned, plain, runnable, fits)
    if todo and seconds is None:
        console.print(
            "Expected time: not known, since no cell of these strategies has been timed in this folder."
        )
    elif seconds is not None and todo:
        console.print(
            f"Expected time: about {say_seconds(seconds / jobs)}, going by the cells that are done here."
        )


def _count_fits(cell: Cell) -> int:
    tuned = find_tuned(cell.entry.estimator)
    return 1 if tuned is None else tuned.n_fits


def estimate_seconds(
    cells: Sequence[Named],
    there: Mapping[str, Finished],
    todo: Sequence[Named],
    fits: Mapping[str, int] | None = None,
) -> float | None:
    """Estimate the single-core seconds of the cells to run from those that are done.

    A cell is expected to take the mean of its strategy on its data set, else of its strategy anywhere,
    else of all; None if nothing is done. By key, `fits` tells how many fits of those that are
    done a cell to run takes, if not one.
    """
    sums: dict[tuple[str, ...], tuple[int, float, float]] = {}
    for cell in cells:
        found = there.get(cell.key)
        if found is not None and found.status == "done":
            for group in _groups(cell):
                number, fitting, predicting = sums.get(group, (0, 0.0, 0.0))
                sums[group] = number + 1, fitting + found.fit_seconds, predicting + found.predict_seconds
    if not sums:
        return None
    expected = 0.0
    for waiting in todo:
        number, fitting, predicting = next(sums[group] for group in _groups(waiting) if group in sums)
        expected += ((fits or {}).get(waiting.key, 1) * fitting + predicting) / number
    return expected


def _groups(cell: Named) -> list[tuple[str, ...]]:
    return [(cell.fusion, cell.dataset), (cell.fusion,), ()]


def say_seconds(seconds: float) -> str:
    """Say a time as people do."""
    return count_noun(round(seconds), "second") if seconds < 120 else f"{seconds / 60:.0f} minutes"
