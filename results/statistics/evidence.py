"""What the data sets as a whole allow to say of the fusions: tests, intervals and probabilities."""

from collections.abc import Callable
from math import isnan
from typing import Any, NamedTuple

import pandas as pd

from ..tables.formatting import format_number
from .bayes import ROPE, compare_bayesian
from .intervals import MIN_DATASETS, NEW_DATASETS, NEW_SEEDS
from .overall import summarise
from .ranks import RankTest, compare_ranks
from .stats import dataset_means
from .wins import rank_biserial, win_rates

__all__ = ["Evidence", "tabulate_evidence", "weigh_evidence"]


class Evidence(NamedTuple):
    """What was found over data sets.

    Parameters
    ----------
    test : RankTest
        Friedman's test and all pairs.
    table : pandas.DataFrame
        From `fusebench.results.statistics.overall.summarise`, best mean rank first; and ``worse``, ``equal``,
        ``better``: the probabilities of `fusebench.results.statistics.bayes.compare_bayesian` against the
        baseline. NaN for the baseline itself, and with few data sets.
    wins : pandas.DataFrame
        From `fusebench.results.statistics.wins.win_rates`, in the same order.
    effects : pandas.DataFrame
        From `fusebench.results.statistics.wins.rank_biserial`, in the same order.
    """

    test: RankTest
    table: pd.DataFrame
    wins: pd.DataFrame
    effects: pd.DataFrame


def weigh_evidence(scores: pd.DataFrame, sign: int, baseline: str, rope: float = ROPE) -> Evidence:
    """Compare all fusions that are done on every data set.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows ``(dataset, seed)``, a column for each fusion, from
        `fusebench.results.statistics.stats.clean_scores`.
    sign : int
        1 if higher is better, -1 if lower.
    baseline : str
        Against which the probabilities are.
    rope : float
        What is equal in practice, in the unit of the metric.

    Returns
    -------
    Evidence

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([range(6), [0]], names=["dataset", "seed"])
    >>> scores = pd.DataFrame({"best-unimodal": 0.7, "late-mean": 0.8, "majority": 0.1}, index)
    >>> evidence = weigh_evidence(scores, sign=1, baseline="best-unimodal")
    >>> evidence.table["mean_rank"].to_dict()
    {'late-mean': 1.0, 'best-unimodal': 2.0, 'majority': 3.0}
    >>> bool(evidence.table.loc["late-mean", "better"] > 0.99)
    True
    """
    means = dataset_means(scores)
    test = compare_ranks(means, sign)
    names = list(test.ranks.index)
    chances = {}
    if baseline in names and len(means) >= MIN_DATASETS:
        gains = sign * means[names].sub(means[baseline], axis=0)
        chances = {name: compare_bayesian(gains[name], rope)._asdict() for name in names if name != baseline}
    table = summarise(scores, sign).loc[names]
    posterior = pd.DataFrame(chances, index=["worse", "equal", "better"], columns=names, dtype=float).T
    return Evidence(
        test, table.join(posterior), win_rates(means[names], sign), rank_biserial(means[names], sign)
    )


def tabulate_evidence(evidence: Evidence, baseline: str, rope: float = ROPE) -> dict[str, Any]:
    """Turn the table into text for the report.

    Parameters
    ----------
    evidence : Evidence
        From `weigh_evidence`.
    baseline, rope
        What it was made with.

    Returns
    -------
    dict
        ``columns``: pairs of a heading and its meaning; those that speak of new data sets only where there
        are enough of them. ``rows``: lists of texts, the name first.
    """
    mean_rank = f"Rank of the mean over seeds on each data set, averaged; interval: {NEW_DATASETS}."
    middle_half = "Mean without the lowest and the highest quarter of data sets"
    columns: list[tuple[str, str, Callable[[Any], str]]] = [
        ("fusion", "Those that are done on every data set, by mean rank.", lambda row: str(row.name)),
        ("mean rank", mean_rank, _interval("mean_rank", "mean_rank", 1)),
        (
            "rank of a run",
            f"Rank at each seed of each data set, averaged; interval: {NEW_SEEDS}.",
            _interval("run_rank", "run_rank", 1),
        ),
        ("middle half", f"{middle_half}; interval: {NEW_SEEDS}.", _interval("iqm", "iqm_seeds", 3)),
    ]
    if evidence.test.n_datasets >= MIN_DATASETS:
        margin = f"by more than {rope:g} on a new data set"
        columns += [
            (
                "middle half (new)",
                f"The same; interval: {NEW_DATASETS}.",
                _interval("iqm", "iqm_datasets", 3),
            ),
            ("P(worse)", f"Probability of being worse than {baseline} {margin}.", _number("worse")),
            ("P(equal)", f"Probability of being within {rope:g} of {baseline}.", _number("equal")),
            ("P(better)", f"Probability of being better than {baseline} {margin}.", _number("better")),
        ]
    rows = [[text(row) for _, _, text in columns] for _, row in evidence.table.iterrows()]
    return {"columns": [(heading, meaning) for heading, meaning, _ in columns], "rows": rows}


def _number(key: str) -> Callable[[Any], str]:
    return lambda row: format_number(row[key])


def _interval(mean: str, ends: str, digits: int) -> Callable[[Any], str]:
    def write(row: Any) -> str:
        half = (row[f"{ends}_high"] - row[f"{ends}_low"]) / 2
        return f"{row[mean]:.{digits}f} ± {'?' if isnan(half) else f'{half:.{digits}f}'}"

    return write
