"""Where files are: the data of data sets that are not embedded, and what was computed once for all runs."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import file_digest, sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from time import time_ns
from typing import TypeVar

import platformdirs

from ..errors import DataNotFoundError, FusebenchError

__all__ = [
    "CACHE_VARIABLE",
    "DATA_VARIABLE",
    "SETTLED",
    "atomic_path",
    "cache_folder",
    "data_folder",
    "find_data",
    "hash_files",
    "read_data",
]

T = TypeVar("T")

DATA_VARIABLE = "FUSEBENCH_DATA"
CACHE_VARIABLE = "FUSEBENCH_CACHE"

_DIGITS = 64  # of a hash

LARGE_FILE = 64 * 2**20
"""Files of more bytes than this are not hashed again as long as they seem the same."""

SETTLED = 2 * 10**9
"""Nanoseconds after which a change gives a file another time, on every file system."""


def data_folder(data_dir: Path | None) -> Path:
    """Give the folder where files of data sets go.

    Raises
    ------
    DataNotFoundError
        If neither `data_dir` nor ``FUSEBENCH_DATA`` names one.

    Examples
    --------
    >>> data_folder(Path("data")).name
    'data'
    """
    folder = data_dir or os.environ.get(DATA_VARIABLE)
    if not folder:
        raise DataNotFoundError(f"Name the folder for files of data sets with --data-dir or {DATA_VARIABLE}.")
    return Path(folder)


def find_data(relative: str, *, data_dir: Path | None, source: str) -> Path:
    """Find a file or folder of a data set that is not embedded.

    Parameters
    ----------
    relative : str
        Where it lies inside the data folder, for example ``"mnist/train-labels-idx1-ubyte.gz"``.
    data_dir : Path or None
        The data folder; None for the environment variable ``FUSEBENCH_DATA``.
    source : str
        Where a user gets it from, for the message.

    Returns
    -------
    Path
        It exists.

    Raises
    ------
    DataNotFoundError
        If no data folder is named, or it does not contain `relative`.

    Examples
    --------
    >>> find_data("mnist", data_dir=Path("no-such-folder"), source="https://example.org")
    Traceback (most recent call last):
    ...
    fusebench.errors.DataNotFoundError: There is no 'mnist' in 'no-such-folder'; get it from \
https://example.org and name the folder that contains it with --data-dir or FUSEBENCH_DATA.
    """
    folder = data_dir or os.environ.get(DATA_VARIABLE)
    if folder and (path := Path(folder, relative)).exists():
        return path
    problem = f"There is no {relative!r} in '{folder}'" if folder else f"This needs {relative!r}"
    raise DataNotFoundError(
        f"{problem}; get it from {source} and name the folder that contains it with --data-dir or "
        f"{DATA_VARIABLE}."
    )


def read_data(relative: str, reader: Callable[[Path], T], *, data_dir: Path | None, source: str) -> T:
    """Find and read a file or folder of a data set that is not embedded.

    Parameters
    ----------
    relative, data_dir, source
        As in `find_data`.
    reader : callable
        Takes the path. A `ValueError` or `OSError` of it says what is wrong with the content.

    Returns
    -------
    object
        What the reader returns.

    Raises
    ------
    DataNotFoundError
        As in `find_data`.
    FusebenchError
        If the content cannot be read.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "n.txt").write_text("42")
    ...     read_data("n.txt", lambda path: int(path.read_text()), data_dir=Path(folder), source="a friend")
    42
    """
    path = find_data(relative, data_dir=data_dir, source=source)
    try:
        return reader(path)
    except (OSError, ValueError) as error:
        raise FusebenchError(
            f"'{path}' cannot be read ({error}); get it again from {source}, or name another folder with "
            f"--data-dir or {DATA_VARIABLE}."
        ) from error


def hash_files(paths: Iterable[Path]) -> str:
    """Hash names and content of files; their order and their folders do not matter.

    The hash of a file above `LARGE_FILE` is kept in the cache folder, and taken from there as long as the
    path, the size and the times of change stay the same. That of a file that has just changed is not kept.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.txt").write_text("content")
    ...     len(hash_files([Path(folder, "a.txt")]))
    64
    """
    total = sha256()
    for path in sorted(paths, key=lambda path: path.name):
        try:
            total.update(f"{path.name} {_hash_file(path)}\n".encode())
        except OSError as error:
            raise DataNotFoundError(f"'{path}' cannot be read ({error.strerror or error}).") from error
    return total.hexdigest()


def _hash_file(path: Path) -> str:
    found = path.stat()
    about = f"{path.resolve()} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
    kept = None
    if found.st_size > LARGE_FILE and found.st_mtime_ns < time_ns() - SETTLED:
        kept = cache_folder() / f"hash-{sha256(about.encode()).hexdigest()}.txt"
        with suppress(OSError, ValueError):
            known = kept.read_text(encoding="ascii")
            if len(known) == _DIGITS:  # a power cut can leave a name with no content
                return known
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    if kept is not None:
        with suppress(OSError), atomic_path(kept) as temporary:
            temporary.write_text(digest, encoding="ascii")
    return digest


def cache_folder() -> Path:
    """Give the folder for what is computed once, and make it.

    Returns
    -------
    Path
        ``FUSEBENCH_CACHE``, or the user's cache folder of the operating system.

    Raises
    ------
    FusebenchError
        If it cannot be made.
    """
    folder = Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_dir("fusebench"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FusebenchError(
            f"The cache folder '{folder}' cannot be made ({error.strerror}); name another one with "
            f"{CACHE_VARIABLE}."
        ) from error
    return folder


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` that replaces it when the block ends without an error.

    A reader sees the old file or the whole new one, however many processes write it at once.

    Examples
    --------
    >>> with TemporaryDirectory() as folder:
    ...     with atomic_path(Path(folder, "a.txt")) as temporary:
    ...         _ = temporary.write_text("all of it")
    ...     Path(folder, "a.txt").read_text()
    'all of it'
    """
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        temporary = Path(folder, path.name)
        yield temporary
        temporary.replace(path)
