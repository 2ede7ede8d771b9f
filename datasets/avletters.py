"""AVLetters: lips and cepstra of ten people who say the letters of the alphabet."""

import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from ..seeding import make_generator
from ._files import check_choice, fingerprint_files, hold_out
from .data import Kind, MultimodalData, Splits
from .features.base import Featurizer
from .features.sequence import SequenceFeatures
from .formats.htk import read_htk
from .formats.mat import read_mat
from .padding import pad_sequences
from .registry import Card, Dataset, register_dataset
from .storage import find_data, read_data

__all__ = ["AVLetters"]

ARCHIVE = "avletters/avletters.zip"
SOURCE = (
    "the authors, S. J. Cox and R. Harvey at the University of East Anglia, on request (avletters.zip with "
    "the folders Lips and Audio, 69 MB, in the folder avletters)"
)
LIPS = re.compile(r"Lips/(?P<letter>[A-Z])(?P<repetition>[123])_(?P<speaker>[A-Za-z]+)-lips\.mat")
HEIGHT, WIDTH = 60, 80
BLOCK = 4  # pixels along each side that are averaged
MOST_FRAMES = 200
MOST_BYTES = 2 * HEIGHT * WIDTH * MOST_FRAMES
N_COEFFICIENTS = 26
N_HELD_OUT = 2  # speakers for validation, and as many for test
SPLITS = ("repetitions", "speakers")


@register_dataset("avletters")
class AVLetters(Dataset):
    """Letters A to Z, each said three times by ten people: pictures of the lips and cepstra of the voice.

    Pictures of 60 x 80 pixels are averaged over blocks of 4 x 4. The two streams are of one recording, but
    have different frame rates: about two frames of audio for each of video.

    Parameters
    ----------
    split : {"repetitions", "speakers"}
        With ``"repetitions"`` the third repetition is test, as in [1]_: all speakers are known, and a fifth
        of the other repetitions, drawn by the seed, is validation. With ``"speakers"`` the seed draws two
        speakers for test and two for validation.

    References
    ----------
    .. [1] I. Matthews, T. F. Cootes, J. A. Bangham, S. Cox and R. Harvey, "Extraction of visual features for
       lipreading", IEEE Transactions on Pattern Analysis and Machine Intelligence 24(2), 2002.
    """

    def __init__(self, *, split: str = "repetitions") -> None:
        self.split = check_choice("split", split, SPLITS)

    @property
    def card(self) -> Card:
        """Say who was recorded and which splits these are."""
        how = {
            "repetitions": (
                "The third repetition is the test split (260 utterances); the seed takes a fifth of the "
                "others, stratified by letter, for validation (104) and leaves 416 for training. All "
                "speakers are in all splits."
            ),
            "speakers": (
                "The seed draws two speakers for test (156 utterances) and two for validation (156); the "
                "other six train (468). No speaker is in two splits."
            ),
        }
        return Card(
            title="AVLetters: letters A to Z, lips and voice",
            description=(
                "Ten people, five of them men, say each letter of the alphabet three times: 780 recordings. "
                "Video is the region of the lips, grey, 12 to 40 frames, here averaged to 15 x 20 pixels; "
                f"audio is 26 cepstral features in frames of 20 ms. {how[self.split]}"
            ),
            modalities={"video": Kind.SEQUENCE, "audio": Kind.SEQUENCE},
            classes=tuple(ascii_uppercase),
            views={"video": ("sequence", "vector"), "audio": ("sequence", "vector")},
            embedded=False,
            licence="For research; must not be passed on.",
            citation=(
                "I. Matthews, T. F. Cootes, J. A. Bangham, S. Cox and R. Harvey (2002). Extraction of visual "
                "features for lipreading. IEEE Transactions on Pattern Analysis and Machine Intelligence "
                "24(2), 198-213."
            ),
            source=SOURCE,
        )

    def load(self, seed: int = 0) -> Splits:
        """Read the archive and divide its utterances.

        Raises
        ------
        DataNotFoundError
            If the archive is missing.
        FusebenchError
            If a file in it is damaged, or a letter, repetition or speaker is missing.
        """

        def read(path: Path) -> Splits:
            parts: tuple[NDArray[np.int64], ...]
            data, repetitions, speakers = _read_archive(path)
            if self.split == "repetitions":
                known = np.flatnonzero(repetitions != 3)
                train, validation = hold_out(data.labels[known], 0.2, self.name, seed)
                parts = (known[train], known[validation], np.flatnonzero(repetitions == 3))
            else:
                people = make_generator(self.name, "speakers", seed).permutation(np.unique(speakers))
                test, validation, train = np.split(people, [N_HELD_OUT, 2 * N_HELD_OUT])
                groups = (train, validation, test)
                parts = tuple(np.flatnonzero(np.isin(speakers, group)) for group in groups)
            if any(len(np.unique(data.labels[rows])) < len(ascii_uppercase) for rows in parts):
                raise ValueError("a split lacks a letter")
            return Splits(*(data.take(rows) for rows in parts))

        return read_data(ARCHIVE, read, data_dir=self.data_dir, source=SOURCE)

    def featurizer(self) -> Featurizer:
        """Reduce the frames of the lips, without the face of the speaker; take the cepstra as they are."""
        return Featurizer(
            {"video": SequenceFeatures(n_components=40, parts=6, centred=True), "audio": SequenceFeatures()}
        )

    def fingerprint(self) -> str:
        """Hash the options and the archive."""
        return fingerprint_files(self, [find_data(ARCHIVE, data_dir=self.data_dir, source=SOURCE)])


