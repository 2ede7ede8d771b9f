"""All figures of a set of records."""

from collections.abc import Mapping

import pandas as pd

from .evidence import Evidence
from .leaderboard import build_leaderboard
from .robustness import relative_scores
from .stats import condition_intervals, condition_scores, find_sign
from .svg import Drawing

__all__ = ["boards_of_datasets", "draw_all", "draw_evidence"]

_LEVELS = ["dataset", "scenario", "modality", "severity", "level", "level_name"]


def boards_of_datasets(records: pd.DataFrame, metric: str, baseline: str) -> dict[str, pd.DataFrame]:
    """Rank the fusions on each data set alone, where it has a score.

    Parameters
    ----------
    records : pandas.DataFrame
        From `fusebench.results.training.label_training`.
    metric : str
        Which score to rank by.
    baseline : str
        The fusion that gains are over.
    """
    return {
        str(dataset): build_leaderboard(own, metric=metric, baseline=baseline)
        for dataset, own in records.groupby("dataset")
        if (own["metric"] == metric).any()
    }


def draw_all(
    records: pd.DataFrame,
    board: pd.DataFrame,
    boards: Mapping[str, pd.DataFrame],
    metric: str,
    baseline: str,
    outcomes: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None,
) -> dict[str, list[Drawing]]:
    """Draw the figures of each data set, and under "" those of all.

    Parameters
    ----------
    records : pandas.DataFrame
        From `fusebench.results.training.label_training`.
    board : pandas.DataFrame
        The leaderboard.
    boards : mapping of str to pandas.DataFrame
        From `boards_of_datasets`.
    metric, baseline
        Those of the leaderboards.
    outcomes : pandas.DataFrame, optional
        Columns of `fusebench.results.outcomes.OUTCOME_COLUMNS`.
    curves : pandas.DataFrame, optional
        Columns of `fusebench.results.curves.CURVE_COLUMNS`.
    """
    from . import (  # here, because matplotlib and seaborn take most of a second
        curve_figures,
        figures,
        outcome_figures,
    )

    sign = find_sign(records, metric)
    scores = condition_scores(records, metric)
    intervals = condition_intervals(scores)
    relative = relative_scores(scores, sign)
    levels = records.loc[records["status"] == "done", _LEVELS].drop_duplicates(_LEVELS[:4])
    drawn: dict[str, list[Drawing | None]] = {
        "": [
            figures.draw_gain(board),
            figures.draw_clean(intervals, board, baseline),
            figures.draw_cost(board, sign, baseline),
        ]
    }
    for name, own in boards.items():
        drawn[name] = [
            figures.draw_missing(relative, own, name),
            figures.draw_severity(intervals, levels, own, name, baseline),
        ]
        if outcomes is not None:
            drawn[name] += [
                outcome_figures.draw_reliability(outcomes, own, name, baseline),
                outcome_figures.draw_confusion(outcomes, own, name, baseline),
            ]
        if curves is not None:
            drawn[name].append(curve_figures.draw_curves(curves, own, name))
    return {name: [drawing for drawing in some if drawing] for name, some in drawn.items()}


def draw_evidence(evidence: Evidence, board: pd.DataFrame, baseline: str) -> list[Drawing]:
    """Draw what was found over data sets, as far as there are enough of them.

    Parameters
    ----------
    evidence : Evidence
        From `fusebench.results.evidence.weigh_evidence`.
    board : pandas.DataFrame
        The leaderboard.
    baseline : str
        Shown whatever its rank.
    """
    from . import rank_figures  # here, as above

    families = board.set_index("fusion")["family"]
    drawn = [rank_figures.draw_ranks(evidence, families), rank_figures.draw_wins(evidence, baseline)]
    return [drawing for drawing in drawn if drawing]
