"""``cells.index``: what came of the cells of a run, so that it is known without reading their files."""

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import chain
from pathlib import Path
from sys import intern
from time import time_ns
from typing import NamedTuple, Self, TypeVar

from ...datasets.storage import SETTLED, hash_files
from ...results.files import write_atomically
from .cells import CellResult, DamagedCellError, Named, Store, has_failed

__all__ = ["INDEX", "Finished", "Index", "find_todo"]

INDEX = "cells.index"

_NO_METRICS = ("scenario", "modality", "severity", "predict_seconds")  # beside the metrics in a score

C = TypeVar("C", bound=Named)


class Stamp(NamedTuple):
    """What tells that a file has changed."""

    size: int
    mtime_ns: int

    @property
    def settled(self) -> bool:
        """Whether any further change will give another stamp."""
        return 0 < self.mtime_ns < time_ns() - SETTLED


class Finished(NamedTuple):
    """What a run has to know of a cell that has finished; there may be too many results for the memory.

    Parameters
    ----------
    status : str
        As of `CellResult`.
    reason : str
        Its first line.
    fit_seconds, predict_seconds : float
        Of the fit, and of all predictions; 0 if not done.
    clean : dict of str to float
        Scores on clean test data, by metric; empty if not done.
    """

    status: str
    reason: str
    fit_seconds: float
    predict_seconds: float
    clean: dict[str, float]

    @property
    def failed(self) -> bool:
        """Whether it should have scores and has none."""
        return has_failed(self.status)

    @classmethod
    def of(cls, result: CellResult) -> Self:
        """Take from a result what a run has to know of it."""
        status, reason = intern(result.status), result.reason.split("\n", 1)[0]
        if status != "done":
            return cls(status, reason, 0.0, 0.0, {})
        seconds = float(sum(score["predict_seconds"] for score in result.scores))
        clean = next((score for score in result.scores if score["scenario"] == "clean"), {})
        values = {name: value for name, value in clean.items() if name not in _NO_METRICS}
        return cls(status, reason, result.fit_seconds, seconds, values)


class Index:
    """Tells what came of cells, and reads the files of those that it does not know.

    A row is trusted while the file of its cell has the size and time at which it was read and verified. So an
    index that is lost, torn, edited or old costs time and nothing else.

    Parameters
    ----------
    store : Store
        Where the cells are.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._path = store.folder / INDEX
        self._rows: dict[str, tuple[Finished, Stamp]] = {}
        self._hashed: tuple[str, list[Stamp]] | None = None
        self._changed = False
        try:
            checksum, _, content = self._path.read_bytes().partition(b"\n")
            if checksum.decode() == sha256(content).hexdigest():
                self._parse(content)
        except (OSError, ValueError, LookupError, TypeError):  # none, torn, or of another version
            return

    def find(self, cell: Named) -> Finished | None:
        """Tell what came of a cell; None if it was not run.

        Raises
        ------
        DamagedCellError
            If the file is not what was written.
        """
        stamp = _read_stamp(self.store.path(cell))
        known = self._rows.get(cell.key)
        if known is not None and known[1] == stamp:
            return known[0]
        result = self.load(cell)
        return None if result is None else Finished.of(result)

    def load(self, cell: Named) -> CellResult | None:
        """Read a cell's result, see `Store.load`, and take note of it."""
        stamp = _read_stamp(self.store.path(cell))  # before the file is read: what changes then is seen later
        settled = stamp is not None and stamp.settled
        result = self.store.load(cell)
        if result is not None and stamp is not None and settled:
            row = Finished.of(result), stamp
            if self._rows.get(cell.key) != row:
                self._rows[cell.key], self._changed = row, True
        return result

    def has_hash(self, paths: Sequence[Path], digest: str) -> bool:
        """Tell whether `hash_files` gives this; files that did and have not changed are not read again."""
        stamps = [stamp for path in paths if (stamp := _read_stamp(path)) is not None]
        if len(stamps) < len(paths):
            return False
        if self._hashed != (digest, stamps):
            if hash_files(paths) != digest:
                return False
            if all(stamp.settled for stamp in stamps):
                self._hashed, self._changed = (digest, stamps), True
        return True

    def save(self) -> None:
        """Write the index, if there is something new in it.

        Raises
        ------
        StorageError
            If it cannot be written.
        """
        if not self._changed:
            return
        rows = ((key, *found, *stamp) for key, (found, stamp) in self._rows.items())
        # Line by line: json would keep all pieces of a whole in memory before it joins them.
        lines = (json.dumps(line, separators=(",", ":")) for line in chain([self._hashed], rows))
        content = "\n".join(lines).encode()
        write_atomically(self._path, sha256(content).hexdigest().encode() + b"\n" + content)
        self._changed = False

    def _parse(self, content: bytes) -> None:
        hashed, *lines = content.splitlines()
        rows = {}
        for line in lines:
            key, status, *more, size, mtime_ns = json.loads(line)
            rows[key] = Finished(intern(status), *more), Stamp(size, mtime_ns)
        if (known := json.loads(hashed)) is not None:
            digest, stamps = known
            self._hashed = digest, [Stamp(*stamp) for stamp in stamps]
        self._rows = rows


def find_todo(
    cells: Iterable[C], index: Index, warn: Callable[[str], None]
) -> tuple[dict[str, Finished], list[C]]:
    """Sort cells into what is there, by key, and what is to be run; a damaged cell is to be run."""
    there: dict[str, Finished] = {}
    todo: list[C] = []
    listed = index.store.list_remote_cells()
    for cell in cells:
        if listed is not None and str(index.store.path(cell)) not in listed:
            todo.append(cell)
            continue
        try:
            found = index.find(cell)
        except DamagedCellError as error:
            warn(str(error))
            found = None
        if found is None:
            todo.append(cell)
        else:
            there[cell.key] = found
    return there, todo


def _read_stamp(path: Path) -> Stamp | None:
    """Look at a file; None if there is none that can be looked at."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Stamp(status.st_size, status.st_mtime_ns)
