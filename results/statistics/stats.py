"""From scores to means, paired differences, ranks and ties; seeds are averaged inside each data set."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...errors import FusebenchError, did_you_mean
from .intervals import MIN_DATASETS, NEW_DATASETS, NEW_SEEDS, mean_interval

__all__ = [
    "clean_scores",
    "condition_intervals",
    "condition_scores",
    "dataset_means",
    "find_sign",
    "mean_ranks",
    "paired_basis",
    "paired_intervals",
    "seed_intervals",
    "strict_mean",
    "tie_groups",
]

CONDITION: list = ["scenario", "mechanism", "modality", "severity"]

_DIGITS = 12  # scores that differ by less are equal: the order of a sum must not decide a rank


def find_sign(records: pd.DataFrame, metric: str) -> int:
    """Tell which way a metric is better: 1 if higher, -1 if lower.

    Raises
    ------
    FusebenchError
        If no record has this metric.
    """
    rows = records.loc[records["metric"] == metric, "direction"]
    if rows.empty:
        known = set(records["metric"]) - {""}
        if not known:
            raise FusebenchError("No cell is done, so there is nothing to rank.")
        raise FusebenchError(f"The records have no metric {metric!r}; {did_you_mean(metric, known)}")
    return 1 if rows.iloc[0] == "maximize" else -1


def condition_scores(records: pd.DataFrame, metric: str, column: str = "value") -> pd.DataFrame:
    """Tabulate scores so that what lacks is visible.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records.
    metric : str
        Which score.
    column : str
        What the rows of that score hold: itself, or what it cost.

    Returns
    -------
    pandas.DataFrame
        Rows ``(dataset, scenario, mechanism, modality, severity, seed)``: each condition of a data set
        with each of its seeds. A column for every fusion; NaN where there is no score.
    """
    rows = records.loc[records["metric"] == metric, ["dataset", *CONDITION, "seed", "fusion", column]]
    seeds = records[["dataset", "seed"]].drop_duplicates()
    conditions = rows[["dataset", *CONDITION]].drop_duplicates()
    index = pd.MultiIndex.from_frame(conditions.merge(seeds, on="dataset")[["dataset", *CONDITION, "seed"]])
    table = rows.set_index([*index.names, "fusion"])[column].unstack("fusion")
    return table.reindex(index=index.sort_values(), columns=sorted(records["fusion"].unique()))


def clean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the scores on clean data.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.

    Returns
    -------
    pandas.DataFrame
        Rows ``(dataset, seed)``, a column for every fusion.
    """
    return scores[scores.index.get_level_values("mechanism") == "clean"].droplevel(CONDITION)


def dataset_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Average seeds: all rows of the same index without ``seed``; NaN if any of them is missing."""
    return strict_mean(scores, [str(name) for name in scores.index.names if name != "seed"]).round(_DIGITS)


def strict_mean(table: pd.DataFrame, levels: list[str]) -> pd.DataFrame:
    """Average the rows that agree in these levels of the index; NaN if any of them is missing."""
    return table.groupby(level=levels).mean().where(table.notna().groupby(level=levels).all())


def seed_intervals(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean over data sets with its interval for "same data sets, new seeds".

    Parameters
    ----------
    scores : pandas.DataFrame
        From `clean_scores`, or differences of such.

    Returns
    -------
    pandas.DataFrame
        Index ``fusion``; columns ``mean``, ``low``, ``high``. NaN for a fusion that lacks a score; ends
        are NaN with a single seed.
    """
    return _interval_frame(_blocks(scores), scores.columns)


def paired_basis(n_datasets: int) -> str:
    """Name what an interval of paired differences is about, given the number of data sets."""
    return NEW_DATASETS if n_datasets >= MIN_DATASETS else NEW_SEEDS


