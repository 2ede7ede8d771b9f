"""What differs between two runs or two strategies, by how much, and whether it is more than noise."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ...errors import FusebenchError, did_you_mean
from ..records import CELL, collect_notices, validate
from ..statistics.intervals import LEVEL, NEW_SEEDS
from ..statistics.paired import compare_paired, pool_conditions
from ..statistics.stats import (
    clean_scores,
    condition_scores,
    find_side,
    find_sign,
    paired_basis,
    paired_intervals,
    strict_mean,
)
from ..training import select_ranked
from .columns import show_columns
from .formatting import count_noun
from .leaderboard import build_leaderboard

__all__ = ["ALL", "Comparison", "compare_fusions", "compare_runs"]

ALL = "(all)"
"""Stands for the mean over data sets."""

# Of no run that is like another.
_PASSING = ("started", "seconds", "jobs", "engine", "files", "plan", "cells")
_VERDICTS = {1: "better", -1: "worse", 0: "unclear"}  # by the side of 0 on which an interval lies
_DESCRIBED = (
    *("family", "absence", "coverage", "mra_missing", "mra_noise", "worst", "ece"),
    *("fit_seconds", "latency", "n_parameters", "fit_bytes"),
)


class Difference(NamedTuple):
    """Something that is not the same, in words."""

    what: str
    first: str
    second: str


class Comparison(NamedTuple):
    """What was found.

    Parameters
    ----------
    metric : str
        What is compared.
    differences : list of Difference
        Everything but the scores.
    table : pandas.DataFrame
        ``part`` (a strategy, or a kind of fault), ``dataset`` (`ALL` for the mean over data sets),
        ``first``, ``second``; ``difference``, ``low``, ``high``: paired over seeds, positive if the second
        is better; ``seeds``; ``verdict``: "better" or "worse" if the interval excludes 0, else "unclear";
        "same" if no number differs; "not done" if one lacks a score.
    basis : str
        What the intervals of the mean over data sets are about.
    notices : list of str
        Cautions that the records carry.
    interval : str
        What the intervals on single data sets are about.
    """

    metric: str
    differences: list[Difference]
    table: pd.DataFrame
    basis: str
    notices: list[str]
    interval: str = NEW_SEEDS

    def summarise(self) -> str:
        """Say how much is more than noise, and how much would be without any difference."""
        verdicts = self.table.loc[self.table["dataset"] != ALL, "verdict"]
        judged = self.table[(self.table["dataset"] != ALL) & self.table["low"].notna()]
        n = int((judged["verdict"] != "same").sum())
        better, worse = int((verdicts == "better").sum()), int((verdicts == "worse").sum())
        unpaired = int(((verdicts == "unclear") & self.table["low"].isna()).sum())
        sentences = []
        if n:
            sentences.append(
                f"More than noise: {better + worse} of the {count_noun(n, 'difference')} with an interval "
                f"(the second better in {better}, worse in {worse}). "
                f"Chance alone would give about {(1 - LEVEL) * n:.1f} of {n} (intervals are not corrected)."
            )
        if unpaired:
            sentences.append(f"Not testable with one seed: {unpaired}.")
        if same := int((verdicts == "same").sum()):
            sentences.append(f"The same numbers: {same}.")
        if lacking := int((verdicts == "not done").sum()):
            sentences.append(f"Not done in one of the two: {lacking}.")
        return " ".join(sentences)


def compare_runs(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    metric: str = "accuracy",
    provenance: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {}),
) -> Comparison:
    """Compare the clean scores of two runs, strategy by strategy, on the data sets and seeds of both.

    Parameters
    ----------
    first, second : pandas.DataFrame
        Records.
    metric : str
        Which score.
    provenance : tuple of mapping
        What the ``run.json`` of each says.

    Returns
    -------
    Comparison
        The parts of its table are strategies.

    Raises
    ------
    FusebenchError
        If a run lacks the metric, or they have no strategy, data set and seed in common.
    """
    records = select_ranked(validate(first)), select_ranked(validate(second))
    sign = find_sign(records[0], metric)
    find_sign(records[1], metric)
    a, b = (clean_scores(condition_scores(own, metric)) for own in records)
    shared = a.index.intersection(b.index).sort_values()
    pairs = {
        str(fusion): pd.DataFrame({"first": a.loc[shared, fusion], "second": b.loc[shared, fusion]})
        for fusion in a.columns.intersection(b.columns)
    }
    if not len(shared) or not pairs:
        raise FusebenchError("The two runs have no strategy, data set and seed in common.")
    differences = [*_differ_in_content(*records), *_differ_in_provenance(*provenance)]
    return _compare(metric, differences, pairs, sign, collect_notices(pd.concat(records)))


def compare_fusions(
    records: pd.DataFrame,
    first: str,
    second: str,
    *,
    metric: str = "accuracy",
    parameters: Mapping[str, Mapping[str, str]] | None = None,
    samples: pd.DataFrame | None = None,
) -> Comparison:
    """Compare two strategies of one run on clean data and under each kind of fault.

    Parameters
    ----------
    records : pandas.DataFrame
        Records.
    first, second : str
        Names of fusions.
    metric : str
        Which score.
    parameters : mapping of str to mapping, optional
        Parameters of each fusion.
    samples : pandas.DataFrame, optional
        Scores of single samples of both, see `fusebench.results.statistics.paired`; the intervals on each
        data set then cover test samples, too.

    Returns
    -------
    Comparison
        The parts of its table are "clean", "missing", "noise", "misalignment": means over modalities and
        severities, then scenarios.

    Raises
    ------
    FusebenchError
        If there is no such strategy or metric.

    Examples
    --------
    >>> records = pd.DataFrame({
    ...     "fusion": ["late-mean"] * 3 + ["early-mlp"] * 3,
    ...     "seed": [0, 1, 2] * 2,
    ...     "value": [0.80, 0.82, 0.81, 0.90, 0.91, 0.92],
    ... }).assign(dataset="digits", metric="accuracy", direction="maximize")
    >>> compare_fusions(records, "late-mean", "early-mlp").table[["dataset", "difference", "verdict"]]
      dataset  difference verdict
    0  digits         0.1  better
    """
    records = select_ranked(validate(records))
    known = records["fusion"].unique()
    for name in (first, second):
        if name not in known:
            raise FusebenchError(f"The run has no fusion {name!r}; {did_you_mean(name, known)}")
    sign = find_sign(records, metric)
    scores = condition_scores(records, metric)[list(dict.fromkeys([first, second]))]
    pairs = {}
    for mechanism, own in scores.groupby(level="mechanism"):
        means = strict_mean(strict_mean(own, ["dataset", "scenario", "seed"]), ["dataset", "seed"])
        pairs[str(mechanism)] = pd.DataFrame({"first": means[first], "second": means[second]})
    board = build_leaderboard(records, metric=metric).set_index("fusion", drop=False)
    rows = [board.loc[name].to_dict() for name in (first, second)]
    texts = {
        shown.heading: [shown.text(row) for row in rows]
        for name, shown in show_columns(board).items()
        if name in _DESCRIBED
    }
    differences = [Difference(what, *pair) for what, pair in texts.items() if pair[0] != pair[1]]
    how = parameters or {}
    differences += _differ_in_provenance(how.get(first, {}), how.get(second, {}))
    found = _compare(metric, differences, pairs, sign, collect_notices(records))
    if samples is None or first == second:
        return found
    kinds = records[["scenario", "mechanism"]].drop_duplicates()
    parts = dict(zip(kinds["scenario"], kinds["mechanism"], strict=True))
    shown = samples[samples["training"].isin(records["training"].unique())]
    return _cover_samples(found, compare_paired(pool_conditions(shown, parts), first, second))


def _cover_samples(found: Comparison, intervals: pd.DataFrame) -> Comparison:
    """Put the intervals of `compare_paired` around the differences on single data sets."""
    half = ((intervals["high"] - intervals["low"]) / 2).to_numpy()
    index = pd.MultiIndex.from_frame(intervals[["scenario", "dataset"]])
    table = found.table.copy()
    width = pd.Series(half, index).reindex(pd.MultiIndex.from_frame(table[["part", "dataset"]])).to_numpy()
    single = (table["dataset"] != ALL).to_numpy()
    table.loc[single, "low"] = (table["difference"] - width)[single]
    table.loc[single, "high"] = (table["difference"] + width)[single]
    judged = single & ~table["verdict"].isin(["same", "not done"])
    table.loc[judged, "verdict"] = find_side(table)[judged].map(_VERDICTS)
    return found._replace(table=table, interval=" or ".join(intervals["basis"].unique()))


def _compare(
    metric: str,
    differences: list[Difference],
    pairs: Mapping[str, pd.DataFrame],
    sign: int,
    notices: list[str],
) -> Comparison:
    rows = [{"part": part, **row} for part, pair in pairs.items() for row in _compare_pair(pair, sign)]
    table = pd.DataFrame(rows)
    n_datasets = table.loc[table["dataset"] != ALL, "dataset"].nunique()
    return Comparison(metric, differences, table, paired_basis(n_datasets), notices)


def _compare_pair(pair: pd.DataFrame, sign: int) -> list[dict[str, Any]]:
    """Compare on each data set that either has a score on, then on all of them."""
    pair = pair.groupby(level="dataset").filter(lambda own: bool(own.notna().any(axis=None)))
    blocks = [(str(name), own) for name, own in pair.groupby(level="dataset")]
    if len(blocks) > 1:
        blocks.append((ALL, pair))
    rows = []
    for name, own in blocks:
        means = strict_mean(own, ["dataset"]).mean(skipna=False)
        difference = ((own["second"] - own["first"]) * sign).to_frame("of")
        interval = paired_intervals(difference)
        side = int(find_side(interval).iloc[0])
        verdict = _VERDICTS[side]
        if means.isna().any():
            verdict = "not done"
        elif np.allclose(difference, 0, rtol=0, atol=1e-12):
            verdict = "same"
        rows.append(
            {
                "dataset": name,
                "first": means["first"],
                "second": means["second"],
                "difference": interval["mean"].iloc[0],
                "low": interval["low"].iloc[0],
                "high": interval["high"].iloc[0],
                "seeds": own.index.get_level_values("seed").nunique(),
                "verdict": verdict,
            }
        )
    return rows


def _differ_in_content(first: pd.DataFrame, second: pd.DataFrame) -> list[Difference]:
    found = []
    for column in ("dataset", "fusion", "scenario", "seed"):
        a, b = (set(own.loc[own["status"] == "done", column]) for own in (first, second))
        if a != b:
            only = (", ".join(map(str, sorted(some))) or "–" for some in (a - b, b - a))
            found.append(Difference(f"only here: {column}", *only))
    keys = (own.drop_duplicates(CELL).set_index(CELL)["key"] for own in (first, second))
    shared = pd.concat(keys, axis=1, join="inner", keys=["first", "second"])
    if changed := int(((shared["first"] != shared["second"]) | (shared["first"] == "")).sum()):
        same = "made by the same code, data and options"
        found.append(
            Difference("cells", f"{len(shared)} in common", f"{len(shared) - changed} of them {same}")
        )
    return found


def _differ_in_provenance(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    a, b = (
        dict(_flatten({**own, **{part: _keep_shared(part, own, other) for part in ("strategies", "data")}}))
        for own, other in ((first, second), (second, first))
    )
    keys = [key for key in {**a, **b} if key.partition(" ")[0] not in _PASSING]
    return [
        Difference(key, a.get(key, "–"), b.get(key, "–"))
        for key in keys
        if a.get(key, "–") != b.get(key, "–")
    ]


def _keep_shared(part: str, own: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Keep what both tell of: what only one of them ran has been told already."""
    told, others = (some[part] if isinstance(some.get(part), Mapping) else {} for some in (own, other))
    return {name: told[name] for name in sorted(told.keys() & others.keys())}


def _flatten(tree: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in tree.items():
        name = f"{above} {key}".strip()
        if isinstance(value, Mapping):
            found += _flatten(value, name)
        elif isinstance(value, list | tuple):
            found.append((name, ", ".join(map(str, value)) or "none"))
        else:
            found.append((name, "–" if value is None or value == "" else str(value)))
    return found
