"""Change the samples of one modality one by one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import MultimodalData
from ...datasets.large import copy_like
from ...errors import FusebenchError

__all__ = ["change_samples", "change_texts", "rate_of"]


def change_samples(
    data: MultimodalData, modality: str, change: Callable[[NDArray, int], NDArray]
) -> MultimodalData:
    """Change the samples that are present; padding, and what is absent, stays as it is.

    Parameters
    ----------
    data : MultimodalData
        n samples.
    modality : str
        Name of a modality that is not text.
    change : callable
        Takes the valid part of a sample and its row, and gives an array of the same shape.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> waves = np.ones((2, 4), np.float32)
    >>> data = MultimodalData({"audio": Modality(Kind.AUDIO, waves, np.array([2, 4]))})
    >>> change_samples(data, "audio", lambda wave, row: wave + row + 1).modalities["audio"].values
    array([[2., 2., 1., 1.],
           [3., 3., 3., 3.]], dtype=float32)
    """
    old = data.modalities[modality]
    values = copy_like(old.values)
    for row in np.flatnonzero(data.has(modality)):
        valid = slice(None if old.lengths is None else old.lengths[row])
        values[row, valid] = change(old.values[row, valid], int(row))
    return data.with_modality(modality, replace(old, values=values))


def change_texts(data: MultimodalData, modality: str, change: Callable[[str], str]) -> MultimodalData:
    """Change the texts that are present."""
    old = data.modalities[modality]
    texts = [
        change(str(text)) if there else str(text)
        for text, there in zip(old.values, data.has(modality), strict=True)
    ]
    return data.with_modality(modality, replace(old, values=np.array(texts, dtype=np.str_)))


def rate_of(data: MultimodalData, modality: str) -> float:
    """Give the samples per second of audio.

    Raises
    ------
    FusebenchError
        If it is not known.
    """
    rate = data.modalities[modality].rate
    if rate is None:
        raise FusebenchError(f"The audio {modality!r} has no rate, which this scenario needs.")
    return rate
