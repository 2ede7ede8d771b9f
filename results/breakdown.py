"""The same scores taken apart: by data set, by scenario, by family."""

import pandas as pd

from .stats import clean_scores, condition_scores, seed_intervals, strict_mean

__all__ = ["best_of_families", "score_by"]


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


def best_of_families(board: pd.DataFrame) -> pd.DataFrame:
    """Keep the best-ranked member of each family, and say how many members it has.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.leaderboard.build_leaderboard`.

    Returns
    -------
    pandas.DataFrame
        With the column ``members``. The best of many is flattered by chance, more than the best of few.
    """
    members = board["family"].map(board["family"].value_counts())
    return board.assign(members=members).drop_duplicates("family").reset_index(drop=True)
