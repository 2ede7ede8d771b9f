"""What the data sets as a whole allow to say of the fusions: tests, intervals and probabilities."""

from math import isnan
from typing import Any, NamedTuple

import pandas as pd

from .bayes import ROPE, compare_bayesian
from .formatting import format_number
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
        From `fusebench.results.overall.summarise`, best mean rank first; and ``worse``, ``equal``,
        ``better``: the probabilities of `fusebench.results.bayes.compare_bayesian` against the baseline.
        NaN for the baseline itself, and with few data sets.
    wins : pandas.DataFrame
        From `fusebench.results.wins.win_rates`, in the same order.
    effects : pandas.DataFrame
        From `fusebench.results.wins.rank_biserial`, in the same order.
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
        Rows ``(dataset, seed)``, a column for each fusion, from `fusebench.results.stats.clean_scores`.
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
        ``columns``: pairs of a heading and its meaning. ``rows``: lists of texts, the name first.
    """
    columns = [
        ("fusion", "Those that are done on every data set, by mean rank."),
        ("mean rank", f"Rank of the mean over seeds on each data set, averaged; interval: {NEW_DATASETS}."),
        ("rank of a run", f"Rank at each seed of each data set, averaged; interval: {NEW_SEEDS}."),
        (
            "middle half",
            f"Mean without the lowest and the highest quarter of data sets; interval: {NEW_SEEDS}.",
        ),
        ("middle half (new)", f"The same; interval: {NEW_DATASETS}."),
        ("P(worse)", f"Probability of being worse than {baseline} by more than {rope:g} on a new data set."),
        ("P(equal)", f"Probability of being within {rope:g} of {baseline}."),
        ("P(better)", f"Probability of being better than {baseline} by more than {rope:g}."),
    ]
    rows = []
    for name, row in evidence.table.iterrows():
        intervals = [
            _write(row["mean_rank"], row["mean_rank_low"], row["mean_rank_high"], 1),
            _write(row["run_rank"], row["run_rank_low"], row["run_rank_high"], 1),
            _write(row["iqm"], row["iqm_seeds_low"], row["iqm_seeds_high"], 3),
            _write(row["iqm"], row["iqm_datasets_low"], row["iqm_datasets_high"], 3),
        ]
        rows.append(
            [str(name), *intervals, *(format_number(row[key]) for key in ("worse", "equal", "better"))]
        )
    return {"columns": columns, "rows": rows}


def _write(mean: float, low: float, high: float, digits: int) -> str:
    return f"{mean:.{digits}f} ± {'?' if isnan(low) else f'{(high - low) / 2:.{digits}f}'}"
