"""All figures of a set of records."""

from collections.abc import Mapping

import pandas as pd

from ..statistics.evidence import Evidence
from ..statistics.robustness import relative_scores
from ..statistics.stats import condition_intervals, condition_scores, find_sign
from ..tables.leaderboard import build_leaderboard
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
    # Here, because matplotlib and seaborn take most of a second.
    from .learning import draw_curves
    from .predictions import draw_confusion, draw_reliability
    from .scores import draw_clean, draw_cost, draw_gain, draw_missing, draw_severity

    sign = find_sign(records, metric)
    scores = condition_scores(records, metric)
    intervals = condition_intervals(scores)
    relative = relative_scores(scores, sign)
    levels = records.loc[records["status"] == "done", _LEVELS].drop_duplicates(_LEVELS[:4])
    drawn: dict[str, list[Drawing | None]] = {
        "": [
            draw_gain(board),
            draw_clean(intervals, board, baseline),
            draw_cost(board, sign, baseline),
        ]
    }
    for name, own in boards.items():
        drawn[name] = [
            draw_missing(relative, own, name),
            draw_severity(intervals, levels, own, name, baseline),
        ]
        if outcomes is not None:
            drawn[name] += [
                draw_reliability(outcomes, own, name, baseline),
                draw_confusion(outcomes, own, name, baseline),
            ]
        if curves is not None:
            drawn[name].append(draw_curves(curves, own, name))
    return {name: [drawing for drawing in some if drawing] for name, some in drawn.items()}


def draw_evidence(evidence: Evidence, board: pd.DataFrame, baseline: str) -> list[Drawing]:
    """Draw what was found over data sets, as far as there are enough of them.

    Parameters
    ----------
    evidence : Evidence
        From `fusebench.results.statistics.evidence.weigh_evidence`.
    board : pandas.DataFrame
        The leaderboard.
    baseline : str
        Shown whatever its rank.
    """
    from .ranks import draw_ranks, draw_wins  # here, as above

    families = board.set_index("fusion")["family"]
    drawn = [draw_ranks(evidence, families), draw_wins(evidence, baseline)]
    return [drawing for drawing in drawn if drawing]
