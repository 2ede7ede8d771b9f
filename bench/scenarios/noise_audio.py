"""Noise on waveforms: other sounds, the room, and faults of the line.

Each utterance is changed by itself, over its valid samples. The tables of levels are for data that
have no calibrated ones, see docs/severities.md.
"""

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from ...errors import FusebenchError
from .registry import register_scenario
from .samples import change_samples, rate_of

__all__ = ["add_babble", "add_reverberation", "add_white_noise", "clip", "cut_bandwidth", "lose_packets"]

TALKERS = 4
DECAY = 0.5
"""Seconds in which the reverberation falls by 60 dB."""
PACKET = 0.02
"""Seconds in a packet, as usual in telephony over the internet."""


@register_scenario(
    "noise-audio-white",
    mechanism="noise",
    levels={1: 35.0, 2: 30.0, 3: 24.0, 4: 18.0, 5: 10.0},
    span=(60.0, -20.0),
    level_name="signal-to-noise ratio in dB",
    identity=float("inf"),
    kinds=[Kind.AUDIO],
)
def add_white_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add white Gaussian noise to each waveform at a signal-to-noise ratio.

    The power of the signal is its mean square over the valid samples of the utterance; a silent one
    stays silent. Padding is not touched.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> wave = np.sin(np.arange(8000, dtype=np.float32))[None]
    >>> data = MultimodalData({"audio": Modality(Kind.AUDIO, wave, rate=8000)})
    >>> noisy = add_white_noise(data, "audio", 10.0, np.random.default_rng(0), data)
    >>> noise = noisy.modalities["audio"].values - wave
    >>> round(float(10 * np.log10(np.mean(wave**2) / np.mean(noise**2))), 1)
    10.0
    """

    def change(wave: NDArray, row: int) -> NDArray:
        return _mix(wave, rng.standard_normal(len(wave)), level)

    return change_samples(data, modality, change)


@register_scenario(
    "noise-audio-babble",
    mechanism="noise",
    levels={1: 30.0, 2: 25.0, 3: 17.0, 4: 12.0, 5: 5.0},
    span=(60.0, -20.0),
    level_name="signal-to-noise ratio in dB",
    identity=float("inf"),
    kinds=[Kind.AUDIO],
)
def add_babble(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add four other utterances of the same split, equally loud, at a signal-to-noise ratio.

    They are drawn from the other samples that have the modality, repeated to the length of the utterance
    from a random start.

    Raises
    ------
    FusebenchError
        If there is no other utterance.
    """
    audio = data.modalities[modality]
    rows = np.flatnonzero(data.has(modality))
    place = np.cumsum(data.has(modality)) - 1
    if len(rows) < 2:
        raise FusebenchError("Babble needs other utterances, but there is one sample only.")
    lengths = audio.frame_mask().sum(axis=1)

    def change(wave: NDArray, row: int) -> NDArray:
        babble = np.zeros(len(wave))
        others = rng.integers(1, len(rows), size=TALKERS)
        starts = rng.random(TALKERS)
        for other, start in zip(rows[(place[row] + others) % len(rows)], starts, strict=True):
            talker = audio.values[other, : lengths[other]].astype(np.float64)
            talker = np.roll(talker, int(start * len(talker)))
            babble += np.resize(talker / (np.sqrt(np.mean(talker**2)) or 1.0), len(wave))
        return _mix(wave, babble, level)

    return change_samples(data, modality, change)


