"""Which fusions differ over data sets: Friedman's test, then Wilcoxon's for all pairs with Holm's step-down.

The block is the data set: seeds are averaged before anything is ranked. Demšar [1]_ describes the tests,
Benavoli et al. [2]_ why the pairs are compared by Wilcoxon's test and not by their mean ranks.

References
----------
.. [1] J. Demšar (2006). Statistical comparisons of classifiers over multiple data sets. JMLR 7, 1-30.
.. [2] A. Benavoli, G. Corani, F. Mangili (2016). Should we really use post-hoc tests based on mean-ranks?
   JMLR 17(5), 1-10.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats as scipy_stats

from ..tables.formatting import count_noun
from .intervals import LEVEL, MIN_DATASETS
from .stats import mean_ranks

__all__ = ["RankTest", "adjust_holm", "compare_ranks", "datasets_needed", "find_cliques", "signed_rank"]

_ALPHA = 1 - LEVEL
_DIGITS = 12  # differences closer than this are tied: the order of a subtraction must not decide


class RankTest(NamedTuple):
    """What the tests say.

    Parameters
    ----------
    n_datasets : int
        Blocks.
    ranks : pandas.Series
        Mean rank of each fusion that has a score on every data set, best first.
    p_value : float
        Of Friedman's test that all are equal; of Wilcoxon's if there are two. NaN if not testable.
    pairs : pandas.DataFrame
        A row for each pair: ``first`` (the one of the better mean rank), ``second``, ``difference`` (mean,
        positive if the first is better), ``p_value``, ``p_holm``, and ``separable``: whether both
        Friedman's test and the corrected one reject at 5 %. Empty if not testable.
    """

    n_datasets: int
    ranks: pd.Series
    p_value: float
    pairs: pd.DataFrame

    @property
    def testable(self) -> bool:
        """Whether a test over these data sets could reject anything."""
        return self.n_datasets >= MIN_DATASETS and len(self.ranks) > 1

    def describe(self) -> str:
        """Say what was tested and what came of it, or what would be needed."""
        k, n = len(self.ranks), self.n_datasets
        if k < 2:
            return "Not testable: fewer than two fusions are done on every data set."
        if n < MIN_DATASETS:
            return (
                f"Not testable with {count_noun(n, 'data set')}: the smallest p-value that Wilcoxon's "
                f"signed-rank test can give is then {2.0 ** (1 - n):.2g}; {MIN_DATASETS} are needed for one "
                f"pair, {datasets_needed(k)} for all pairs of these {k} with Holm's correction."
            )
        found = int(self.pairs["separable"].sum())
        name = "Friedman's test" if k > 2 else "Wilcoxon's signed-rank test"
        text = (
            f"{name} over {n} data sets and {k} fusions: p = {self.p_value:.2g}. "
            f"Wilcoxon's test with Holm's correction separates {found} of {len(self.pairs)} pairs."
        )
        if n < datasets_needed(k):
            text += (
                f" With {n} data sets no p-value is small enough for so many pairs: "
                f"{datasets_needed(k)} are needed before the first can be separated."
            )
        return text


def compare_ranks(means: pd.DataFrame, sign: int) -> RankTest:
    """Test whether fusions differ over data sets, and which.

    Parameters
    ----------
    means : pandas.DataFrame
        A row for each data set, a column for each fusion, from
        `fusebench.results.statistics.stats.dataset_means`.
        Fusions without a score on every data set are left out.
    sign : int
        1 if higher is better, -1 if lower.

    Returns
    -------
    RankTest
        Without p-values if there are fewer data sets than
        `fusebench.results.statistics.intervals.MIN_DATASETS`.

    Examples
    --------
    >>> means = pd.DataFrame({"a": [0.9, 0.8, 0.7, 0.9, 0.6, 0.7], "b": [0.8, 0.6, 0.4, 0.5, 0.1, 0.1]})
    >>> compare_ranks(means, sign=1).pairs[["first", "second", "p_value"]]
      first second  p_value
    0     a      b  0.03125
    >>> print(compare_ranks(means.head(4), sign=1).describe())
    Not testable with 4 data sets: the smallest p-value that Wilcoxon's signed-rank test can give is then \
0.12; 6 are needed for one pair, 6 for all pairs of these 2 with Holm's correction.
    """
    ranks = mean_ranks(means, sign).dropna().sort_values(kind="stable")
    better = means[ranks.index] * sign
    nothing = RankTest(len(means), ranks, float("nan"), pd.DataFrame())
    if not nothing.testable:
        return nothing
    rows = []
    for first, second in combinations(ranks.index, 2):
        differences = better[first] - better[second]
        rows.append((first, second, differences.mean(), signed_rank(differences)))
    pairs = pd.DataFrame(rows, columns=["first", "second", "difference", "p_value"])
    pairs["p_holm"] = adjust_holm(pairs["p_value"])
    p_value = _friedman(better.to_numpy()) if len(ranks) > 2 else float(pairs["p_value"].iloc[0])
    pairs["separable"] = (pairs["p_holm"] < _ALPHA) & (p_value < _ALPHA)
    return nothing._replace(p_value=p_value, pairs=pairs)


def signed_rank(differences: ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test, exact also with ties.

    Given the sizes of the differences, each is as likely positive as negative if the two are equal; the
    distribution of the sum of positive ranks is built by adding one rank after the other. Differences of 0
    are left out.

    Parameters
    ----------
    differences : array-like of shape (n,)
        One for each data set.

    Returns
    -------
    float
        At most 1; at least ``2 ** (1 - n)``.

    Examples
    --------
    >>> signed_rank([0.1, 0.2, 0.3, 0.3, 0.5, 0.6])
    0.03125
    """
    values = np.round(np.asarray(differences, dtype=float), _DIGITS)
    values = values[values != 0]
    doubled = np.rint(2 * scipy_stats.rankdata(np.abs(values))).astype(int)  # a tied rank may end in .5
    positive = int(doubled[values > 0].sum())
    below = _cumulate(tuple(sorted(doubled.tolist())))
    return float(min(1.0, 2 * below[min(positive, int(doubled.sum()) - positive)]))


