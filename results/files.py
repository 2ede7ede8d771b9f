"""Writing a file so that a reader never sees half of it."""

import os
from pathlib import Path
from uuid import uuid4

from ..errors import StorageError
from .location import is_remote, make_parent

__all__ = ["write_atomically"]


def write_atomically(path: Path, content: bytes) -> None:
    """Write to a temporary file beside `path`, then rename it; behind a URL, put the whole at once.

    After a crash or a power cut `path` holds either the old content or the new one, whole. Object stores
    promise the same of an object; of other file systems behind a URL that depends.

    Parameters
    ----------
    path : pathlib.Path
        Its folder is made if it does not exist.
    content : bytes
        What the file shall hold.

    Raises
    ------
    StorageError
        If it cannot be written: the folder is read-only, the disk is full, the store does not answer.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "new" / "a.txt"
    >>> write_atomically(path, b"all of it")
    >>> path.read_text()
    'all of it'
    """
    if is_remote(path):
        _put(path, content)
        return
    # Unlike the number of the process, this is not used again by one that writes the same file later.
    temporary = path.with_name(f".{path.name}.{uuid4().hex[:8]}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # else a power cut can leave the new name with no content
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"Cannot write {path}: {error.strerror or error}.") from error


def _put(path: Path, content: bytes) -> None:
    try:
        make_parent(path)
        path.write_bytes(content)
    except Exception as error:  # every client has errors of its own
        raise StorageError(f"Cannot write {path}: {type(error).__name__}: {error}.") from error
