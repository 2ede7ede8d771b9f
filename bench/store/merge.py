"""Runs of several machines as one folder."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from ...errors import FusebenchError
from ...results.location import is_remote, make_parent
from ...results.merge import merge_records
from ...results.records import collect_notices, read_records
from .outputs import write_outputs
from .provenance import collect_provenance, read_provenance

__all__ = ["merge_runs"]

_LEFT = ("features", "events")  # the first are made again where they lack, the second are of one run alone


def merge_runs(folders: Sequence[Path], out: Path, metric: str) -> int:
    """Unite cells, predictions, masks and records; write the tables and the report of all of them.

    Parameters
    ----------
    folders : sequence of Path
        Of two or more runs.
    out : Path
        A new or empty folder. It is there only when everything is in it; one behind a URL, which cannot be
        renamed, has a ``run.json`` only then.
    metric : str
        What to rank by.

    Returns
    -------
    int
        Number of cells.

    Raises
    ------
    FusebenchError
        If a folder is no run, two of them contradict each other, or `out` is not empty.
    """
    if len({folder.resolve() for folder in folders}) < max(len(folders), 2):
        raise FusebenchError("Name two or more different folders to merge.")
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise FusebenchError(f"{str(out)!r} is there already; name a new folder to merge into.")
    records, owners = merge_records({str(folder): read_records(folder) for folder in folders})
    told = {str(folder): read_provenance(folder) for folder in folders}
    provenance = {
        **collect_provenance(),
        "metric": metric,
        "data": {name: data for part in told.values() for name, data in part.get("data", {}).items()},
        "strategies": {
            name: how for part in told.values() for name, how in part.get("strategies", {}).items()
        },
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "note": " ".join(collect_notices(records)),
        "merged": told,
    }
    making = out if is_remote(out) else out.with_name(f".{out.name}.{uuid4().hex[:8]}.tmp")
    try:
        for folder in folders:
            _copy_cells(folder, making, owners)
        write_outputs(records, provenance, making)
        if making != out:
            making.replace(out)
    except OSError as error:
        raise FusebenchError(f"Cannot write {out}: {error.strerror or error}.") from error
    finally:
        if making != out:
            shutil.rmtree(making, ignore_errors=True)
    return len(owners)


def _copy_cells(folder: Path, target: Path, owners: Mapping[str, str]) -> None:
    """Copy what lies in subfolders; of a cell that several runs have, the files of the one that owns it."""
    for path in sorted(folder.glob("*/**/*")):
        inside = path.relative_to(folder).parts
        key = path.stem.rpartition("-")[2]
        if path.name.startswith(".") or inside[0] in _LEFT or not path.is_file():
            continue
        copy = target.joinpath(*inside)
        if owners.get(key, str(folder)) == str(folder) and not copy.exists():
            make_parent(copy)
            copy.write_bytes(path.read_bytes())
