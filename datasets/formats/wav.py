"""Waveforms: wav files of 16 bit, and padding."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality

__all__ = ["find_rate", "pad_waveforms", "read_wav"]

LONGEST = 60  # seconds


def find_rate(path: Path) -> int:
    """Read the samples per second from the head of a wav file.

    Raises
    ------
    ValueError
        If it is no wav file.
    """
    try:
        with wave.open(str(path)) as file:
            rate: int = file.getframerate()
            return rate
    except (EOFError, wave.Error) as error:
        raise ValueError(f"{path.name} is not a whole wav file: {error}") from error


def read_wav(path: Path, rate: int, *, mix: bool = False) -> NDArray[np.int16]:
    """Read a wav file of 16 bit.

    Parameters
    ----------
    path : Path
        The file.
    rate : int
        Samples per second that it must have.
    mix : bool
        Whether two channels are allowed, and averaged; otherwise there must be one.

    Returns
    -------
    numpy.ndarray of shape (samples,)
        At least one sample.

    Raises
    ------
    ValueError
        If it is of another kind, empty, cut off, or longer than a minute.
    """
    try:
        with wave.open(str(path)) as file:
            n_channels = file.getnchannels()
            found = (n_channels, 8 * file.getsampwidth(), file.getframerate())
            if found[1:] != (16, rate) or n_channels not in ((1, 2) if mix else (1,)):
                raise ValueError(
                    f"{path.name} must have 1 channel, 16 bit and {rate} Hz, however: {found[0]} channels, "
                    f"{found[1]} bit and {found[2]} Hz"
                )
            n_samples = file.getnframes()
            if not 1 <= n_samples <= LONGEST * rate:
                raise ValueError(f"{path.name} must have 1 to {LONGEST * rate} samples, however: {n_samples}")
            content = file.readframes(n_samples)
    except (EOFError, wave.Error) as error:
        raise ValueError(f"{path.name} is not a whole wav file: {error}") from error
    if len(content) != 2 * n_samples * n_channels:
        held = len(content) // (2 * n_channels)
        raise ValueError(f"{path.name} declares {n_samples} samples, but holds {held}")
    channels = np.frombuffer(content, "<i2").reshape(n_samples, n_channels)
    mixed: NDArray[np.float64] = channels.mean(axis=1)
    return mixed.astype(np.int16)


def pad_waveforms(waveforms: Sequence[NDArray[np.int16]], rate: int) -> Modality:
    """Put waveforms of 16 bit below each other, with zeros at their ends.

    Parameters
    ----------
    waveforms : sequence of n numpy.ndarray
        Each of shape (samples,), of different lengths.
    rate : int
        Samples per second.

    Returns
    -------
    Modality
        Audio of shape (n, longest), float32 between -1 and 1, with lengths.

    Examples
    --------
    >>> audio = pad_waveforms([np.array([-32768, 16384], np.int16), np.array([0], np.int16)], rate=8000)
    >>> audio.values
    array([[-1. ,  0.5],
           [ 0. ,  0. ]], dtype=float32)
    >>> audio.lengths
    array([2, 1])
    """
    lengths = np.array([len(waveform) for waveform in waveforms])
    values = np.zeros((len(waveforms), lengths.max()), np.float32)
    for row, waveform in zip(values, waveforms, strict=True):
        row[: len(waveform)] = waveform / np.float32(32768)
    return Modality(Kind.AUDIO, values, lengths, rate)
