"""Downloads of data sets: resumable, checked against their SHA-256 where it is known, unpacked with care."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import FusebenchError
from .formats.archives import unpack_archive
from .storage import data_folder

if TYPE_CHECKING:
    from .registry import Dataset

__all__ = ["Download", "Report", "fetch_dataset"]

Report = Callable[[str, int, int | None], None]
"""Is told the name of a file, the bytes that are there, and the bytes in all (None if not known)."""

TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
PIECE = 1 << 16  # bytes


@dataclass(frozen=True)
class Download:
    """A file on a server, and where it goes.

    Parameters
    ----------
    url : str
        Where it is.
    path : str
        Where it goes in the data folder: the file, or what of an archive must be there in the end.
    sha256 : str, optional
        Hash of the file on the server, where it is known.
    unpack : str, optional
        For an archive: its members below this folder go into the folder that holds `path`. The name may
        begin with ``*/`` for any outermost folder.
    """

    url: str
    path: str
    sha256: str | None = None
    unpack: str | None = None


def fetch_dataset(dataset: "Dataset", report: Report = lambda *_: None) -> list[Path]:
    """Download the files of a data set into the data folder, those that are not there yet.

    A download that is broken off goes on where it stopped when it is repeated, if the server allows it.

    Parameters
    ----------
    dataset : Dataset
        Its ``data_dir``, or ``FUSEBENCH_DATA``, is where files go.
    report : callable, optional
        Is told of progress.

    Returns
    -------
    list of Path
        What was fetched now.

    Raises
    ------
    FusebenchError
        If there is nothing to fetch, no data folder is named, the server fails, or a file is not the one
        that it should be. Where a form must be filled, it says where, and which files go in which folder.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> fetch_dataset(load_dataset("hateful-memes"))
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: The files of 'hateful-memes' cannot be fetched by a program; get them \
from https://hatefulmemeschallenge.com (a form must be filled; 4 GB: train.jsonl, dev_seen.jsonl, \
test_seen.jsonl and the folder img, in the folder hateful-memes).
    """
    if dataset.card.embedded:
        raise FusebenchError(f"The data set {dataset.name!r} needs no files.")
    if not dataset.downloads:
        raise FusebenchError(
            f"The files of {dataset.name!r} cannot be fetched by a program; get them from "
            f"{dataset.card.source}."
        )
    folder = data_folder(dataset.data_dir)
    fetched = []
    for download in dataset.downloads:
        target = folder / download.path
        if not target.exists():
            _fetch(download, target, report)
            fetched.append(target)
    return fetched


def _fetch(download: Download, target: Path, report: Report) -> None:
    """Download beside the target, check, and move or unpack."""
    import pooch
    from requests import RequestException

    name = download.url.rpartition("/")[2]
    pooch.get_logger().setLevel("WARNING")  # it tells what the caller reports
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.parent / f".{name}.part"
        with TemporaryDirectory(dir=target.parent, prefix=f".{name}.") as work:
            known = f"sha256:{download.sha256}" if download.sha256 else None
            file = Path(
                pooch.retrieve(
                    download.url, known, fname=name, path=work, downloader=_Resuming(partial, report)
                )
            )
            if download.unpack is None:
                file.replace(target)
            else:
                unpack_archive(file, target.parent, download.unpack)
    except (OSError, ValueError, RequestException) as error:
        raise FusebenchError(
            f"{download.url} could not be fetched ({error}). Repeat the command to try again; what has "
            "arrived is kept."
        ) from error
    if not target.exists():
        raise FusebenchError(f"{download.url} was unpacked, but holds no {target.name!r}.")


class _Resuming:
    """A downloader for pooch that keeps what has arrived in a file of its own, and goes on from there.

    It goes on only if the server says that the file is still the same: beside the part lies the tag that
    the server gave it.
    """

    def __init__(self, partial: Path, report: Report) -> None:
        self._partial = partial
        self._tag = partial.with_name(f"{partial.name}.tag")
        self._report = report

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        """Download `url` to `output_file`."""
        import requests

        have = self._partial.stat().st_size if self._partial.exists() and self._tag.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": self._tag.read_text(encoding="utf-8")}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                self._forget()  # it is longer than the file now is
            answer.raise_for_status()
            have = have if answer.status_code == requests.codes.partial_content else 0
            self._remember(answer.headers.get("ETag") or answer.headers.get("Last-Modified"))
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            with self._partial.open("ab" if have else "wb") as file:
                for piece in answer.iter_content(PIECE):
                    file.write(piece)
                    have += len(piece)
                    self._report(url, have, total)
        if total is not None and have != total:
            raise OSError(f"{have} of {total} bytes arrived")
        shutil.move(self._partial, output_file)
        self._forget()

    def _remember(self, tag: str | None) -> None:
        # A weak tag does not promise the same bytes.
        if tag and not tag.startswith("W/"):
            self._tag.write_text(tag, encoding="utf-8")
        else:
            self._tag.unlink(missing_ok=True)

    def _forget(self) -> None:
        self._partial.unlink(missing_ok=True)
        self._tag.unlink(missing_ok=True)
