"""Who is told of what a run does."""

from ..errors import CellFailedError
from .planning.plan import Bundle, Cell
from .profile import Profile
from .sequential import Stop
from .store.cells import CellResult
from .store.events import EventLog
from .store.index import Finished

__all__ = ["Listener", "Watch"]


class Listener:
    """Told of what a run does. This one does nothing; a subclass says it to people or programs."""

    def start(self, total: int, there: int) -> None:
        """Take note of the number of cells and of how many are done already."""

    def begin(self, cell: Cell) -> None:
        """Take note of a cell that starts."""

    def advance(self, cell: Cell, result: CellResult) -> None:
        """Take note of a cell that has finished."""

    def stop(self, stop: Stop) -> None:
        """Take note of a data set that needs no further seeds."""

    def warn(self, message: str) -> None:
        """Take note of what is wrong but will be mended."""


class Watch:
    """Passes on what happens to cells, and ends the run at the first failure if that is asked for."""

    def __init__(
        self,
        listener: Listener,
        log: EventLog,
        results: dict[str, Finished],
        profile: Profile,
        *,
        fail_fast: bool,
    ) -> None:
        self._listener, self._log, self._results, self._profile = listener, log, results, profile
        self._fail_fast = fail_fast

    def begin(self, cell: Cell) -> None:
        """Say that a cell starts."""
        self._log.begin(cell)
        self._listener.begin(cell)

    def featurise(self, bundle: Bundle, seconds: float) -> None:
        """Say that features are made."""
        self._profile.add_features(seconds)
        self._log.featurise(bundle, seconds)

    def advance(self, cell: Cell, result: CellResult, seconds: float) -> None:
        """Say that a cell has finished, and keep what a run has to know of it."""
        self._profile.add_cell(result, seconds)
        self._results[cell.key] = Finished.of(result)
        self._log.end(cell, result, seconds)
        self._listener.advance(cell, result)
        if self._fail_fast and result.failed:
            raise CellFailedError(
                f"Stopped: {cell.fusion} on {cell.dataset}, seed {cell.seed}, is {result.status}. Finished "
                "cells are kept."
            )
