"""Image files: what size they are, and their pixels at the size that is wanted."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MAX_PIXELS", "Shape", "find_shape", "read_picture"]

FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")

MAX_PIXELS = 50_000_000
"""More pixels in one file are refused before they are decoded: a small file can declare a vast image."""


class Shape(NamedTuple):
    """Size of an image in pixels, and channels: 1 for grey, 3 for red, green and blue."""

    channels: int
    height: int
    width: int


def find_shape(path: Path) -> Shape:
    """Read the size from the head of an image file.

    Raises
    ------
    ValueError
        If it is no image of a known format, or has more than `MAX_PIXELS`.
    """
    with _open(path) as image:
        return Shape(1 if image.mode in ("1", "L", "I", "I;16", "F") else 3, image.height, image.width)


def read_picture(path: Path, shape: Shape) -> NDArray[np.uint8]:
    """Read an image file; of an animation the first frame.

    Parameters
    ----------
    path : Path
        The file.
    shape : Shape
        What is wanted. Another size is resized by bilinear interpolation with antialiasing, whatever the
        proportions; colours are turned into grey, or grey into three equal channels.

    Returns
    -------
    numpy.ndarray of uint8, shape (c, h, w)

    Raises
    ------
    ValueError
        If it is no image of a known format, is damaged, or has more than `MAX_PIXELS`.
    """
    from PIL.Image import Resampling

    with _open(path) as image:
        if image.mode in ("I", "I;16"):  # 16 bit, which a conversion would clip instead of scale
            image = image.convert("I").point(lambda value: value / 257)
        image = image.convert("L" if shape.channels == 1 else "RGB")
        if image.size != (shape.width, shape.height):
            image = image.resize((shape.width, shape.height), Resampling.BILINEAR)
        return np.asarray(image).reshape(shape.height, shape.width, shape.channels).transpose(2, 0, 1)


@contextmanager
def _open(path: Path) -> "Iterator[Image]":
    from PIL import Image

    try:
        with warnings.catch_warnings():
            # Pillow warns of vast images and of damaged metadata; the size is checked below.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ValueError(
                        f"it has {image.width} by {image.height} pixels, more than {MAX_PIXELS:,} in all"
                    )
                yield image
    except Image.DecompressionBombError as error:
        raise ValueError(f"it has more than {MAX_PIXELS:,} pixels") from error
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError("it is no image, or a damaged one") from error
