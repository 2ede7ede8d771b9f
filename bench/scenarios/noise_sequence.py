"""Noise on the time axis of sequences."""

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario
from .samples import change_samples

__all__ = ["drop_frames", "jitter"]


@register_scenario(
    "noise-sequence-frame-drop",
    mechanism="noise",
    levels={1: 0.4, 2: 0.6, 3: 0.8, 4: 0.9, 5: 0.95},
    span=(0.0, 0.99),
    level_name="share of frames lost",
    identity=0.0,
    kinds=[Kind.SEQUENCE],
)
def drop_frames(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Lose frames, each with the same probability; the last one that arrived is repeated.

    The first frame always arrives.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> frames = np.arange(8, dtype=np.float32)[None, :, None]
    >>> data = MultimodalData({"video": Modality(Kind.SEQUENCE, frames)})
    >>> drop_frames(data, "video", 0.5, np.random.default_rng(0), data).modalities["video"].values.ravel()
    array([0., 0., 0., 0., 4., 5., 6., 7.], dtype=float32)
    """

    def change(frames: NDArray, row: int) -> NDArray:
        arrived = rng.random(len(frames)) >= level
        seen: NDArray = frames[np.maximum.accumulate(np.where(arrived, np.arange(len(frames)), 0))]
        return seen

    return change_samples(data, modality, change)


@register_scenario(
    "noise-sequence-shift",
    mechanism="noise",
    levels={1: 0.1, 2: 0.2, 3: 0.3, 4: 0.5, 5: 0.8},
    span=(0.0, 1.0),
    level_name="largest shift as a share of the length",
    identity=0.0,
    kinds=[Kind.SEQUENCE],
)
def jitter(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Start each sequence too early or too late, by a random share of its length.

    The frame at the end that was reached is repeated.
    """

    def change(frames: NDArray, row: int) -> NDArray:
        shift = round(rng.uniform(-1, 1) * level * len(frames))
        seen: NDArray = frames[np.clip(np.arange(len(frames)) - shift, 0, len(frames) - 1)]
        return seen

    return change_samples(data, modality, change)
