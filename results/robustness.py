"""What is left of a score when the data are damaged."""

import pandas as pd

from .stats import clean_scores, dataset_means, strict_mean

__all__ = ["mean_under", "relative_scores", "worst_case"]


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
        fusion. NaN where a score is missing or the divisor is 0.

    References
    ----------
    .. [1] T. Beemelmanns, Q. Zhang, C. Geller, L. Eckstein (2024). MultiCorrupt: a multi-modal robustness
       dataset and benchmark of LiDAR-camera fusion for 3D object detection. IEEE Intelligent Vehicles
       Symposium. arXiv:2402.11677.
    """
    means = dataset_means(scores)
    clean = dataset_means(clean_scores(scores))
    damaged = means[means.index.get_level_values("mechanism") != "clean"]
    reference = clean.reindex(damaged.index.get_level_values("dataset")).set_axis(damaged.index)
    above, below = (damaged, reference) if sign > 0 else (reference, damaged)
    return above / below.where(below != 0)


def mean_under(table: pd.DataFrame, mechanism: str) -> pd.Series:
    """Mean under one kind of fault.

    Averaged over modalities and severities, then over scenarios, then over the data sets that have the
    fault, so that a scenario with many conditions weighs no more than another.

    Parameters
    ----------
    table : pandas.DataFrame
        From `relative_scores`, or `fusebench.results.stats.dataset_means` of `condition_scores`.
    mechanism : str
        For example ``"missing"``.

    Returns
    -------
    pandas.Series
        Index ``fusion``; NaN where any condition lacks a score, or no data set has the fault.
    """
    chosen = table[table.index.get_level_values("mechanism") == mechanism]
    for levels in (["dataset", "scenario"], ["dataset"]):
        chosen = strict_mean(chosen, levels)
    return chosen.mean(skipna=False)


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
