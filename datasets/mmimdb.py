"""MM-IMDb: posters and plots of films, and their genres."""

import json
from pathlib import Path
from typing import Any, TypeGuard

from ._image_text import ImageTextDataset, Row, Tables
from .data import Task
from .fetching import Download
from .registry import Card, register_dataset

__all__ = ["MMIMDb"]

GENRES = (
    "Drama",
    "Comedy",
    "Romance",
    "Thriller",
    "Crime",
    "Action",
    "Adventure",
    "Horror",
    "Documentary",
    "Mystery",
    "Sci-Fi",
    "Fantasy",
    "Family",
    "Biography",
    "War",
    "History",
    "Music",
    "Animation",
    "Musical",
    "Western",
    "Sport",
    "Short",
    "Film-Noir",
)
PARTS = ("train", "dev", "test")


@register_dataset("mm-imdb")
class MMIMDb(ImageTextDataset):
    """Posters and plots of 25,959 films; several of 23 genres may apply.

    The plot is the longest one of a film, as in [1]_. Genres that are not among the 23 do not count.

    Parameters
    ----------
    size, limit
        As in `ImageTextDataset`.

    References
    ----------
    .. [1] J. Arevalo, T. Solorio, M. Montes-y-Gómez and F. A. González, "Gated multimodal units for
       information fusion", ICLR Workshop 2017.
    """

    folder = "mmimdb"
    source = (
        "https://archive.org/details/mmimdb (mmimdb.tar.gz, 8.7 GB: split.json and the folder dataset with a "
        ".json and a .jpeg for each film, in the folder mmimdb)"
    )

    downloads = (Download("https://archive.org/download/mmimdb/mmimdb.tar.gz", "mmimdb", unpack="mmimdb"),)

    @property
    def card(self) -> Card:
        """Say what is to be predicted."""
        return self._make_card(
            title="MM-IMDb: genres of films from poster and plot",
            description=(
                "25,959 films with poster and plot; several of 23 genres may apply. The splits are the "
                "published ones: 15,552 films for training, 2,608 for validation, 7,799 for test."
            ),
            classes=GENRES,
            licence="For research; posters and plots of IMDb and MovieLens.",
            citation=(
                "J. Arevalo, T. Solorio, M. Montes-y-Gómez and F. A. González (2017). Gated multimodal units "
                "for information fusion. ICLR Workshop."
            ),
            task=Task.MULTILABEL,
        )

    def _tables(self, folder: Path, seed: int) -> Tables:  # noqa: ARG002
        films = _read_json(folder / "split.json")
        if not isinstance(films, dict) or not all(isinstance(films.get(part), list) for part in PARTS):
            raise ValueError("split.json must hold lists of films called train, dev and test")
        train, validation, test = ([_read_film(folder, str(film)) for film in films[part]] for part in PARTS)
        return train, validation, test


def _read_film(folder: Path, film: str) -> Row:
    if not film.isalnum():
        raise ValueError(f"split.json names the film {film!r}")
    facts = _read_json(folder / "dataset" / f"{film}.json")
    plots, genres = (facts.get(key) if isinstance(facts, dict) else None for key in ("plot", "genres"))
    if not _are_texts(plots) or not _are_texts(genres):
        raise ValueError(f"{film}.json must hold lists of texts called plot and genres")
    return Row(f"dataset/{film}.jpeg", max(plots, key=len), tuple(int(genre in genres) for genre in GENRES))


def _are_texts(values: Any) -> TypeGuard[list[str]]:
    return isinstance(values, list) and bool(values) and all(isinstance(value, str) for value in values)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from error
