"""Noise on texts: fingers, scanners, and words that are lost or moved.

The tables of levels are for data that have no calibrated ones, see docs/severities.md.
"""

import re
from collections.abc import Callable

import numpy as np

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario
from .samples import change_texts

__all__ = ["add_typos", "confuse_letters", "drop_words", "move_words", "truncate"]


@register_scenario(
    "noise-text-typos",
    mechanism="noise",
    levels={1: 0.05, 2: 0.1, 3: 0.2, 4: 0.3, 5: 0.5},
    span=(0.0, 1.0),
    level_name="share of letters mistyped",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def add_typos(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Mistype a share of the letters: hit a neighbouring key, leave the letter out, or hit it twice.

    Keys are those of an English keyboard; other letters can only be left out or doubled.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> data = MultimodalData({"text": Modality(Kind.TEXT, np.array(["a red circle above a blue square"]))})
    >>> typed = add_typos(data, "text", 0.1, np.random.default_rng(1), data)
    >>> str(typed.modalities["text"].values[0])
    'a ted cirfle above a blue aquare'
    """

    def mistype(letter: str) -> str:
        kind, key = rng.random(2)
        near = NEIGHBOURS.get(letter.lower(), "")
        if near and kind < 0.6:
            hit = near[int(key * len(near))]
            return hit.upper() if letter.isupper() else hit
        return "" if kind < 0.8 else letter * 2

    return change_texts(data, modality, lambda text: _replace_letters(text, str.isalpha, mistype, level, rng))


@register_scenario(
    "noise-text-ocr",
    mechanism="noise",
    levels={1: 0.05, 2: 0.1, 3: 0.16, 4: 0.3, 5: 0.5},
    span=(0.0, 1.0),
    level_name="share of confusable characters confused",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def confuse_letters(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Read characters as others that look like them, as optical character recognition does.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> data = MultimodalData({"text": Modality(Kind.TEXT, np.array(["a red circle above a blue square"]))})
    >>> read = confuse_letters(data, "text", 0.3, np.random.default_rng(0), data)
    >>> str(read.modalities["text"].values[0])
    'a r0d oincle ohove a bluo squan0'
    """

    def confuse(character: str) -> str:
        return LOOKALIKES[character][int(rng.random() * len(LOOKALIKES[character]))]

    return change_texts(
        data, modality, lambda text: _replace_letters(text, LOOKALIKES.__contains__, confuse, level, rng)
    )


@register_scenario(
    "noise-text-word-drop",
    mechanism="noise",
    levels={1: 0.05, 2: 0.1, 3: 0.15, 4: 0.3, 5: 0.5},
    span=(0.0, 0.95),
    level_name="share of words dropped",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def drop_words(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Drop words with the space behind them, each with the same probability."""

    def change(text: str) -> str:
        words = _split(text)
        chances = rng.random(len(words))
        return "".join(
            w + space for (w, space), chance in zip(words, chances, strict=True) if chance >= level
        )

    return change_texts(data, modality, change)


@register_scenario(
    "noise-text-word-order",
    mechanism="noise",
    levels={1: 0.5, 2: 1.0, 3: 2.0, 4: 4.0, 5: 8.0},
    span=(0.25, 32.0),
    level_name="standard deviation of a word's move, in words",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def move_words(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Move words: each is given its place plus Gaussian noise, and they are sorted by that.

    The spaces stay where they are.
    """

    def change(text: str) -> str:
        words = _split(text)
        order = np.argsort(np.arange(len(words)) + level * rng.standard_normal(len(words)))
        return "".join(words[moved][0] + space for moved, (_, space) in zip(order, words, strict=True))

    return change_texts(data, modality, change)


@register_scenario(
    "noise-text-truncation",
    mechanism="noise",
    levels={1: 0.03, 2: 0.06, 3: 0.13, 4: 0.25, 5: 0.5},
    span=(0.0, 0.95),
    level_name="share of characters cut off",
    identity=0.0,
    kinds=[Kind.TEXT],
)
def truncate(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Cut off the end, in the middle of a word if it comes so."""
    return change_texts(data, modality, lambda text: text[: len(text) - round(level * len(text))])


def _split(text: str) -> list[tuple[str, str]]:
    """Words, each with the space behind it; space at the start is that of an empty word."""
    return [(word, space) for word, space in re.findall(r"(\S*)(\s*)", text) if word or space]


def _replace_letters(
    text: str,
    applies: Callable[[str], bool],
    replace: Callable[[str], str],
    level: float,
    rng: np.random.Generator,
) -> str:
    """Replace a share of the characters to which it applies."""
    places = [place for place, character in enumerate(text) if applies(character)]
    # Drawn for every one, whatever the level: a higher level then adds faults and keeps the others.
    order = rng.permutation(len(places))
    changed = {place: replace(text[place]) for place in places}
    hit = {places[which] for which in order[: round(level * len(places))]}
    return "".join(changed[place] if place in hit else character for place, character in enumerate(text))


# Rows of a QWERTY keyboard; each stands about half a key to the right of the one above it.
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_TOUCHING = ((0, -1), (0, 1), (-1, 0), (-1, 1), (1, -1), (1, 0))


def _neighbours() -> dict[str, str]:
    place = {(row, column): key for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
    return {
        key: "".join(place.get((row + down, column + right), "") for down, right in _TOUCHING)
        for (row, column), key in place.items()
    }


NEIGHBOURS = _neighbours()

# Groups of characters that printed text makes alike.
_ALIKE = [
    "ceo0",
    "il1|",
    "hbn",
    "uv",
    "s5",
    "g9q",
    "rn",
    "tf",
    "ao",
    "z2",
    "B8",
    "O0D",
    "S5",
    "I1l",
    "Z2",
    "G6",
]


def _lookalikes() -> dict[str, str]:
    found: dict[str, str] = {}
    for group in _ALIKE:
        for character in group:
            found[character] = found.get(character, "") + group.replace(character, "")
    return found


LOOKALIKES = {**_lookalikes(), "m": ("rn", "nn"), "w": ("vv",), "d": ("cl",)}
