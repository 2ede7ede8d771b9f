"""The pickles of text, audio and video features that MultiBench, MulT and MMSA publish."""

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from ._files import fingerprint_files
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.sequence import SequenceFeatures
from .formats.pickles import find_array, read_pickle
from .registry import Dataset
from .storage import find_data, read_data

__all__ = ["MODALITIES", "VIEWS", "AffectDataset", "Part", "check_file", "read_parts"]

PARTS = ("train", "valid", "test")
NAMES = {"text": "text", "audio": "audio", "video": "vision"}
LABELS = ("labels", "regression_labels")  # of MultiBench and MulT; of MMSA

MODALITIES = dict.fromkeys(NAMES, Kind.SEQUENCE)
VIEWS = dict.fromkeys(NAMES, ("sequence", "vector"))


class AffectDataset(Dataset):
    """A data set that is one such file.

    Attributes
    ----------
    folder, source : str
        Where the file lies in the data folder, and where it comes from.
    file : str
        Its name.
    """

    folder: ClassVar[str]
    source: ClassVar[str]
    file: str

    def load(self, seed: int = 0) -> Splits:  # noqa: ARG002
        """Read the file.

        Raises
        ------
        DataNotFoundError
            If it is missing.
        FusebenchError
            If it is damaged, or names anything but arrays.
        """

        def read(path: Path) -> Splits:
            return Splits(*(self._label(part) for part in read_parts(path)))

        return read_data(self._path, read, data_dir=self.data_dir, source=self.source)

    def featurizer(self) -> Featurizer:
        """Take the published features; pool them for the vector view."""
        return Featurizer({name: SequenceFeatures() for name in NAMES})

    def fingerprint(self) -> str:
        """Hash the options and the file."""
        path = find_data(self._path, data_dir=self.data_dir, source=self.source)
        return fingerprint_files(self, [path])

    @property
    def _path(self) -> str:
        return f"{self.folder}/{self.file}"

    @abstractmethod
    def _label(self, part: "Part") -> MultimodalData:
        """Give the samples with what is to be predicted; a `ValueError` says what is wrong with labels."""


class Part(NamedTuple):
    """One of the published splits.

    Parameters
    ----------
    data : MultimodalData
        Sequences of text, audio and video, without labels.
    labels : numpy.ndarray of shape (n, ...)
        As published, as floats.
    """

    data: MultimodalData
    labels: NDArray[np.float32]


def read_parts(path: Path) -> list[Part]:
    """Read training, validation and test data of a file.

    Each holds under ``text``, ``audio`` and ``vision`` an array (n, T, d), padded with frames of zeros at
    either end. That padding is cut off, from all three together where they have the same T and so are
    aligned word by word. What is not finite becomes 0, as is usual with these files; a modality that is 0
    throughout is absent.

    Raises
    ------
    ValueError
        If something is missing or of another shape.
    """
    content = read_pickle(path)
    parts = []
    for part in PARTS:
        arrays = {name: _read_features(content, part, key) for name, key in NAMES.items()}
        label = next((name for name in LABELS if name in content[part]), LABELS[0])
        labels = find_array(content, part, label).astype(np.float32)
        sizes = {name: len(array) for name, array in {**arrays, label: labels}.items()}
        if len(set(sizes.values())) > 1 or not labels.size:
            raise ValueError(f"{part} must have the same number of samples everywhere, however: {sizes}")
        if not np.isfinite(labels).all():
            raise ValueError(f"a label of {part} is not finite")
        parts.append(Part(_trim(arrays), labels))
    widths = {tuple(m.values.shape[2] for m in part.data.modalities.values()) for part in parts}
    if len(widths) > 1:
        raise ValueError(f"the splits have features of different widths: {sorted(widths)}")
    return parts


def check_file(file: object) -> str:
    """Return the name of a file if it is one without folders.

    Raises
    ------
    FusebenchError
        If it is not.
    """
    if not isinstance(file, str) or Path(file).name != file or not file.endswith(".pkl"):
        raise FusebenchError(f"file must be the name of a .pkl file, without a folder, however: {file!r}.")
    return file


def _read_features(content: object, part: str, key: str) -> NDArray[np.float32]:
    values = find_array(content, part, key)
    if values.ndim != 3 or values.dtype.kind not in "fiu" or 0 in values.shape:
        raise ValueError(f"{part}/{key} must be numbers of shape (n, T, d), however: {values.shape}")
    with np.errstate(over="ignore"):  # double to single precision
        values = values.astype(np.float32)
    values[~np.isfinite(values)] = 0
    return values


def _trim(arrays: dict[str, NDArray[np.float32]]) -> MultimodalData:
    """Cut frames of zeros from both ends."""
    used: dict[str, Any] = {name: np.any(values, axis=2) for name, values in arrays.items()}
    present = np.stack([frames.any(axis=1) for frames in used.values()], axis=1)
    if len({frames.shape[1] for frames in used.values()}) == 1:
        used = dict.fromkeys(used, np.stack(list(used.values())).any(axis=0))
    modalities = {}
    for name, values in arrays.items():
        n_frames = values.shape[1]
        first = used[name].argmax(axis=1)
        lengths = np.where(used[name].any(axis=1), n_frames - used[name][:, ::-1].argmax(axis=1) - first, 1)
        place = first[:, None] + np.arange(lengths.max(initial=1))
        moved = np.take_along_axis(values, np.minimum(place, n_frames - 1)[:, :, None], axis=1)
        moved[np.arange(moved.shape[1]) >= lengths[:, None]] = 0
        modalities[name] = Modality(Kind.SEQUENCE, moved, lengths)
    return MultimodalData(modalities, present=present)
