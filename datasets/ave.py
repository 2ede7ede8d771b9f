"""AVE: events in videos that are both seen and heard, from the published features."""

from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._files import fingerprint_files
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.sequence import SequenceFeatures
from .formats.hdf5 import read_hdf5
from .registry import Card, Dataset, register_dataset
from .storage import find_data, read_data

__all__ = ["AVE"]

FOLDER = "ave"
SOURCE = (
    "https://github.com/YapengTian/AVE-ECCV18 (visual_feature.h5, 7.7 GB, audio_feature.h5, labels.h5, and "
    "train_order.h5, val_order.h5 and test_order.h5, in the folder ave)"
)
VIDEO = "visual_feature.h5"
FILES = ("audio_feature.h5", "labels.h5", "train_order.h5", "val_order.h5", "test_order.h5")
ARRAY = "avadataset"  # as the files spell it
SECONDS = 10
CLASSES = (
    "church bell",
    "male speech",
    "bark",
    "aeroplane",
    "race car",
    "female speech",
    "helicopter",
    "violin",
    "flute",
    "ukulele",
    "frying",
    "truck",
    "shofar",
    "motorcycle",
    "acoustic guitar",
    "train horn",
    "clock",
    "banjo",
    "goat",
    "baby cry",
    "bus",
    "chainsaw",
    "cat",
    "horse",
    "toilet flush",
    "rodents",
    "accordion",
    "mandolin",
)


@register_dataset("ave")
class AVE(Dataset):
    """4,143 clips of ten seconds in which one of 28 events is seen and heard at once."""

    @property
    def card(self) -> Card:
        """Say what the features are and how a clip gets its label."""
        return Card(
            title="AVE: audio-visual events in videos",
            description=(
                "4,143 clips of ten seconds, of which each second is labelled with one of 28 events that is "
                "both seen and heard, or as background. The label of a clip is its event: the one with most "
                "seconds. Seconds of background stay in the sequences. Audio is VGGish, 128 features a "
                "second; video is the last pooling layer of VGG-19, 512 features averaged over its 7 x 7 "
                "places and, by the publishers, over the frames of a second. The splits are the published "
                "ones (3,339, 402 and 402 clips); the seed changes nothing of the data. The literature "
                "scores the label of each second; numbers here are of whole clips."
            ),
            modalities={"audio": Kind.SEQUENCE, "video": Kind.SEQUENCE},
            classes=CLASSES,
            views={"audio": ("sequence", "vector"), "video": ("sequence", "vector")},
            embedded=False,
            licence="Its publishers name none; the videos are of YouTube, chosen from AudioSet.",
            citation=(
                "Y. Tian, J. Shi, B. Li, Z. Duan and C. Xu (2018). Audio-visual event localization in "
                "unconstrained videos. ECCV, 247-263."
            ),
            source=SOURCE,
            fixed_splits=True,
        )

    def load(self, seed: int = 0) -> Splits:  # noqa: ARG002
        """Read the files; of the video features 64 MB at a time.

        Raises
        ------
        DataNotFoundError
            If the folder is missing.
        FusebenchError
            If a file in it is missing or damaged, or h5py is not installed.
        """
        return read_data(FOLDER, _read_folder, data_dir=self.data_dir, source=SOURCE)

    def featurizer(self) -> Featurizer:
        """Take the published features; pool them for the vector view."""
        return Featurizer({"audio": SequenceFeatures(), "video": SequenceFeatures()})

    def fingerprint(self) -> str:
        """Hash all files but that of the video, which is large: of it the size alone."""
        names = (*FILES, VIDEO)
        *small, video = (
            find_data(f"{FOLDER}/{name}", data_dir=self.data_dir, source=SOURCE) for name in names
        )
        return sha256(f"{fingerprint_files(self, small)} {video.stat().st_size}".encode()).hexdigest()


def _read_folder(folder: Path) -> Splits:
    def read(file: str, array: str, *shape: int | None) -> NDArray:
        return _read(folder / file, array, *shape)

    seconds = read("labels.h5", ARRAY, None, SECONDS, len(CLASSES) + 1)
    n = len(seconds)
    audio = read("audio_feature.h5", ARRAY, n, SECONDS, 128).astype(np.float32)
    orders = [read(f"{part}_order.h5", "order", None) for part in ("train", "val", "test")]
    _check_orders(orders, n)
    data = MultimodalData(
        {
            "audio": Modality(Kind.SEQUENCE, audio),
            "video": Modality(Kind.SEQUENCE, read(VIDEO, ARRAY, n, SECONDS, 7, 7, 512)),
        },
        _label(seconds),
    )
    return Splits(*(data.take(order.astype(np.int64)) for order in orders))


def _read(path: Path, array: str, *shape: int | None) -> NDArray:
    try:
        if path.name == VIDEO:
            return read_hdf5(path, array, shape, lambda rows: rows.mean(axis=(2, 3), dtype=np.float32))
        return read_hdf5(path, array, shape)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error


def _label(seconds: NDArray) -> NDArray[np.int64]:
    """Give the event of most seconds, of one-hot labels (n, seconds, classes) with background last."""
    if not np.isin(seconds, (0, 1)).all() or not (seconds.sum(axis=2) == 1).all():
        raise ValueError("labels.h5: each second must have one label")
    counts = seconds[:, :, :-1].sum(axis=1)
    nothing = np.flatnonzero(~counts.any(axis=1))
    if len(nothing):
        raise ValueError(f"labels.h5: clip {nothing[0]} is background throughout")
    events: NDArray[np.int64] = counts.argmax(axis=1)
    return events


def _check_orders(orders: list[NDArray], n: int) -> None:
    rows = np.concatenate(orders)
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= n:
        raise ValueError(f"the orders must be integers from 0 to {n - 1}")
    if len(np.unique(rows)) < len(rows):
        raise ValueError("a clip is in two splits, or twice in one")
