"""Modalities that are absent at test."""

import numpy as np

from ...datasets.data import Kind, MultimodalData
from ...errors import FusebenchError
from .registry import register_scenario

__all__ = ["drop_modality", "drop_share"]


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
    absent = rng.permutation(len(data))[: round(level * len(data))]
    present = data.mask.copy()
    present[absent, data.names.index(modality)] = False
    return data.with_present(present)


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

    The entries are visited in a random order and each is taken unless it is the last of its sample,
    until exactly ``round(level * n * M)`` of the n x M entries are absent, those included that already
    were. A higher level takes all that a lower one takes, and more.

    Raises
    ------
    FusebenchError
        If so many cannot go because one modality a sample must stay.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor", n_test=10).load().test
    >>> changed = drop_share(test, "", 0.3, np.random.default_rng(0), test)
    >>> int((~changed.mask).sum()), bool(changed.mask.any(axis=1).all())
    (6, True)
    """
    present = data.mask.copy()
    target = round(level * present.size)
    most = present.size - int(present.any(axis=1).sum())
    if target > most:
        raise FusebenchError(
            f"A missing rate of {level:g} leaves samples without any modality; "
            f"with {present.shape[1]} modalities it can be {most / present.size:g} at most."
        )
    left = present.sum(axis=1)
    absent = present.size - int(left.sum())
    for entry in rng.permutation(present.size):
        if absent >= target:
            break
        row, column = divmod(int(entry), present.shape[1])
        if present[row, column] and left[row] > 1:
            present[row, column] = False
            left[row] -= 1
            absent += 1
    return data.with_present(present)
