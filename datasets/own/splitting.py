"""Training, validation and test data: as they were given, or drawn."""

import numpy as np
from numpy.typing import NDArray

from ...seeding import make_generator
from ..data import Task
from .contents import Contents

__all__ = ["SHARES", "draw_split"]

SHARES = np.array([0.6, 0.2, 0.2])
"""Shares of training, validation and test where no split is given."""


def draw_split(
    contents: Contents, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Choose the samples of training, validation and test.

    A split that was given is kept. Where it has no validation, a quarter of the training samples becomes it;
    without any, 60, 20 and 20 % are drawn. Samples of a group stay together. The shares hold within each
    class, as far as groups let them, and training has every class that there is.

    Parameters
    ----------
    contents : Contents
        n samples.
    seed : int
        Draws what is not given.

    Returns
    -------
    tuple of three numpy.ndarray
        Rows, ascending.

    Raises
    ------
    ValueError
        If there are too few samples or groups for three splits.
    """
    n = len(contents.data)
    codes, shares, rows = np.zeros(n, np.int64), SHARES, np.arange(n)
    if contents.split is not None:
        codes = contents.split.copy()
        rows, shares = np.flatnonzero(codes == 0), np.array([0.75, 0.25, 0])
    if contents.split is None or not (codes == 1).any():
        strata = np.zeros(n, np.int64)
        if contents.data.task is Task.CLASSIFICATION:
            strata = contents.data.labels
        # Not keyed by the name, so that a file that is renamed is split as before.
        rng = make_generator("own split", seed)
        group = contents.group
        codes[rows] = (
            _deal(strata[rows], shares, rng)
            if group is None
            else _deal_groups(strata[rows], group[rows], shares, rng)
        )
    train, validation, test = (np.flatnonzero(codes == code) for code in range(3))
    for name, found in (("training", train), ("validation", validation), ("test", test)):
        if len(found) == 0:
            what = "samples of each class" if contents.group is None else "groups"
            raise ValueError(f"there are too few {what} for three splits: {name} would be empty")
    return train, validation, test


def _deal(
    strata: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give each sample a split at random, by shares within each stratum, rounded in favour of training."""
    codes = np.zeros(len(strata), np.int64)
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        n_validation, n_test = np.rint(shares[1:] * len(members)).astype(int)
        codes[members[:n_validation]] = 1
        codes[members[n_validation : n_validation + n_test]] = 2
    return codes


def _deal_groups(
    strata: NDArray[np.int64], group: NDArray[np.int64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give each group a split: the larger first, each where the counts of the strata come nearest the shares.

    Before that, training gets one group of every class that it lacks, the class in fewest groups first. The
    last groups go to splits that would be empty.
    """
    _, group = np.unique(group, return_inverse=True)
    n_strata = strata.max() + 1
    counts = np.zeros((group.max() + 1, n_strata + 1))
    np.add.at(counts, (group, strata), 1)
    counts[:, n_strata] = counts.sum(axis=1)  # of the whole group, which has shares to keep as well
    wanted = shares[:, None] * counts.sum(axis=0)
    dealt = np.zeros_like(wanted)
    splits = np.full(len(counts), -1)
    order = rng.permutation(len(counts))
    order = order[np.argsort(-counts[order, n_strata], kind="stable")]
    for stratum in np.argsort((counts[:, :n_strata] > 0).sum(axis=0), kind="stable"):
        holders = [g for g in order if counts[g, stratum]]
        if holders and dealt[0, stratum] == 0:
            # The smallest that will do: what is left has more room to come near the shares.
            splits[holders[-1]] = 0
            dealt[0] += counts[holders[-1]]
    waiting = order[splits[order] < 0]
    for n_left, g in zip(range(len(waiting), 0, -1), waiting, strict=True):
        # How much nearer a split comes to what it wants, summed over the classes.
        gain = ((wanted - dealt) ** 2 - (wanted - dealt - counts[g]) ** 2).sum(axis=1)
        empty = (shares > 0) & (dealt[:, n_strata] == 0)
        allowed = empty if empty.sum() >= n_left else shares > 0
        splits[g] = int(np.where(allowed, gain, -np.inf).argmax())
        dealt[splits[g]] += counts[g]
    chosen: NDArray[np.int64] = splits[group]
    return chosen