def adjust_holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Correct p-values for their number by Holm's step-down.

    Parameters
    ----------
    p_values : array-like of shape (m,)
        Of one family of tests.

    Returns
    -------
    numpy.ndarray of shape (m,)
        If those below alpha are rejected, the chance of any false one is at most alpha.

    References
    ----------
    S. Holm (1979). A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6, 65-70.

    Examples
    --------
    >>> adjust_holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, dtype=float)
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1)
    return adjusted


def find_cliques(ranks: pd.Series, pairs: pd.DataFrame) -> list[tuple[str, ...]]:
    """Find the longest runs of fusions, in the order of their ranks, of which no pair is separable.

    Parameters
    ----------
    ranks : pandas.Series
        Best first.
    pairs : pandas.DataFrame
        Columns ``first``, ``second``, ``separable``; both from `RankTest`.

    Returns
    -------
    list of tuple of str
        Of two or more; none within another. The bars of a critical-difference diagram.

    Examples
    --------
    >>> ranks = pd.Series([1.2, 2.0, 2.8], index=["a", "b", "c"])
    >>> pairs = pd.DataFrame({"first": ["a", "a", "b"], "second": ["b", "c", "c"],
    ...                       "separable": [False, True, False]})
    >>> find_cliques(ranks, pairs)
    [('a', 'b'), ('b', 'c')]
    """
    names = list(ranks.index)
    place = {name: position for position, name in enumerate(names)}
    apart = [
        sorted((place[a], place[b])) for a, b in pairs.loc[pairs["separable"], ["first", "second"]].values
    ]
    cliques: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(names)):
        # A pair (i, j) with start <= i ends every run from here before j.
        end = min((last for first, last in apart if first >= start), default=len(names))
        if end > reached and end - start > 1:
            cliques.append(tuple(names[start:end]))
        reached = max(reached, end)
    return cliques


def datasets_needed(n_fusions: int) -> int:
    """Count the data sets from which on Wilcoxon's test with Holm's correction can reject for one pair.

    Examples
    --------
    >>> [datasets_needed(n_fusions) for n_fusions in (2, 3, 10, 60)]
    [6, 7, 11, 17]
    """
    n_pairs = n_fusions * (n_fusions - 1) // 2
    n_datasets = MIN_DATASETS
    while n_pairs * 2.0 ** (1 - n_datasets) >= _ALPHA:
        n_datasets += 1
    return n_datasets


def _friedman(scores: NDArray[np.float64]) -> float:
    scores = np.round(scores, _DIGITS)
    if (scores == scores[:, :1]).all():
        return 1.0  # nothing is ranked before anything else
    return float(scipy_stats.friedmanchisquare(*scores.T).pvalue)


@lru_cache(maxsize=1024)
def _cumulate(doubled: Sequence[int]) -> NDArray[np.float64]:
    """Chance that the doubled ranks of positive sign sum to at most 0, 1, 2, ..."""
    chances = np.ones(1)
    for rank in doubled:
        longer = np.zeros(len(chances) + rank)
        longer[: len(chances)] += chances / 2
        longer[rank:] += chances / 2
        chances = longer
    return chances.cumsum()
