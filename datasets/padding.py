"""Sequences of different lengths, below each other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .data import Kind, Modality

__all__ = ["pad_sequences"]


def pad_sequences(sequences: Sequence[NDArray]) -> Modality:
    """Put sequences below each other, with zeros at their ends.

    Parameters
    ----------
    sequences : sequence of n numpy.ndarray
        At least one; each of shape (frames, d), of different lengths.

    Returns
    -------
    Modality
        Of shape (n, longest, d), float32, with lengths.

    Examples
    --------
    >>> padded = pad_sequences([np.ones((2, 1)), np.ones((1, 1))])
    >>> padded.values[:, :, 0]
    array([[1., 1.],
           [1., 0.]], dtype=float32)
    >>> padded.lengths
    array([2, 1])
    """
    lengths = np.array([len(sequence) for sequence in sequences])
    values = np.zeros((len(sequences), lengths.max(), sequences[0].shape[1]), np.float32)
    for row, sequence in zip(values, sequences, strict=True):
        row[: len(sequence)] = sequence
    return Modality(Kind.SEQUENCE, values, lengths)
