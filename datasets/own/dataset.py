"""One's own data as a data set like any other."""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DataNotFoundError, FusebenchError
from ..data import Kind, Modality, Splits
from ..features.audio import CepstralFeatures
from ..features.base import Extractor, Featurizer
from ..features.image import PixelFeatures
from ..features.patches import PatchFeatures
from ..features.pretrained import find_encoder
from ..features.sequence import SequenceFeatures
from ..features.text import TextFeatures
from ..features.vector import Passthrough
from ..formats.npy import read_npz
from ..formats.saved import is_saved
from ..formats.table import from_frame, read_csv, read_parquet
from ..large import pieces
from ..registry import SUFFIXES, Card, Dataset
from ..storage import hash_files
from .arrays import parse_arrays
from .cleaning import read_rows
from .contents import Contents
from .folders import is_arrays, list_files, map_arrays, parse_folder
from .saved import parse_saved
from .splitting import draw_split
from .tables import parse_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FileDataset", "MemoryDataset", "OwnDataset", "from_arrays", "from_dataframe"]

SMALL_SIDE = 32
"""Images up to this many pixels a side are described by their pixels, larger ones by patches."""


class OwnDataset(Dataset):
    """What data sets of one's own share."""

    encoder: str | None = None

    def __init__(self, name: str) -> None:
        self.name = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "data"

    @property
    @abstractmethod
    def contents(self) -> Contents:
        """All samples."""

    @cached_property
    def card(self) -> Card:
        """Say what was found."""
        contents = self.contents
        data = contents.data
        drawn = contents.split is None or 1 not in contents.split
        how = "are drawn by the seed" if contents.split is None else "are as given"
        views = {
            name: ("vector",) if kind is Kind.VECTOR or self._encodes(kind) else ("vector", "sequence")
            for name, kind in self._kinds()
        }
        return Card(
            title=f"{self.name} (own data)",
            description=" ".join(
                [f"{len(data)} samples; training, validation and test {how}.", *contents.notes]
            ),
            modalities=dict(self._kinds()),
            classes=contents.classes,
            views=views,
            embedded=False,
            task=data.task,
            fixed_splits=not drawn,
        )

    def load(self, seed: int = 0) -> Splits:
        """Give the samples in the split that was given, or one that the seed draws."""
        parts = self.draw_split(seed)
        try:
            return Splits(*(read_rows(self.contents.data, rows) for rows in parts))
        except ValueError as error:
            raise FusebenchError(f"{self._origin}: {error}.") from error

    def draw_split(self, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Give the rows of training, validation and test."""
        try:
            return draw_split(self.contents, seed)
        except ValueError as error:
            raise FusebenchError(f"{self._origin}: {error}.") from error

    def featurizer(self) -> Featurizer:
        """Choose an extractor for each modality by its kind."""
        return Featurizer(
            {
                name: find_encoder(self.encoder)
                if self.encoder and self._encodes(modality.kind)
                else _extractor(modality)
                for name, modality in self.contents.data.modalities.items()
            }
        )

    @property
    def _origin(self) -> str:
        """What to call the data in messages."""
        return repr(self.name)

    def _encodes(self, kind: Kind) -> bool:
        return self.encoder is not None and kind is Kind.TEXT

    def _kinds(self) -> list[tuple[str, Kind]]:
        return [(name, modality.kind) for name, modality in self.contents.data.modalities.items()]


class FileDataset(OwnDataset):
    """An .npz file, a CSV or Parquet table with files beside it, or a folder.

    A folder of arrays may be larger than memory: those above `fusebench.datasets.large.LIMIT` are mapped, and
    only looked at when samples are loaded.

    Parameters
    ----------
    path : path
        The file or folder. It is read when first needed.
    label : str, optional
        Column of the labels of a table; ``label`` or ``y`` when left out.
    encoder : str, optional
        ``text=sentence-transformers:MODEL`` for embeddings of texts, by a model in a folder or on the Hugging
        Face Hub, instead of word counts.

    Raises
    ------
    DataNotFoundError
        If there is no such file.
    FusebenchError
        If there is no such encoder, the name of the file ends otherwise, or, when it is read, for what is
        wrong with its content.
    """

    def __init__(self, path: str | Path, *, label: str | None = None, encoder: str | None = None) -> None:
        self.path, self.label, self.encoder = Path(path), label, encoder
        if encoder is not None:
            find_encoder(encoder)
        if self.path.is_dir():
            super().__init__(self.path.resolve().name)
            if label is not None and not is_saved(self.path):
                where = "array 'y'" if is_arrays(self.path) else "subfolders"
                raise FusebenchError(
                    f"The labels of '{path}' are its {where}; a column of labels is for tables."
                )
            return
        super().__init__(self.path.stem)
        if self.path.suffix.lower() not in SUFFIXES:
            raise FusebenchError(
                f"'{path}' is no data that can be read: it must be a folder, or its name must end in "
                ".npz, .csv or .parquet."
            )
        if not self.path.is_file():
            raise DataNotFoundError(f"There is no file '{path}'.")
        if label is not None and self.path.suffix.lower() == ".npz":
            raise FusebenchError(
                f"The labels of '{path}' are its array 'y'; a column of labels is for tables."
            )

    @cached_property
    def contents(self) -> Contents:
        """What the file or folder holds."""
        try:
            if is_saved(self.path):
                return parse_saved(self.path, self.label)
            if self.path.is_dir():
                return (
                    parse_arrays(map_arrays(self.path)) if is_arrays(self.path) else parse_folder(self.path)
                )
            suffix = self.path.suffix.lower()
            if suffix == ".npz":
                return parse_arrays(read_npz(self.path))
            columns = read_csv(self.path) if suffix == ".csv" else read_parquet(self.path)
            return parse_table(columns, self.path.parent, self.label)
        except (OSError, ValueError) as error:
            raise FusebenchError(f"{self._origin}: {error}.") from error

    @property
    def calibration_file(self) -> Path:
        """Beside the file or folder."""
        if self.path.is_dir():
            folder = self.path.resolve()
            return folder.with_name(f"{folder.name}.severities.json")
        return self.path.with_suffix(".severities.json")

    def fingerprint(self) -> str:
        """Hash the file and those that it names, or all of a folder; the column of labels and the encoder."""
        options = str(self.label)
        if self.encoder is not None:
            options += f" {find_encoder(self.encoder).identity}"
        if self.path.is_dir():
            paths = list_files(self.path)
            names = [path.relative_to(self.path).as_posix() for path in paths]
            return sha256(f"{hash_files(paths)} {names} {options}".encode()).hexdigest()
        files = hash_files([self.path, *self.contents.files])
        return sha256(f"{files} {options}".encode()).hexdigest()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the contents out: another process reads them itself, if it needs them."""
        return {key: value for key, value in self.__dict__.items() if key != "contents"}

    @property
    def _origin(self) -> str:
        return f"'{self.path}'"


class MemoryDataset(OwnDataset):
    """Arrays or a data frame; see `Dataset.from_arrays` and `Dataset.from_dataframe`.

    Parameters
    ----------
    contents : Contents
        All samples.
    name : str
        What to call it in tables.
    """

    def __init__(self, contents: Contents, *, name: str) -> None:
        super().__init__(name)
        self._contents = contents

    @property
    def contents(self) -> Contents:
        """All samples."""
        return self._contents

    @property
    def calibration_file(self) -> None:
        """Data in memory keep the severities of the scenarios."""

    def fingerprint(self) -> str:
        """Hash every array."""
        contents, data = self.contents, self.contents.data
        total = sha256(
            repr(
                [contents.classes, [(*item, data.modalities[item[0]].rate) for item in self._kinds()]]
            ).encode()
        )
        arrays = [data.labels, data.mask, contents.split, contents.group]
        for modality in data.modalities.values():
            arrays += [modality.values, modality.lengths]
        for array in arrays:
            if array is not None:
                total.update(f"{array.dtype} {array.shape}".encode())
                for part in pieces(array):
                    total.update(np.ascontiguousarray(array[part]).data)
        return total.hexdigest()


def from_arrays(arrays: Mapping[str, ArrayLike], name: str) -> MemoryDataset:
    """Make a data set of arrays; see `Dataset.from_arrays`."""
    try:
        return MemoryDataset(
            parse_arrays({key: np.asarray(value) for key, value in arrays.items()}), name=name
        )
    except ValueError as error:
        raise FusebenchError(f"{name!r}: {error}.") from error


def from_dataframe(frame: "pd.DataFrame", name: str, label: str | None, folder: str | Path) -> MemoryDataset:
    """Make a data set of a table in memory; see `Dataset.from_dataframe`."""
    try:
        return MemoryDataset(parse_table(from_frame(frame), Path(folder), label), name=name)
    except ValueError as error:
        raise FusebenchError(f"{name!r}: {error}.") from error


def _extractor(modality: Modality) -> Extractor:
    if modality.kind is Kind.IMAGE:
        small = max(modality.values.shape[2:]) <= SMALL_SIDE or min(modality.values.shape[2:]) < 4
        return PixelFeatures() if small else PatchFeatures()
    extractors: dict[Kind, Callable[[], Extractor]] = {
        Kind.AUDIO: CepstralFeatures,
        Kind.TEXT: TextFeatures,
        Kind.SEQUENCE: SequenceFeatures,
        Kind.VECTOR: Passthrough,
    }
    return extractors[modality.kind]()
