"""Levels of severities that were calibrated to a data set: the file beside its card."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path

from ..errors import FusebenchError
from .storage import atomic_path

__all__ = ["Calibration", "Row", "read_calibration", "write_calibration"]


@dataclass(frozen=True)
class Row:
    """The severities of one scenario on one modality.

    Parameters
    ----------
    levels : tuple of 5 floats
        The physical amounts at severities 1 to 5, strictly rising or strictly falling.
    costs : tuple of 5 floats
        What they cost a classifier of this modality: the share of its margin over chance.
    """

    levels: tuple[float, ...]
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """What ``fusebench calibrate`` found.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    metric : str
        What the classifiers were scored by.
    samples : int
        Samples of the validation split that costs were measured on, at most.
    seeds : int
        Number of seeds that costs are means of.
    margins : mapping of str to float
        How far the classifier of each modality is above chance on clean data.
    rows : mapping of str to Row
        By scenario and modality joined by "-". A modality at chance has none.
    """

    dataset: str
    metric: str
    samples: int
    seeds: int
    margins: Mapping[str, float]
    rows: Mapping[str, Row]


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a file that `read_calibration` reads.

    Raises
    ------
    FusebenchError
        If it cannot be written.
    """
    # A row a line, so that a change of one is seen as that.
    rows = ",\n".join(
        f"  {json.dumps(key)}: {json.dumps(asdict(row))}" for key, row in calibration.rows.items()
    )
    head = {key: value for key, value in vars(calibration).items() if key != "rows"}
    text = f'{json.dumps(head, indent=1)[:-2]},\n "rows": {{\n{rows}\n }}\n}}\n'
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as work:
            work.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FusebenchError(f"The severities cannot be written to '{path}' ({error.strerror}).") from error


def read_calibration(path: Path | None) -> Calibration | None:
    """Read the file of a data set; None if there is none.

    Raises
    ------
    FusebenchError
        If it is damaged, or the levels of a row do not rise or fall strictly.
    """
    if path is None or not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = {
            key: Row(*(tuple(map(float, row[f])) for f in ("levels", "costs")))
            for key, row in content.pop("rows").items()
        }
        calibration = Calibration(**content, rows=rows)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FusebenchError(
            f"The severities in '{path}' cannot be read; write them anew with `fusebench calibrate`."
        ) from error
    for key, row in rows.items():
        if not _is_strict(row.levels):
            raise FusebenchError(
                f"The five levels of {key!r} in '{path}' must rise or fall strictly, however: {row.levels}."
            )
    return calibration


def _is_strict(levels: tuple[float, ...]) -> bool:
    steps = [after - before for before, after in pairwise(levels)]
    return len(steps) == 4 and all(map(isfinite, levels)) and (min(steps) > 0 or max(steps) < 0)
