"""Small photographs whose colour tells which one it is."""

from pathlib import Path

import numpy as np

COLOURS = [
    (red, green, blue)
    for red in (0, 60, 120, 180, 240)
    for green in (0, 80, 160, 240)
    for blue in (0, 120, 240)
]


def write_picture(path: Path, number: int, size=(20, 30)) -> None:
    """Write a picture of one colour, in the format that the name says."""
    from PIL import Image

    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.empty((*size, 3), np.uint8)
    pixels[:] = COLOURS[number % len(COLOURS)]
    Image.fromarray(pixels).save(path, quality=95)


def numbers_of(images) -> list[int]:
    """Of the pictures, by the nearest colour (JPEG changes them a little)."""
    means = images.astype(float).mean(axis=(2, 3))
    distances = np.abs(means[:, None] - np.array(COLOURS)).sum(axis=2)
    assert distances.min(axis=1).max() < 30
    return distances.argmin(axis=1).tolist()
