"""What every fusion scores with every set of modalities, and what each modality is worth to it."""

from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

from ..records import MAX_SEVERITY
from .intervals import mean_interval

__all__ = ["MAJORITY", "PATTERNS", "modality_values", "pattern_scores"]

MAJORITY = "majority"
"""The control that looks at no modality."""

PATTERNS = ("missing-modality", "missing-pattern")
"""Scenarios that at their highest severity take the modalities named, joined by "+", from all samples."""


def pattern_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Index the scores by what is absent from all samples.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `fusebench.results.statistics.stats.condition_scores`.

    Returns
    -------
    pandas.DataFrame
        Rows ``(dataset, absent, seed)``, a column for every fusion. ``absent`` holds names joined by
        "+"; it is "" for clean data.
    """
    levels = scores.index.to_frame(index=False)
    clean = levels["mechanism"] == "clean"
    whole = levels["scenario"].isin(PATTERNS) & (levels["severity"] == MAX_SEVERITY)
    levels["absent"] = levels["modality"].where(~clean, "")
    chosen = scores.set_axis(pd.MultiIndex.from_frame(levels[["dataset", "absent", "seed"]]))
    chosen = chosen[(clean | whole).to_numpy()]
    return chosen[~chosen.index.duplicated()]  # both scenarios take single modalities, and give the same


def modality_values(scores: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Share a fusion's score among the modalities, and tell what it gains over the best of them.

    The Shapley value [1]_ of a modality is what it adds to the score of a set of others, averaged over
    all sets, those of one size together weighing as much as those of another. A set's score is that with
    the other modalities absent from the test data, after the same fit; that of no modality is the score of
    the majority class. The values of all modalities add up to the clean score less that of the majority.
    The synergy is the clean score less that with the best single modality, which is found on the same test
    data: it is rather too small than too large.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `fusebench.results.statistics.stats.condition_scores`.
    sign : int
        From `fusebench.results.statistics.stats.find_sign`.

    Returns
    -------
    pandas.DataFrame
        Columns ``dataset``, ``fusion``, ``modality`` ("" for the synergy), ``mean``, ``low``, ``high``:
        the interval is "same data sets, new seeds"; more is better whatever the metric. A row only where
        every set of modalities has a score; none for a data set without the majority.

    References
    ----------
    .. [1] L. S. Shapley (1953). A value for n-person games. Contributions to the Theory of Games II,
       307-317.
    """
    parts = [pd.DataFrame(columns=["dataset", "fusion", "modality", "mean", "low", "high"])]
    for dataset, own in pattern_scores(scores).groupby(level="dataset"):
        worth = _worth_of_sets(own.droplevel("dataset") * sign)
        modalities = sorted(frozenset().union(*worth))
        if len(worth) < 2 ** len(modalities):
            continue
        complete = np.all([own.notna().all() for own in worth.values()], axis=0)
        quantities = {modality: _shapley(worth, modality, modalities) for modality in modalities}
        quantities[""] = _synergy(worth, modalities)
        for modality, values in quantities.items():
            interval = mean_interval([values.to_numpy()[:, complete]])._asdict()
            row = {"dataset": dataset, "fusion": values.columns[complete], "modality": modality, **interval}
            parts.append(pd.DataFrame(row))
    return pd.concat([part for part in parts if not part.empty] or parts, ignore_index=True)


def _worth_of_sets(own: pd.DataFrame) -> dict[frozenset[str], pd.DataFrame]:
    """Scores (rows seeds, columns fusions) by the set that is present; empty if not all can be known."""
    parts = {str(name): part.droplevel("absent") for name, part in own.groupby(level="absent")}
    absent = {name: frozenset(name.split("+")) - {""} for name in parts}
    everything = frozenset().union(*absent.values())
    if MAJORITY not in own or everything in absent.values():  # then there is one that is never absent
        return {}
    worth = {everything - gone: parts[name] for name, gone in absent.items()}
    clean = worth[everything]
    nothing = np.repeat(clean[[MAJORITY]].to_numpy(), clean.shape[1], axis=1)
    worth[frozenset()] = pd.DataFrame(nothing, clean.index, clean.columns)
    return worth


def _shapley(worth: dict[frozenset[str], pd.DataFrame], modality: str, modalities: list[str]) -> pd.DataFrame:
    others = [name for name in modalities if name != modality]
    total = worth[frozenset()] * 0.0
    for size in range(len(modalities)):
        for chosen in map(frozenset, combinations(others, size)):
            added = worth[chosen | {modality}] - worth[chosen]
            total += added / (len(modalities) * comb(len(others), size))
    return total


def _synergy(worth: dict[frozenset[str], pd.DataFrame], modalities: list[str]) -> pd.DataFrame:
    means = pd.DataFrame({name: worth[frozenset([name])].mean() for name in modalities})
    gains = worth[frozenset(modalities)].copy()
    for fusion, best in means.fillna(-np.inf).idxmax(axis=1).items():
        gains[fusion] -= worth[frozenset([str(best)])][fusion]
    return gains
