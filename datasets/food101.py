"""UPMC Food-101: photographs of dishes and the titles of the pages where they were found."""

import csv
from pathlib import Path

from ._image_text import ImageTextDataset, Row, Tables, divide
from .registry import Card, register_dataset

__all__ = ["Food101"]

_DISHES = """
apple_pie baby_back_ribs baklava beef_carpaccio beef_tartare beet_salad beignets bibimbap bread_pudding
breakfast_burrito bruschetta caesar_salad cannoli caprese_salad carrot_cake ceviche cheese_plate cheesecake
chicken_curry chicken_quesadilla chicken_wings chocolate_cake chocolate_mousse churros clam_chowder
club_sandwich crab_cakes creme_brulee croque_madame cup_cakes deviled_eggs donuts dumplings edamame
eggs_benedict escargots falafel filet_mignon fish_and_chips foie_gras french_fries french_onion_soup
french_toast fried_calamari fried_rice frozen_yogurt garlic_bread gnocchi greek_salad
grilled_cheese_sandwich grilled_salmon guacamole gyoza hamburger hot_and_sour_soup hot_dog huevos_rancheros
hummus ice_cream lasagna lobster_bisque lobster_roll_sandwich macaroni_and_cheese macarons miso_soup mussels
nachos omelette onion_rings oysters pad_thai paella pancakes panna_cotta peking_duck pho pizza pork_chop
poutine prime_rib pulled_pork_sandwich ramen ravioli red_velvet_cake risotto samosa sashimi scallops
seaweed_salad shrimp_and_grits spaghetti_bolognese spaghetti_carbonara spring_rolls steak
strawberry_shortcake sushi tacos takoyaki tiramisu tuna_tartare waffles
"""
CLASSES = tuple(_DISHES.split())


@register_dataset("upmc-food101")
class Food101(ImageTextDataset):
    """Photographs that an image search gave for 101 dishes, and the titles of their pages.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.
    """

    folder = "upmc-food101"
    source = (
        "https://www.kaggle.com/datasets/gianmarco96/upmcfood101 (an account is needed; 6 GB: the folders "
        "images and texts, in the folder upmc-food101)"
    )

    @property
    def card(self) -> Card:
        """Say where photographs and titles come from."""
        return self._make_card(
            title="UPMC Food-101: dish from photograph and page title",
            description=(
                "About 90,000 results of an image search for 101 dishes, with the title of the page; "
                "labels are the search terms and therefore noisy, and titles often name the dish. The "
                "published test split has 22,716 samples; of the 67,972 for training the seed takes a "
                "tenth for validation."
            ),
            classes=CLASSES,
            licence="For research.",
            citation=(
                "X. Wang, D. Kumar, N. Thome, M. Cord and F. Precioso (2015). Recipe recognition with large "
                "multimodal food dataset. ICME Workshops."
            ),
            drawn=True,
        )

    def _tables(self, folder: Path, seed: int) -> Tables:
        train, validation = divide(_read_titles(folder, "train"), (0.1,), self.name, seed)
        return train, validation, _read_titles(folder, "test")


def _read_titles(folder: Path, part: str) -> list[Row]:
    """Read lines of image, title and dish; a title with commas is not always quoted."""
    path = folder / "texts" / f"{part}_titles.csv"
    rows = []
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for number, cells in enumerate(csv.reader(file), start=1):
            if len(cells) < 3 or cells[-1] not in CLASSES:
                raise ValueError(f"record {number} of {path.name} must be image, title and dish: {cells}")
            image, dish = cells[0], cells[-1]
            rows.append(Row(f"images/{part}/{dish}/{image}", ",".join(cells[1:-1]), CLASSES.index(dish)))
    return rows
