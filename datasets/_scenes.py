"""Small pictures of one coloured shape: a rasteriser for `shapes_text`."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLOURS", "PLACES", "SHAPES", "SIDE", "draw_scenes"]

SIDE = 32
COLOURS = {"red": (220, 50, 40), "green": (40, 180, 70), "blue": (50, 80, 220), "yellow": (225, 200, 50)}
PLACES = {"left": (16, 8), "right": (16, 24), "top": (8, 16), "bottom": (24, 16)}  # row and column
SHAPES = ("circle", "square", "triangle", "cross")


def draw_scenes(attributes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw one coloured shape on a dark ground, over two grey specks that mean nothing.

    Size, brightness, the exact spot, the specks and the noise of the pixels vary freely.

    Parameters
    ----------
    attributes : numpy.ndarray of shape (3, n)
        Rows of positions in `COLOURS`, `SHAPES` and `PLACES`.
    rng : numpy.random.Generator
        Draws everything else.

    Returns
    -------
    numpy.ndarray of shape (n, 3, SIDE, SIDE)
        Red, green and blue.

    Examples
    --------
    >>> scene = draw_scenes(np.array([[2], [2], [2]]), np.random.default_rng(0))
    >>> scene.shape
    (1, 3, 32, 32)
    >>> list(COLOURS)[scene[0, :, 8, 16].argmax()], list(PLACES)[2]
    ('blue', 'top')
    """
    colour, shape, place = attributes
    n = len(colour)

    def uniform(low: float, high: float, *size: int) -> NDArray[np.float32]:
        return rng.uniform(low, high, (n, *size)).astype(np.float32)

    images = np.empty((n, 3, SIDE, SIDE), np.float32)
    images[:] = uniform(20, 70, 1, 1, 1)
    for _ in range(2):
        speck = _inside(rng.integers(len(SHAPES), size=n), uniform(0, SIDE, 2), uniform(1.5, 3))
        np.copyto(images, uniform(80, 160, 1, 1, 1), where=speck[:, None])
    centre = np.array(list(PLACES.values()), np.float32)[place] + uniform(-2, 2, 2)
    target = _inside(shape, centre, uniform(4.5, 6.5))
    paint = np.array(list(COLOURS.values()), np.float32)[colour] * uniform(0.8, 1.1, 1)
    np.copyto(images, paint[:, :, None, None], where=target[:, None])
    images += 8 * rng.standard_normal(images.shape, dtype=np.float32)
    return images.clip(0, 255).astype(np.uint8)


def _inside(
    shape: NDArray[np.int64], centre: NDArray[np.float32], radius: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Tell which pixels a shape covers, shape (n, SIDE, SIDE); all shapes are about as large."""
    pixel = np.arange(SIDE, dtype=np.float32) + 0.5
    scaled = (pixel - centre[:, :, None]) / radius[:, None, None]
    y, x = scaled[:, 0, :, None], scaled[:, 1, None, :]
    height, width = np.abs(y), np.abs(x)
    masks = (
        x**2 + y**2 <= 1,
        np.maximum(width, height) <= 0.89,
        (y <= 0.8) & (width <= 0.58 * (y + 1.1)),
        (np.minimum(width, height) <= 0.36) & (np.maximum(width, height) <= 1.15),
    )
    return np.choose(shape[:, None, None], masks)
