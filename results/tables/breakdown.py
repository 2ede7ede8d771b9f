"""The same scores taken apart: by data set, by scenario, by family."""

from collections.abc import Callable

import pandas as pd

from ...errors import FusebenchError
from ..statistics.paired import pool_conditions, sample_intervals
from ..statistics.stats import clean_scores, condition_scores, seed_intervals, strict_mean

__all__ = ["SampleReader", "best_of_families", "cover_samples", "score_by"]

SampleReader = Callable[[pd.DataFrame, str], pd.DataFrame]


def score_by(records: pd.DataFrame, metric: str, by: str) -> pd.DataFrame:
    """Mean score of each fusion on each data set, or under each scenario.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records of one training scenario.
    metric : str
        Which score.
    by : str
        ``"dataset"``: on its clean test data. ``"scenario"``: averaged over modalities and severities, then
        over the data sets that have it.

    Returns
    -------
    pandas.DataFrame
        A row for each fusion and part, clean first: ``fusion``, the part, ``score``, ``low``, ``high``; the
        interval is for new seeds on the same data sets. NaN where a cell is not done.

    Examples
    --------
    >>> from fusebench.results.records import validate
    >>> records = pd.DataFrame({"dataset": ["digits", "letters"], "value": [0.9, 0.7]}).assign(
    ...     fusion="late-mean", seed=0, metric="accuracy", direction="maximize")
    >>> score_by(validate(records), "accuracy", "dataset")[["fusion", "dataset", "score"]]
          fusion  dataset  score
    0  late-mean   digits    0.9
    1  late-mean  letters    0.7
    """
    scores = condition_scores(records, metric)
    if by == "dataset":
        scores = clean_scores(scores)
    parts = []
    for name, own in scores.groupby(level=by):
        intervals = seed_intervals(strict_mean(own, ["dataset", "seed"]))
        parts.append(intervals.rename_axis("fusion").reset_index().assign(**{by: str(name)}))
    # Clean before what is done to it.
    parts.sort(key=lambda part: part[by].iloc[0] != "clean")
    table = pd.concat(parts, ignore_index=True).rename(columns={"mean": "score"})
    return table[["fusion", by, "score", "low", "high"]]


def cover_samples(
    scores: pd.DataFrame, records: pd.DataFrame, metric: str, by: str, read_samples: SampleReader
) -> tuple[pd.DataFrame, str]:
    """Give scores the interval that covers test samples too.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `score_by`.
    records, metric, by
        What they were made of; ``by="scenario"`` only for a single data set.
    read_samples : callable
        Gives the scores of single samples (`fusebench.results.statistics.paired.SAMPLE_COLUMNS`) of records
        and metric.

    Returns
    -------
    scores : pandas.DataFrame
        With other ends of the intervals.
    basis : str
        What these cover.

    Raises
    ------
    FusebenchError
        If scenarios are those of several data sets, each of which has other samples.
    """
    names = sorted(records["dataset"].unique())
    if by == "scenario" and len(names) > 1:
        raise FusebenchError(
            f"Test samples are those of one data set, however: {', '.join(names)}; choose one with "
            "--filter dataset=NAME."
        )
    chosen = records if by == "scenario" else records[records["mechanism"] == "clean"]
    found = sample_intervals(pool_conditions(read_samples(chosen, metric)))
    found["half"] = (found["high"] - found["low"]) / 2
    half = scores[["fusion", by]].merge(found[["fusion", by, "half"]], how="left")["half"].to_numpy()
    scores = scores.assign(low=scores["score"] - half, high=scores["score"] + half)
    return scores, " or ".join(found["basis"].unique())


def best_of_families(board: pd.DataFrame) -> pd.DataFrame:
    """Keep the best-ranked member of each family, and say how many members it has.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.tables.leaderboard.build_leaderboard`.

    Returns
    -------
    pandas.DataFrame
        With the column ``members``. The best of many is flattered by chance, more than the best of few.
    """
    members = board["family"].map(board["family"].value_counts())
    return board.assign(members=members).drop_duplicates("family").reset_index(drop=True)
