"""Features of sequences: frames reduced or as they are, and a vector that sums each sequence up."""

from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality
from .audio import Frames, pool

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

__all__ = ["SequenceFeatures"]


class SequenceFeatures:
    """Hand sequences on, centred and reduced where asked for, and pool them as `CepstralFeatures` does.

    ========  =======================  ========================================================
    view      shape                    content
    ========  =======================  ========================================================
    sequence  (n, T, d)                frames, or their principal components, with their lengths
    vector    (n, (`parts` + 1) * d)   means of the parts, standard deviations over the whole
    ========  =======================  ========================================================

    Parameters
    ----------
    n_components : int, optional
        Principal components of the training frames that are kept, or one fewer than there are frames; all
        features as they are when left out. With fewer than two training frames nothing is reduced.
    parts : int, default=3
        Parts of equal length that are averaged for the vector.
    centred : bool, default=False
        Whether the mean over each sequence is taken away first, so that what stays the same in it (a
        face, the light) does not count.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA or None
        The fitted reduction; None where features are kept.

    Examples
    --------
    >>> frames = Modality(Kind.SEQUENCE, np.arange(6, dtype=np.float32).reshape(1, 3, 2))
    >>> SequenceFeatures().fit(frames).transform(frames)["vector"].values.round(2)
    array([[0.  , 1.  , 2.  , 3.  , 4.  , 5.  , 1.63, 1.63]], dtype=float32)
    """

    pca_: "PCA | None"

    def __init__(self, n_components: int | None = None, parts: int = 3, centred: bool = False) -> None:
        self.n_components = n_components
        self.parts = parts
        self.centred = centred

    def fit(self, modality: Modality) -> Self:
        """Learn the reduction from the frames of training sequences."""
        frames = self._frames(modality).values
        self.pca_ = None
        if self.n_components is not None and len(frames) >= 2:
            from sklearn.decomposition import PCA

            # n centred frames span n - 1 dimensions: one component more would be rounding noise.
            n_components = min(self.n_components, frames.shape[1], len(frames) - 1)
            self.pca_ = PCA(n_components, random_state=0).fit(frames)
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``sequence`` and ``vector``, float32."""
        frames = self._frames(modality)
        if self.pca_ is not None and len(frames.values):
            # In double precision, so that a frame has the same features whichever others stand beside it.
            reduced = self.pca_.transform(frames.values.astype(np.float64))
            frames = frames._replace(values=reduced.astype(np.float32))
        sequence = np.zeros((*modality.values.shape[:2], frames.values.shape[1]), np.float32)
        sequence[modality.frame_mask()] = frames.values
        return {
            "sequence": Modality(Kind.SEQUENCE, sequence, modality.lengths),
            "vector": Modality(Kind.VECTOR, pool(frames, self.parts)),
        }

    def _frames(self, modality: Modality) -> Frames:
        """Take valid frames, centred where asked for."""
        counts = np.zeros(0, np.int64) if modality.lengths is None else modality.lengths
        frames = Frames(modality.values[modality.frame_mask()], counts)
        return frames._replace(values=_centre(frames)) if self.centred and len(counts) else frames


def _centre(frames: Frames) -> NDArray[np.float32]:
    """Take away the mean over each sequence."""
    means = np.add.reduceat(frames.values, frames.starts) / frames.counts[:, None]
    centred: NDArray[np.float32] = (frames.values - np.repeat(means, frames.counts, axis=0)).astype(
        np.float32
    )
    return centred
