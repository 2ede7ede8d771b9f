"""The columns of a leaderboard as people see them: heading, meaning, text."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import pandas as pd

from .formatting import (
    ABSENT,
    format_bytes,
    format_count,
    format_interval,
    format_number,
    format_percent,
    format_seconds,
    format_signed,
)

__all__ = ["SHOWN", "Shown", "show_columns"]

Row = Mapping[Any, Any]


class Shown(NamedTuple):
    """How one column is shown; "metric" as better means: as the metric that ranks."""

    heading: str
    meaning: str
    text: Callable[[Row], str]
    numeric: bool = True
    better: Literal["higher", "lower", "metric"] = "lower"


def _plain(key: str) -> Callable[[Row], str]:
    return lambda row: ABSENT if pd.isna(row[key]) else str(row[key]) or ABSENT


def _number(key: str) -> Callable[[Row], str]:
    return lambda row: format_number(row[key])


def _seconds(key: str) -> Callable[[Row], str]:
    return lambda row: format_seconds(row[key])


def _gain(row: Row) -> str:
    gain = format_interval(row["gain"], row["gain_low"], row["gain_high"], signed=True)
    return gain if row["beats_unimodal"] in ("yes", "") else f"{gain} !"


SHOWN: dict[str, Shown] = {
    "rank": Shown(
        "#",
        "Place by the mean score. None for a fusion that is not done in every cell of every data set: "
        "a mean over what happened to work would not be comparable.",
        _plain("rank"),
    ),
    "tie": Shown(
        "tie",
        "Number of the tie group. Group 1 holds the leader and all that cannot be told apart from it: the "
        "95 % interval of their paired difference includes 0. Group 2 is made in the same way from the rest. "
        "Intervals are not corrected for the number of comparisons.",
        _plain("tie"),
    ),
    "fusion": Shown("fusion", "Name of the fusion strategy or control.", _plain("fusion"), numeric=False),
    "family": Shown(
        "family", "Kind of strategy; controls are there to compare with.", _plain("family"), numeric=False
    ),
    "source": Shown(
        "source",
        "Where the scores are from: this run, or the published results that ship with Fusebench.",
        _plain("source"),
        numeric=False,
    ),
    "members": Shown(
        "of",
        "Number of the family's members in this table; the row is the best-ranked of them. The best of many "
        "is flattered by chance, more than the best of few.",
        lambda row: str(row["members"]),
        better="higher",
    ),
    "absence": Shown(
        "absence",
        "How an absent modality is handled: natively, or by the imputer named.",
        _plain("absence"),
        numeric=False,
    ),
    "score": Shown(
        "score",
        "Mean over data sets of the metric on clean test data, ± half the 95 % t-interval for new seeds on "
        "the same data sets. “?” with one seed: there is no interval. It says nothing about another test "
        "sample.",
        lambda row: format_interval(row["score"], row["low"], row["high"]),
        better="metric",
    ),
    "gain": Shown(
        "gain",
        "Paired difference to the best single modality (chosen on validation data), positive if better, "
        "± half its 95 % t-interval. “!” marks a gain that is not shown to be above 0: its interval includes "
        "0 or less, or there is none.",
        _gain,
        better="higher",
    ),
    "beats_unimodal": Shown(
        "beats",
        "Whether the fusion beats the best single modality: yes if the gain's interval is above 0, no if it "
        "is below 0, else unclear.",
        _plain("beats_unimodal"),
        numeric=False,
    ),
    "mra_missing": Shown(
        "missing",
        "Mean relative accuracy with modalities missing: the score divided by the clean one, or the clean "
        "one by the score where lower is better, averaged over modalities and severities, then scenarios, "
        "then data sets. 1 is unharmed, which is not the same as good: a control that ignores its input has "
        "1. None where the divisor is not above 0.",
        _number("mra_missing"),
        better="higher",
    ),
    "mra_noise": Shown(
        "noise",
        "Mean relative accuracy with noise on a modality, averaged in the same way.",
        _number("mra_noise"),
        better="higher",
    ),
    "mra_misalignment": Shown(
        "out of step",
        "Mean relative accuracy with modalities that do not fit together: one comes late, plays slower, or "
        "is of another sample. Averaged in the same way.",
        _number("mra_misalignment"),
        better="higher",
    ),
    "severity_area": Shown(
        "area",
        "Area under the curve of the score against severity, from clean to the highest, divided by its "
        "width, that is its mean height. Averaged in the same way, over all faults of several severities.",
        _number("severity_area"),
        better="metric",
    ),
    "fault_gain": Shown(
        "gain when damaged",
        "Difference to the best single modality that is still present, under the same fault, positive if "
        "better. Averaged in the same way, over all faults.",
        lambda row: format_signed(row["fault_gain"]),
        better="higher",
    ),
    "worst": Shown(
        "worst",
        "The worst score over all conditions of a data set, averaged over data sets.",
        _number("worst"),
        better="metric",
    ),
    "mean_rank": Shown(
        "mean rank",
        "Rank on each data set, averaged. It depends on which other fusions are in the table.",
        lambda row: ABSENT if pd.isna(row["mean_rank"]) else f"{row['mean_rank']:.1f}",
    ),
    "ece": Shown("ECE", "Expected calibration error on clean data; 0 is best.", _number("ece")),
    "fit_seconds": Shown("fit", "Mean wall time of one fit, on one thread.", _seconds("fit_seconds")),
    "latency": Shown(
        "latency",
        "Mean time of prediction for one sample: that of predicting the clean test split at once, divided by "
        "its samples.",
        _seconds("latency"),
    ),
    "n_parameters": Shown(
        "parameters",
        "Numbers learnt in a fit, as a mean: parameters of networks, nodes of trees, and entries of every "
        "array of real numbers that the fitted strategy keeps, samples to compare with included.",
        lambda row: format_count(row["n_parameters"]),
    ),
    "fit_bytes": Shown(
        "memory",
        "Mean peak memory of a fit beyond what the process held before. Approximate: what a library loads "
        "when first used is charged to the first fit that uses it.",
        lambda row: format_bytes(row["fit_bytes"]),
    ),
    "coverage": Shown(
        "done",
        "Share of the planned cells (each seed of each data set) that are done. A control of one modality is "
        "not run where there is no such modality.",
        lambda row: format_percent(row["coverage"]),
        better="higher",
    ),
}
"""By the column of the leaderboard that it is sorted by, in the order of the widest table."""

_OPTIONAL = (
    "absence",
    "gain",
    "beats_unimodal",
    "mra_missing",
    "mra_noise",
    "mra_misalignment",
    "severity_area",
    "fault_gain",
    "ece",
    "fit_seconds",
    "latency",
    "n_parameters",
    "fit_bytes",
)


def show_columns(board: pd.DataFrame) -> dict[str, Shown]:
    """Choose the columns that say something about this leaderboard, with the metric as a heading.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.tables.leaderboard.build_leaderboard`.

    Returns
    -------
    dict of str to Shown
        Without columns that the table lacks, and without optional ones that hold nothing.
    """
    chosen = {}
    for name, shown in SHOWN.items():
        if name not in board:
            continue
        empty = board[name].isna() | (board[name] == "")
        if name not in _OPTIONAL or not empty.all():
            chosen[name] = shown._replace(heading=board["metric"].iloc[0]) if name == "score" else shown
    return chosen
