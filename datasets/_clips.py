"""Short recordings of people who speak: a wav file and a folder of video frames for each."""

from abc import abstractmethod
from collections.abc import Sequence
from math import gcd
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..seeding import make_generator
from ._files import fingerprint_folder
from .data import Kind, MultimodalData, Splits
from .features.audio import CepstralFeatures
from .features.base import Featurizer
from .features.sequence import SequenceFeatures
from .formats.pictures import Shape, read_picture
from .formats.wav import pad_waveforms, read_wav
from .padding import pad_sequences
from .registry import Card, Dataset
from .storage import find_data, read_data

__all__ = ["RATE", "Clip", "ClipDataset"]

RATE = 8000  # samples per second that recordings are reduced to
N_FRAMES = 8
SIDE = 32  # pixels
PICTURES = (".jpg", ".jpeg", ".png")


class Clip(NamedTuple):
    """A recording.

    Parameters
    ----------
    audio : Path
        Its wav file.
    frames : Path
        The folder with its frames, named in their order. A clip without it has no video.
    label : int
        Class.
    speaker : str
        Who speaks.
    """

    audio: Path
    frames: Path
    label: int
    speaker: str


class ClipDataset(Dataset):
    """Recordings of speakers, none of whom is in two splits.

    Attributes
    ----------
    folder, source : str
        Where the files lie in the data folder, and where they come from.
    rate : int
        Samples per second of the wav files.
    longest : float
        Seconds; what comes after is cut off.
    held_out : int
        Speakers for validation, and as many for test.
    """

    folder: ClassVar[str]
    source: ClassVar[str]
    rate: ClassVar[int]
    longest: ClassVar[float]
    held_out: ClassVar[int]

    @abstractmethod
    def _clips(self, folder: Path, seed: int) -> list[Clip]:
        """List the recordings; a `ValueError` says what is wrong with the files."""

    def load(self, seed: int = 0) -> Splits:
        """Read the recordings and draw the speakers of the splits.

        Raises
        ------
        DataNotFoundError
            If the folder is missing.
        FusebenchError
            If a file in it is damaged, there are no frames at all, or too few speakers.
        """

        def read(folder: Path) -> Splits:
            clips = self._clips(folder, seed)
            speakers = np.unique([clip.speaker for clip in clips])
            if len(speakers) <= 2 * self.held_out:
                raise ValueError(f"it has recordings of {len(speakers)} speakers, too few for three splits")
            drawn = make_generator(self.name, "speakers", seed).permutation(speakers)
            test, validation, train = np.split(drawn, [self.held_out, 2 * self.held_out])
            return Splits(*(self._read(clips, group) for group in (train, validation, test)))

        return read_data(self.folder, read, data_dir=self.data_dir, source=self.source)

    def featurizer(self) -> Featurizer:
        """Take cepstra of the speech, and components of the frames without what stays the same in a clip."""
        return Featurizer(
            {"video": SequenceFeatures(n_components=40, centred=True), "audio": CepstralFeatures()}
        )

    def fingerprint(self) -> str:
        """Hash the options, and the names and sizes of recordings and frames."""
        folder = find_data(self.folder, data_dir=self.data_dir, source=self.source)
        return fingerprint_folder(self, folder)

    def _make_card(
        self, *, title: str, description: str, classes: tuple[str, ...], licence: str, citation: str
    ) -> Card:
        """Add what all such data sets share."""
        return Card(
            title=title,
            description=(
                f"{description} The seed draws {self.held_out} speakers for test and {self.held_out} for "
                "validation; no speaker is in two splits. Recordings are reduced to 8 kHz and cut after "
                f"{self.longest:g} s. Of the video, {N_FRAMES} frames at equal distances are taken, grey, "
                f"{SIDE} x {SIDE} pixels. A clip without frames, or without sound, lacks that modality."
            ),
            modalities={"video": Kind.SEQUENCE, "audio": Kind.AUDIO},
            classes=classes,
            views={"video": ("sequence", "vector"), "audio": ("sequence", "vector")},
            embedded=False,
            licence=licence,
            citation=citation,
            source=self.source,
        )

    def _read(self, clips: Sequence[Clip], speakers: NDArray) -> MultimodalData:
        chosen = [clip for clip in clips if clip.speaker in speakers]
        waveforms = [self._read_audio(clip.audio) for clip in chosen]
        frames = [_read_frames(clip.frames) for clip in chosen]
        if all(found is None for found in frames):
            raise ValueError(f"there are no frames in the folder {chosen[0].frames.parent.name}")
        modalities = {
            "video": pad_sequences([np.zeros((1, SIDE * SIDE)) if f is None else f for f in frames]),
            "audio": pad_waveforms([np.zeros(1, np.int16) if w is None else w for w in waveforms], RATE),
        }
        present = np.array([[f is not None, w is not None] for f, w in zip(frames, waveforms, strict=True)])
        data = MultimodalData(modalities, np.array([clip.label for clip in chosen]), present)
        return data.take(np.flatnonzero(present.any(axis=1)))

    def _read_audio(self, path: Path) -> NDArray[np.int16] | None:
        """Read a waveform at the reduced rate; None if the file is missing or has no sound in it."""
        from scipy.signal import resample_poly

        if not path.exists():
            return None
        waveform = read_wav(path, self.rate, mix=True)[: round(self.longest * self.rate)]
        if not waveform.any():
            return None
        divisor = gcd(RATE, self.rate)
        reduced: NDArray[np.float64] = resample_poly(
            waveform.astype(np.float64), RATE // divisor, self.rate // divisor
        )
        return np.clip(np.rint(reduced), -32768, 32767).astype(np.int16)


def _read_frames(folder: Path) -> NDArray[np.float32] | None:
    """Read frames at equal distances, shape (n, SIDE²), between 0 and 1; None if there are none."""
    if not folder.is_dir():
        return None
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        return None
    places = np.linspace(0, len(paths) - 1, min(N_FRAMES, len(paths))).round().astype(int)
    frames = np.empty((len(places), SIDE * SIDE), np.float32)
    for row, place in zip(frames, places, strict=True):
        try:
            row[:] = read_picture(paths[place], Shape(1, SIDE, SIDE)).ravel() / np.float32(255)
        except ValueError as error:
            raise ValueError(f"{folder.name}/{paths[place].name}: {error}") from error
    return frames
