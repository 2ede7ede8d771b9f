"""Records of several machines as one table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..errors import FusebenchError
from .records import CELL, validate

__all__ = ["merge_records"]

_CONDITION = ["scenario", "modality", "severity", "metric"]
_TOLERANCE = 1e-6  # of a score, relative: rounding of another processor


def merge_records(parts: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Unite the records of several runs, each cell once.

    A cell that several runs have must have the same key (the hash of its code, data and options) and, as
    far as it is done, the same scores up to rounding. The first run that has it done gives its rows.

    Parameters
    ----------
    parts : mapping of str to pandas.DataFrame
        Records by the name of their run.

    Returns
    -------
    records : pandas.DataFrame
        Validated.
    owners : dict of str to str
        By the key of each cell, the run that its rows are from.

    Raises
    ------
    FusebenchError
        If two runs contradict each other.

    Examples
    --------
    >>> row = {"dataset": "digits", "seed": 0, "metric": "accuracy", "direction": "maximize", "key": "k"}
    >>> a = pd.DataFrame([{**row, "fusion": "late-mean", "value": 0.9}])
    >>> records, _ = merge_records({"a": a, "b": a.assign(fusion="early-mlp", key="l")})
    >>> records["fusion"].tolist()
    ['early-mlp', 'late-mean']
    >>> merge_records({"a": a, "b": a.assign(value=0.8)})
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: late-mean on digits, seed 0, has other scores in a than in b: drop one.
    """
    kept: dict[tuple[Any, ...], tuple[str, pd.DataFrame]] = {}
    for name, frame in parts.items():
        for cell, rows in validate(frame).groupby(CELL, sort=False):
            there = kept.get(cell)
            if there is None or _replaces(cell, there, (name, rows)):
                kept[cell] = name, rows
    records = validate(pd.concat([rows for _, rows in kept.values()], ignore_index=True))
    owners = {str(rows["key"].iloc[0]): name for name, rows in kept.values()}
    return records, owners


def _replaces(cell: tuple[Any, ...], there: tuple[str, pd.DataFrame], new: tuple[str, pd.DataFrame]) -> bool:
    """Tell whether the rows of a later run are to be kept instead: they are done and the earlier are not."""
    (first, a), (second, b) = there, new
    dataset, training, fusion, seed = cell
    which = f"{fusion} on {dataset}{'' if training == 'clean' else f', trained on {training}'}, seed {seed},"
    if a["key"].iloc[0] != b["key"].iloc[0]:
        raise FusebenchError(
            f"{which} was made by other code, data or options in {first} than in {second}: drop "
            "one, or run it again with the same version."
        )
    done = [(rows["status"] == "done").all() for rows in (a, b)]
    if all(done) and not _agree(a, b):
        raise FusebenchError(f"{which} has other scores in {first} than in {second}: drop one.")
    return bool(done[1] and not done[0])


def _agree(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    one, other = (rows.set_index(_CONDITION)["value"].sort_index() for rows in (a, b))
    return one.index.equals(other.index) and np.allclose(
        one, other, rtol=_TOLERANCE, atol=1e-12, equal_nan=True
    )
