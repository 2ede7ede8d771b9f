"""The files of MNIST and of the Free Spoken Digit Dataset."""

import re
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .data import Modality
from .fetching import Download
from .formats.idx import read_idx
from .formats.wav import pad_waveforms, read_wav
from .storage import find_data, hash_files, read_data

__all__ = [
    "DOWNLOADS",
    "MNIST_SOURCE",
    "SIDE",
    "SPEECH_SOURCE",
    "Images",
    "Recordings",
    "hash_digit_files",
    "read_images",
    "read_recordings",
]

MNIST_SOURCE = "https://ossci-datasets.s3.amazonaws.com/mnist (four idx .gz files, in the folder mnist)"
SPEECH_SOURCE = "https://github.com/Jakobovski/free-spoken-digit-dataset (wav files, in fsdd/recordings)"

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist"
MNIST_HASHES = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
DOWNLOADS = (
    *(Download(f"{MNIST_URL}/{name}", f"mnist/{name}", digest) for name, digest in MNIST_HASHES.items()),
    Download(
        "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
        "fsdd/recordings",
        unpack="*/recordings",
    ),
)

SIDE = 28  # pixels
MOST_IMAGES = 100_000
RATE = 8000  # samples per second
LONGEST = 6400  # samples; 2 % of the recordings are longer and lose their end
INDICES = {"test": range(5), "validation": range(5, 10), "train": range(10, 1000)}
RECORDINGS = "fsdd/recordings"
NAME = re.compile(r"(?P<digit>\d)_[^_]+_(?P<index>\d{1,3})\.wav")


class Images(NamedTuple):
    """A part of MNIST.

    Parameters
    ----------
    pixels : numpy.ndarray of uint8, shape (n, 28, 28)
        Ink is bright.
    digits : numpy.ndarray of int64, shape (n,)
        What is written.
    """

    pixels: NDArray[np.uint8]
    digits: NDArray[np.int64]


class Recordings(NamedTuple):
    """The recordings of a split.

    Parameters
    ----------
    audio : Modality
        n waveforms.
    digits : numpy.ndarray of int64, shape (n,)
        What is said.
    """

    audio: Modality
    digits: NDArray[np.int64]


def read_images(part: Literal["train", "t10k"], data_dir: Path | None) -> Images:
    """Read the training or test part of MNIST.

    Raises
    ------
    DataNotFoundError
        If a file is missing.
    FusebenchError
        If a file is damaged.
    """

    def read_pixels(path: Path) -> NDArray[np.uint8]:
        pixels = read_idx(path, limits=(MOST_IMAGES, SIDE, SIDE))
        if pixels.shape[1:] != (SIDE, SIDE):
            raise ValueError(f"its images have {pixels.shape[1:]} pixels, not {(SIDE, SIDE)}")
        return pixels

    pixels = read_data(_images(part), read_pixels, data_dir=data_dir, source=MNIST_SOURCE)

    def read_labels(path: Path) -> NDArray[np.int64]:
        digits = read_idx(path, limits=(MOST_IMAGES,))
        if len(digits) != len(pixels):
            raise ValueError(f"it has {len(digits)} labels for {len(pixels)} images")
        if digits.max(initial=0) > 9:
            raise ValueError(f"{digits.max()} is no digit")
        return digits.astype(np.int64)

    return Images(pixels, read_data(_labels(part), read_labels, data_dir=data_dir, source=MNIST_SOURCE))


def read_recordings(data_dir: Path | None) -> dict[str, Recordings]:
    """Read the Free Spoken Digit Dataset, by split.

    Raises
    ------
    DataNotFoundError
        If the folder is missing.
    FusebenchError
        If a file is damaged, or a split lacks a digit.
    """
    return read_data(RECORDINGS, _read_folder, data_dir=data_dir, source=SPEECH_SOURCE)


def hash_digit_files(data_dir: Path | None) -> str:
    """Hash the content of all files of both data sets."""
    names = [name(part) for part in ("train", "t10k") for name in (_images, _labels)]
    paths = [find_data(name, data_dir=data_dir, source=MNIST_SOURCE) for name in names]
    folder = find_data(RECORDINGS, data_dir=data_dir, source=SPEECH_SOURCE)
    return hash_files([*paths, *folder.glob("*.wav")])


def _images(part: str) -> str:
    return f"mnist/{part}-images-idx3-ubyte.gz"


def _labels(part: str) -> str:
    return f"mnist/{part}-labels-idx1-ubyte.gz"


def _read_folder(folder: Path) -> dict[str, Recordings]:
    waveforms, digits, indices = [], [], []
    for path in sorted(folder.glob("*.wav")):
        name = NAME.fullmatch(path.name)
        if name is None:
            raise ValueError(f"{path.name} is not named digit_speaker_index.wav")
        waveforms.append(read_wav(path, RATE)[:LONGEST])
        digits.append(int(name["digit"]))
        indices.append(int(name["index"]))
    recordings = {}
    for split, allowed in INDICES.items():
        rows = np.flatnonzero(np.isin(indices, allowed))
        said = np.array(digits, np.int64)[rows]
        if missing := set(range(10)) - set(said.tolist()):
            raise ValueError(f"no {split} recording of the digit {min(missing)}")
        recordings[split] = Recordings(pad_waveforms([waveforms[row] for row in rows], RATE), said)
    return recordings
