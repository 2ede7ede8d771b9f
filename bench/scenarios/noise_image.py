"""Noise on pixels: the sensor, the lens, the scene and the file.

Lengths are in parts of a side, so that a level means the same for pictures of every size. The tables of
levels are for data that have no calibrated ones, see docs/severities.md.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, MultimodalData
from .registry import register_scenario
from .samples import change_samples

__all__ = [
    "add_pixel_noise",
    "add_salt_and_pepper",
    "blur",
    "compress",
    "lower_contrast",
    "lower_resolution",
    "occlude",
    "rotate",
]

GREY = 128


@register_scenario(
    "noise-image-gaussian",
    mechanism="noise",
    levels={1: 0.01, 2: 0.02, 3: 0.037, 4: 0.07, 5: 0.15},
    span=(0.002, 2.0),
    level_name="standard deviation, 1 = full scale",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def add_pixel_noise(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Add Gaussian noise to every pixel, then clip to the range of pixels.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> grey = np.full((1, 1, 64, 64), 128, np.uint8)
    >>> data = MultimodalData({"image": Modality(Kind.IMAGE, grey)})
    >>> noisy = add_pixel_noise(data, "image", 0.1, np.random.default_rng(0), data)
    >>> round(float(noisy.modalities["image"].values.std() / 255), 2)
    0.1
    """

    def change(image: NDArray, row: int) -> NDArray:
        return _to_pixels(image + rng.standard_normal(image.shape, dtype=np.float32) * (255 * level))

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-salt-pepper",
    mechanism="noise",
    levels={1: 0.005, 2: 0.01, 3: 0.02, 4: 0.05, 5: 0.15},
    span=(0.001, 1.0),
    level_name="share of pixels",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def add_salt_and_pepper(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Make pixels white or black, in all channels, each with half of the probability that is the level."""

    def change(image: NDArray, row: int) -> NDArray:
        chance = rng.random(image.shape[1:])
        return np.where(chance < level / 2, 255, np.where(chance >= 1 - level / 2, 0, image))

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-blur",
    mechanism="noise",
    levels={1: 0.02, 2: 0.04, 3: 0.055, 4: 0.08, 5: 0.15},
    span=(0.01, 0.5),
    level_name="standard deviation in sides of the image",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def blur(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Blur with a Gaussian."""
    from scipy.ndimage import gaussian_filter

    def change(image: NDArray, row: int) -> NDArray:
        width = [0, *(level * side for side in image.shape[1:])]
        return _to_pixels(gaussian_filter(image.astype(np.float32), width, mode="nearest"))

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-occlusion",
    mechanism="noise",
    levels={1: 0.1, 2: 0.2, 3: 0.3, 4: 0.45, 5: 0.65},
    span=(0.0, 1.0),
    level_name="side of the patch in sides of the image",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def occlude(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Hide a random place behind a grey patch that lies wholly in the image.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> data = MultimodalData({"image": Modality(Kind.IMAGE, np.zeros((1, 1, 4, 4), np.uint8))})
    >>> occlude(data, "image", 0.5, np.random.default_rng(0), data).modalities["image"].values[0, 0]
    array([[  0,   0,   0,   0],
           [128, 128,   0,   0],
           [128, 128,   0,   0],
           [  0,   0,   0,   0]], dtype=uint8)
    """

    def change(image: NDArray, row: int) -> NDArray:
        sides = np.array(image.shape[1:])
        sizes = np.rint(level * sides).astype(int)
        top, left = np.floor(rng.random(2) * (sides - sizes + 1)).astype(int)
        hidden = image.copy()
        hidden[:, top : top + sizes[0], left : left + sizes[1]] = GREY
        return hidden

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-contrast",
    mechanism="noise",
    levels={1: 0.05, 2: 0.08, 3: 0.12, 4: 0.4, 5: 0.7},
    span=(0.0, 1.0),
    level_name="share of the contrast that is lost",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def lower_contrast(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Draw all pixels of an image towards their mean."""

    def change(image: NDArray, row: int) -> NDArray:
        return _to_pixels(image + level * (image.mean() - image))

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-jpeg",
    mechanism="noise",
    levels={1: 90.0, 2: 75.0, 3: 60.0, 4: 30.0, 5: 10.0},
    span=(100.0, 1.0),
    level_name="JPEG quality",
    identity=float("inf"),
    kinds=[Kind.IMAGE],
)
def compress(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Write and read each image as JPEG; three channels are taken for colours, others for greys.

    The quality is that of libjpeg, 1 to 100; an infinite one stands for no compression.
    """
    from PIL import Image

    if level == float("inf"):
        return data

    def write_and_read(pixels: NDArray) -> NDArray:
        file = BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=round(level))
        return np.asarray(Image.open(file))

    def change(image: NDArray, row: int) -> NDArray:
        if len(image) == 3:
            return write_and_read(np.ascontiguousarray(image.transpose(1, 2, 0))).transpose(2, 0, 1)
        return np.stack([write_and_read(channel) for channel in image])

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-rotation",
    mechanism="noise",
    levels={1: 4.0, 2: 8.0, 3: 11.0, 4: 20.0, 5: 30.0},
    span=(0.0, 90.0),
    level_name="degrees",
    identity=0.0,
    kinds=[Kind.IMAGE],
)
def rotate(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Rotate each image about its centre, to a random side; the border goes on where nothing was."""
    from scipy.ndimage import rotate as turn

    def change(image: NDArray, row: int) -> NDArray:
        angle = level * rng.choice([-1, 1])
        turned = turn(image.astype(np.float32), angle, axes=(1, 2), reshape=False, order=1, mode="nearest")
        return _to_pixels(turned)

    return change_samples(data, modality, change)


@register_scenario(
    "noise-image-resolution",
    mechanism="noise",
    levels={1: 1.1, 2: 1.2, 3: 1.33, 4: 2.0, 5: 4.0},
    span=(1.0, 16.0),
    level_name="pixels of a side for one that is left",
    identity=1.0,
    kinds=[Kind.IMAGE],
)
def lower_resolution(
    data: MultimodalData, modality: str, level: float, rng: np.random.Generator, train: MultimodalData
) -> MultimodalData:
    """Shrink each image by averaging, and enlarge it again by linear interpolation."""
    from PIL.Image import Resampling, fromarray

    def change(image: NDArray, row: int) -> NDArray:
        height, width = image.shape[1:]
        small = (max(1, round(width / level)), max(1, round(height / level)))
        shrunk = [fromarray(channel).resize(small, Resampling.BOX) for channel in image]
        return np.stack([np.asarray(x.resize((width, height), Resampling.BILINEAR)) for x in shrunk])

    return change_samples(data, modality, change)


def _to_pixels(values: NDArray) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return pixels
