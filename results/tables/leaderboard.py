"""The table that ranks the fusions, controls included."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ..cells import coverage
from ..files import write_atomically
from ..location import open_folder
from ..records import validate
from ..statistics.robustness import gain_under_fault, mean_under, relative_scores, severity_area, worst_case
from ..statistics.stats import (
    clean_scores,
    condition_scores,
    dataset_means,
    find_side,
    find_sign,
    mean_ranks,
    paired_basis,
    paired_intervals,
    seed_intervals,
    tie_groups,
)
from ..training import label_training, select_ranked

__all__ = ["BASELINE", "build_leaderboard", "by_dataset", "compute_gains", "write_leaderboard"]

BASELINE = "best-unimodal"


def build_leaderboard(
    records: pd.DataFrame, *, metric: str = "accuracy", baseline: str = BASELINE
) -> pd.DataFrame:
    """Rank the fusions by their mean score on clean test data.

    Means are over data sets, after averaging the seeds of each. They exist only for a fusion that is done
    in every cell of every data set: an average over what happened to work would not be comparable.
    Strategies that learnt from faulty data are left out, unless all did from the same.

    Parameters
    ----------
    records : pandas.DataFrame
        One row a score; see `fusebench.results.records.COLUMNS`.
    metric : str
        Which score to rank by.
    baseline : str
        The fusion that gains are over.

    Returns
    -------
    pandas.DataFrame
        One row a fusion: the ranked ones, best first, then the others by coverage. Columns:

        - ``rank``, ``tie``: place, and number of the group that cannot be told apart (`tie_groups`);
          missing if not ranked.
        - ``fusion``, ``family``, ``absence``.
        - ``score``, ``low``, ``high``: mean over data sets, with a 95 % interval for new seeds on the
          same data sets; ends are NaN with one seed.
        - ``gain``, ``gain_low``, ``gain_high``: paired difference to `baseline`, positive if better;
          ``gain_basis`` names what the interval is about. NaN without a baseline, and for itself.
        - ``beats_unimodal``: "yes", "no" or "unclear" as the gain's interval is above 0, below 0 or
          neither; "" where there is no gain.
        - ``mra_missing``, ``mra_noise``, ``mra_misalignment``: mean relative accuracy under missing
          modalities, noise and misalignment.
        - ``severity_area``: mean height of the curves of the score against severity.
        - ``fault_gain``: difference to `baseline` under the same fault, positive if better; NaN for itself.
        - ``worst``: worst score over all conditions of a data set, averaged over data sets.
        - ``mean_rank``: rank on each data set, averaged.
        - ``ece``: expected calibration error, if recorded.
        - ``fit_seconds``, ``predict_seconds``, ``latency`` (prediction of one sample), ``n_parameters``,
          ``fit_bytes``: mean cost of a cell.
        - ``coverage``: share of cells that are done.
        - ``metric``.

    Raises
    ------
    FusebenchError
        If the records are not valid or do not hold the metric.

    Examples
    --------
    >>> records = pd.DataFrame({
    ...     "fusion": ["late-mean", "late-mean", "best-unimodal", "best-unimodal"],
    ...     "seed": [0, 1, 0, 1],
    ...     "value": [0.92, 0.94, 0.81, 0.84],
    ... }).assign(dataset="digits", metric="accuracy", direction="maximize")
    >>> build_leaderboard(records)[["rank", "tie", "fusion", "score", "gain", "beats_unimodal"]].round(3)
       rank  tie         fusion  score   gain beats_unimodal
    0     1    1      late-mean  0.930  0.105            yes
    1     2    2  best-unimodal  0.825    NaN
    """
    records = select_ranked(validate(records))
    sign = find_sign(records, metric)
    scores = condition_scores(records, metric)
    clean = clean_scores(scores)
    relative = relative_scores(scores, sign)
    board = _describe_fusions(records)
    board[["score", "low", "high"]] = seed_intervals(clean)
    board["rank"] = (board["score"].round(12) * -sign).rank(method="min").astype("Int64")
    board["tie"] = tie_groups(clean, sign)
    board[["gain", "gain_low", "gain_high"]] = paired_intervals(compute_gains(clean, sign, baseline))
    board["gain_basis"] = paired_basis(clean.index.get_level_values("dataset").nunique())
    board["beats_unimodal"] = _judge(board)
    board["mra_missing"] = mean_under(relative, "missing")
    board["mra_noise"] = mean_under(relative, "noise")
    board["mra_misalignment"] = mean_under(relative, "misalignment")
    board["severity_area"] = severity_area(scores)
    board["fault_gain"] = gain_under_fault(scores, sign, baseline)
    board["worst"] = worst_case(scores, sign)
    board["mean_rank"] = mean_ranks(dataset_means(clean), sign)
    board["ece"] = _mean(records, "ece")
    board["fit_seconds"] = _mean(records, metric, "fit_seconds")
    board["predict_seconds"] = _mean(records, metric, "predict_seconds")
    samples = records["n_test"].where(records["n_test"] > 0)
    board["latency"] = _mean(records.assign(latency=records["predict_seconds"] / samples), metric, "latency")
    board["n_parameters"] = _mean(records, metric, "n_parameters")
    board["fit_bytes"] = _mean(records, metric, "fit_bytes")
    board["coverage"] = coverage(records)
    board["metric"] = metric
    board = board.rename_axis("fusion").reset_index()
    board = board.sort_values(
        ["rank", "coverage", "fusion"], ascending=[True, False, True], ignore_index=True
    )
    return board[["rank", "tie", *board.columns.drop(["rank", "tie"])]]


def compute_gains(scores: pd.DataFrame, sign: int, baseline: str = BASELINE) -> pd.DataFrame:
    """Paired differences to the baseline, positive if better.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `fusebench.results.statistics.stats.clean_scores`.
    sign : int
        From `fusebench.results.statistics.stats.find_sign`.
    baseline : str
        A column of `scores`.

    Returns
    -------
    pandas.DataFrame
        As `scores`; NaN for the baseline itself, and everywhere if there is no such column.
    """
    if baseline not in scores.columns:
        return scores * np.nan
    gains = scores.sub(scores[baseline], axis=0) * sign
    return gains.assign(**{baseline: np.nan})


def by_dataset(records: pd.DataFrame, metric: str = "accuracy") -> pd.DataFrame:
    """Mean score on the clean test data of each data set.

    Parameters
    ----------
    records : pandas.DataFrame
        One row a score.
    metric : str
        Which score.

    Returns
    -------
    pandas.DataFrame
        A row for each fusion, a column for each data set and faulty training; NaN where any seed lacks.
    """
    records = label_training(validate(records))
    find_sign(records, metric)
    return dataset_means(clean_scores(condition_scores(records, metric))).T


def write_leaderboard(
    records: pd.DataFrame,
    folder: str | Path,
    *,
    metric: str = "accuracy",
    baseline: str = BASELINE,
    notice: Sequence[str] = (),
) -> None:
    """Write ``leaderboard.csv`` (all columns, full precision) and ``leaderboard.md`` (to be read).

    Parameters
    ----------
    records, metric, baseline
        As for `build_leaderboard`.
    folder : str or pathlib.Path
        Made if it does not exist. Each file is replaced as a whole.
    notice : sequence of str
        Lines shown above the Markdown table, beside those that the records carry.
    """
    from .markup import to_csv, to_markdown  # here, because these build a leaderboard
    from .view import make_view

    view = make_view(records, metric=metric, baseline=baseline, notice=notice)
    folder = open_folder(folder)
    write_atomically(folder / "leaderboard.csv", to_csv(view).encode())
    write_atomically(folder / "leaderboard.md", to_markdown(view.page).encode())


def _describe_fusions(records: pd.DataFrame) -> pd.DataFrame:
    """Family and handling of absence, the latter from a cell that tells it."""
    told = records[["fusion", "family", "absence"]].drop_duplicates()
    told = told.sort_values("absence", ascending=False, kind="stable")
    return told.drop_duplicates("fusion").set_index("fusion").sort_index()


def _judge(board: pd.DataFrame) -> pd.Series:
    verdict = pd.Series("unclear", index=board.index)
    verdict[board["gain"].isna()] = ""
    side = find_side(board[["gain_low", "gain_high"]].set_axis(["low", "high"], axis=1))
    verdict[side > 0] = "yes"
    verdict[side < 0] = "no"
    return verdict


def _mean(records: pd.DataFrame, metric: str, column: str = "value") -> pd.Series | float:
    """Mean over data sets of what a column holds on clean data."""
    if not (records["metric"] == metric).any():
        return np.nan
    return dataset_means(clean_scores(condition_scores(records, metric, column))).mean(skipna=False)
