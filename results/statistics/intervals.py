"""Confidence intervals of means, and what each of them is about.

Two questions, two intervals:

- *same data sets, new seeds*: what would the mean over these data sets be with other seeds?
- *new data sets*: what would it be on other data sets like these? The data set is the block: its seeds are
  averaged first, because seeds treated as independent data sets find differences where there are none.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

__all__ = ["LEVEL", "MIN_DATASETS", "NEW_DATASETS", "NEW_SEEDS", "Interval", "mean_interval"]

LEVEL = 0.95
NEW_SEEDS = "same data sets, new seeds"
NEW_DATASETS = "new data sets"
MIN_DATASETS = 6
"""With fewer data sets no rank test over data sets can reach p < 0.05, so none is claimed: "not testable"."""


class Interval(NamedTuple):
    """Means with lower and upper ends, each of shape (k,); ends are NaN where nothing can be said."""

    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def mean_interval(blocks: Sequence[NDArray[np.float64]]) -> Interval:
    """Estimate the mean of the blocks' means, with a t-interval.

    One block gives Student's interval. Several blocks are strata: each has its own variance, and the
    degrees of freedom are those of Welch and Satterthwaite [1]_.

    Parameters
    ----------
    blocks : sequence of numpy.ndarray of shape (n_b, k)
        Independent values of k quantities; n_b may differ. For "same data sets, new seeds" a block is a
        data set and its rows are seeds; for "new data sets" the only block has a row for each data set.

    Returns
    -------
    Interval
        Arrays of shape (k,). A NaN in a column makes its results NaN: a missing value is not averaged
        away. A block with a single row leaves the means and makes all ends NaN.

    References
    ----------
    .. [1] F. E. Satterthwaite (1946). An approximate distribution of estimates of variance components.
       Biometrics Bulletin 2(6), 110-114.

    Examples
    --------
    >>> mean, low, high = mean_interval([np.array([[0.90], [0.92], [0.94]])])
    >>> f"{mean[0]:.3f} from {low[0]:.3f} to {high[0]:.3f}"
    '0.920 from 0.870 to 0.970'
    >>> mean_interval([np.array([[0.90]])]).low
    array([nan])
    """
    mean = np.mean([block.mean(axis=0) for block in blocks], axis=0)
    sizes = np.array([[len(block)] for block in blocks])
    if sizes.min() < 2:
        return Interval(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    variances = np.array([block.var(axis=0, ddof=1) for block in blocks]) / sizes
    total = variances.sum(axis=0)
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing varies
        freedom = total**2 / (variances**2 / (sizes - 1)).sum(axis=0)
    half = stdtrit(np.where(total > 0, freedom, 1), (1 + LEVEL) / 2) * np.sqrt(total) / len(blocks)
    return Interval(mean, mean - half, mean + half)
