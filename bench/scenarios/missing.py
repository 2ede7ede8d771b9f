"""Modalities that are absent, whatever is in them: whole ones, entries at random, outages."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from ...errors import FusebenchError
from .registry import register_scenario

__all__ = ["drop_modality", "drop_pattern", "drop_runs", "drop_share", "entries_of", "take_away"]

RUN = 10
"""Consecutive samples that an outage takes."""

MODALITY_RATES = {1: 0.1, 2: 0.2, 3: 0.4, 4: 0.6, 5: 0.8}
"""Shares of one modality's entries that are absent."""


def take_away(data: MultimodalData, entries: NDArray[np.int64], rate: float) -> MultimodalData:
    """Make entries absent in the order given until exactly ``round(rate * len(entries))`` of them are.

    Those that already were absent count; data that lack more than that are left as they are. The last
    modality of a sample is passed over.

    Parameters
    ----------
    data : MultimodalData
        n samples with M modalities.
    entries : numpy.ndarray of int
        Places in the mask, ``sample * M + modality``, each at most once.
    rate : float
        Between 0 and 1.

    Raises
    ------
    FusebenchError
        If so many cannot go because each sample keeps one modality.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor", n_test=4).load().test
    >>> take_away(test, np.array([2, 3, 4, 0, 1, 5]), 0.5).mask.astype(int)
    array([[0, 1],
           [0, 1],
           [0, 1],
           [1, 1]])
    """
    present = data.mask.copy()
    left = present.sum(axis=1)
    target = round(rate * len(entries))
    absent = int((~present.ravel()[entries]).sum())
    for entry in entries:
        if absent >= target:
            break
        row, column = divmod(int(entry), present.shape[1])
        if present[row, column] and left[row] > 1:
            present[row, column] = False
            left[row] -= 1
            absent += 1
    if absent < target:
        raise FusebenchError(
            f"A missing rate of {rate:g} leaves samples without any modality; "
            f"with these {present.shape[1]} modalities it can be {absent / len(entries):g} at most."
        )
    return data.with_present(present)


def entries_of(data: MultimodalData, modality: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give the places in the mask of one modality for these samples."""
    return rows * len(data.names) + data.names.index(modality)


@register_scenario(
    "missing-modality",
    mechanism="missing",
    levels={5: 1.0},
    level_name="share of samples without it",
    identity=0.0,
    kinds=Kind,
)
def drop_modality(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take one modality away from a share of the samples, by default from all of them."""
    return _take_together(data, [modality], level, rng)


def list_patterns(modalities: Mapping[str, Kind]) -> list[str]:
    """Name every set of modalities whose absence leaves one; none for more than five modalities.

    Examples
    --------
    >>> list_patterns({"a": Kind.VECTOR, "b": Kind.VECTOR, "c": Kind.VECTOR})
    ['a', 'b', 'c', 'a+b', 'a+c', 'b+c']
    """
    if len(modalities) > 5:
        return []  # more than 30 patterns
    sizes = range(1, len(modalities))
    return ["+".join(chosen) for size in sizes for chosen in combinations(modalities, size)]


@register_scenario(
    "missing-pattern",
    mechanism="missing",
    levels={5: 1.0},
    level_name="share of samples without them",
    identity=0.0,
    targets=list_patterns,
)
def drop_pattern(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take several modalities away together: every pattern of absence, for up to five modalities."""
    return _take_together(data, modality.split("+"), level, rng)


@register_scenario(
    "missing-rate",
    mechanism="missing",
    levels={1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4, 5: 0.5},
    level_name="missing rate",
    identity=0.0,
)
def drop_share(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take away a share of all entries (sample, modality), completely at random; one a sample stays.

    The rate is that of all n x M entries, see `take_away`. A higher level takes all that a lower one
    takes, and more.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor", n_test=10).load().test
    >>> changed = drop_share(test, "", 0.3, np.random.default_rng(0), test)
    >>> int((~changed.mask).sum()), bool(changed.mask.any(axis=1).all())
    (6, True)
    """
    return take_away(data, rng.permutation(data.mask.size), level)


@register_scenario(
    "missing-outage",
    mechanism="missing",
    levels=MODALITY_RATES,
    level_name="missing rate of the modality",
    identity=0.0,
    kinds=Kind,
)
def drop_runs(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take one modality away from runs of ten consecutive samples, as when a sensor fails for a while.

    The order of the samples stands for time. Neighbouring runs may join, and the last run taken is cut
    short where the rate is reached.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor", n_test=40).load().test
    >>> there = drop_runs(test, "a", 0.25, np.random.default_rng(2), test).has("a")
    >>> "".join("a" if x else "-" for x in there)
    'aaaaaaaaaaaaaaaaaaaaaa----------aaaaaaaa'
    """
    starts = np.arange(-int(rng.integers(RUN)), len(data), RUN)
    rows = (rng.permutation(starts)[:, None] + np.arange(RUN)).ravel()
    return take_away(data, entries_of(data, modality, rows[(rows >= 0) & (rows < len(data))]), level)


def _take_together(
    data: MultimodalData, names: list[str], share: float, rng: np.random.Generator
) -> MultimodalData:
    """Take all these modalities away from the same share of the samples."""
    present = data.mask.copy()
    absent = rng.permutation(len(data))[: round(share * len(data))]
    columns = np.array([data.names.index(name) for name in names])
    present[absent[:, None], columns] = False
    return data.with_present(present)
