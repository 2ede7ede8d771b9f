"""Where a run is: a folder of this machine, or of an object store or another file system that has a URL."""

import re
from collections.abc import Iterable
from pathlib import Path

from ..errors import FusebenchError

__all__ = ["explain_failure", "is_remote", "make_parent", "open_folder"]

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")

# These would be taken for a pattern where files are listed.
_PATTERN = re.compile(r"[*?[\]]")

# Packages that reach them, and raise errors of their own.
_CLIENTS = {"adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "s3fs"}

# These have no folders, and their clients remember listings, in which what others write is not seen.
_OBJECT_STORES = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"}


def open_folder(place: str | Path) -> Path:
    """Give the path of a folder that is named by its path or URL; it need not be there.

    Parameters
    ----------
    place : str or Path
        For example ``runs/late`` or ``s3://bucket/late``.

    Returns
    -------
    pathlib.Path
        For a URL, a `upath.UPath`, which does what a path does. Slashes that follow one another count as one,
        as they do in a path: an object store would take them for names that are empty.

    Raises
    ------
    FusebenchError
        If a package for the URL is not installed, its protocol is not known, it has a character of patterns,
        or the store does not answer.

    Examples
    --------
    >>> open_folder("runs/late").parts
    ('runs', 'late')
    >>> is_remote(open_folder("memory://late"))
    True
    """
    if not isinstance(place, str):
        return place
    if not _URL.match(place):
        return Path(place)
    if _PATTERN.search(place):
        raise FusebenchError(f"A URL with one of * ? [ ] cannot name a folder, however: {place!r}.")
    place = re.sub(r"(?<=[^:/])/{2,}", "/", place)
    options = {"use_listings_cache": False} if place.partition("://")[0] in _OBJECT_STORES else {}
    try:
        from upath import UPath

        folder: Path = UPath(place, **options)
        folder.exists()
    except ImportError as error:
        raise FusebenchError(
            f'{place!r} needs more packages ({error}): pip install "fusebench[remote]", and s3fs for s3://, '
            "gcsfs for gs://, adlfs for az://."
        ) from error
    except Exception as error:  # every client has errors of its own
        raise FusebenchError(f"{place!r} cannot be reached ({type(error).__name__}: {error}).") from error
    return folder


def is_remote(path: Path) -> bool:
    """Tell whether a path is behind a URL: its files are replaced as wholes, and cannot grow.

    Examples
    --------
    >>> is_remote(Path("runs/late"))
    False
    """
    return not isinstance(path, Path)


def explain_failure(error: Exception, arguments: Iterable[str]) -> str | None:
    """Say that a store has failed, if that is what happened: its client may raise wherever something is read.

    Parameters
    ----------
    error : Exception
        What came of a command.
    arguments : iterable of str
        Of the command; the URLs among them are named.

    Examples
    --------
    >>> explain_failure(TimeoutError("no answer"), ["status", "s3://bucket/run"])
    's3://bucket/run cannot be used now (TimeoutError: no answer); what is finished is kept.'
    >>> explain_failure(ValueError("a bug"), ["status", "s3://bucket/run"])
    """
    urls = [word for argument in arguments if _URL.match(word := argument.removeprefix("--out="))]
    client = type(error).__module__.partition(".")[0] in _CLIENTS
    # A client makes errors of the system of its own, without the file that those of this machine name.
    if not urls or not (client or (isinstance(error, OSError) and error.filename is None)):
        return None
    said = f"{type(error).__name__}: {error}"
    return f"{' and '.join(urls)} cannot be used now ({said}); what is finished is kept."


def make_parent(path: Path) -> None:
    """Make the folder of a file, where there are folders."""
    if getattr(path, "protocol", "") not in _OBJECT_STORES:
        path.parent.mkdir(parents=True, exist_ok=True)
