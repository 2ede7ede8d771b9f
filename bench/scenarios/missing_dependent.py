"""Absence that depends on the data: on another modality (MAR), or on the value or the label (MNAR).

Entries go one after the other, and the odds of each to be the next are ``exp(STRENGTH * z)``, where z is its
rank by what the absence depends on, scaled to mean 0 and variance 1 (`rank_scores`). The rate is exact, and
a higher one takes all that a lower one takes, and more.

References
----------
D. B. Rubin, "Inference and missing data", Biometrika 63(3), 1976.
"""

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, Modality, MultimodalData
from .missing import MODALITY_RATES, entries_of, take_away
from .registry import register_scenario

__all__ = ["drop_by_label", "drop_by_other", "drop_by_value", "rank_scores", "summarise"]

STRENGTH = 1.5
"""Log odds for a difference of one standard deviation."""


@register_scenario(
    "missing-mar",
    mechanism="missing",
    levels=MODALITY_RATES,
    level_name="missing rate of the modality",
    identity=0.0,
    kinds=Kind,
)
def drop_by_other(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take one modality away, rather where the next modality is large (missing at random).

    The next modality is that of the following column, or the first for the last. What is large is said
    by `summarise`. Where the other is absent too, the odds are those of a middling value.
    """
    other = data.names[(data.names.index(modality) + 1) % len(data.names)]
    return _drop_rather(data, modality, level, _value_scores(data, other), rng)


@register_scenario(
    "missing-mnar-value",
    mechanism="missing",
    levels=MODALITY_RATES,
    level_name="missing rate of the modality",
    identity=0.0,
    kinds=Kind,
)
def drop_by_value(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take one modality away, rather where it is large itself (missing not at random).

    What is large is said by `summarise`: a bright picture, a loud utterance, a long text.
    """
    return _drop_rather(data, modality, level, _value_scores(data, modality), rng)


@register_scenario(
    "missing-mnar-label",
    mechanism="missing",
    levels=MODALITY_RATES,
    level_name="missing rate of the modality",
    identity=0.0,
    kinds=Kind,
)
def drop_by_label(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Take one modality away, from some classes rather than from others (missing not at random).

    Which classes, or sets of labels, suffer is drawn: their order is random. Values to regress on are
    ordered: large ones suffer.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> test = load_dataset("synth-xor").load().test
    >>> there = drop_by_label(test, "a", 0.4, np.random.default_rng(0), test).has("a")
    >>> [round(float(there[test.labels == label].mean()), 1) for label in (0, 1)]
    [0.9, 0.3]
    """
    order = data.labels
    if order.dtype.kind != "f":
        classes, codes = np.unique(order, axis=0, return_inverse=True)
        order = rng.permutation(len(classes))[codes.ravel()]
    return _drop_rather(data, modality, level, rank_scores(order), rng)


def rank_scores(values: NDArray) -> NDArray[np.float64]:
    """Ranks between -1.7 and 1.7, with mean 0 and, without ties, variance close to 1.

    Examples
    --------
    >>> rank_scores(np.array([10, 30, 20])).round(2)
    array([-1.15,  1.15,  0.  ])
    """
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts + 1) / 2  # from 0; equal values share their mean rank
    scores: NDArray[np.float64] = (2 * ranks[codes] - (len(values) - 1)) / max(len(values), 1) * 3**0.5
    return scores


def summarise(modality: Modality) -> NDArray[np.float64]:
    """Say how large each sample is in one number, shape (n,).

    The mean of the features (vector, and over valid frames: sequence) or pixels, the loudness (root mean
    square) of a waveform, the number of characters of a text.
    """
    if modality.kind is Kind.TEXT:
        return np.char.str_len(modality.values).astype(np.float64)
    values = modality.values.astype(np.float64)
    if modality.kind is Kind.SEQUENCE:
        values = values.mean(axis=2)
    elif modality.kind is Kind.AUDIO:
        values = values**2
    where = True if modality.lengths is None else modality.frame_mask()
    means: NDArray[np.float64] = values.mean(axis=tuple(range(1, values.ndim)), where=where)
    return np.sqrt(means) if modality.kind is Kind.AUDIO else means


def _value_scores(data: MultimodalData, modality: str) -> NDArray[np.float64]:
    scores = np.zeros(len(data))
    there = data.has(modality)
    scores[there] = rank_scores(summarise(data.modalities[modality].take(there)))
    return scores


def _drop_rather(
    data: MultimodalData, modality: str, level: float, scores: NDArray[np.float64], rng: np.random.Generator
) -> MultimodalData:
    # Adding Gumbel noise to log odds and sorting draws without replacement, in proportion to the odds.
    order = np.argsort(-(STRENGTH * scores + rng.gumbel(size=len(data))))
    return take_away(data, entries_of(data, modality, order), level)
