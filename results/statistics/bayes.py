"""How probable it is that one fusion is better than another, or that they are equal in practice."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...seeding import make_generator

__all__ = ["ROPE", "Posterior", "compare_bayesian"]

ROPE = 0.01
"""Differences up to one point of a score between 0 and 1 are taken for equal in practice."""


class Posterior(NamedTuple):
    """Probabilities that sum to 1."""

    worse: float
    equal: float
    better: float


def compare_bayesian(
    differences: ArrayLike, rope: float = ROPE, *, prior: float = 0.5, n_samples: int = 20_000
) -> Posterior:
    """Bayesian signed-rank test with a region of practical equivalence.

    The distribution of the difference over data sets has a Dirichlet process as its prior, whose base puts
    all its strength on a difference of 0 [1]_. A draw from the posterior weighs that pseudo-observation and
    the data sets by a Dirichlet distribution; in it the weight of all pairs of which the mean lies below,
    within and above the region says which of the three is the most probable for a new data set. The
    result counts how often each is (ties are shared), as described in [2]_.

    Parameters
    ----------
    differences : array-like of shape (n_datasets,)
        One for each data set, positive if better.
    rope : float
        Differences from ``-rope`` to ``rope`` are equal in practice; in the unit of the metric. At least 0.
    prior : float
        Strength of the pseudo-observation at 0, where a data set has 1.
    n_samples : int
        Draws. They are always the same ones.

    Returns
    -------
    Posterior
        The probability that the fusion is worse, equal in practice, or better. It describes what is
        believed after these data sets and controls no rate of false alarms.

    References
    ----------
    .. [1] A. Benavoli, G. Corani, F. Mangili, M. Zaffalon, F. Ruggeri (2014). A Bayesian Wilcoxon
       signed-rank test based on the Dirichlet process. ICML.
    .. [2] A. Benavoli, G. Corani, J. Demšar, M. Zaffalon (2017). Time for a change: a tutorial for
       comparing multiple classifiers through Bayesian analysis. JMLR 18(77), 1-36.

    Examples
    --------
    >>> worse, equal, better = compare_bayesian([0.05, 0.04, 0.06, 0.02, 0.05, 0.03])
    >>> better > 0.99
    True
    >>> compare_bayesian([0.001, -0.002, 0.0, 0.003]).equal
    1.0
    """
    values = np.concatenate([[0.0], np.asarray(differences, dtype=float)])
    weights = _draw_weights(len(values), prior, n_samples)
    means = np.round((values[:, None] + values) / 2, 12)
    # On the border of the region a pair counts half for either side.
    above = np.heaviside(means - rope, 0.5)
    below = np.heaviside(-rope - means, 0.5)
    shares = [(weights @ side * weights).sum(axis=1) for side in (below, above)]
    likely = np.column_stack([shares[0], 1 - shares[0] - shares[1], shares[1]])
    best = np.isclose(likely, likely.max(axis=1, keepdims=True), rtol=0, atol=1e-12)
    return Posterior(*(best / best.sum(axis=1, keepdims=True)).mean(axis=0).tolist())


@lru_cache(maxsize=1)
def _draw_weights(n_values: int, prior: float, n_samples: int) -> NDArray[np.float64]:
    """Weigh pseudo-observation and data sets, the same for all fusions; shape (n_samples, n_values)."""
    rng = make_generator("bayesian-signed-rank", n_values)
    return rng.dirichlet([prior, *[1.0] * (n_values - 1)], n_samples)
