"""What was predicted for clean test samples, and how surely: which class for which, and how often rightly."""

import numpy as np
import pandas as pd

__all__ = ["OUTCOME_COLUMNS", "confusion", "reliability"]

OUTCOME_COLUMNS = ("dataset", "fusion", "seed", "label", "predicted", "confidence")
"""One row a clean test sample: its class, the most probable class, and the probability of that."""

_BINS = 10


def confusion(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Count how often each class is taken for each, as a share of its samples.

    Returns
    -------
    pandas.DataFrame of shape (k, k)
        Rows are true classes, columns predicted ones; a row adds up to 1, or is NaN without samples.

    Examples
    --------
    >>> confusion(pd.DataFrame({"label": [0, 0, 1, 1], "predicted": [0, 1, 1, 1]})).loc[0].to_list()
    [0.5, 0.5]
    """
    classes = sorted(set(outcomes["label"]) | set(outcomes["predicted"]))
    counts = pd.crosstab(outcomes["label"], outcomes["predicted"])
    counts = counts.reindex(index=classes, columns=classes, fill_value=0)
    total = counts.sum(axis=1)
    return counts.div(total.where(total > 0), axis=0)


def reliability(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Compare what a fusion believes with how often it is right, in ten bins of equal width.

    Returns
    -------
    pandas.DataFrame
        A row for each bin that has samples: ``confidence`` and ``accuracy`` (means), ``samples``.

    Examples
    --------
    >>> sure = [0.62, 0.66, 1.0]
    >>> reliability(pd.DataFrame({"label": [0, 1, 1], "predicted": [0, 0, 1], "confidence": sure}))
       confidence  accuracy  samples
    0        0.64       0.5        2
    1        1.00       1.0        1
    """
    place = np.minimum((outcomes["confidence"] * _BINS).astype(int), _BINS - 1)
    right = outcomes["label"] == outcomes["predicted"]
    grouped = outcomes.assign(accuracy=right.astype(float), samples=1).groupby(place)
    table = grouped.agg({"confidence": "mean", "accuracy": "mean", "samples": "sum"})
    return table.reset_index(drop=True)
