"""Sequences are features already; a vector sums each of them up."""

from typing import Self

import numpy as np

from ..data import Kind, Modality
from .audio import Frames, pool

__all__ = ["SequenceFeatures"]


class SequenceFeatures:
    """Hand sequences on as they are, and pool them into a vector as `CepstralFeatures` does.

    ========  ==============  ======================================================
    view      shape           content
    ========  ==============  ======================================================
    sequence  (n, T, d)       the frames, with their lengths
    vector    (n, 4 d)        means of three thirds, standard deviations over the whole
    ========  ==============  ======================================================

    Examples
    --------
    >>> frames = Modality(Kind.SEQUENCE, np.arange(6, dtype=np.float32).reshape(1, 3, 2))
    >>> SequenceFeatures().fit(frames).transform(frames)["vector"].values.round(2)
    array([[0.  , 1.  , 2.  , 3.  , 4.  , 5.  , 1.63, 1.63]], dtype=float32)
    """

    def fit(self, modality: Modality) -> Self:  # noqa: ARG002
        """Learn nothing."""
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``sequence`` and ``vector``."""
        counts = np.zeros(0, np.int64) if modality.lengths is None else modality.lengths
        frames = Frames(modality.values[modality.frame_mask()], counts)
        return {"sequence": modality, "vector": Modality(Kind.VECTOR, pool(frames))}
