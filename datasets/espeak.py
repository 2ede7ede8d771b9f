"""Synthesis of the spoken digits, to be run in a fresh process.

``python -P -m fusebench.datasets.espeak OUT.npz`` writes ``samples`` and ``lengths`` of
`fusebench.datasets.speech.Speech`.
"""

import ctypes
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .speech import RATE, Utterance, list_utterances

__all__ = ["prepare", "speak"]

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SILENCE = 0.01  # share of the peak below which the ends of an utterance are cut off

# From espeak-ng/speak_lib.h.
SYNCHRONOUS = 2
DO_NOT_EXIT = 0x8000
POSITION_OF_CHARACTER = 1
UTF_8 = 1
SPEED, PITCH, INTONATION = 1, 3, 4
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int16), ctypes.c_int, ctypes.c_void_p)


def speak(utterances: Iterable[Utterance]) -> Iterator[tuple[NDArray[np.int16], int]]:
    """Synthesise utterances by eSpeak NG; changes the working folder of the process.

    Parameters
    ----------
    utterances : iterable of Utterance
        What to say.

    Yields
    ------
    waveform : numpy.ndarray of int16, shape (samples,)
        As it comes from the synthesiser.
    rate : int
        Samples per second.

    Raises
    ------
    RuntimeError
        If eSpeak NG refuses a call.
    """
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    # eSpeak NG cuts paths at 160 characters, which folders of environments can exceed.
    os.chdir(Path(espeakng_loader.get_data_path()).parent)
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, b".", DO_NOT_EXIT)
    if rate <= 0:
        raise RuntimeError("espeak_Initialize failed")

    parts: list[bytes] = []

    def receive(samples: "ctypes._Pointer[ctypes.c_int16]", count: int, _events: int | None) -> int:
        if count > 0:
            parts.append(ctypes.string_at(samples, 2 * count))
        return 0

    callback = CALLBACK(receive)  # named, because eSpeak NG does not keep it alive
    library.espeak_SetSynthCallback(callback)
    for number, utterance in enumerate(utterances, start=1):
        # Breath is noise from a generator that is otherwise seeded by the clock.
        library.espeak_ng_SetRandSeed(ctypes.c_long(number))
        text = ctypes.create_string_buffer(WORDS[utterance.digit].encode())
        size = ctypes.c_size_t(len(text))
        parts.clear()
        statuses = (
            library.espeak_SetVoiceByName(f"{utterance.accent}+{utterance.speaker}".encode()),
            library.espeak_SetParameter(SPEED, utterance.rate, 0),
            library.espeak_SetParameter(PITCH, utterance.pitch, 0),
            library.espeak_SetParameter(INTONATION, utterance.intonation, 0),
            library.espeak_Synth(text, size, 0, POSITION_OF_CHARACTER, 0, UTF_8, None, None),
        )
        if any(statuses):
            raise RuntimeError(f"eSpeak NG gives the statuses {statuses} for {utterance}")
        yield np.frombuffer(b"".join(parts), np.int16), rate


def prepare(waveform: NDArray[np.int16], rate: int) -> NDArray[np.int16]:
    """Resample to 8 kHz, cut silence off both ends, and scale the peak to 32767.

    Parameters
    ----------
    waveform : numpy.ndarray of int16, shape (samples,)
        Not all of it silent.
    rate : int
        Its samples per second.

    Returns
    -------
    numpy.ndarray of int16, shape (samples at 8 kHz,)

    Examples
    --------
    >>> waveform = np.concatenate([np.zeros(900), 1000 * np.sin(np.arange(900)), np.zeros(900)])
    >>> prepare(waveform.astype(np.int16), rate=16000).shape
    (459,)
    """
    from scipy.signal import resample_poly

    resampled: NDArray[np.float64] = resample_poly(waveform.astype(np.float64), RATE, rate)
    loudness = np.abs(resampled)
    peak = float(loudness.max())
    loud = np.flatnonzero(loudness > SILENCE * peak)
    return np.rint(resampled[loud[0] : loud[-1] + 1] * (32767 / peak)).astype(np.int16)


def main(out: str) -> None:
    """Synthesise every utterance into an npz file."""
    path = Path(out).absolute()
    waveforms = [prepare(waveform, rate) for waveform, rate in speak(list_utterances())]
    np.savez(path, samples=np.concatenate(waveforms), lengths=[len(waveform) for waveform in waveforms])


if __name__ == "__main__":
    main(sys.argv[1])
