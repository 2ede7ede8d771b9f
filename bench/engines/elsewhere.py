"""Processes on other machines: what must be there as it is here, before any of them computes for a run."""

import os
import platform
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from ...errors import FusebenchError
from ...plugins import plugin_packages
from ...results.files import write_atomically
from ...results.location import is_remote

__all__ = ["checked_elsewhere", "describe_installation"]

# Packages whose versions may change numbers.
_PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "xgboost", "python-crfsuite")
_PARTS = ("bench", "datasets", "fusions", "results")


@contextmanager
def checked_elsewhere(prepare: Callable[[], object], folder: Path) -> Iterator[Callable[[], object]]:
    """Give what prepares a process that may be on another machine.

    It raises a `FusebenchError` if the process has other versions than this one, or does not see the folder
    of the run; for that a file is put there, for as long as the block lasts.

    Parameters
    ----------
    prepare : callable
        What any worker process does first.
    folder : Path
        Of the run; absolute.
    """
    mark = None if is_remote(folder) else folder / f".{uuid4().hex[:8]}.mark.tmp"
    if mark is not None:
        write_atomically(mark, b"")
    try:
        yield partial(_prepare, prepare, describe_installation(), Path.cwd(), mark)
    finally:
        if mark is not None:
            mark.unlink(missing_ok=True)


def _prepare(
    prepare: Callable[[], object], installation: dict[str, str], directory: Path, mark: Path | None
) -> None:
    here, found = socket.gethostname(), describe_installation()
    for name in installation | found:
        own, wanted = found.get(name, "none"), installation.get(name, "none")
        if own != wanted:
            raise FusebenchError(
                f"The worker on {here} has {name} {own}, and {wanted} where the run was started; install the "
                "same on both."
            )
    if mark is not None and not mark.is_file():
        raise FusebenchError(
            f"The worker on {here} does not see the folder {str(mark.parent)!r}; name one that all machines "
            "share, or a URL such as s3://bucket/run."
        )
    with suppress(OSError):  # relative paths mean the same, if it is there
        os.chdir(directory)
    prepare()


@cache
def describe_installation() -> dict[str, str]:
    """Give versions, and hashes of the source of Fusebench and of packages with plugins."""
    versions = {name: metadata.version(name) for name in _PACKAGES}
    parts = ["fusebench", *(f"fusebench.{part}" for part in _PARTS), *sorted(plugin_packages())]
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **versions,
        **{f"the source of {name}": _hash_source(name) for name in parts},
    }


def _hash_source(name: str) -> str:
    spec = find_spec(name)
    if spec is None:
        return "none"
    if spec.submodule_search_locations is None:
        files = [(Path(spec.origin).name, Path(spec.origin))] if spec.origin else []
    else:
        # The parts of Fusebench may lie inside its own folder, or not: they are hashed by themselves.
        pattern = "*.py" if name == "fusebench" else "**/*.py"
        files = [
            (path.relative_to(folder).as_posix(), path)
            for folder in spec.submodule_search_locations
            for path in Path(folder).glob(pattern)
        ]
    total = sha256()
    for inside, path in sorted(files):
        total.update(inside.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:12]