@register_scenario(
    "noise-audio-reverberation",
    mechanism="noise",
    levels={1: 15.0, 2: 10.0, 3: 3.0, 4: -3.0, 5: -10.0},
    span=(40.0, -30.0),
    level_name="direct-to-reverberant ratio in dB",
    identity=float("inf"),
    kinds=[Kind.AUDIO],
)
def add_reverberation(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Put each utterance into a room of its own: echoes that fall by 60 dB in half a second.

    The room's response is the direct sound and, from the next sample on, white noise that decays
    exponentially, whose energy is set by the level. What would sound on after the end of the utterance is
    cut off.

    References
    ----------
    J. D. Polack, "La transmission de l'énergie sonore dans les salles", Université du Maine, 1988.
    """
    from scipy.signal import fftconvolve

    fade = 10 ** (-3 * np.arange(round(DECAY * rate_of(data, modality))) / (DECAY * rate_of(data, modality)))

    def change(wave: NDArray, row: int) -> NDArray:
        tail = fade * rng.standard_normal(len(fade))
        tail *= 10 ** (-level / 20) / np.linalg.norm(tail)
        heard: NDArray = wave + fftconvolve(np.append(0.0, wave[:-1]), tail)[: len(wave)]
        return heard

    return change_samples(data, modality, change)


@register_scenario(
    "noise-audio-clipping",
    mechanism="noise",
    levels={1: 0.05, 2: 0.15, 3: 0.35, 4: 0.55, 5: 0.8},
    span=(0.0, 0.99),
    level_name="share of samples that are clipped",
    identity=0.0,
    kinds=[Kind.AUDIO],
)
def clip(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Clip each waveform so that a share of its samples is at the limit.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> data = MultimodalData({"audio": Modality(Kind.AUDIO, np.array([[0.1, -0.5, 0.3, -0.2, 0.4]]))})
    >>> clip(data, "audio", 0.5, np.random.default_rng(0), data).modalities["audio"].values
    array([[ 0.1, -0.3,  0.3, -0.2,  0.3]])
    """

    def change(wave: NDArray, row: int) -> NDArray:
        limit = np.quantile(np.abs(wave), 1 - level)
        clipped: NDArray = np.clip(wave, -limit, limit)
        return clipped

    return change_samples(data, modality, change)


@register_scenario(
    "noise-audio-packet-loss",
    mechanism="noise",
    levels={1: 0.1, 2: 0.2, 3: 0.32, 4: 0.5, 5: 0.7},
    span=(0.0, 0.95),
    level_name="share of packets that are lost",
    identity=0.0,
    kinds=[Kind.AUDIO],
)
def lose_packets(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Lose packets of 20 milliseconds, each with the same probability; silence is heard instead."""
    size = max(1, round(PACKET * rate_of(data, modality)))

    def change(wave: NDArray, row: int) -> NDArray:
        lost = rng.random(-(-len(wave) // size)) < level
        return np.where(np.repeat(lost, size)[: len(wave)], 0, wave)

    return change_samples(data, modality, change)


@register_scenario(
    "noise-audio-bandwidth",
    mechanism="noise",
    levels={1: 3000.0, 2: 2200.0, 3: 1700.0, 4: 1300.0, 5: 1000.0},
    span=(8000.0, 200.0),
    level_name="highest frequency in Hz",
    identity=float("inf"),
    kinds=[Kind.AUDIO],
)
def cut_bandwidth(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Take away all that is above a frequency, by an ideal filter."""
    rate = rate_of(data, modality)
    if level >= rate / 2:
        return data

    def change(wave: NDArray, row: int) -> NDArray:
        spectrum = np.fft.rfft(wave)
        spectrum[np.fft.rfftfreq(len(wave), 1 / rate) > level] = 0
        return np.fft.irfft(spectrum, len(wave))

    return change_samples(data, modality, change)


def _mix(wave: NDArray, noise: NDArray[np.float64], ratio: float) -> NDArray[np.float64]:
    """Add noise at a signal-to-noise ratio in dB."""
    signal_power, noise_power = np.mean(wave.astype(np.float64) ** 2), np.mean(noise**2)
    if noise_power == 0:
        return wave.astype(np.float64)
    mixed: NDArray[np.float64] = wave + noise * np.sqrt(signal_power / noise_power / 10 ** (ratio / 10))
    return mixed
