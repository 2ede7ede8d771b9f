"""Flickr8k and Flickr30k: sentences that describe a photograph, or another one."""

import json
from pathlib import Path
from typing import Any, ClassVar

from ..seeding import make_generator
from ._image_text import ImageTextDataset, Row, Tables
from .registry import Card, register_dataset

__all__ = ["Flickr8k", "Flickr30k"]

PARTS = ("train", "val", "test")


class _Flickr(ImageTextDataset):
    """What both have in common."""

    images: ClassVar[str]
    about: ClassVar[str]
    citation: ClassVar[str]

    @property
    def card(self) -> Card:
        """Say how pairs are made."""
        return self._make_card(
            title=f"{self.name.capitalize()}: does the sentence describe the photograph?",
            description=(
                f"{self.about} These data have no label; here the task is matching. The seed draws one "
                "sentence of every photograph, and exchanges them among half of the photographs of a split, "
                "so that none of these keeps its own. Photographs and sentences are as frequent with either "
                "answer: neither tells it alone. The splits are those of Karpathy and Fei-Fei (2015)."
            ),
            classes=("mismatch", "match"),
            licence="For research; photographs of Flickr under its terms.",
            citation=(
                f"{self.citation} A. Karpathy and L. Fei-Fei (2015). Deep visual-semantic alignments for "
                "generating image descriptions. CVPR, 3128-3137."
            ),
            drawn=True,
        )

    def _tables(self, folder: Path, seed: int) -> Tables:
        captions = _read_captions(folder / f"dataset_{self.name}.json")
        train, validation, test = (self._pair(part, captions[part], seed) for part in PARTS)
        return train, validation, test

    def _pair(self, part: str, captions: dict[str, list[str]], seed: int) -> list[Row]:
        rng = make_generator(self.name, "pairs", part, seed)
        texts = [sentences[rng.integers(len(sentences))] for sentences in captions.values()]
        order = rng.permutation(len(texts))
        wrong = order[: len(texts) // 2]
        if len(wrong) < 2:
            raise ValueError(f"it has too few {part} photographs to exchange sentences")
        sources = dict(zip(wrong.tolist(), [*wrong[1:].tolist(), int(wrong[0])], strict=True))
        return [
            Row(f"{self.images}/{name}", texts[sources.get(row, row)], int(row not in sources))
            for row, name in enumerate(captions)
        ]


@register_dataset("flickr8k")
class Flickr8k(_Flickr):
    """8,000 photographs with five sentences each, as a matching task.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "flickr8k"
    images = "Flicker8k_Dataset"
    source = (
        "https://www.kaggle.com/datasets/adityajn105/flickr8k (an account is needed; 1 GB: the photographs, "
        "in the folder flickr8k/Flicker8k_Dataset) and "
        "https://cs.stanford.edu/people/karpathy/deepimagesent (caption_datasets.zip: dataset_flickr8k.json, "
        "in the folder flickr8k)"
    )
    about = (
        "8,000 photographs of people and animals, each with five sentences: 6,000 for training, 1,000 for "
        "validation, 1,000 for test."
    )
    citation = (
        "M. Hodosh, P. Young and J. Hockenmaier (2013). Framing image description as a ranking task. Journal "
        "of Artificial Intelligence Research 47, 853-899."
    )


@register_dataset("flickr30k")
class Flickr30k(_Flickr):
    """31,014 photographs with five sentences each, as a matching task.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "flickr30k"
    images = "flickr30k-images"
    source = (
        "https://shannon.cs.illinois.edu/DenotationGraph (a form must be filled; 4 GB: the photographs, in "
        "the folder flickr30k/flickr30k-images) and https://cs.stanford.edu/people/karpathy/deepimagesent ("
        "caption_datasets.zip: dataset_flickr30k.json, in the folder flickr30k)"
    )
    about = (
        "31,014 photographs of people, each with five sentences: 29,000 for training, 1,014 for validation, "
        "1,000 for test."
    )
    citation = (
        "P. Young, A. Lai, M. Hodosh and J. Hockenmaier (2014). From image descriptions to visual "
        "denotations. Transactions of the ACL 2, 67-78."
    )


def _read_captions(path: Path) -> dict[str, dict[str, list[str]]]:
    """Read the sentences of each photograph, by split and by file name."""
    try:
        entries: Any = json.loads(path.read_text(encoding="utf-8"))["images"]
        found: dict[str, dict[str, list[str]]] = {part: {} for part in PARTS}
        for entry in entries:
            sentences = [str(sentence["raw"]).strip() for sentence in entry["sentences"]]
            if not sentences:
                raise ValueError(f"{entry['filename']} has no sentence")
            found[entry["split"]][str(entry["filename"])] = sentences
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not a file of captions: {error}") from error
    return found
