"""Reference results that ship with the package: the records of built-in suites, and where they come from."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ..errors import FusebenchError, did_you_mean
from .files import write_atomically
from .records import COLUMNS, validate

__all__ = [
    "SHIPPED",
    "Publication",
    "find_publications",
    "read_publication",
    "round_scores",
    "write_publication",
]

SHIPPED = Path(__file__).parent / "published"
"""Folder of the results that ship: ``SUITE.parquet`` with ``SUITE.json`` beside it."""

# Hashes of code name no code that a reader has, and times compare with no time of another machine.
_DROPPED = ("key", "note", "fit_seconds", "predict_seconds", "fit_bytes")

_DIGITS = 5  # significant ones; those beyond are most of a file and mean nothing beside seeds and samples

_NEEDED = ("version", "commit", "packages", "hardware", "started", "suite", "metric", "data")
_PASSING = ("files", "plan")  # hashes of what is not published


class Publication(NamedTuple):
    """Published results of one suite.

    Parameters
    ----------
    name : str
        Of the suite.
    records : pandas.DataFrame
        Validated; without times.
    provenance : dict
        As in the ``run.json`` of the run: ``version``, ``commit``, ``packages``, ``hardware``, ``started``,
        the ``suite`` as it was run, and under ``data`` the fingerprint and protocol of each data set.
    """

    name: str
    records: pd.DataFrame
    provenance: dict[str, Any]

    def describe(self) -> str:
        """Name the suite, the version and the date."""
        version, commit = self.provenance["version"], str(self.provenance["commit"] or "not known")
        date = str(self.provenance["started"])[:10]
        return f"{self.name} (Fusebench {version}, commit {commit[:10]}, {date})"


def find_publications(folder: Path = SHIPPED) -> list[str]:
    """Name the suites whose results are in a folder.

    Examples
    --------
    >>> "default" in find_publications()
    True
    """
    return sorted(path.stem for path in folder.glob("*.parquet"))


def read_publication(name: str, folder: Path = SHIPPED) -> Publication:
    """Read published results.

    Raises
    ------
    FusebenchError
        If there are none of that name, or they are damaged.

    Examples
    --------
    >>> read_publication("default").provenance["metric"]
    'accuracy'
    """
    known = find_publications(folder)
    if name not in known:
        raise FusebenchError(f"No results of a suite {name!r} are published; {did_you_mean(name, known)}")
    try:
        records = pd.read_parquet(folder / f"{name}.parquet")
        provenance = json.loads((folder / f"{name}.json").read_bytes())
    except (OSError, ValueError) as error:
        raise FusebenchError(
            f"The published results of {name} are damaged ({error}); install Fusebench again."
        ) from error
    return Publication(name, validate(records), provenance)


def round_scores(records: pd.DataFrame) -> pd.DataFrame:
    """Round scores as those that are published are, so that equal ones stay equal beside them.

    Examples
    --------
    >>> round_scores(pd.DataFrame({"value": [2 / 3, 123.4567, -0.0012345678, 0.0]}))["value"].to_list()
    [0.66667, 123.46, -0.0012346, 0.0]
    """
    return records.assign(value=[float(f"{value:.{_DIGITS}g}") for value in records["value"]])


def write_publication(
    records: pd.DataFrame, provenance: Mapping[str, Any], folder: Path = SHIPPED
) -> Publication:
    """Publish the results of a run under the name of its suite.

    Scores are rounded by `round_scores`. Cells that are not done are published as such, with the first line
    of the reason.

    Parameters
    ----------
    records : pandas.DataFrame
        Of the run.
    provenance : mapping
        What its ``run.json`` says.
    folder : Path
        Where ``SUITE.parquet`` and ``SUITE.json`` are replaced.

    Returns
    -------
    Publication
        As it can be read again.

    Raises
    ------
    FusebenchError
        If the provenance is not complete, or the run was in quick mode.
    """
    if lacking := [name for name in _NEEDED if name not in provenance]:
        raise FusebenchError(
            f"The run.json does not tell {' and '.join(lacking)}; only what one `fusebench run` has made "
            "from beginning to end can be published."
        )
    name = provenance["suite"]["name"]
    if provenance["suite"]["quick"]:
        raise FusebenchError(f"The run of {name} was in quick mode; its numbers measure nothing.")
    table = round_scores(validate(records))
    table["reason"] = table["reason"].str.partition("\n")[0]  # a traceback tells of folders of one machine
    texts = {column: "category" for column in table if COLUMNS[str(column)].kind == "text"}
    buffer = BytesIO()
    table.astype(texts).drop(columns=list(_DROPPED)).to_parquet(
        buffer, index=False, compression="zstd", compression_level=19
    )
    kept = {key: value for key, value in provenance.items() if key not in _PASSING}
    write_atomically(folder / f"{name}.parquet", buffer.getvalue())
    write_atomically(folder / f"{name}.json", (json.dumps(kept, indent=1) + "\n").encode())
    return read_publication(name, folder)
