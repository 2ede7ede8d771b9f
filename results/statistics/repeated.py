"""Repeated confidence intervals: gains that are looked at again and again while seeds come in.

They are those of Jennison and Turnbull (1989), with error spending (Lan and DeMets 1983). Looks are taken
after a few seeds, then after every second one. At look l the gain of each fusion gets Student's interval,
from the paired differences of the n_l seeds so far, at the level

    1 - (a(n_l / K) - a(n_(l-1) / K)) / m

where K seeds and m gains are planned, and a rises from 0 to 0.05. The errors of all these intervals add up to
0.05, whatever depends on what: with a probability of 0.95 or more none of them misses its gain, at whatever
look, and all decisions made by them are right together. That is conservative, since looks at the same seeds,
and fusions compared with the same baseline, are alike. It holds as far as Student's interval does: for
differences that are normal, and independent between seeds.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from .bayes import ROPE

__all__ = ["ERROR", "FIRST_LOOK", "VERDICTS", "decide", "find_looks", "repeated_intervals", "spend"]

ERROR = 0.05
"""How probable it may be that any decision on a data set is wrong."""

FIRST_LOOK = 4
"""Seeds; of fewer no interval is narrow, and each look costs some of the error."""

VERDICTS = {"above": "above 0", "below": "below 0", "equal": f"within {ROPE:g} of 0"}
"""What can be decided on a gain, with words for it."""

_STEP = 2  # seeds between looks
_NO_WIDTH = 1e-9  # an interval of no width is no proof: a few seeds can differ by exactly the same amount


def find_looks(n_seeds: int) -> list[int]:
    """List after how many seeds is looked; the last look is at all of them.

    Examples
    --------
    >>> find_looks(9), find_looks(2)
    ([4, 6, 8, 9], [2])
    """
    return sorted({*range(FIRST_LOOK, n_seeds, _STEP), n_seeds})


def spend(share: float) -> float:
    """Give the error that may be spent when a share of the seeds is there.

    It is the function of Lan and DeMets that resembles the boundaries of O'Brien and Fleming,
    2 - 2 Phi(z / sqrt(share)) with Phi(z) = 1 - 0.05 / 2: little at first, when intervals are wide anyway.

    Examples
    --------
    >>> [round(spend(share), 4) for share in (0.25, 0.5, 1.0)]
    [0.0001, 0.0056, 0.05]
    """
    return float(2 * ndtr(ndtri(ERROR / 2) / np.sqrt(share)))


def repeated_intervals(
    gains: NDArray[np.float64], n_seeds: int, n_gains: int
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Give, for each look, how many seeds it saw and the intervals of the gains.

    Parameters
    ----------
    gains : numpy.ndarray of shape (n, k)
        Paired differences of the first n seeds; looks at more seeds than these are still to come.
    n_seeds, n_gains : int
        K and m: how many are planned. Of the gains, k <= m are there.

    Yields
    ------
    n : int
        Seeds seen.
    mean, half : numpy.ndarray of shape (k,)
        The interval is ``mean - half`` to ``mean + half``.
    """
    spent = 0.0
    for n in find_looks(n_seeds):
        if n > len(gains):
            return
        spent, before = spend(n / n_seeds), spent
        seen = gains[:n]
        quantile = stdtrit(n - 1, 1 - (spent - before) / n_gains / 2)
        yield n, seen.mean(axis=0), quantile * seen.std(axis=0, ddof=1) / np.sqrt(n)


def decide(gains: NDArray[np.float64], n_seeds: int, n_gains: int) -> list[str]:
    """Decide on gains, each at the first look that allows it.

    Parameters
    ----------
    gains, n_seeds, n_gains
        As of `repeated_intervals`.

    Returns
    -------
    list of str
        For each gain "above" or "below", if its interval lies there of 0; "equal", if it lies within the
        region of practical equivalence, ± 0.01 in the unit of the metric; "" if it is not decided yet.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> gains = rng.normal([0.1, 0.0, -0.1, 0.0], [0.01, 0.001, 0.01, 0.1], size=(8, 4))
    >>> decide(gains, n_seeds=10, n_gains=4)
    ['above', 'equal', 'below', '']
    """
    decided = [""] * gains.shape[1]
    for _, mean, half in repeated_intervals(gains, n_seeds, n_gains):
        low, high, wide = mean - half, mean + half, half > _NO_WIDTH
        holds = [wide & (low > 0), wide & (high < 0), wide & (low > -ROPE) & (high < ROPE)]
        found = np.select(holds, list(VERDICTS), default="")
        decided = [old or str(new) for old, new in zip(decided, found, strict=True)]
    return decided
