"""A file that lines are added to, or, where files cannot grow, objects that together hold the lines."""

import threading
from pathlib import Path
from uuid import uuid4

from ...errors import StorageError
from ...results.files import write_atomically
from ...results.location import is_remote

__all__ = ["Journal", "open_journal", "read_lines"]

_SUFFIX = ".jsonl"
_PART_BYTES = 2**18  # of an object that is replaced again and again
_DELAY_SECONDS = 5.0


class Journal:
    """Adds lines to a local file, each in one write, so that those of two processes do not mix.

    Parameters
    ----------
    path : Path
        Its folder must be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        written = path.read_bytes() if path.is_file() else b""
        if written and not written.endswith(b"\n"):  # a power cut has left half of a line
            self.append(b"\n")

    def append(self, line: bytes) -> None:
        """Add a line, which ends in a line feed."""
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(line)
        except OSError as error:
            raise StorageError(f"Cannot write {self._path}: {error.strerror or error}.") from error

    def close(self) -> None:
        """Leave nothing unwritten."""


class RemoteJournal(Journal):
    """Puts lines into objects in a folder, which is named like the file without its suffix.

    A line is there five seconds after it came, or when the journal is closed. The last object is replaced
    until it is large enough, then another is begun. Every journal has names of its own, so that two
    processes do not replace what the other has put.
    """

    def __init__(self, path: Path) -> None:
        self._folder = path.with_suffix("")
        self._name, self._part, self._lines = uuid4().hex[:8], 0, b""
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._failure: StorageError | None = None

    def append(self, line: bytes) -> None:
        """Add a line; raises what the last attempt to put lines has failed with."""
        with self._lock:
            if self._failure is not None:
                raise self._failure
            self._lines += line
            if self._timer is None:
                self._timer = threading.Timer(_DELAY_SECONDS, self._put_later)
                self._timer.daemon = True
                self._timer.start()

    def close(self) -> None:
        """Put what has not been put."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._put()

    def _put_later(self) -> None:
        with self._lock:
            try:
                self._put()
            except StorageError as error:
                self._failure = error

    def _put(self) -> None:
        self._timer = None
        write_atomically(self._folder / f"{self._name}-{self._part:05d}{_SUFFIX}", self._lines)
        if len(self._lines) > _PART_BYTES:
            self._part, self._lines = self._part + 1, b""


def open_journal(path: Path) -> Journal:
    """Open the journal of that name for adding lines."""
    return RemoteJournal(path) if is_remote(path) else Journal(path)


def read_lines(path: Path) -> list[bytes]:
    """Read the lines of a journal, those of a remote one not in the order of time; none if there is none."""
    paths = sorted(path.with_suffix("").glob(f"*{_SUFFIX}"), key=str) if is_remote(path) else [path]
    lines = []
    for part in paths:
        try:
            lines += part.read_bytes().splitlines()
        except OSError:
            continue
    return lines
