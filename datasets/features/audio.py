"""Audio features: mel-frequency cepstra with their slopes, as a sequence and pooled into a vector.

All frames of all waveforms are computed together: they lie one below the other in one matrix, without
frames for padding, and waveforms are ranges of its rows.
"""

from functools import cache
from typing import NamedTuple, Self

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from ...errors import FusebenchError
from ..data import Kind, Modality

__all__ = ["CepstralFeatures", "Frames", "log_mel", "mel_filters", "pool", "slopes"]

FRAME = 0.025  # seconds
HOP = 0.0125  # seconds
FLOOR = 1e-4  # mel energy of silence; about 75 dB below a full-scale sine
BLOCK = 8192  # frames transformed at once, so that intermediate results stay in the processor's cache
SLOPE_REACH = 2  # frames on either side
PARTS = 3


class Frames(NamedTuple):
    """Features of all frames of n waveforms.

    Parameters
    ----------
    values : numpy.ndarray of shape (sum of counts, d)
        Frames of the first waveform, then of the second, and so on.
    counts : numpy.ndarray of shape (n,)
        Frames of each waveform, at least one.
    """

    values: NDArray[np.float32]
    counts: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """First row of each waveform, shape (n,)."""
        return np.cumsum(self.counts) - self.counts


class CepstralFeatures:
    """Mel-frequency cepstral coefficients and their slopes.

    Frames of 25 ms every 12.5 ms, a Hann window, `n_mels` triangular filters equally spaced on the mel
    scale, logarithm, orthonormal discrete cosine transform [1]_. The vector pools the sequence: the mean of
    every feature in each third of the utterance, and its standard deviation over the whole.

    ========  ===================================  =============================================
    view      shape                                content
    ========  ===================================  =============================================
    sequence  (n, frames, 2 * `n_coefficients`)    coefficients, then slopes; lengths in frames
    vector    (n, 8 * `n_coefficients`)            means of three thirds, standard deviations
    ========  ===================================  =============================================

    Parameters
    ----------
    n_coefficients : int, default=13
        Cepstral coefficients, with the zeroth.
    n_mels : int, default=26
        Filters.

    References
    ----------
    .. [1] S. Davis and P. Mermelstein (1980). Comparison of parametric representations for monosyllabic
       word recognition in continuously spoken sentences. IEEE Transactions on Acoustics, Speech, and Signal
       Processing 28(4), 357-366.

    Examples
    --------
    >>> tone = np.sin(np.arange(8000) * 0.5).astype(np.float32)
    >>> audio = Modality(Kind.AUDIO, np.stack([tone, tone]), lengths=np.array([8000, 4000]), rate=8000)
    >>> views = CepstralFeatures().fit(audio).transform(audio)
    >>> views["sequence"].values.shape, views["sequence"].lengths
    ((2, 79, 26), array([79, 39]))
    >>> views["vector"].values.shape
    (2, 104)
    """

    def __init__(self, n_coefficients: int = 13, n_mels: int = 26) -> None:
        self.n_coefficients = n_coefficients
        self.n_mels = n_mels

    def fit(self, modality: Modality) -> Self:  # noqa: ARG002
        """Learn nothing."""
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``sequence`` and ``vector``, float32.

        Raises
        ------
        FusebenchError
            If the waveforms have no sampling rate.
        """
        spectrum = log_mel(modality, self.n_mels)
        cepstrum = scipy.fft.dct(spectrum.values, norm="ortho")[:, : self.n_coefficients]
        frames = Frames(np.hstack([cepstrum, slopes(spectrum._replace(values=cepstrum))]), spectrum.counts)
        width = max(1, int(frames.counts.max(initial=1)))
        sequence = np.zeros((len(modality), width, frames.values.shape[1]), np.float32)
        sequence[np.arange(width) < frames.counts[:, None]] = frames.values
        return {
            "sequence": Modality(Kind.SEQUENCE, sequence, lengths=frames.counts),
            "vector": Modality(Kind.VECTOR, pool(frames)),
        }


def log_mel(modality: Modality, n_mels: int) -> Frames:
    """Compute the logarithm of mel energies.

    Parameters
    ----------
    modality : Modality
        n waveforms. Content after their lengths is not read; a waveform shorter than a frame is taken to be
        followed by silence.
    n_mels : int
        Filters.

    Returns
    -------
    Frames
        With d = `n_mels` features.

    Raises
    ------
    FusebenchError
        If the waveforms have no sampling rate.
    """
    if modality.rate is None or modality.lengths is None:
        raise FusebenchError("Audio features need waveforms with a sampling rate.")
    size, hop = round(FRAME * modality.rate), round(HOP * modality.rate)
    waveforms = modality.values
    if waveforms.shape[1] < size or modality.lengths.min(initial=size) < size:
        waveforms = np.where(modality.frame_mask(), waveforms, np.float32(0))
        waveforms = np.pad(waveforms, ((0, 0), (0, max(0, size - waveforms.shape[1]))))
    counts = 1 + np.maximum(modality.lengths - size, 0) // hop

    windows = sliding_window_view(waveforms, size, axis=1)[:, ::hop]
    frames = windows[np.arange(windows.shape[1]) < counts[:, None]]
    n_fft = 1 << (size - 1).bit_length()
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    filters = mel_filters(modality.rate, n_fft, n_mels).T
    energies = np.empty((len(frames), n_mels), np.float32)
    for start in range(0, len(frames), BLOCK):
        block = slice(start, start + BLOCK)
        with np.errstate(over="ignore", invalid="ignore"):  # absent waveforms may hold anything
            energies[block] = np.abs(scipy.fft.rfft(frames[block] * window, n_fft)) ** 2 @ filters
    return Frames(np.log(np.clip(energies, FLOOR, np.finfo(np.float32).max)), counts)


@cache
def mel_filters(rate: float, n_fft: int, n_mels: int) -> NDArray[np.float32]:
    """Make triangular filters of height 1, equally spaced in mel from 0 to half the rate.

    Parameters
    ----------
    rate : float
        Samples per second.
    n_fft : int
        Length of the Fourier transform.
    n_mels : int
        Filters.

    Returns
    -------
    numpy.ndarray of shape (n_mels, n_fft // 2 + 1)
        Weights of the frequencies in each filter.

    Examples
    --------
    >>> mel_filters(8000, 256, 26).shape
    (26, 129)
    """
    top = 2595 * np.log10(1 + rate / 2 / 700)
    corners = 700 * (10 ** (np.linspace(0, top, n_mels + 2) / 2595) - 1)
    frequencies = np.linspace(0, rate / 2, n_fft // 2 + 1)
    distances = (frequencies - corners[:, None]) / np.diff(corners, append=np.inf)[:, None]
    rising, falling = distances[:-2], 1 - distances[1:-1]
    return np.maximum(0, np.minimum(rising, falling)).astype(np.float32)


def slopes(frames: Frames) -> NDArray[np.float32]:
    """Fit a line through each frame and two neighbours on either side, and give its slope.

    At the ends of a waveform the first and last frame are repeated.

    Returns
    -------
    numpy.ndarray of shape (sum of counts, d)
        Change per frame.
    """
    first = np.repeat(frames.starts, frames.counts)
    last = first + np.repeat(frames.counts, frames.counts) - 1
    here = np.arange(len(frames.values))
    rise = np.zeros_like(frames.values)
    for step in range(1, SLOPE_REACH + 1):
        after, before = np.minimum(here + step, last), np.maximum(here - step, first)
        rise += step * (frames.values[after] - frames.values[before])
    return rise / np.float32(2 * sum(step**2 for step in range(1, SLOPE_REACH + 1)))


def pool(frames: Frames, parts: int = PARTS) -> NDArray[np.float32]:
    """Average every feature in each part; add standard deviations; shape (n, (parts + 1) * d)."""
    values, counts, starts = frames.values, frames.counts, frames.starts
    if len(counts) == 0:
        return np.zeros((0, (parts + 1) * values.shape[1]), np.float32)
    # A part begins at its share of the frames; one that would be empty takes the frame where it begins.
    begins = starts[:, None] + counts[:, None] * np.arange(parts) // parts
    sizes = np.maximum(np.diff(begins, append=(starts + counts)[:, None]), 1)
    means = np.add.reduceat(values, begins.ravel()) / sizes.reshape(-1, 1)
    centre = np.add.reduceat(values, starts) / counts[:, None]
    variance = np.add.reduceat((values - np.repeat(centre, counts, axis=0)) ** 2, starts) / counts[:, None]
    return np.hstack([means.reshape(len(counts), -1), np.sqrt(variance)]).astype(np.float32)