def paired_intervals(differences: pd.DataFrame) -> pd.DataFrame:
    """Mean paired difference over data sets, with the widest claim that the number of data sets allows.

    With `MIN_DATASETS` data sets or more the interval is for "new data sets", with fewer for "same data
    sets, new seeds"; `paired_basis` names it.

    Parameters
    ----------
    differences : pandas.DataFrame
        Rows ``(dataset, seed)``; both members of a pair share data set, split and corruption.

    Returns
    -------
    pandas.DataFrame
        As from `seed_intervals`.
    """
    blocks = _blocks(differences)
    if paired_basis(len(blocks)) == NEW_DATASETS:
        blocks = [np.array([block.mean(axis=0) for block in blocks])]
    return _interval_frame(blocks, differences.columns)


def find_side(intervals: pd.DataFrame) -> pd.Series:
    """Tell on which side of 0 intervals of differences lie.

    An interval of no width is no proof: a few seeds can differ by exactly the same amount.

    Parameters
    ----------
    intervals : pandas.DataFrame
        Columns ``low`` and ``high``.

    Returns
    -------
    pandas.Series of int
        1 above 0, -1 below, 0 if it holds 0, has no width or no ends.

    Examples
    --------
    >>> find_side(pd.DataFrame({"low": [0.1, -0.2, -0.1, 0.1], "high": [0.2, -0.1, 0.1, 0.1]})).to_list()
    [1, -1, 0, 0]
    """
    wide = intervals["high"] - intervals["low"] > 1e-9
    above, below = wide & (intervals["low"] > 0), wide & (intervals["high"] < 0)
    return above.astype(int) - below.astype(int)


def mean_ranks(means: pd.DataFrame, sign: int) -> pd.Series:
    """Average each fusion's rank over data sets; 1 is best, ties share the mean of their places.

    Parameters
    ----------
    means : pandas.DataFrame
        From `dataset_means`: a row for each data set.
    sign : int
        From `find_sign`.

    Returns
    -------
    pandas.Series
        Index ``fusion``. Only fusions with a score on every data set are ranked; others are NaN.
    """
    complete = means.columns[means.notna().all()]
    return means[complete].rank(axis=1, ascending=sign < 0).mean().reindex(means.columns)


def tie_groups(scores: pd.DataFrame, sign: int) -> pd.Series:
    """Group the fusions that cannot be told apart from the best of their group.

    Group 1 holds the leader and all whose paired difference to it has an interval (`paired_intervals`)
    that does not exclude 0; group 2 is made in the same way from the rest, and so on. Each interval
    stands for itself: it is not corrected for the number of comparisons.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `clean_scores`.
    sign : int
        From `find_sign`.

    Returns
    -------
    pandas.Series of Int64
        Index ``fusion``; missing for fusions that lack a score.
    """
    means = dataset_means(scores).mean(skipna=False).dropna().round(_DIGITS) * sign
    left = list(means.sort_values(ascending=False, kind="stable").index)
    groups = pd.Series(pd.NA, index=scores.columns, dtype="Int64")
    group = 0
    while left:
        group += 1
        behind = -sign * scores[left].sub(scores[left[0]], axis=0)
        side = find_side(paired_intervals(behind))
        groups[side.index[side <= 0]] = group
        left = list(side.index[side > 0])
    return groups


def condition_intervals(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean over seeds, with interval, under each condition of each data set.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.

    Returns
    -------
    pandas.DataFrame
        Columns ``dataset``, ``scenario``, ``mechanism``, ``modality``, ``severity``, ``fusion``,
        ``mean``, ``low``, ``high``. The interval is "same data sets, new seeds".
    """
    parts = []
    for _, part in scores.groupby(level="dataset"):
        wide = part.unstack("seed")
        values = wide.to_numpy().reshape(len(wide), scores.shape[1], -1)
        interval = mean_interval([np.moveaxis(values, 2, 0).reshape(values.shape[2], -1)])
        index = wide.index.to_frame(index=False).merge(scores.columns.to_frame(index=False), how="cross")
        parts.append(index.assign(**interval._asdict()))
    return pd.concat(parts, ignore_index=True)


def _blocks(scores: pd.DataFrame) -> list[NDArray[np.float64]]:
    """Give an array of shape (n_seeds, n_fusions) for each data set."""
    return [block.to_numpy() for _, block in scores.groupby(level="dataset")]


def _interval_frame(blocks: list[NDArray[np.float64]], fusions: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(mean_interval(blocks)._asdict(), index=fusions)
