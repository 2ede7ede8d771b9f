"""Why a cell is run again: what of its key has changed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import FusebenchError, did_you_mean
from ..planning.plan import make_plan
from ..plugin_files import loaded_plugin_files
from .planned import read_plan

__all__ = ["Change", "compare_ingredients", "explain"]


class Change(NamedTuple):
    """One ingredient of a key, as it was and as it is; None where there is none."""

    ingredient: str
    before: Any
    now: Any


def explain(folder: Path, name: str) -> dict[Path, list[Change] | None]:
    """Compare the files of a cell with what the same command would run now.

    Parameters
    ----------
    folder : Path
        Of a run.
    name : str
        A file of ``cells/``, or ``DATASET/FUSION/seedN``.

    Returns
    -------
    dict of Path to list of Change
        For each file of that name; no change if it would be used, None if the plan has no such cell.

    Raises
    ------
    FusebenchError
        If it is not the folder of a run, there is no such cell in it, or a plugin of it is not loaded.
    """
    plan = read_plan(folder)
    loaded = {path.name for path in loaded_plugin_files()}
    if missing := [path for path in plan.plugins if Path(path).name not in loaded]:
        raise FusebenchError(
            f"The run had plugins, without which its cells are others; add --plugin {missing[0]}."
        )
    cells = {
        (cell.dataset, cell.bundle.training.slug, cell.fusion, cell.seed): cell
        for cell in make_plan(plan.suite, plan.data_dir)
    }
    found: dict[Path, list[Change] | None] = {}
    for path in _find_files(folder, name):
        try:
            before = json.loads(path.read_bytes())["ingredients"]
            made = before["features"]
            cell = cells.get((made["dataset"], made["training"][0], before["fusion"], made["seed"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise FusebenchError(f"The cell file {path} is damaged; it will be run again.") from error
        now = cell and json.loads(json.dumps(cell.ingredients, default=str))  # as it would be on disk
        found[path] = None if now is None else compare_ingredients(before, now)
    return found


def compare_ingredients(before: Any, now: Any, name: str = "") -> list[Change]:
    """List what differs, by dotted names; of lists, the entries that one of them lacks.

    Examples
    --------
    >>> compare_ingredients({"a": {"b": 1, "c": [1, 2]}}, {"a": {"b": 2, "c": [1, 3]}})
    [Change(ingredient='a.b', before=1, now=2), Change(ingredient='a.c', before=[2], now=[3])]
    """
    if before == now:
        return []
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        names = dict.fromkeys([*before, *now])
        return [
            change
            for key in names
            for change in compare_ingredients(before.get(key), now.get(key), f"{name}.{key}".lstrip("."))
        ]
    if isinstance(before, list) and isinstance(now, list):
        lost, new = [x for x in before if x not in now], [x for x in now if x not in before]
        return [Change(name, lost or before, new or now)] if not (lost or new) else [Change(name, lost, new)]
    return [Change(name, before, now)]


def _find_files(folder: Path, name: str) -> list[Path]:
    cells = folder / "cells"
    for path in (Path(name), cells / name):
        if path.is_file():
            return [path]
    known = {str(path.relative_to(cells)).rpartition("-")[0] for path in cells.rglob("seed*.json")}
    if name not in known:
        raise FusebenchError(f"No cell in {str(cells)!r} is {name!r}; {did_you_mean(name, known)}")
    return sorted(cells.glob(f"{name}-*.json"))