def _read_archive(path: Path) -> tuple[MultimodalData, NDArray[np.int64], NDArray[np.str_]]:
    """Read all utterances; also give the repetition and the speaker of each."""
    video, audio, labels, repetitions, speakers = [], [], [], [], []
    try:
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                said = LIPS.fullmatch(name)
                if said is None:
                    continue
                heard = f"Audio/mfcc/Clean/{said['letter']}{said['repetition']}_{said['speaker']}.mfcc"
                video.append(_read_member(archive, name, _read_lips))
                audio.append(_read_member(archive, heard, lambda content: read_htk(content, N_COEFFICIENTS)))
                labels.append(ascii_uppercase.index(said["letter"]))
                repetitions.append(int(said["repetition"]))
                speakers.append(said["speaker"])
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
        raise ValueError(f"it is not a whole zip file: {error}") from error
    if not video:
        raise ValueError("it has no file like Lips/A1_Anya-lips.mat")
    modalities = {"video": pad_sequences(video), "audio": pad_sequences(audio)}
    return MultimodalData(modalities, np.array(labels)), np.array(repetitions), np.array(speakers)


def _read_member(archive: zipfile.ZipFile, name: str, reader: Callable[[bytes], NDArray]) -> NDArray:
    try:
        with archive.open(name) as file:
            content = file.read(MOST_BYTES + 1)
    except KeyError:
        raise ValueError(f"it has no file {name}") from None
    if len(content) > MOST_BYTES:
        raise ValueError(f"{name} has more than {MOST_BYTES} bytes")
    try:
        return reader(content)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _read_lips(content: bytes) -> NDArray[np.float32]:
    """Frames of block means between 0 and 1, shape (T, 300); a MATLAB frame lies column by column."""
    pixels = read_mat(content, {"vid": (HEIGHT * WIDTH, MOST_FRAMES)})["vid"]
    if pixels.dtype != np.uint8 or len(pixels) != HEIGHT * WIDTH or pixels.shape[1] < 1:
        raise ValueError(
            f"vid must be uint8 of {HEIGHT * WIDTH} rows, however: {pixels.dtype} {pixels.shape}"
        )
    columns = pixels.T.reshape(-1, WIDTH // BLOCK, BLOCK, HEIGHT // BLOCK, BLOCK)
    means: NDArray[np.float32] = columns.mean(axis=(2, 4), dtype=np.float32) / np.float32(255)
    return means.swapaxes(1, 2).reshape(len(means), -1)
