"""From finished cells to the long table that the results are made of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ..fusions.tuning import find_tuned
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
    tuned = find_tuned(cell.entry.estimator)
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
        "trials": 0 if tuned is None else tuned.n_trials,
        "chosen": _describe_choice(result.trials) if tuned else "",
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
