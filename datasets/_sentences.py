"""Sentences about a coloured shape, in varied words: the grammar of `shapes_text`."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["write_sentences"]

# In the order of COLOURS, SHAPES and PLACES. No word means two things, so that no sentence is ambiguous.
_COLOUR_WORDS = (
    ("red", "crimson", "scarlet"),
    ("green", "lime", "jade"),
    ("blue", "navy", "cobalt"),
    ("yellow", "golden", "lemon"),
)
_SHAPE_WORDS = (
    ("circle", "disc", "ball"),
    ("square", "box", "block"),
    ("triangle", "wedge", "pyramid"),
    ("cross", "plus", "plus sign"),
)
_PLACE_WORDS = (
    ("on the left", "at the left edge", "in the west"),
    ("on the right", "at the right edge", "in the east"),
    ("at the top", "near the upper edge", "in the north"),
    ("at the bottom", "near the lower edge", "in the south"),
)
_ORDERS = (
    "there is a {colour} {shape} {place}",
    "we see a {colour} {shape} {place}",
    "a {colour} {shape} sits {place}",
    "{place} lies a {colour} {shape}",
    "the {shape} {place} is {colour}",
    "a {shape} painted {colour} was placed {place}",
    "someone drew a {colour} {shape} {place}",
    "{place} a {shape} was drawn in {colour}",
    "look {place} for a {colour} {shape}",
)
_ASIDES = (
    "the rest is dark",
    "as far as anyone can tell",
    "with some grey specks around",
    "never mind the grey specks",
)


def write_sentences(attributes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.str_]:
    """Write one sentence for each sample.

    Synonyms, the order of the words, and an aside before or after it vary freely.

    Parameters
    ----------
    attributes : numpy.ndarray of shape (3, n)
        What to say: rows of positions in `COLOURS`, `SHAPES` and `PLACES` of the scenes.
    rng : numpy.random.Generator
        Draws the wording.

    Returns
    -------
    numpy.ndarray of shape (n,)
        Unicode strings.

    Examples
    --------
    >>> write_sentences(np.array([[1], [1], [1]]), np.random.default_rng(0)).tolist()
    ['The rest is dark, a jade box sits at the right edge.']
    """
    sentences = []
    for c, s, p in attributes.T:
        words = {"colour": _COLOUR_WORDS[c], "shape": _SHAPE_WORDS[s], "place": _PLACE_WORDS[p]}
        said = {slot: synonyms[rng.integers(len(synonyms))] for slot, synonyms in words.items()}
        clauses = [_ORDERS[rng.integers(len(_ORDERS))].format(**said)]
        if rng.random() < 0.5:
            clauses.insert(rng.integers(2), _ASIDES[rng.integers(len(_ASIDES))])
        sentence = ", ".join(clauses)
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
    return np.array(sentences, dtype=np.str_)
