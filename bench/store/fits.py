"""What is known of a fit beside its scores: how its network was trained, and what it complained of."""

import json
from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...fusions.base import FusionStrategy
from ...fusions.neural.estimator import NeuralFusion
from ...fusions.tuning import find_tuned
from ...results.location import open_folder

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Fits", "find_history", "list_trials", "read_fits"]


def find_history(fusion: FusionStrategy) -> dict[str, Any]:
    """Tell how the network of a fitted strategy, or of a strategy inside it, was trained.

    Returns
    -------
    dict
        ``train`` and ``validation``, the losses of `fusebench.fusions.neural.trainer.History`, and
        ``max_epochs``, the epochs that there could have been. Empty if there is no network. Of a strategy
        that trains several in turn it is the last, which predicts.
    """
    if isinstance(fusion, NeuralFusion):
        history = fusion.history_
        return {
            "train": list(history.train_loss),
            "validation": list(history.validation_loss),
            "max_epochs": fusion.max_epochs,
        }
    # Fitted state ends with an underscore; a constructor parameter was never trained.
    inside = [value for name, value in vars(fusion).items() if name.endswith("_")]
    found = (find_history(value) for value in inside if isinstance(value, FusionStrategy))
    return next(filter(None, found), {})


def list_trials(fusion: FusionStrategy) -> list[dict[str, Any]]:
    """Tell what tuning tried: ``parameters``, ``loss`` on validation (None without one) and ``failure``.

    Empty if the strategy was not tuned.
    """
    tuned = find_tuned(fusion)
    if tuned is None:
        return []
    return [{**asdict(trial), "loss": None if isnan(trial.loss) else trial.loss} for trial in tuned.trials_]


class Fits(NamedTuple):
    """What the files of cells tell of fits, beside the records.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of `fusebench.results.curves.CURVE_COLUMNS`: how networks were trained, on clean data.
    logs : pandas.DataFrame
        Columns of `fusebench.results.logs.LOG_COLUMNS`: warnings, and conditions that could not be scored.
    """

    curves: "pd.DataFrame"
    logs: "pd.DataFrame"


def read_fits(folder: str | Path, records: "pd.DataFrame") -> Fits:
    """Read what became of each fit of a run.

    Parameters
    ----------
    folder : path
        Of a run.
    records : pandas.DataFrame
        From `fusebench.results.records.read_records`.

    Returns
    -------
    Fits
        Without the cells whose files are not there: a folder may hold the records alone.
    """
    import pandas as pd

    from ...results.curves import CURVE_COLUMNS
    from ...results.logs import LOG_COLUMNS
    from ...results.records import CELL

    folder = open_folder(folder)
    curves: list[tuple[Any, ...]] = []
    logs: list[tuple[Any, ...]] = []
    for cell in records.drop_duplicates(CELL)[[*CELL, "key"]].to_dict("records"):
        about = tuple(cell[name] for name in CELL)
        place = f"{cell['dataset']}/{cell['fusion']}/seed{cell['seed']}-{cell['key']}.json"
        try:
            result = json.loads((folder / "cells" / place).read_bytes())["result"]
        except (OSError, ValueError, KeyError):
            continue
        history = result.get("history", {})
        if cell["training"] == "clean":
            for part in ("train", "validation"):
                fit = cell["dataset"], cell["fusion"], cell["seed"]
                losses = enumerate(history.get(part, ()), start=1)
                curves += [(*fit, epoch, part, loss, history["max_epochs"]) for epoch, loss in losses]
        logs += [(*about, "", message) for message in result.get("warnings", ())]
        logs += [(*about, slug, reason) for slug, reason in result.get("not_scored", {}).items()]
    return Fits(
        pd.DataFrame(curves, columns=list(CURVE_COLUMNS)), pd.DataFrame(logs, columns=list(LOG_COLUMNS))
    )
