"""CrisisMMD: tweets and photographs from seven natural disasters."""

import csv
from pathlib import Path

from ._files import check_choice
from ._image_text import ImageTextDataset, Row, Tables
from .fetching import Download
from .registry import Card, register_dataset

__all__ = ["CrisisMMD"]

URL = "https://crisisnlp.qcri.org/data/crisismmd"
SPLIT = "crisismmd_datasplit_agreed_label"
CLASSES = {
    "informative": ("informative", "not_informative"),
    "humanitarian": (
        "affected_individuals",
        "infrastructure_and_utility_damage",
        "not_humanitarian",
        "other_relevant_information",
        "rescue_volunteering_or_donation_effort",
    ),
}
# Rare classes that the benchmark of Ofli et al. joins with others.
MERGED = {
    "injured_or_dead_people": "affected_individuals",
    "missing_or_found_people": "affected_individuals",
    "vehicle_damage": "infrastructure_and_utility_damage",
}


@register_dataset("crisismmd")
class CrisisMMD(ImageTextDataset):
    """Tweets with a photograph from seven disasters of 2017, where text and photograph have the same label.

    Parameters
    ----------
    label : {"informative", "humanitarian"}
        Whether the tweet helps those who respond; or which of five kinds of information it has.
    size, limit
        As in `ImageTextDataset`.

    References
    ----------
    F. Ofli, F. Alam and M. Imran, "Analysis of social media data using multimodal deep learning for disaster
    response", ISCRAM 2020.
    """

    folder = "crisismmd"
    source = (
        "https://crisisnlp.qcri.org/crisismmd (CrisisMMD_v2.0.tar.gz, 1.8 GB, and the archive of splits: "
        "the folders data_image and crisismmd_datasplit_agreed_label, in the folder crisismmd)"
    )

    downloads = (
        Download(f"{URL}/CrisisMMD_v2.0.tar.gz", "crisismmd/data_image", unpack="*/data_image"),
        Download(f"{URL}/{SPLIT}.zip", f"crisismmd/{SPLIT}", unpack=SPLIT),
    )

    def __init__(self, *, label: str = "informative", size: int = 64, limit: int | None = 5000) -> None:
        super().__init__(size=size, limit=limit)
        self.label = check_choice("label", label, tuple(CLASSES))

    @property
    def card(self) -> Card:
        """Say what was annotated."""
        how = {
            "informative": "The class is whether the tweet helps those who respond.",
            "humanitarian": "The class is the kind of information; rare ones are joined as in the benchmark.",
        }
        return self._make_card(
            title=f"CrisisMMD: {self.label} tweets from disasters",
            description=(
                "Tweets with photographs from seven disasters of 2017, of which text and photograph were "
                f"labelled alike. {how[self.label]} The splits are the published ones."
            ),
            classes=CLASSES[self.label],
            licence="CC BY-NC-SA 4.0; tweets under the terms of Twitter.",
            citation=(
                "F. Alam, F. Ofli and M. Imran (2018). CrisisMMD: multimodal Twitter datasets from natural "
                "disasters. ICWSM."
            ),
        )

    def _tables(self, folder: Path, seed: int) -> Tables:  # noqa: ARG002
        train, validation, test = (self._read_table(folder, part) for part in ("train", "dev", "test"))
        return train, validation, test

    def _read_table(self, folder: Path, part: str) -> list[Row]:
        name = f"task_{self.label}_text_img_agreed_lab_{part}.tsv"
        classes, rows = CLASSES[self.label], []
        with (folder / SPLIT / name).open(encoding="utf-8", newline="") as file:
            for number, row in enumerate(
                csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE), start=1
            ):
                label = MERGED.get(row.get("label") or "", row.get("label"))
                if not row.get("image") or row.get("tweet_text") is None or label not in classes:
                    raise ValueError(f"row {number} of {name} lacks an image, tweet_text or a known label")
                rows.append(Row(row["image"], row["tweet_text"], classes.index(label)))
        return rows
