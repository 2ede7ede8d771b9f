"""Archives (zip, tar) that are unpacked into one folder and nowhere else."""

import gzip
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

__all__ = ["MAX_BYTES", "MAX_FILES", "unpack_archive"]

MAX_BYTES = 100 * 2**30
MAX_FILES = 2_000_000
DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)
PIECE = 1 << 20  # bytes


class _Member(NamedTuple):
    """A file in an archive: its name, the bytes that it declares, and a stream of them."""

    name: str
    size: int
    content: IO[bytes]


def unpack_archive(archive: Path, folder: Path, inside: str = "") -> None:
    """Unpack the files below one folder of an archive.

    Nothing appears there before everything has been unpacked; files that are there already are replaced.

    Parameters
    ----------
    archive : Path
        A zip file, or a tar file, compressed or not.
    folder : Path
        Where to put them.
    inside : str
        The folder in the archive whose content is wanted, all if empty. It may begin with ``*/`` for any
        outermost folder. Its last part stays in the name: ``*/audio`` gives ``folder/audio/...``.

    Raises
    ------
    ValueError
        If it is no archive, is damaged or vast, or a name in it leads outside of the folder. Links and
        devices are refused too.

    Examples
    --------
    >>> with TemporaryDirectory() as work:
    ...     with zipfile.ZipFile(Path(work, "a.zip"), "w") as file:
    ...         file.writestr("set-1.0/audio/a.wav", "sound")
    ...         file.writestr("set-1.0/README", "text")
    ...     unpack_archive(Path(work, "a.zip"), Path(work), "*/audio")
    ...     sorted(path.name for path in Path(work).rglob("*"))
    ['a.wav', 'a.zip', 'audio']
    """
    n_files = size = 0
    with TemporaryDirectory(dir=folder, prefix=f".{archive.name}.") as work:
        try:
            for member in _read_members(archive):
                n_files, size = n_files + 1, size + member.size
                if n_files > MAX_FILES or size > MAX_BYTES:
                    raise ValueError(f"it holds more than {MAX_FILES} files or {MAX_BYTES} bytes")
                name = _place(member.name, inside)
                if name is not None:
                    target = Path(work) / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as file:
                        shutil.copyfileobj(member.content, file)
        except (*DAMAGE, EOFError, RuntimeError) as error:
            raise ValueError(f"it is not a whole archive: {error}") from error
        for path in sorted(Path(work).iterdir()):
            if (folder / path.name).is_dir():
                shutil.copytree(path, folder / path.name, dirs_exist_ok=True)
            else:
                path.replace(folder / path.name)


def _read_members(archive: Path) -> Iterator[_Member]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            for entry in zipped.infolist():
                if not entry.is_dir():
                    # zipfile reads no more of a member than it declares.
                    with zipped.open(entry) as content:
                        yield _Member(entry.filename, entry.file_size, content)
        return
    with tarfile.open(archive) as tarred:
        for info in tarred:
            if info.isdir():
                continue
            stream = tarred.extractfile(info) if info.isfile() else None
            if stream is None:
                raise ValueError(f"{info.name!r} is a link or a device")
            yield _Member(info.name, info.size, stream)
        # The checksum of a compressed archive stands at its end, after what tarfile reads.
        while tarred.fileobj is not None and tarred.fileobj.read(PIECE):
            pass


def _place(name: str, inside: str) -> Path | None:
    """Say where a member goes; None if it is not below the folder that is wanted."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in path.parts[0] or "\0" in name:
        raise ValueError(f"{name!r} leads outside of the folder")
    wanted = PurePosixPath(inside).parts
    if len(path.parts) <= len(wanted):
        return None
    if not all(part in ("*", found) for part, found in zip(wanted, path.parts, strict=False)):
        return None
    return Path(*path.parts[max(0, len(wanted) - 1) :])
