"""From finished cells to the long table that the results are made of."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .plan import Cell
from .store import CellResult

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["make_records"]


def make_records(cells: Iterable[Cell], results: Mapping[str, CellResult], note: str = "") -> "pd.DataFrame":
    """Tabulate results: one row a score, or one row a cell that has none.

    Parameters
    ----------
    cells : iterable of Cell
        The plan.
    results : mapping of str to CellResult
        By the key of the cell.
    note : str
        A caution put on every row.

    Returns
    -------
    pandas.DataFrame
        With the columns of `fusebench.results.records.COLUMNS`.
    """
    import pandas as pd

    return pd.DataFrame([row for cell in cells for row in _rows(cell, results[cell.key], note)])


def _rows(cell: Cell, result: CellResult, note: str) -> Iterator[dict[str, Any]]:
    shared = {
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
        "key": cell.key,
        "note": note,
    }
    if result.status != "done":
        yield {**shared, "scenario": "", "metric": "", "direction": "", "value": float("nan")}
        return
    conditions = {(c.scenario.name, c.modality, c.severity): c for c in cell.bundle.conditions}
    for score in result.scores:
        condition = conditions[score["scenario"], score["modality"], score["severity"]]
        for metric in cell.metrics:
            yield {
                **shared,
                "scenario": condition.scenario.name,
                "mechanism": condition.scenario.mechanism,
                "modality": condition.modality,
                "severity": condition.severity,
                "level": condition.level,
                "level_name": condition.scenario.level_name,
                "metric": metric.name,
                "direction": metric.direction,
                "value": score[metric.name],
                "predict_seconds": score["predict_seconds"],
            }
