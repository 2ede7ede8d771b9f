"""Noise on vectors and sequences of features, where these are the raw data, as of sensors.

Spreads and means are those of the clean training data. The tables of levels are for data that
have no calibrated ones, see docs/severities.md.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario

__all__ = ["add_drift", "add_gaussian_noise", "drop_features", "scale_features"]


@register_scenario(
    "noise-vector-gaussian",
    mechanism="noise",
    levels={1: 0.5, 2: 1.0, 3: 2.0, 4: 3.0, 5: 4.5},
    span=(0.1, 30.0),
    level_name="standard deviations of the feature",
    identity=0.0,
    kinds=[Kind.VECTOR, Kind.SEQUENCE],
)
def add_gaussian_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add Gaussian noise to every feature, in units of its spread over the clean training data.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> splits = load_dataset("synth-xor").load()
    >>> noisy = add_gaussian_noise(splits.test, "a", 1.0, np.random.default_rng(0), splits.train)
    >>> noise = noisy.modalities["a"].values - splits.test.modalities["a"].values
    >>> bool(np.allclose(noise.std(axis=0), splits.train.modalities["a"].values.std(axis=0), rtol=0.15))
    True
    """
    values = data.modalities[modality].values
    noise = rng.standard_normal(values.shape, dtype=np.float32)
    return _with_values(data, modality, values + noise * (level * _known(train, modality).std(axis=0)))


@register_scenario(
    "noise-vector-dropout",
    mechanism="noise",
    levels={1: 0.2, 2: 0.4, 3: 0.65, 4: 0.8, 5: 0.9},
    span=(0.0, 0.98),
    level_name="share of features lost",
    identity=0.0,
    kinds=[Kind.VECTOR, Kind.SEQUENCE],
)
def drop_features(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Put the training mean in place of single features, each of each sample with the same probability.

    A feature of a sequence is lost in all its frames.
    """
    values = data.modalities[modality].values
    lost = rng.random(_per_sample(values)) < level
    return _with_values(data, modality, np.where(lost, _known(train, modality).mean(axis=0), values))


@register_scenario(
    "noise-vector-scaling",
    mechanism="noise",
    levels={1: 0.5, 2: 1.0, 3: 1.8, 4: 3.0, 5: 4.5},
    span=(0.1, 8.0),
    level_name="standard deviation of the logarithm of the gain",
    identity=0.0,
    kinds=[Kind.VECTOR, Kind.SEQUENCE],
)
def scale_features(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Multiply every feature of each sample by a gain of its own, drawn from a log-normal distribution.

    All frames of a sequence share the gains.
    """
    values = data.modalities[modality].values
    return _with_values(data, modality, values * np.exp(level * rng.standard_normal(_per_sample(values))))


@register_scenario(
    "noise-vector-drift",
    mechanism="noise",
    levels={1: 1.0, 2: 2.5, 3: 5.0, 4: 7.0, 5: 9.0},
    span=(0.25, 50.0),
    level_name="standard deviations of the feature at the end",
    identity=0.0,
    kinds=[Kind.VECTOR, Kind.SEQUENCE],
)
def add_drift(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Let the zero of every feature drift from 0 to an offset, to a random side.

    Vectors drift from the first sample to the last, whose order stands for time; sequences from their
    first frame to the last, each sample to sides of its own.
    """
    values = data.modalities[modality].values
    sides = rng.choice([-1.0, 1.0], size=values.shape[-1:] if values.ndim == 2 else _per_sample(values))
    time = np.linspace(0, 1, values.shape[values.ndim - 2])[:, None]
    return _with_values(data, modality, values + level * time * sides * _known(train, modality).std(axis=0))


def _known(train: MultimodalData, modality: str) -> NDArray:
    """Frames or samples of the clean training data that may be read, shape (k, d)."""
    known: NDArray = train.modalities[modality].values[train.valid(modality)]
    return known


def _per_sample(values: NDArray) -> tuple[int, ...]:
    """Shape of one number for each feature of each sample, whatever its frames."""
    return values.shape if values.ndim == 2 else (values.shape[0], 1, values.shape[2])


def _with_values(data: MultimodalData, modality: str, values: NDArray) -> MultimodalData:
    old = data.modalities[modality]
    return data.with_modality(modality, replace(old, values=values.astype(np.float32)))
