"""Data sets of photographs and texts: a table of (image file, text, label) for each split."""

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import ClassVar, NamedTuple

import numpy as np

from ..seeding import make_generator
from ._files import fingerprint_folder, hold_out
from ._generated import check_count
from .data import Kind, Modality, MultimodalData, Splits, Task
from .features.base import Featurizer
from .features.patches import PatchFeatures
from .features.text import TextFeatures
from .formats.pictures import Shape, read_picture
from .registry import Card, Dataset
from .storage import find_data, read_data

__all__ = ["ImageTextDataset", "Row", "Tables", "divide"]


class Row(NamedTuple):
    """A sample of a table.

    Parameters
    ----------
    image : str
        Path inside the folder of the data set, with forward slashes.
    text : str
        What stands beside it.
    label : int or tuple of int
        Class; or 0 and 1 for each label of which several may apply.
    """

    image: str
    text: str
    label: int | tuple[int, ...]


Tables = tuple[Sequence[Row], Sequence[Row], Sequence[Row]]
"""Training, validation and test."""


class ImageTextDataset(Dataset):
    """Photographs, each with a text, in one folder.

    Parameters
    ----------
    size : int
        Photographs are reduced to this many pixels along each side, whatever their proportions.
    limit : int, optional
        The seed draws this many samples of each split that has more; None for all of them, which may take
        much memory.

    Attributes
    ----------
    folder, source : str
        Where the files lie in the data folder, and where they come from.
    """

    folder: ClassVar[str]
    source: ClassVar[str]

    def __init__(self, *, size: int = 64, limit: int | None = 5000) -> None:
        self.size = check_count("size", size, 8, 1024)
        self.limit = limit if limit is None else check_count("limit", limit)

    @abstractmethod
    def _tables(self, folder: Path, seed: int) -> Tables:
        """List the samples; a `ValueError` says what is wrong with the files."""

    def load(self, seed: int = 0) -> Splits:
        """Read the tables and the photographs that they name.

        Raises
        ------
        DataNotFoundError
            If the folder is missing.
        FusebenchError
            If a file in it is missing or damaged.
        """

        def read(folder: Path) -> Splits:
            parts = zip(("train", "validation", "test"), self._tables(folder, seed), strict=True)
            return Splits(**{split: self._read(folder, split, rows, seed) for split, rows in parts})

        return read_data(self.folder, read, data_dir=self.data_dir, source=self.source)

    def featurizer(self) -> Featurizer:
        """Take colours and edges of the photographs, and word counts of the texts."""
        return Featurizer({"image": PatchFeatures(), "text": TextFeatures(n_components=256)})

    def fingerprint(self) -> str:
        """Hash the options, the content of tables and texts, and the names and sizes of photographs."""
        folder = find_data(self.folder, data_dir=self.data_dir, source=self.source)
        return fingerprint_folder(self, folder)

    def _make_card(
        self,
        *,
        title: str,
        description: str,
        classes: tuple[str, ...],
        licence: str,
        citation: str,
        task: Task = Task.CLASSIFICATION,
        drawn: bool = False,
    ) -> Card:
        """Add what all such data sets share; `drawn` says whether the seed divides the samples."""
        limit = (
            "" if self.limit is None else f" The seed draws {self.limit} samples of each split that has more."
        )
        return Card(
            title=title,
            description=f"{description} Photographs are reduced to {self.size} x {self.size} pixels.{limit}",
            modalities={"image": Kind.IMAGE, "text": Kind.TEXT},
            classes=classes,
            views={"image": ("vector", "sequence"), "text": ("vector", "sequence")},
            embedded=False,
            licence=licence,
            citation=citation,
            source=self.source,
            task=task,
            fixed_splits=not drawn and self.limit is None,
        )

    def _read(self, folder: Path, split: str, rows: Sequence[Row], seed: int) -> MultimodalData:
        if not rows:
            raise ValueError(f"it has no {split} samples")
        if self.limit is not None and len(rows) > self.limit:
            chosen = make_generator(self.name, "limit", split, seed).permutation(len(rows))[: self.limit]
            rows = [rows[row] for row in sorted(chosen)]
        shape = Shape(3, self.size, self.size)
        images = np.empty((len(rows), *shape), np.uint8)
        for pixels, row in zip(images, rows, strict=True):
            pixels[:] = _read_image(folder, row.image, shape)
        modalities = {
            "image": Modality(Kind.IMAGE, images),
            "text": Modality(Kind.TEXT, np.array([row.text for row in rows])),
        }
        return MultimodalData(modalities, np.array([row.label for row in rows], np.int64))


def divide(rows: Sequence[Row], shares: Sequence[float], *keys: str | int) -> list[list[Row]]:
    """Divide samples at random, each class in the same proportion.

    Parameters
    ----------
    rows : sequence of Row
        All samples.
    shares : sequence of float
        Shares of all parts but the first, which gets the rest.
    *keys : str or int
        What the random numbers depend on: the name of the data set and the seed.

    Returns
    -------
    list of list of Row
        One part more than there are shares, in the order of the samples.

    Raises
    ------
    ValueError
        If there are too few samples of a class.

    Examples
    --------
    >>> rows = [Row(f"{number}.jpg", "", number % 2) for number in range(20)]
    >>> [len(part) for part in divide(rows, (0.1, 0.2), "mine", 0)]
    [14, 2, 4]
    """
    rest, parts = list(rows), []
    for number, share in enumerate(shares):
        labels = np.array([row.label for row in rest])
        kept, taken = hold_out(labels, share * len(rows) / len(rest), *keys, number)
        parts.append([rest[row] for row in taken])
        rest = [rest[row] for row in kept]
    return [rest, *parts]


def _read_image(folder: Path, name: str, shape: Shape) -> np.ndarray:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
        raise ValueError(f"the image {name!r} lies outside of the folder")
    try:
        return read_picture(folder / path, shape)
    except (OSError, ValueError) as error:
        raise ValueError(f"the image {name!r}: {error}") from error
