"""Folders that `save_to_disk` of Hugging Face's `datasets` writes: Arrow streams, described in JSON."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Saved", "is_saved", "read_saved"]

MAX_BYTES = 4 * 2**30
"""The largest content that is read."""


class Saved(NamedTuple):
    """A saved data set, or one split of several.

    Parameters
    ----------
    split : str or None
        Its name; None where there is one table only.
    table : pyarrow.Table
        A row a sample.
    features : dict of str to object
        What is in each column, as ``dataset_info.json`` says it.
    """

    split: str | None
    table: "pa.Table"
    features: dict[str, Any]


def is_saved(folder: Path) -> bool:
    """Tell a folder of `save_to_disk` from others by its JSON files."""
    return (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file()


def read_saved(folder: Path) -> list[Saved]:
    """Read a saved ``Dataset``, or all splits of a saved ``DatasetDict``.

    Parameters
    ----------
    folder : Path
        For which `is_saved` holds.

    Returns
    -------
    list of Saved
        At least one.

    Raises
    ------
    ValueError
        If a file is missing, damaged, or lies outside, or it is more than `MAX_BYTES`.
    """
    if not (folder / "dataset_dict.json").is_file():
        return [_read_split(folder, folder, None)]
    names = _read_json(folder / "dataset_dict.json").get("splits")
    if not isinstance(names, list) or not names:
        raise ValueError("dataset_dict.json names no splits")
    return [_read_split(folder, _find(folder, folder, name), str(name)) for name in names]


def _read_split(root: Path, folder: Path, split: str | None) -> Saved:
    import pyarrow as pa

    state, info = (_read_json(folder / name) for name in ("state.json", "dataset_info.json"))
    files, features = state.get("_data_files"), info.get("features")
    if not isinstance(files, list) or not files or not isinstance(features, dict):
        raise ValueError(f"state.json and dataset_info.json of '{folder.name}' name no files or no features")
    paths = [_find(root, folder, file.get("filename") if isinstance(file, dict) else file) for file in files]
    size = sum(path.stat().st_size for path in paths)
    if size > MAX_BYTES:
        raise ValueError(f"it has {size} bytes, more than {MAX_BYTES}")
    try:
        table = pa.concat_tables([_read_stream(path) for path in paths])
        table.validate(full=True)
    except pa.ArrowException as error:
        raise ValueError(f"'{folder.name}' holds no whole Arrow files of one kind: {error}") from error
    if table.column_names != list(features):
        raise ValueError(
            f"dataset_info.json names the columns {', '.join(features)}; there are "
            f"{', '.join(table.column_names)}"
        )
    return Saved(split, table, features)


def _read_stream(path: Path) -> "pa.Table":
    import pyarrow as pa

    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        return stream.read_all()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name} holds no object")
    return content


def _find(root: Path, folder: Path, name: object) -> Path:
    """Find what a JSON file names; inside the folder that the user named, be it by a link."""
    path = (folder / str(name)).resolve()
    if not path.is_relative_to(root.resolve()):
        raise ValueError(f"{str(name)!r} lies outside the folder")
    if not path.exists():
        raise ValueError(f"there is no {str(name)!r} in the folder")
    return path
