"""One number for each fusion over all data sets: mean ranks and interquartile mean, with their intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit
from scipy.stats import rankdata, trim_mean

from ...seeding import make_generator
from .intervals import LEVEL, MIN_DATASETS, Interval, mean_interval
from .stats import dataset_means

__all__ = ["interquartile_interval", "summarise"]

_DIGITS = 12
_CUT = 0.25


def summarise(scores: pd.DataFrame, sign: int, n_resamples: int = 1000) -> pd.DataFrame:
    """Mean ranks and interquartile mean of each fusion that is done everywhere, with named intervals.

    - ``mean_rank``: the rank of the seed-averaged score on each data set, averaged; with Student's interval
      for *new data sets*.
    - ``run_rank``: the rank at each seed of each data set, averaged: what to expect of a run with a single
      seed; with the interval for *same data sets, new seeds*. Averaging seeds first would bias the ranks of
      new seeds towards the middle, and no interval was found that covers then.
    - ``iqm``: the mean of the seed-averaged scores without the lowest and the highest quarter of the data
      sets, rounded down (with three or fewer it is the mean); with both intervals. That for new seeds
      draws seeds with replacement within each data set, the same ones for all fusions, spreads what is
      drawn by ``sqrt(S / (S - 1))``, and takes Student's quantile with the sum of ``S - 1`` degrees of
      freedom. That for new data sets is Tukey and McLaughlin's.

    Nothing is claimed about new data sets with fewer than
    `fusebench.results.statistics.intervals.MIN_DATASETS`.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows ``(dataset, seed)``, a column for each fusion, from
        `fusebench.results.statistics.stats.clean_scores`.
    sign : int
        1 if higher is better, -1 if lower.
    n_resamples : int
        Of seeds.

    Returns
    -------
    pandas.DataFrame
        Index ``fusion``. Columns ``mean_rank``, ``mean_rank_low``, ``mean_rank_high``, ``run_rank``,
        ``run_rank_low``, ``run_rank_high``, ``iqm``, ``iqm_seeds_low``, ``iqm_seeds_high``,
        ``iqm_datasets_low``, ``iqm_datasets_high``. Ends are NaN where nothing can be said.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([["x", "y"], [0, 1]], names=["dataset", "seed"])
    >>> scores = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.7], "b": [0.2, 0.9, 0.3, 0.1]}, index)
    >>> summarise(scores, sign=1)[["mean_rank", "run_rank", "iqm"]].round(3).to_dict("index")
    {'a': {'mean_rank': 1.0, 'run_rank': 1.25, 'iqm': 0.775}, \
'b': {'mean_rank': 2.0, 'run_rank': 1.75, 'iqm': 0.375}}
    """
    scores = scores.sort_index()
    means = dataset_means(scores)
    fusions = means.columns[means.notna().all()]
    centre = means[fusions].to_numpy()
    blocks = {str(name): own[fusions].to_numpy() for name, own in scores.groupby(level="dataset")}
    table = (
        _columns("mean_rank", _over_datasets(mean_interval([_rank(centre, sign)]), len(centre)))
        | _columns("run_rank", mean_interval([_rank(block, sign) for block in blocks.values()]))
        | _columns("iqm", _over_seeds(centre, blocks, n_resamples), "_seeds")
        | _columns("iqm", _over_datasets(interquartile_interval(centre), len(centre)), "_datasets")
    )
    return pd.DataFrame(table, index=fusions.rename("fusion"))


def interquartile_interval(values: NDArray[np.float64]) -> Interval:
    """Estimate interquartile means with Tukey and McLaughlin's interval.

    Parameters
    ----------
    values : numpy.ndarray of shape (n, k)
        n independent values of k quantities.

    Returns
    -------
    Interval
        Arrays of shape (k,); ends are NaN if fewer than two values are left after trimming.

    References
    ----------
    J. W. Tukey, D. H. McLaughlin (1963). Less vulnerable confidence and significance procedures for location
    based on a single sample. Sankhya A 25(3), 331-352.

    Examples
    --------
    >>> float(interquartile_interval(np.array([[0.0], [1.0], [2.0], [900.0]])).mean[0])
    1.5
    """
    n = len(values)
    mean = trim_mean(values, _CUT, axis=0)
    cut = int(_CUT * n)
    kept = n - 2 * cut
    if kept < 2:
        return Interval(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    ordered = np.sort(values, axis=0)
    winsorised = np.clip(ordered, ordered[cut], ordered[n - 1 - cut])
    error = np.sqrt(winsorised.var(axis=0, ddof=1) * (n - 1) / (kept * (kept - 1)))
    half = stdtrit(kept - 1, (1 + LEVEL) / 2) * error
    return Interval(mean, mean - half, mean + half)


def _over_seeds(
    centre: NDArray[np.float64], blocks: dict[str, NDArray[np.float64]], n_resamples: int
) -> Interval:
    """Interval of the interquartile mean for the same data sets and new seeds."""
    mean = trim_mean(centre, _CUT, axis=0)
    if min(len(block) for block in blocks.values()) < 2:
        return Interval(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    drawn = []
    for name, block in blocks.items():
        size = len(block)
        rng = make_generator("seed-bootstrap", name)
        often = rng.multinomial(size, np.full(size, 1 / size), n_resamples)
        drawn.append((1 + np.sqrt(size / (size - 1)) * (often - 1)) @ block / size)
    error = trim_mean(np.stack(drawn, axis=1), _CUT, axis=1).std(axis=0, ddof=1)
    half = stdtrit(sum(len(block) - 1 for block in blocks.values()), (1 + LEVEL) / 2) * error
    return Interval(mean, mean - half, mean + half)


def _over_datasets(interval: Interval, n_datasets: int) -> Interval:
    """Leave out the ends if there are too few data sets to speak of new ones."""
    if n_datasets >= MIN_DATASETS:
        return interval
    nothing = np.full_like(interval.mean, np.nan)
    return Interval(interval.mean, nothing, nothing)


def _rank(scores: NDArray[np.float64], sign: int) -> NDArray[np.float64]:
    """Rank each row, 1 is best."""
    ranks: NDArray[np.float64] = rankdata(np.round(-sign * scores, _DIGITS), axis=1)
    return ranks


def _columns(name: str, interval: Interval, about: str = "") -> dict[str, NDArray[np.float64]]:
    return {name: interval.mean, f"{name}{about}_low": interval.low, f"{name}{about}_high": interval.high}
