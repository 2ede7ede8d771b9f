"""Modalities out of step: late, of another sample, or at another speed. Labels stay as they are."""

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario
from .samples import change_samples

__all__ = ["delay", "mismatch", "play_slower"]

FRAMES_PER_SECOND = 25.0
"""Of a sequence whose rate is not known."""


@register_scenario(
    "misalignment-shift",
    mechanism="misalignment",
    levels={1: 40.0, 2: 80.0, 3: 160.0, 4: 320.0, 5: 640.0},
    span=(5.0, 2000.0),
    level_name="delay in milliseconds",
    identity=0.0,
    kinds=[Kind.AUDIO, Kind.SEQUENCE],
)
def delay(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Let one modality come late against the others: audio after silence, sequences after a frozen frame.

    What would come after the end is cut off. A sequence without a rate is taken for 25 frames a second, so
    that 40 milliseconds are one frame.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> wave = np.arange(1, 9, dtype=np.float32)[None]
    >>> data = MultimodalData({"audio": Modality(Kind.AUDIO, wave, rate=100)})
    >>> delay(data, "audio", 30.0, np.random.default_rng(0), data).modalities["audio"].values
    array([[0., 0., 0., 1., 2., 3., 4., 5.]], dtype=float32)
    """
    late = data.modalities[modality]
    steps = round(level / 1000 * (late.rate or FRAMES_PER_SECOND))

    def change(frames: NDArray, row: int) -> NDArray:
        before = np.zeros_like(frames) if late.kind is Kind.AUDIO else np.repeat(frames[:1], len(frames), 0)
        return np.concatenate([before[:steps], frames])[: len(frames)]

    return change_samples(data, modality, change)


@register_scenario(
    "misalignment-mismatch",
    mechanism="misalignment",
    levels={1: 0.1, 2: 0.2, 3: 0.3, 4: 0.5, 5: 0.7},
    span=(0.0, 1.0),
    level_name="share of pairs mismatched",
    identity=0.0,
    kinds=Kind,
)
def mismatch(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Give a share of the samples one modality of another of these samples; the others and the label stay.

    Only samples that have the modality take part, and each of those chosen gets another's. The other may
    be of the same class.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor", n_test=10).load().test
    >>> changed = mismatch(test, "a", 0.4, np.random.default_rng(0), test)
    >>> moved = (changed.modalities["a"].values != test.modalities["a"].values).any(axis=1)
    >>> int(moved.sum()), changed.modalities["b"] is test.modalities["b"]
    (4, True)
    """
    rows = rng.permutation(np.flatnonzero(data.has(modality)))
    chosen = rows[: round(level * len(rows))]
    source = np.arange(len(data))
    source[chosen] = np.roll(chosen, 1)
    return data.with_modality(modality, data.modalities[modality].take(source))


@register_scenario(
    "misalignment-rate",
    mechanism="misalignment",
    levels={1: 1.05, 2: 1.1, 3: 1.25, 4: 1.5, 5: 2.0},
    span=(1.0, 4.0),
    level_name="times slower",
    identity=1.0,
    kinds=[Kind.AUDIO, Kind.SEQUENCE],
)
def play_slower(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Play one modality slower than it was taken, as with clocks of different rates.

    Frames between frames are interpolated linearly, and what would come after the end is cut off. Audio
    falls in pitch too.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> frames = np.arange(5, dtype=np.float32)[None, :, None]
    >>> data = MultimodalData({"video": Modality(Kind.SEQUENCE, frames)})
    >>> play_slower(data, "video", 2.0, np.random.default_rng(0), data).modalities["video"].values.ravel()
    array([0. , 0.5, 1. , 1.5, 2. ], dtype=float32)
    """

    def change(frames: NDArray, row: int) -> NDArray:
        place = np.arange(len(frames)) / level
        below = np.floor(place).astype(np.int64)
        above = np.minimum(below + 1, len(frames) - 1)
        weight = (place - below).reshape(-1, *[1] * (frames.ndim - 1))
        slower: NDArray = (1 - weight) * frames[below] + weight * frames[above]
        return slower

    return change_samples(data, modality, change)
