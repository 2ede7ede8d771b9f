"""Sequences of all modalities on one clock."""

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Modality, MultimodalData

__all__ = ["join_frames", "resample"]


def resample(modality: Modality, n_frames: int) -> NDArray[np.float64]:
    """Bring sequences to the same number of frames by linear interpolation over their valid frames.

    Parameters
    ----------
    modality : Modality
        Sequences (n, T, d).
    n_frames : int
        F, frames to make of each.

    Returns
    -------
    numpy.ndarray of shape (n, F, d)
        The first and the last frame are those of the sequence.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind
    >>> frames = np.array([[[0.0], [2.0], [9.0]]], np.float32)
    >>> resample(Modality(Kind.SEQUENCE, frames, lengths=np.array([2])), 3).ravel()
    array([0., 1., 2.])
    """
    lengths = modality.frame_mask().sum(axis=1)
    position = np.linspace(0, 1, n_frames) * (lengths - 1)[:, None]
    before = np.floor(position).astype(np.intp)
    after = np.minimum(before + 1, lengths[:, None] - 1)
    share = (position - before)[..., None]
    rows = np.arange(len(modality))[:, None]
    values = modality.values.astype(np.float64)
    frames: NDArray[np.float64] = (1 - share) * values[rows, before] + share * values[rows, after]
    return frames


def join_frames(data: MultimodalData, n_frames: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Put all modalities on a common clock, side by side.

    Returns
    -------
    frames : numpy.ndarray of shape (n, F, d)
        Features of all modalities.
    observed : numpy.ndarray of shape (n, d)
        Whether the feature's modality is present.
    """
    streams = [resample(modality, n_frames) for modality in data.modalities.values()]
    observed = np.repeat(data.mask, [stream.shape[2] for stream in streams], axis=1)
    return np.concatenate(streams, axis=2), observed
