"""What fits complained of, and the conditions that could not be scored."""

from typing import NamedTuple

import pandas as pd

from .records import CELL
from .training import label_training

__all__ = ["LOG_COLUMNS", "NotScored", "describe_not_scored", "group_messages"]

LOG_COLUMNS = (*CELL, "condition", "message")
"""One row a message: a warning of the fit where ``condition`` is empty, else why that was not scored."""


class NotScored(NamedTuple):
    """A condition that nothing is scored under: its name, where, which seeds, why."""

    condition: str
    dataset: str
    seeds: str
    reason: str


def describe_not_scored(logs: pd.DataFrame) -> list[NotScored]:
    """List the conditions that data sets cannot be put under; seeds of one reason together.

    Examples
    --------
    >>> row = {"dataset": "d", "training": "clean", "fusion": "f", "condition": "missing-rate-5"}
    >>> describe_not_scored(pd.DataFrame([{**row, "seed": s, "message": "No."} for s in (0, 1)]))
    [NotScored(condition='missing-rate-5', dataset='d', seeds='0, 1', reason='No.')]
    """
    told = label_training(logs[logs["condition"] != ""])
    groups = told.groupby(["dataset", "condition", "message"], sort=True)["seed"]
    return [
        NotScored(str(condition), str(dataset), ", ".join(map(str, sorted(seeds.unique()))), str(reason))
        for (dataset, condition, reason), seeds in groups
    ]


def group_messages(logs: pd.DataFrame) -> dict[str, list[tuple[str, str]]]:
    """Collect by fusion what its fits warned of: each message once, with the cells that gave it.

    Returns
    -------
    dict of str to list of (str, str)
        Pairs of where and what.

    Examples
    --------
    >>> row = {"dataset": "d", "training": "clean", "fusion": "f", "condition": "", "message": "No luck"}
    >>> group_messages(pd.DataFrame([{**row, "seed": s} for s in (0, 2)]))
    {'f': [('d, seed 0, 2', 'No luck')]}
    """
    found: dict[str, list[tuple[str, str]]] = {}
    told = label_training(logs[logs["condition"] == ""])
    for (fusion, message), own in told.groupby(["fusion", "message"]):
        where = "; ".join(
            f"{dataset}, seed {', '.join(map(str, sorted(seeds)))}"
            for dataset, seeds in own.groupby("dataset")["seed"]
        )
        found.setdefault(str(fusion), []).append((where, str(message)))
    return found
