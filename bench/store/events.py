"""``events.jsonl``: what happened to a run and when, one JSON object a line, for programs."""

import json
import os
import socket
from datetime import UTC, datetime
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import psutil

from ...errors import StorageError
from ...results.location import is_remote
from ..planning.plan import Bundle, Cell
from .cells import CellResult
from .journal import open_journal, read_lines

__all__ = ["EVENTS", "EventLog", "find_running", "read_events"]

EVENTS = "events.jsonl"

_SAME = 5  # seconds by which a clock that is set right moves the start of a process, at most


class EventLog:
    """Adds to ``events.jsonl`` in the folder of a run; to ``events/`` where files cannot grow.

    Every event has ``time`` (UTC, ISO 8601), ``run`` (the same for all of one command) and ``event``:

    - ``start``, with ``total``, ``todo``, ``jobs``, ``host``, ``pid``, and ``born``: when the process began;
    - ``begin`` of a cell, with ``key``, ``dataset``, ``training``, ``fusion`` and ``seed``;
    - ``features``, when they are made, with ``key``, ``dataset``, ``training``, ``seed`` and ``seconds``;
    - ``end`` of a cell, with what it began with, ``status``, ``reason``, ``fit_seconds``, and ``seconds`` in
      its worker;
    - ``stop``, with ``error``, empty if all went to the end.

    Parameters
    ----------
    folder : Path
        It must be there.
    total, todo, jobs : int
        Cells of the plan, those to be run, and processes.
    """

    def __init__(self, folder: Path, *, total: int, todo: int, jobs: int) -> None:
        self._journal = open_journal(folder / EVENTS)
        self._run = uuid4().hex[:8]
        self._start = {"total": total, "todo": todo, "jobs": jobs}

    def __enter__(self) -> Self:
        born = psutil.Process().create_time()
        self._write("start", **self._start, host=socket.gethostname(), pid=os.getpid(), born=born)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write("stop", error="" if kind is None else f"{kind.__name__}: {error}".rstrip(": "))
            self._journal.close()
        except StorageError:
            if error is None:
                raise

    def begin(self, cell: Cell) -> None:
        """Note that a cell starts; one whose worker died starts again."""
        self._write("begin", **_name(cell))

    def featurise(self, bundle: Bundle, seconds: float) -> None:
        """Note that the features of cells are made."""
        names = {"dataset": bundle.dataset.name, "training": bundle.training.label, "seed": bundle.seed}
        self._write("features", key=bundle.key, **names, seconds=round(seconds, 4))

    def end(self, cell: Cell, result: CellResult, seconds: float) -> None:
        """Note that a cell has finished."""
        fit = result.fit_seconds if result.status == "done" else None
        about = {"status": result.status, "reason": result.reason.split("\n", 1)[0]}
        self._write("end", **_name(cell), **about, fit_seconds=fit, seconds=round(seconds, 4))

    def _write(self, event: str, **details: Any) -> None:
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "run": self._run, "event": event, **details}) + "\n"
        self._journal.append(line.encode())


def read_events(folder: Path) -> list[dict[str, Any]]:
    """Read the events of a run, less torn lines; none if it has no log."""
    events = []
    for line in read_lines(folder / EVENTS):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and {"time", "run", "event"} <= event.keys():
            events.append(event)
    if is_remote(folder):  # each run has put lines of its own
        events.sort(key=itemgetter("time"))
    return events


def find_running(events: list[dict[str, Any]]) -> tuple[bool, dict[str, str]]:
    """Tell whether a run goes on, and which cells run, by key, since when.

    A run on this machine goes on if its process is there; one on another, unless it has said that it stopped.
    """
    going: dict[str, dict[str, str]] = {}
    for event in events:
        run = event["run"]
        if event["event"] == "start" and _is_alive(event):
            going[run] = {}
        elif event["event"] == "stop":
            going.pop(run, None)
        elif run in going and event["event"] == "begin":
            going[run][event["key"]] = event["time"]
        elif run in going and event["event"] == "end":
            going[run].pop(event["key"], None)
    return bool(going), {key: time for cells in going.values() for key, time in cells.items()}


def _is_alive(start: dict[str, Any]) -> bool:
    if start.get("host") != socket.gethostname():
        return True
    try:
        born: float = psutil.Process(start["pid"]).create_time()
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
    told: float = start.get("born", born)
    return abs(born - told) < _SAME  # else another process has its number now


def _name(cell: Cell) -> dict[str, Any]:
    return {
        "key": cell.key,
        "dataset": cell.dataset,
        "training": cell.training,
        "fusion": cell.fusion,
        "seed": cell.seed,
    }
