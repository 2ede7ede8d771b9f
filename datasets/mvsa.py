"""MVSA: tweets with photographs and the sentiment that people saw in each."""

from collections import Counter
from pathlib import Path

from ._image_text import ImageTextDataset, Row, Tables, divide
from .registry import Card, register_dataset

__all__ = ["MVSAMultiple", "MVSASingle"]

CLASSES = ("negative", "neutral", "positive")


class _MVSA(ImageTextDataset):
    """What both parts have in common."""

    about: str

    @property
    def card(self) -> Card:
        """Say who labelled and how labels are joined."""
        return self._make_card(
            title=f"{self.name.upper()}: sentiment of tweets with photographs",
            description=(
                f"{self.about} Text and photograph were labelled apart. They are joined as is usual: where "
                "they agree, that is the class; where one is neutral, the other one is; tweets of which one "
                "is positive and the other negative are left out. There is no published split: the seed "
                "draws 80 % for training, 10 % for validation and 10 % for test, stratified by class."
            ),
            classes=CLASSES,
            licence="For research; tweets under the terms of Twitter.",
            citation=(
                "T. Niu, S. Zhu, L. Pang and A. El Saddik (2016). Sentiment analysis on multi-view social "
                "data. MultiMedia Modeling, 15-27. N. Xu and W. Mao (2017). MultiSentiNet. CIKM, 2399-2402."
            ),
            drawn=True,
        )

    def _tables(self, folder: Path, seed: int) -> Tables:
        train, validation, test = divide(_read_rows(folder), (0.1, 0.1), self.name, seed)
        return train, validation, test


@register_dataset("mvsa-single")
class MVSASingle(_MVSA):
    """4,869 tweets, each labelled by one person.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "mvsa-single"
    source = (
        "https://mcrlab.net/research/mvsa-sentiment-analysis-on-multi-view-social-data (0.2 GB: "
        "labelResultAll.txt and the folder data, in the folder mvsa-single)"
    )
    about = "4,869 tweets with a photograph, each labelled by one person."


@register_dataset("mvsa-multiple")
class MVSAMultiple(_MVSA):
    """19,598 tweets, each labelled by three people.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "mvsa-multiple"
    source = (
        "https://mcrlab.net/research/mvsa-sentiment-analysis-on-multi-view-social-data (1 GB: "
        "labelResultAll.txt and the folder data, in the folder mvsa-multiple)"
    )
    about = (
        "19,598 tweets with a photograph, each labelled by three people; where no two agree on the text or "
        "on the photograph, the tweet is left out."
    )


def _read_rows(folder: Path) -> list[Row]:
    """Read lines of a number, then one ``text,image`` pair of labels for each person."""
    rows = []
    lines = (folder / "labelResultAll.txt").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        name, *votes = line.split("\t")
        pairs = [tuple(vote.strip().split(",")) for vote in votes]
        if not name.isdecimal() or not pairs or any(len(p) != 2 or not set(p) <= set(CLASSES) for p in pairs):
            raise ValueError(
                f"line {number} of labelResultAll.txt has no number and pairs of labels: {line!r}"
            )
        label = _join(_elect([pair[0] for pair in pairs]), _elect([pair[1] for pair in pairs]))
        if label is not None:
            text = (folder / "data" / f"{name}.txt").read_text(encoding="utf-8", errors="replace").strip()
            rows.append(Row(f"data/{name}.jpg", text, CLASSES.index(label)))
    return rows


def _elect(votes: list[str]) -> str | None:
    """Give the label of most people, if more than half agree."""
    label, n = Counter(votes).most_common(1)[0]
    return label if 2 * n > len(votes) else None


def _join(text: str | None, image: str | None) -> str | None:
    if text is None or image is None or {text, image} == {"positive", "negative"}:
        return None
    return image if text == "neutral" else text
