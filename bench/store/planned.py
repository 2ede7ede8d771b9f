"""``plan.json``: the cells that a run was asked for, so that its folder can be asked about them later.

Beside the suite it holds ``bundles``, each a data set, a training scenario, a seed and a key of features;
``entries``, each a strategy, its family and why it is skipped; and ``cells``: places in these two, and a key.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ...errors import FusebenchError
from ...results.files import write_atomically
from ..planning.plan import Cell
from ..plugin_files import loaded_plugin_files
from ..sequential import Stop
from ..suite import Suite

__all__ = ["PLAN", "PlannedCell", "RecordedPlan", "read_plan", "write_plan"]

PLAN = "plan.json"


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """What names a cell and its files; ``features`` is the key of its bundle."""

    dataset: str
    training: str
    fusion: str
    family: str
    seed: int
    key: str
    features: str
    skip: str

    @property
    def name(self) -> str:
        """Call it as people do."""
        faults = "" if self.training == "clean" else f", trained on {self.training}"
        return f"{self.fusion} on {self.dataset}{faults}, seed {self.seed}"


@dataclass(frozen=True)
class RecordedPlan:
    """What was asked for last, and the cells that answer it.

    Parameters
    ----------
    suite : Suite
        As changed by flags.
    data_dir : str, optional
        Where files of data sets were.
    plugins : tuple of str
        Files with plugins, as of ``--plugin``.
    cells : tuple of PlannedCell
        All of them, done or not.
    stops : tuple of Stop
        Data sets that got fewer seeds than that.
    """

    suite: Suite
    data_dir: str | None
    plugins: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    stops: tuple[Stop, ...]


def write_plan(folder: Path, suite: Suite, cells: Sequence[Cell], stops: Iterable[Stop] = ()) -> None:
    """Write ``plan.json``, unless it is there with the same content."""
    bundles: dict[tuple[str, str, int, str], int] = {}
    entries: dict[tuple[str, str, str], int] = {}
    rows = []
    for cell in cells:
        bundle = (cell.dataset, cell.training, cell.seed, cell.bundle.key)
        entry = (cell.fusion, cell.family, cell.skip)
        # What cells share is written once, and a cell tells its place in the list.
        places = bundles.setdefault(bundle, len(bundles)), entries.setdefault(entry, len(entries))
        rows.append((*places, cell.key))
    folders = [cell.bundle.dataset.data_dir for cell in cells]
    document: dict[str, Any] = {
        "suite": suite.model_dump(mode="json"),
        "data_dir": next((str(path.resolve()) for path in folders if path is not None), None),
        "plugins": [str(path) for path in loaded_plugin_files()],
        "stopped": [asdict(stop) for stop in stops],
        "bundles": list(bundles),
        "entries": list(entries),
        "cells": rows,
    }
    content = (json.dumps(document, separators=(",", ":")) + "\n").encode()
    path = folder / PLAN
    if not path.is_file() or path.read_bytes() != content:
        write_atomically(path, content)


def read_plan(folder: Path) -> RecordedPlan:
    """Read ``plan.json``.

    Raises
    ------
    FusebenchError
        If there is none, or it is damaged.
    """
    path = folder / PLAN
    try:
        document = json.loads(path.read_bytes())
        cells = tuple(
            _join(document["bundles"][bundle], document["entries"][entry], key)
            for bundle, entry, key in document["cells"]
        )
        suite = Suite.model_validate(document["suite"])
        stops = tuple(Stop(**stop) for stop in document["stopped"])
        return RecordedPlan(suite, document["data_dir"], tuple(document["plugins"]), cells, stops)
    except (FileNotFoundError, NotADirectoryError):
        raise FusebenchError(
            f"{str(folder)!r} has no {PLAN}: it is not the folder of a run, or of an older version."
        ) from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FusebenchError(
            f"{path} is damaged ({error}); repeat the run, which writes it again."
        ) from error


def _join(bundle: Sequence[Any], entry: Sequence[Any], key: str) -> PlannedCell:
    dataset, training, seed, features = bundle
    fusion, family, skip = entry
    return PlannedCell(dataset, training, fusion, family, seed, key, features, skip)
