"""Fashion-20: photographs of products and their titles."""

from pathlib import Path

import numpy as np

from ._files import check_choice, fingerprint_files
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.image import PixelFeatures
from .features.text import TextFeatures
from .formats.npy import read_npz
from .registry import Card, Dataset, register_dataset
from .storage import find_data, read_data

__all__ = ["Fashion20"]

FILE = "fashion20/fashion20.npz"
SOURCE = (
    "the Fashion Product Images data set (P. Aggarwal, https://www.kaggle.com/datasets/paramaggarwal/"
    "fashion-product-images-small), reduced to the file fashion20.npz (19 MB, in the folder fashion20) with "
    "the arrays image, title, title_masked, article and split"
)
CLASSES = (
    "Backpacks",
    "Belts",
    "Briefs",
    "Casual Shoes",
    "Flip Flops",
    "Formal Shoes",
    "Handbags",
    "Heels",
    "Jeans",
    "Kurtas",
    "Perfume and Body Mist",
    "Sandals",
    "Shirts",
    "Socks",
    "Sports Shoes",
    "Sunglasses",
    "Tops",
    "Tshirts",
    "Wallets",
    "Watches",
)
PARTS = ("train", "val", "test")
TITLES = {"masked": "title_masked", "full": "title"}
SHAPE = (40, 30, 3)


@register_dataset("fashion20")
class Fashion20(Dataset):
    """Product photographs of 40 x 30 pixels and their titles, in twenty types of article.

    Parameters
    ----------
    title : {"masked", "full"}
        Whether words that name the type are removed from the title. The full title nearly gives the type
        away, so that there is nothing to fuse.
    """

    def __init__(self, *, title: str = "masked") -> None:
        self.title = check_choice("title", title, tuple(TITLES))

    @property
    def card(self) -> Card:
        """Say where pictures and titles come from."""
        titles = {
            "masked": "Words that name the type were removed from the titles.",
            "full": "The titles often name the type.",
        }
        return Card(
            title="Fashion-20: type of a product from photograph and title",
            description=(
                "11,981 products of a shop, at most 600 of each of twenty types of article: a photograph on "
                f"white, 40 x 30 pixels, and the title. {titles[self.title]} The splits are those of the "
                "file, 8,445 for training, 1,182 for validation and 2,354 for test; products of one title "
                "are in one split. The seed changes nothing of the data."
            ),
            modalities={"image": Kind.IMAGE, "text": Kind.TEXT},
            classes=CLASSES,
            views={"image": ("vector", "sequence"), "text": ("vector", "sequence")},
            embedded=False,
            licence="For research.",
            citation="P. Aggarwal (2019). Fashion Product Images. Kaggle.",
            source=SOURCE,
            fixed_splits=True,
        )

    def load(self, seed: int = 0) -> Splits:  # noqa: ARG002
        """Read the file.

        Raises
        ------
        DataNotFoundError
            If it is missing.
        FusebenchError
            If it is damaged.
        """
        return read_data(FILE, self._read, data_dir=self.data_dir, source=SOURCE)

    def featurizer(self) -> Featurizer:
        """Take pixels, reduced, and word counts of the titles."""
        return Featurizer({"image": PixelFeatures(), "text": TextFeatures(n_components=256)})

    def fingerprint(self) -> str:
        """Hash the options and the file."""
        return fingerprint_files(self, [find_data(FILE, data_dir=self.data_dir, source=SOURCE)])

    def _read(self, path: Path) -> Splits:
        arrays = read_npz(path)
        names = ("image", TITLES[self.title], "article", "split")
        for name in names:
            if name not in arrays:
                raise ValueError(f"it has no array {name!r}")
        image, title, article, split = (arrays[name] for name in names)
        if image.dtype != np.uint8 or image.shape != (len(split), *SHAPE):
            raise ValueError(f"image must be uint8 of shape {(len(split), *SHAPE)}, however: {image.shape}")
        for name in names[1:]:
            if arrays[name].dtype.kind != "U" or arrays[name].shape != (len(split),):
                raise ValueError(f"{name} must hold {len(split)} strings, however: {arrays[name].shape}")
        for name, values, known in (("article", article, CLASSES), ("split", split, PARTS)):
            if unknown := set(values.tolist()) ^ set(known):
                raise ValueError(f"{name} must hold {', '.join(known)}; not so {min(unknown)!r}")
        pixels = np.ascontiguousarray(image.transpose(0, 3, 1, 2))
        modalities = {"image": Modality(Kind.IMAGE, pixels), "text": Modality(Kind.TEXT, title)}
        data = MultimodalData(modalities, np.searchsorted(CLASSES, article).astype(np.int64))
        return Splits(*(data.take(split == part) for part in PARTS))
