"""From finished cells to the long table that the results are made of."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from math import nan
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..fusions.tuning import find_tuned
from .planning.plan import Cell
from .scenarios.registry import Condition
from .store.cells import CellResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["make_records"]


def make_records(results: Iterable[tuple[Cell, CellResult]], note: str = "") -> "pd.DataFrame":
    """Tabulate results: one row a score, or one row a cell that has none.

    Parameters
    ----------
    results : iterable of (Cell, CellResult)
        Each is looked at once and then forgotten, so that they may come from disk one by one.
    note : str
        A caution put on every row.

    Returns
    -------
    pandas.DataFrame
        With the columns of `fusebench.results.records.COLUMNS`; text is categorical.
    """
    import numpy as np
    import pandas as pd

    # What rows share is described once; a row has two numbers, and places in these descriptions.
    cells: list[dict[str, Any]] = []
    conditions: list[dict[str, Any]] = [{"scenario": ""}]
    metrics: list[dict[str, Any]] = [{"metric": "", "direction": ""}]
    known: dict[tuple[Any, ...], int] = {}
    places, numbers = array("i"), array("d")
    for number, (cell, result) in enumerate(results):
        cells.append(_describe_cell(cell, result, note))
        if result.status != "done":
            places.extend((number, 0, 0))
            numbers.extend((nan, nan))
            continue
        for score in result.scores:
            name = cell.dataset, score["scenario"], score["modality"], score["severity"]
            if name not in known:
                known[name] = len(conditions)
                conditions.append(_describe_condition(_find_condition(cell, name[1:])))
            for metric in cell.metrics:
                if (metric.name,) not in known:
                    known[metric.name,] = len(metrics)
                    metrics.append({"metric": metric.name, "direction": metric.direction})
                places.extend((number, known[name], known[metric.name,]))
                numbers.extend((score[metric.name], score["predict_seconds"]))
    by_row = np.frombuffer(places, np.intc).reshape(-1, 3)
    columns: dict[str, Any] = {}
    for place, described in enumerate((cells, conditions, metrics)):
        table = pd.DataFrame(described)
        texts = table.select_dtypes(["object", "string"]).columns
        table = table.astype(dict.fromkeys(texts, "category"))
        columns |= {str(name): column.array.take(by_row[:, place]) for name, column in table.items()}
    values = np.frombuffer(numbers).reshape(-1, 2)
    return pd.DataFrame({**columns, "value": values[:, 0], "predict_seconds": values[:, 1]})


def _describe_cell(cell: Cell, result: CellResult, note: str) -> dict[str, Any]:
    tuned = find_tuned(cell.entry.estimator)
    return {
        "dataset": cell.dataset,
        "training": cell.training,
        "fusion": cell.fusion,
        "family": cell.family,
        "absence": cell.entry.estimator.absence_handled,
        "seed": cell.seed,
        "status": result.status,
        "reason": "\n".join(filter(None, [result.reason, result.traceback])),
        "fit_seconds": result.fit_seconds,
        "fit_bytes": result.fit_bytes,
        "n_parameters": result.n_parameters,
        "n_test": result.n_test,
        "trials": 0 if tuned is None else tuned.n_trials,
        "chosen": _describe_choice(result.trials) if tuned else "",
        "key": cell.key,
        "note": note,
    }


def _find_condition(cell: Cell, name: tuple[Any, ...]) -> Condition:
    return next(c for c in cell.bundle.conditions if (c.scenario.name, c.modality, c.severity) == name)


def _describe_condition(condition: Condition) -> dict[str, Any]:
    return {
        "scenario": condition.scenario.name,
        "mechanism": condition.scenario.mechanism,
        "modality": condition.modality,
        "severity": condition.severity,
        "level": condition.level,
        "level_name": condition.scenario.level_name,
    }


def _describe_choice(trials: Sequence[Mapping[str, Any]]) -> str:
    """Say what tuning chose, and how many trials failed."""
    succeeded = [trial for trial in trials if trial["loss"] is not None]
    if not succeeded:
        return ""
    chosen = min(succeeded, key=itemgetter("loss"))["parameters"]
    if not chosen:
        return "nothing to tune"
    said = ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in chosen.items()
    )
    failed = len(trials) - len(succeeded)
    return f"{said} ({failed} of {len(trials)} trials failed)" if failed else said
