"""What the numbers say, in sentences made from the statistics alone."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd

from ..figures.palette import CONTROL
from ..statistics.bayes import ROPE
from ..statistics.intervals import MIN_DATASETS, NEW_DATASETS, NEW_SEEDS
from ..statistics.robustness import mean_under
from ..statistics.stats import clean_scores, dataset_means, paired_intervals
from ..tables.formatting import format_interval, format_number, format_seconds, join_words

__all__ = ["Finding", "find_findings"]

_MOST = 6  # names in a list


class Finding(NamedTuple):
    """An answer under its question."""

    question: str
    answer: str


def find_findings(
    scores: pd.DataFrame, sign: int, board: pd.DataFrame, boards: Mapping[str, pd.DataFrame], baseline: str
) -> list[Finding]:
    """Answer the questions that a reader comes with.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `fusebench.results.statistics.stats.condition_scores`.
    sign : int
        From `fusebench.results.statistics.stats.find_sign`.
    board : pandas.DataFrame
        The leaderboard.
    boards : mapping of str to pandas.DataFrame
        The leaderboard of each data set alone.
    baseline : str
        Name of the best single modality.

    Returns
    -------
    list of Finding
    """
    ranked = board[board["rank"].notna()]
    if ranked.empty:
        nothing = "Nothing is ranked: no fusion and no control is done in every cell of every data set."
        return [
            Finding("Which one leads?", nothing),
            _find_hurt(boards, baseline),
            _find_certainty(board, boards),
        ]
    return [
        Finding("Which one leads?", _describe_leader(clean_scores(scores), sign, ranked)),
        Finding("Does fusion beat the best single modality?", _describe_gain(ranked, baseline)),
        *_find_robustness(scores, sign, ranked, baseline),
        *_find_cheap(ranked, sign),
        _find_hurt(boards, baseline),
        _find_certainty(board, boards),
    ]


def _describe_leader(clean: pd.DataFrame, sign: int, ranked: pd.DataFrame) -> str:
    leader = ranked.iloc[0]
    metric = f"{leader['metric']} {format_interval(leader['score'], leader['low'], leader['high'])}"
    who = f"{leader['fusion']}{' (a control)' if leader['family'] == CONTROL else ''}"
    if len(ranked) == 1:
        return f"{who} is the only one that is ranked: {metric}."
    tied = ranked.loc[ranked["tie"] == 1, "fusion"].iloc[1:]
    if len(tied) == len(ranked) - 1:
        unknown = leader["gain_basis"] == NEW_SEEDS and pd.isna(leader["low"])
        why = "with one seed there are no intervals" if unknown else "every interval includes 0"
        return f"Nothing is separable: {who} has the best mean ({metric}), but {why}."
    behind = ranked[ranked["tie"] != 1].iloc[0]
    ahead = (clean[leader["fusion"]] - clean[behind["fusion"]]) * sign
    gap = _write_gap(*paired_intervals(ahead.to_frame()).iloc[0])
    alone = f"It cannot be told apart from {_list(tied)}" if len(tied) else "It leads alone"
    return (
        f"{who} leads with {metric}. {alone}; the first that is separable from it is {behind['fusion']}, "
        f"behind by {gap} (paired difference; {leader['gain_basis']})."
    )


def _describe_gain(ranked: pd.DataFrame, baseline: str) -> str:
    fusions = ranked[(ranked["family"] != CONTROL) & ranked["gain"].notna()]
    if fusions.empty:
        return f"Not known: {baseline} or every fusion lacks a cell."
    counts = fusions["beats_unimodal"].value_counts()
    yes, no, unclear = (int(counts.get(verdict, 0)) for verdict in ("yes", "no", "unclear"))
    best = fusions.sort_values("gain", ascending=False, kind="stable").iloc[0]
    which = f" Below: {_list(fusions.loc[fusions['beats_unimodal'] == 'no', 'fusion'])}." if no else ""
    return (
        f"Of the ranked fusions ({len(fusions)}), {yes} {'beats' if yes == 1 else 'beat'} {baseline}, "
        f"{no} {'falls' if no == 1 else 'fall'} below it and {unclear} cannot be told apart from it. "
        f"The largest gain is that of {best['fusion']}: {_gain(best)}.{which}"
    )


def _find_robustness(scores: pd.DataFrame, sign: int, ranked: pd.DataFrame, baseline: str) -> list[Finding]:
    means = dataset_means(scores)
    found = []
    for mechanism, column, question, where in (
        ("missing", "mra_missing", "What holds up when a modality is missing?", "with modalities missing"),
        ("noise", "mra_noise", "What holds up under noise?", "under noise"),
        ("misalignment", "mra_misalignment", "What holds up out of step?", "with modalities out of step"),
    ):
        under = mean_under(means, mechanism).reindex(ranked["fusion"]).to_numpy()
        rows = ranked.assign(under=under)[ranked[column].notna().to_numpy()]
        fusions = rows[rows["family"] != CONTROL].sort_values("under", ascending=sign < 0, kind="stable")
        if fusions.empty:
            continue
        best, fragile = fusions.iloc[0], fusions.sort_values(column, kind="stable").iloc[0]
        answer = (
            f"The best mean {best['metric']} of a fusion {where} is {format_number(best['under'])}, that of "
            f"{best['fusion']}, which keeps {_share(best[column])} of its clean score on average."
        )
        reference = rows.loc[rows["fusion"] == baseline, "under"]
        if not reference.empty:
            answer += f" {baseline} has {format_number(reference.iloc[0])}."
        if fragile["fusion"] != best["fusion"]:
            answer += f" {fragile['fusion']} keeps least: {_share(fragile[column])}."
        found.append(Finding(question, answer))
    return found


def _find_cheap(ranked: pd.DataFrame, sign: int) -> list[Finding]:
    """Name the fastest fusion among those that are as good as the first for practical purposes."""
    timed = ranked[(ranked["family"] != CONTROL) & ranked["fit_seconds"].notna()]
    if timed.empty:
        return []
    leader = ranked.iloc[0]
    timed = timed.assign(behind=(leader["score"] - timed["score"]) * sign)
    timed = timed.sort_values("fit_seconds", kind="stable")
    # A wide interval tells nothing apart, so that what is far behind may be tied with the first.
    equal = timed[(timed["tie"] == 1) & (timed["behind"] <= ROPE)]
    first = f"{leader['fusion']} (a fit takes {format_seconds(leader['fit_seconds'])})"
    fastest = timed.iloc[0]
    if equal.empty or equal.iloc[0]["fusion"] == leader["fusion"]:
        answer = f"None that is within {ROPE:g} of {first}, and not separable from it, is faster."
    else:
        answer = (
            f"Of those within {ROPE:g} of {first}, and not separable from it, the fastest is "
            f"{_describe_cheap(equal.iloc[0])}."
        )
    if fastest["fusion"] not in (leader["fusion"], *equal["fusion"].head(1)):
        tied = ", though not separable from it," if fastest["tie"] == 1 else ""
        answer += f" The fastest of all{tied} is {_describe_cheap(fastest)}."
    return [Finding("What is the cheap choice?", answer)]


def _describe_cheap(row: pd.Series) -> str:
    score = format_interval(row["score"], row["low"], row["high"])
    behind = f"{format_number(row['behind'])} behind" if row["behind"] > 0 else "no worse"
    return f"{row['fusion']}: {format_seconds(row['fit_seconds'])}, with {row['metric']} {score}, {behind}"


def _find_hurt(boards: Mapping[str, pd.DataFrame], baseline: str) -> Finding:
    hurt = []
    judged = False
    for dataset, board in boards.items():
        fusions = board[board["family"] != CONTROL]
        judged = judged or bool(fusions["gain_low"].notna().any())
        below = fusions[fusions["beats_unimodal"] == "no"].sort_values("gain", kind="stable")
        if not below.empty:
            names = _list(f"{row['fusion']} ({_gain(row)})" for row in below.to_dict("records"))
            hurt.append(f"on {dataset} {names}")
    if hurt:
        answer = f"Below {baseline}, with an interval (new seeds) below 0: {'; '.join(hurt)}."
    elif judged:
        answer = (
            f"None that can be shown: on no data set is a gain over {baseline} below 0 with its interval."
        )
    else:
        answer = f"Not testable: there are no intervals of the difference to {baseline}."
    return Finding("Who is hurt by fusing?", answer)


def _find_certainty(board: pd.DataFrame, boards: Mapping[str, pd.DataFrame]) -> Finding:
    n_datasets = len(boards)
    if board["gain_basis"].iloc[0] == NEW_DATASETS:
        answer = (
            f"Gains and ties are judged over {n_datasets} data sets and speak of new data sets like these."
        )
    else:
        answer = (
            f"Significance over data sets is not testable with {n_datasets} ({MIN_DATASETS} are needed). "
            "Gains and ties speak of the same data sets with new seeds."
        )
    unranked = board.loc[board["rank"].isna() & (board["family"] != CONTROL), "fusion"]
    if len(unranked):
        answer += f" Not ranked, because a cell is not done: {_list(unranked)}."
    return Finding("How far does this reach?", answer)


def _list(names: Iterable[str]) -> str:
    """Join names, with a count in place of those beyond the first few."""
    shown = list(names)
    more = len(shown) - _MOST
    return join_words([*shown[:_MOST], f"{more} more"] if more > 1 else shown)


def _gain(row: Mapping[Any, Any] | pd.Series) -> str:
    return format_interval(row["gain"], row["gain_low"], row["gain_high"], signed=True)


def _write_gap(mean: float, low: float, high: float) -> str:
    """Write a difference that is above 0 with its interval, with as many decimals as show that it is."""
    half = (high - low) / 2
    digits = next((n for n in (3, 4, 5) if round(mean, n) > round(half, n)), 6)
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


def _share(value: float) -> str:
    return f"{100 * value:.0f}\N{NO-BREAK SPACE}%"
