"""Image features: pixels as a vector, and rows of pixels as a sequence."""

import math
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..data import Kind, Modality

if TYPE_CHECKING:
    from sklearn.decomposition import PCA

__all__ = ["PixelFeatures"]


class PixelFeatures:
    """Scale pixels to [0, 1]; reduce long vectors by principal components of the training images.

    ========  ===================  =======================================================
    view      shape                content
    ========  ===================  =======================================================
    vector    (n, c * h * w)       pixels; (n, `max_features`) components of larger images
    sequence  (n, h, c * w)        one frame for each row, from top to bottom
    ========  ===================  =======================================================

    Parameters
    ----------
    max_features : int, default=256
        Images of more pixels are reduced to this many principal components, or to one fewer than
        there are training images. With fewer than two training images nothing is reduced.

    Attributes
    ----------
    pca_ : sklearn.decomposition.PCA or None
        The fitted reduction; None where pixels are kept.

    Examples
    --------
    >>> images = Modality(Kind.IMAGE, np.full((2, 1, 4, 3), 255, np.uint8))
    >>> views = PixelFeatures().fit(images).transform(images)
    >>> views["vector"].values.shape, views["sequence"].values.shape
    ((2, 12), (2, 4, 3))
    """

    pca_: "PCA | None"

    def __init__(self, max_features: int = 256) -> None:
        self.max_features = max_features

    def fit(self, modality: Modality) -> Self:
        """Learn the reduction from training images, if they are large enough to need one."""
        n, *shape = modality.values.shape
        self.pca_ = None
        if n >= 2 and math.prod(shape) > self.max_features:
            from sklearn.decomposition import PCA

            # n centred images span n - 1 dimensions: one component more would be rounding noise.
            self.pca_ = PCA(min(self.max_features, n - 1), random_state=0).fit(_flatten(modality))
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``vector`` and ``sequence``, float32."""
        n, channels, height, width = modality.values.shape
        pixels = _flatten(modality)
        rows = pixels.reshape(n, channels, height, width).swapaxes(1, 2).reshape(n, height, channels * width)
        vector = pixels if self.pca_ is None or n == 0 else self.pca_.transform(pixels)
        return {"vector": Modality(Kind.VECTOR, vector), "sequence": Modality(Kind.SEQUENCE, rows)}


def _flatten(modality: Modality) -> NDArray[np.float32]:
    """Pixels between 0 and 1, shape (n, c * h * w)."""
    n, *shape = modality.values.shape
    return modality.values.reshape(n, math.prod(shape)).astype(np.float32) / np.float32(255)
