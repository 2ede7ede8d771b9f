"""Hateful Memes: pictures and the text on them."""

import json
from pathlib import Path

from ._files import check_choice
from ._image_text import ImageTextDataset, Row, Tables, divide
from .registry import Card, register_dataset

__all__ = ["HatefulMemes"]


@register_dataset("hateful-memes")
class HatefulMemes(ImageTextDataset):
    """Memes, and whether they are hateful; often neither picture nor text tells by itself.

    Parameters
    ----------
    test : {"test_seen", "dev_seen"}
        The file that is the test split. ``test_seen.jsonl`` needs labels, which were published after the
        challenge; with ``dev_seen.jsonl`` as test, as in papers from before, the seed takes a tenth of the
        training samples for validation.
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "hateful-memes"
    source = (
        "https://hatefulmemeschallenge.com (a form must be filled; 4 GB: train.jsonl, dev_seen.jsonl, "
        "test_seen.jsonl and the folder img, in the folder hateful-memes)"
    )

    def __init__(self, *, test: str = "test_seen", size: int = 64, limit: int | None = 5000) -> None:
        super().__init__(size=size, limit=limit)
        self.test = check_choice("test", test, ("test_seen", "dev_seen"))

    @property
    def card(self) -> Card:
        """Say what is hateful and which splits these are."""
        how = {
            "test_seen": "Splits as published: 8,500 for training, 500 dev_seen, 1,000 test_seen.",
            "dev_seen": "Test is dev_seen (500); the seed takes a tenth of 8,500 for validation.",
        }
        return self._make_card(
            title="Hateful Memes",
            description=(
                "Memes, some of them an attack on people for what they are. Benign confounders share picture "
                f"or text with hateful ones, so that neither suffices. {how[self.test]}"
            ),
            classes=("not-hateful", "hateful"),
            licence="Hateful Memes licence of Facebook AI, for research, after a form.",
            citation=(
                "D. Kiela, H. Firooz, A. Mohan, V. Goswami, A. Singh, P. Ringshia and D. Testuggine (2020). "
                "The hateful memes challenge: detecting hate speech in multimodal memes. NeurIPS."
            ),
            drawn=self.test == "dev_seen",
        )

    def _tables(self, folder: Path, seed: int) -> Tables:
        train = _read_lines(folder / "train.jsonl")
        if self.test == "test_seen":
            return train, _read_lines(folder / "dev_seen.jsonl"), _read_lines(folder / "test_seen.jsonl")
        train, validation = divide(train, (0.1,), self.name, seed)
        return train, validation, _read_lines(folder / "dev_seen.jsonl")


def _read_lines(path: Path) -> list[Row]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            row = Row(entry["img"], entry["text"], entry["label"])
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"line {number} of {path.name} lacks img, text or label") from error
        if not isinstance(row.image, str) or not isinstance(row.text, str) or row.label not in (0, 1):
            raise ValueError(f"line {number} of {path.name} has a wrong img, text or label")
        rows.append(row)
    return rows
