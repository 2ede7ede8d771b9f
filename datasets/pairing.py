"""Multimodal samples from two collections of the same classes."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["pair_by_class"]


def pair_by_class(labels: NDArray, pool: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
    """Find a random partner of the same class for every sample.

    Members of the pool are used once as long as they suffice, and then equally often, up to one.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n,)
        Classes of the samples.
    pool : numpy.ndarray of shape (m,)
        Classes of the possible partners.
    rng : numpy.random.Generator
        Draws the partners.

    Returns
    -------
    numpy.ndarray of shape (n,)
        Indices into `pool`, with ``pool[result] == labels``.

    Raises
    ------
    ValueError
        If the pool lacks a class.

    Examples
    --------
    >>> labels, pool = np.array([0, 1, 1]), np.array([1, 0, 1, 0])
    >>> bool((pool[pair_by_class(labels, pool, np.random.default_rng(0))] == labels).all())
    True
    """
    partners = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members, candidates = np.flatnonzero(labels == label), np.flatnonzero(pool == label)
        if len(candidates) == 0:
            raise ValueError(f"there is no partner of class {label}")
        rounds = -(-len(members) // len(candidates))
        order = np.concatenate([rng.permutation(candidates) for _ in range(rounds)])
        partners[members] = order[: len(members)]
    return partners
