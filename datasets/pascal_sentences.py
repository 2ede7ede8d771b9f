"""Pascal Sentences: photographs of twenty classes, each described in five sentences."""

from pathlib import Path

from ._image_text import ImageTextDataset, Row, Tables, divide
from .registry import Card, register_dataset

__all__ = ["PascalSentences"]

CLASSES = (
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
)


@register_dataset("pascal-sentences")
class PascalSentences(ImageTextDataset):
    """1,000 photographs of twenty classes; the five sentences of each are one text.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "pascal-sentences"
    source = (
        "http://vision.cs.uiuc.edu/pascal-sentences (0.1 GB: dataset/CLASS/NAME.jpg and "
        "sentence/CLASS/NAME.txt, one sentence a line, in the folder pascal-sentences)"
    )

    @property
    def card(self) -> Card:
        """Say who wrote the sentences."""
        return self._make_card(
            title="Pascal Sentences: class of a photograph from pixels and descriptions",
            description=(
                "1,000 photographs, 50 of each of twenty classes, each with five sentences by different "
                "people, here joined to one text; sentences often name the class. There is no published "
                "split: the seed draws 800 for training, 100 for validation and 100 for test, stratified by "
                "class."
            ),
            classes=CLASSES,
            licence="For research; photographs of Flickr.",
            citation=(
                "C. Rashtchian, P. Young, M. Hodosh and J. Hockenmaier (2010). Collecting image annotations "
                "using Amazon's Mechanical Turk. NAACL HLT Workshop, 139-147."
            ),
            drawn=True,
        )

    def _tables(self, folder: Path, seed: int) -> Tables:
        rows = []
        for label, name in enumerate(CLASSES):
            for image in sorted((folder / "dataset" / name).glob("*.jpg")):
                text = (folder / "sentence" / name / f"{image.stem}.txt").read_text(encoding="utf-8")
                rows.append(Row(f"dataset/{name}/{image.name}", " ".join(text.split()), label))
        if len({row.label for row in rows}) < len(CLASSES):
            raise ValueError("a class has no photographs in the folder dataset")
        train, validation, test = divide(rows, (0.1, 0.1), self.name, seed)
        return train, validation, test
