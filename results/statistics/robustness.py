"""What is left of a score when the data are damaged."""

import numpy as np
import pandas as pd

from .stats import clean_scores, dataset_means, strict_mean

__all__ = ["gain_under_fault", "mean_under", "relative_scores", "severity_area", "worst_case"]


def relative_scores(scores: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Relative accuracy: the score under corruption divided by the clean one [1]_.

    Seeds are averaged before dividing. For a metric where lower is better the quotient is turned round,
    so that 1 always means unharmed and less means worse.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.
    sign : int
        From `find_sign`.

    Returns
    -------
    pandas.DataFrame
        Rows ``(dataset, scenario, mechanism, modality, severity)`` other than clean; a column for every
        fusion. NaN where a score is missing or the divisor is not above 0: there is no
        share of an R2 below 0.

    References
    ----------
    .. [1] T. Beemelmanns, Q. Zhang, C. Geller, L. Eckstein (2024). MultiCorrupt: a multi-modal robustness
       dataset and benchmark of LiDAR-camera fusion for 3D object detection. IEEE Intelligent Vehicles
       Symposium. arXiv:2402.11677.
    """
    clean, damaged = dataset_means(clean_scores(scores)), _damaged_means(scores)
    reference = clean.reindex(damaged.index.get_level_values("dataset")).set_axis(damaged.index)
    above, below = (damaged, reference) if sign > 0 else (reference, damaged)
    return above / below.where(below > 0)


def mean_under(table: pd.DataFrame, mechanism: str) -> pd.Series:
    """Mean under one kind of fault.

    Averaged over modalities and severities, then over scenarios, then over the data sets that have the
    fault, so that a scenario with many conditions weighs no more than another.

    Parameters
    ----------
    table : pandas.DataFrame
        From `relative_scores`, or `fusebench.results.statistics.stats.dataset_means` of `condition_scores`.
    mechanism : str
        For example ``"missing"``.

    Returns
    -------
    pandas.Series
        Index ``fusion``; NaN where any condition lacks a score, or no data set has the fault.
    """
    return _average(table[table.index.get_level_values("mechanism") == mechanism])


def severity_area(scores: pd.DataFrame) -> pd.Series:
    """Area under the curve of the score against severity, from clean to the highest, divided by its width.

    It is the mean height of the curve, by the trapezoidal rule; scenarios of one severity have none. Averaged
    as in `mean_under`, over all kinds of fault.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.

    Returns
    -------
    pandas.Series
        Index ``fusion``; NaN where any condition lacks a score, or there is no curve.
    """
    clean, damaged = dataset_means(clean_scores(scores)), _damaged_means(scores)
    areas = {}
    for (dataset, scenario, modality), curve in damaged.groupby(["dataset", "scenario", "modality"]):
        severities = curve.index.get_level_values("severity")
        if len(severities) > 1:
            heights = np.vstack([clean.loc[str(dataset)], curve.iloc[np.argsort(severities)]])
            area = np.trapezoid(heights, [0, *sorted(severities)], axis=0)
            areas[dataset, scenario, modality] = area / max(severities)
    keys = pd.DataFrame(list(areas), columns=["dataset", "scenario", "modality"])
    table = pd.DataFrame(list(areas.values()), index=pd.MultiIndex.from_frame(keys), columns=scores.columns)
    return _average(table)


def gain_under_fault(scores: pd.DataFrame, sign: int, baseline: str) -> pd.Series:
    """Difference to the best single modality under the same fault, positive if better.

    The baseline gives each sample to the best modality that it still has, so that this tells what fusing
    is worth once something has failed. Averaged as in `mean_under`, over all kinds of fault.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.
    sign : int
        From `find_sign`.
    baseline : str
        A column of `scores`.

    Returns
    -------
    pandas.Series
        Index ``fusion``; NaN where any condition lacks a score, for the baseline, and without one.
    """
    damaged = _damaged_means(scores)
    reference = damaged.get(baseline, pd.Series(np.nan, damaged.index))
    return _average(damaged.drop(columns=baseline, errors="ignore").sub(reference, axis=0) * sign)


def _damaged_means(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds under all conditions but clean."""
    means = dataset_means(scores)
    return means[means.index.get_level_values("mechanism") != "clean"]


def _average(table: pd.DataFrame) -> pd.Series:
    """Mean over the conditions of a scenario, then over scenarios, then over data sets."""
    for levels in (["dataset", "scenario"], ["dataset"]):
        table = strict_mean(table, levels)
    return table.mean(skipna=False)


def worst_case(scores: pd.DataFrame, sign: int) -> pd.Series:
    """Worst score over all conditions of a data set, clean included, averaged over data sets.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `condition_scores`.
    sign : int
        From `find_sign`.

    Returns
    -------
    pandas.Series
        Index ``fusion``; NaN where any condition lacks a score.
    """
    means = dataset_means(scores) * sign
    worst = means.groupby(level="dataset").min().where(means.notna().groupby(level="dataset").all())
    return worst.mean(skipna=False) * sign
