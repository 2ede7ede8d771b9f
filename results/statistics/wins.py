"""Every fusion against every other: on how many data sets it wins, and by how much."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["mean_differences", "rank_biserial", "win_rates"]

_DIGITS = 12


def win_rates(means: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Share of the data sets on which the fusion of the row is better than that of the column.

    Parameters
    ----------
    means : pandas.DataFrame
        A row for each data set, a column for each fusion, from
        `fusebench.results.statistics.stats.dataset_means`.
    sign : int
        1 if higher is better, -1 if lower.

    Returns
    -------
    pandas.DataFrame
        Square; a tie counts half, so that a cell and its mirror image sum to 1. NaN on the diagonal, and
        for a fusion that lacks a data set.

    Examples
    --------
    >>> win_rates(pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.6], "b": [0.8, 0.8, 0.6, 0.7]}), sign=1)
           a      b
    a    NaN  0.625
    b  0.375    NaN
    """
    differences = _differences(means, sign)
    return _square(np.heaviside(differences, 0.5).mean(axis=0), means.columns)


def mean_differences(means: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Mean over data sets of the paired difference, positive if the fusion of the row is better.

    Parameters and shape are as for `win_rates`; the unit is that of the metric.

    Examples
    --------
    >>> mean_differences(pd.DataFrame({"a": [0.5, 1.0], "b": [0.25, 0.25]}), sign=1)
         a    b
    a  NaN  0.5
    b -0.5  NaN
    """
    return _square(_differences(means, sign).mean(axis=0), means.columns)


def rank_biserial(means: pd.DataFrame, sign: int) -> pd.DataFrame:
    """Matched-pairs rank-biserial correlation, the effect size that belongs to Wilcoxon's signed-rank test.

    The ranks of the differences in favour minus those against, divided by their sum [1]_: from -1 (worse on
    every data set) to 1 (better on every one); 0 if there is no difference. Parameters and shape are as for
    `win_rates`.

    References
    ----------
    .. [1] D. S. Kerby (2014). The simple difference formula: an approach to teaching nonparametric
       correlation. Comprehensive Psychology 3, 11.IT.3.1.

    Examples
    --------
    >>> means = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.6], "b": [0.8, 0.4, 1.0, 0.6]})
    >>> float(rank_biserial(means, sign=1).loc["a", "b"])  # ranks 1 and 3 in favour, 2 against
    0.3333333333333333
    """
    differences = _differences(means, sign)
    ranks = rankdata(np.abs(differences), axis=0) - (differences == 0).sum(axis=0)
    against, in_favour = (((side * differences > 0) * ranks).sum(axis=0) for side in (-1, 1))
    total = against + in_favour
    return _square((in_favour - against) / np.where(total == 0, 1, total), means.columns)


def _differences(means: pd.DataFrame, sign: int) -> NDArray[np.float64]:
    """All paired differences, shape (n_datasets, n_fusions, n_fusions)."""
    scores = sign * means.to_numpy(dtype=float)
    differences: NDArray[np.float64] = np.round(scores[:, :, None] - scores[:, None, :], _DIGITS)
    return differences


def _square(matrix: NDArray[np.float64], names: pd.Index) -> pd.DataFrame:
    matrix = matrix.copy()
    np.fill_diagonal(matrix, np.nan)
    return pd.DataFrame(matrix, index=names, columns=names)
