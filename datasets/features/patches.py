"""Patch features of images: colours and edges on a grid."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError
from ..data import Kind, Modality

__all__ = ["PatchFeatures"]

BLOCK = 512  # images described at once, so that memory is bounded


class PatchFeatures:
    """Mean colour, spread of colour and edge directions, of the whole image and of the patches of a grid.

    ========  ==============================  ===================================================
    view      shape                           content
    ========  ==============================  ===================================================
    vector    (n, 2 c + bins + c * grid²)     statistics of the image; mean colours of its patches
    sequence  (n, grid², 2 c + bins + 2)      statistics of each patch, by rows; its place
    ========  ==============================  ===================================================

    The statistics are the mean and the standard deviation of each of c channels, and a histogram of edge
    directions between 0 and 180 degrees, weighted by edge strength, as in histograms of oriented gradients:
    central differences, from the channel that changes most. The place of a patch is its row and column,
    scaled to [-1, 1]. Nothing is learnt.

    Parameters
    ----------
    grid : int, default=4
        Patches along each side; they differ by one pixel where the side is no multiple of it.
    bins : int, default=8
        Directions; the first is centred on edges whose brightness changes from left to right.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005.

    Examples
    --------
    >>> images = Modality(Kind.IMAGE, np.full((2, 3, 32, 32), 255, np.uint8))
    >>> views = PatchFeatures().fit(images).transform(images)
    >>> views["vector"].values.shape, views["sequence"].values.shape
    ((2, 62), (2, 16, 16))
    """

    def __init__(self, grid: int = 4, bins: int = 8) -> None:
        self.grid = grid
        self.bins = bins

    def fit(self, modality: Modality) -> Self:  # noqa: ARG002
        """Learn nothing."""
        return self

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give the views ``vector`` and ``sequence``, float32.

        Raises
        ------
        FusebenchError
            If an image is too small for the grid.
        """
        n, _, height, width = modality.values.shape
        if min(height, width) < max(2, self.grid):
            raise FusebenchError(
                f"Images of {height} by {width} pixels are too small for {self.grid} patches a side."
            )
        starts = range(0, max(n, 1), BLOCK)
        blocks = [self._describe(modality.values[start : start + BLOCK]) for start in starts]
        vector, sequence = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        return {"vector": Modality(Kind.VECTOR, vector), "sequence": Modality(Kind.SEQUENCE, sequence)}

    def _describe(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        n, channels = images.shape[:2]
        pixels = images.astype(np.float32) / np.float32(255)
        maps = np.concatenate([pixels, pixels**2, _edges(pixels, self.bins)], axis=1)
        image = _statistics(maps, 1, channels)
        patches = _statistics(maps, self.grid, channels)
        place = np.linspace(-1, 1, self.grid, dtype=np.float32)
        places = np.stack(np.meshgrid(place, place, indexing="ij"))
        placed = np.concatenate([patches, np.broadcast_to(places, (n, *places.shape))], axis=1)
        vector = np.hstack([image[:, :, 0, 0], patches[:, :channels].reshape(n, channels * self.grid**2)])
        return vector, placed.reshape(n, placed.shape[1], self.grid**2).swapaxes(1, 2)


def _edges(pixels: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Edge strength by direction, shape (n, bins, h, w): each pixel counts in one direction."""
    down, right = np.gradient(pixels, axis=(2, 3))
    strength = np.hypot(down, right)
    strongest = strength.argmax(axis=1)[:, None]
    down, right, strength = (np.take_along_axis(x, strongest, axis=1) for x in (down, right, strength))
    direction = np.rint(np.arctan2(down, right) * (bins / np.pi)).astype(np.int64) % bins
    return np.where(direction == np.arange(bins)[:, None, None], strength, np.float32(0))


def _statistics(maps: NDArray[np.float32], grid: int, channels: int) -> NDArray[np.float32]:
    """Average over patches, and turn mean squares into standard deviations; shape (n, d, grid, grid)."""
    for axis in (2, 3):
        borders = np.linspace(0, maps.shape[axis], grid + 1).astype(np.int64)
        sizes = np.diff(borders).astype(np.float32)
        maps = np.add.reduceat(maps, borders[:-1], axis=axis)
        maps /= sizes if axis == 3 else sizes[:, None]
    mean, square, edges = np.split(maps, [channels, 2 * channels], axis=1)
    # Rounding may leave the variance of a plain patch a little below 0.
    return np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0)), edges], axis=1)
