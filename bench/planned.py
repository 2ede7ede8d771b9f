"""``plan.json``: the cells that a run was asked for, so that its folder can be asked about them later."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import FusebenchError
from ..results.files import write_atomically
from .plan import Cell
from .plugin_files import loaded_plugin_files
from .suite import Suite

__all__ = ["PLAN", "PlannedCell", "RecordedPlan", "read_plan", "write_plan"]

PLAN = "plan.json"


@dataclass(frozen=True)
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
    """

    suite: Suite
    data_dir: str | None
    plugins: tuple[str, ...]
    cells: tuple[PlannedCell, ...]


def write_plan(folder: Path, suite: Suite, cells: Sequence[Cell]) -> None:
    """Write ``plan.json``, unless it is there with the same content."""
    folders = [cell.bundle.dataset.data_dir for cell in cells]
    planned = [
        PlannedCell(c.dataset, c.training, c.fusion, c.family, c.seed, c.key, c.bundle.key, c.skip)
        for c in cells
    ]
    document: dict[str, Any] = {
        "suite": suite.model_dump(mode="json"),
        "data_dir": next((str(path.resolve()) for path in folders if path is not None), None),
        "plugins": [str(path) for path in loaded_plugin_files()],
        "cells": [asdict(cell) for cell in planned],
    }
    content = (json.dumps(document, indent=1) + "\n").encode()
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
        cells = tuple(PlannedCell(**cell) for cell in document["cells"])
        suite = Suite.model_validate(document["suite"])
        return RecordedPlan(suite, document["data_dir"], tuple(document["plugins"]), cells)
    except FileNotFoundError:
        raise FusebenchError(
            f"{str(folder)!r} has no {PLAN}: it is not the folder of a run, or of an older version."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FusebenchError(
            f"{path} is damaged ({error}); repeat the run, which writes it again."
        ) from error
