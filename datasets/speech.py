"""Spoken digits, synthesised once by eSpeak NG and kept in the cache folder.

The speech is synthetic. Its voices are variants of a formant synthesiser, far more alike than people are.
"""

import subprocess
import sys
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from ..seeding import make_generator
from .storage import atomic_path, cache_folder

__all__ = ["RATE", "REFERENCE_DIGEST", "Speech", "Utterance", "list_utterances", "load_speech"]

RATE = 8000  # samples per second

# With espeakng-loader 0.2.4 on Linux for x86-64. Another platform may round differently.
REFERENCE_DIGEST = "d083fe6cf26200beb574525dbdfc8bb5b629b726765eb6c549de53189762a798"

# Variants of eSpeak NG; those that share their formants are in one split. Training hears plain voices, all
# but one of them male; the other splits hear more female ones, and whispering and Klatt synthesis, so that
# a classifier of the speech has something to generalise to.
SPEAKERS = {
    "train": ("m1", "m3", "m4", "m6", "m7", "Alex", "boris", "john", "Annie"),
    "validation": ("m5", "rob", "f2", "f5", "steph", "grandma", "klatt4", "whisperf"),
    "test": ("m2", "michel", "travis", "f1", "f3", "f4", "linda", "david", "klatt6", "whisper"),
}
ACCENTS = (
    "en",
    "en-029",
    "en-gb-scotland",
    "en-gb-x-gbclan",
    "en-gb-x-gbcwmd",
    "en-gb-x-rp",
    "en-us",
    "en-us-nyc",
)
UTTERANCES_PER_DIGIT = {"train": 110, "validation": 35, "test": 60}

_COMMAND = (sys.executable, "-P", "-m", "fusebench.datasets.espeak")


class Utterance(NamedTuple):
    """How one digit is spoken.

    Parameters
    ----------
    split : str
        The split that may use it.
    digit : int
        0 to 9.
    speaker, accent : str
        Variant and language of eSpeak NG.
    rate : int
        Words per minute.
    pitch, intonation : int
        Height and range of the voice, 0 to 99.
    """

    split: str
    digit: int
    speaker: str
    accent: str
    rate: int
    pitch: int
    intonation: int


class Speech(NamedTuple):
    """Waveforms of all utterances.

    Parameters
    ----------
    samples : numpy.ndarray of int16, shape (sum of lengths,)
        One waveform after the other.
    lengths : numpy.ndarray of int64, shape (n,)
        Samples of each waveform.
    """

    samples: NDArray[np.int16]
    lengths: NDArray[np.int64]

    @property
    def waveforms(self) -> list[NDArray[np.int16]]:
        """The waveforms, in the order of `list_utterances`."""
        return np.split(self.samples, np.cumsum(self.lengths)[:-1])

    @property
    def digest(self) -> str:
        """Hash of the waveforms."""
        content = sha256(self.lengths.astype("<i8").tobytes())
        content.update(self.samples.astype("<i2").tobytes())
        return content.hexdigest()


@cache
def list_utterances() -> tuple[Utterance, ...]:
    """List what is spoken: a fixed draw of speakers, accents, rates and pitches for every split.

    Examples
    --------
    >>> len(list_utterances())
    2050
    """
    utterances = []
    for split, speakers in SPEAKERS.items():
        rng = make_generator("speech", split)
        for digit in range(10):
            for _ in range(UTTERANCES_PER_DIGIT[split]):
                voice = speakers[rng.integers(len(speakers))], ACCENTS[rng.integers(len(ACCENTS))]
                rate, pitch, intonation = rng.integers((140, 20, 20), (261, 81, 81)).tolist()
                utterances.append(Utterance(split, digit, *voice, rate, pitch, intonation))
    return tuple(utterances)


def load_speech() -> Speech:
    """Load the waveforms of `list_utterances`; synthesise them where the cache lacks them.

    Synthesis takes about four seconds. A cached file that cannot be read is made again.

    Raises
    ------
    FusebenchError
        If synthesis fails or the cache folder cannot be written.

    Examples
    --------
    >>> len(load_speech().lengths) == len(list_utterances())
    True
    """
    recipe = sha256(repr(list_utterances()).encode()).hexdigest()[:12]
    path = cache_folder() / f"speech-{version('espeakng-loader')}-{recipe}.npz"
    try:
        return _read(path)
    except Exception:  # whatever is wrong with a cached file, it can be made again
        _synthesise(path)
        return _read(path)


def _read(path: Path) -> Speech:
    with path.open("rb") as file:
        arrays = np.load(file, allow_pickle=False)
        speech = Speech(arrays["samples"], arrays["lengths"])
    if speech.lengths.sum() != len(speech.samples):
        raise ValueError(f"{path} is not whole")
    return speech


def _synthesise(path: Path) -> None:
    """Write the waveforms, in a process of their own: eSpeak NG repeats itself only in a fresh one."""
    try:
        with atomic_path(path) as temporary:
            subprocess.run(  # noqa: S603  (our own module, no shell)
                [*_COMMAND, str(temporary.absolute())],
                check=True,
                capture_output=True,
                text=True,
                timeout=300,
            )
    except subprocess.SubprocessError as error:
        reason = (getattr(error, "stderr", None) or str(error)).strip().splitlines()[-1]
        raise FusebenchError(
            f"eSpeak NG (from the package espeakng-loader) could not speak: {reason}"
        ) from error
    except OSError as error:
        raise FusebenchError(f"Synthesised speech cannot be kept in '{path.parent}': {error}") from error
