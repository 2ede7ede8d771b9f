"""Generated scenes beside a sentence that fits, or gets one thing wrong."""

import sys

import numpy as np
from numpy.typing import NDArray

from ..seeding import make_generator
from . import _scenes, _sentences
from ._generated import check_count, generator_fingerprint
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.patches import PatchFeatures
from .features.text import TextFeatures
from .registry import Card, Dataset, register_dataset

__all__ = ["ShapesText"]

_CLASSES = ("match", "wrong-colour", "wrong-shape", "wrong-place")


@register_dataset("shapes-text")
class ShapesText(Dataset):
    """Pictures of one coloured shape, and sentences that fit or get one attribute wrong.

    Colour, shape and place of the scene are uniform and independent in every class. The sentence names
    the same three, except that in the class ``wrong-colour`` it names another colour, uniform among the
    others, and likewise for shape and place. What the sentence names is then uniform too, in every class:
    either modality alone has the same distribution in all classes and stays at chance, exactly and by
    construction, and so does any late fusion of class probabilities. Both together tell the class without
    error. The four classes are equally frequent in every split.

    Parameters
    ----------
    n_train, n_validation, n_test : int
        Samples in each split. The size of one split changes no other split.
    n_values : int
        Colours, shapes and places that occur, 2 to 4.

    Examples
    --------
    >>> train = ShapesText(n_train=8).load(seed=0).train
    >>> train.modalities["image"].values.shape
    (8, 3, 32, 32)
    >>> print(_CLASSES[train.labels[0]], "-", train.modalities["text"].values[0])
    wrong-shape - The rest is dark, we see a lime circle on the left.
    """

    def __init__(
        self, *, n_train: int = 1500, n_validation: int = 400, n_test: int = 1000, n_values: int = 3
    ) -> None:
        self.n_train = check_count("n_train", n_train)
        self.n_validation = check_count("n_validation", n_validation)
        self.n_test = check_count("n_test", n_test)
        self.n_values = check_count("n_values", n_values, 2, 4)

    @property
    def card(self) -> Card:
        """Describe the task and how the samples are made."""
        return Card(
            title="Does the sentence fit the scene? (synthetic)",
            description=(
                "A picture of one coloured shape on a dark ground with grey specks, beside a sentence that "
                "names a colour, a shape and a place in varied words. The class is whether the sentence "
                "fits, and if not, which of the three is wrong. In every class each modality alone has the "
                "same distribution, so that neither tells anything without the other. Training, validation "
                "and test are independent draws."
            ),
            modalities={"image": Kind.IMAGE, "text": Kind.TEXT},
            classes=_CLASSES,
            views={"image": ("vector", "sequence"), "text": ("vector", "sequence")},
            synthetic=("image", "text"),
            licence="CC0-1.0",
            source="Generated.",
            bayes_accuracy=1.0,
        )

    def load(self, seed: int = 0) -> Splits:
        """Draw the scenes and sentences of this seed."""
        return Splits(
            train=self._draw("train", self.n_train, seed),
            validation=self._draw("validation", self.n_validation, seed),
            test=self._draw("test", self.n_test, seed),
        )

    def featurizer(self) -> Featurizer:
        """Describe pictures by patches, and texts by TF-IDF and subword vectors."""
        return Featurizer({"image": PatchFeatures(), "text": TextFeatures()})

    def fingerprint(self) -> str:
        """Hash the options and the files that make the samples."""
        return generator_fingerprint(self, sys.modules[__name__], _scenes, _sentences)

    def _draw(self, split: str, n: int, seed: int) -> MultimodalData:
        rng = make_generator(self.name, split, "labels", seed)
        y = rng.permutation(np.arange(n) % len(_CLASSES))
        shown = rng.integers(self.n_values, size=(3, n))
        named = _misname(shown, y, self.n_values, rng)
        images = _scenes.draw_scenes(shown, make_generator(self.name, split, "image", seed))
        texts = _sentences.write_sentences(named, make_generator(self.name, split, "text", seed))
        return MultimodalData({"image": Modality(Kind.IMAGE, images), "text": Modality(Kind.TEXT, texts)}, y)


def _misname(
    shown: NDArray[np.int64], y: NDArray[np.int64], n_values: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Replace the attribute that the class says is wrong, rows of `shown` of shape (3, n)."""
    wrong = np.arange(1, len(_CLASSES))[:, None] == y
    shift = rng.integers(1, n_values, size=shown.shape)
    return np.where(wrong, (shown + shift) % n_values, shown)
