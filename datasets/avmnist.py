"""MNIST images beside recordings of the Free Spoken Digit Dataset."""

import json
from dataclasses import replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from ..seeding import make_generator
from ._digit_files import (
    DOWNLOADS,
    MNIST_SOURCE,
    SIDE,
    SPEECH_SOURCE,
    Images,
    Recordings,
    hash_digit_files,
    read_images,
    read_recordings,
)
from ._generated import check_count, check_number
from .data import Kind, Modality, MultimodalData, Splits
from .features.audio import CepstralFeatures
from .features.base import Featurizer
from .features.image import PixelFeatures
from .pairing import pair_by_class
from .registry import Card, Dataset, register_dataset

__all__ = ["AVMNIST"]

IMAGE_NOISE = 0.75  # standard deviation, as a share of the range of a pixel
AUDIO_NOISE = -5.0  # signal-to-noise ratio in dB


@register_dataset("avmnist")
class AVMNIST(Dataset):
    """MNIST images, each beside a recording of the same digit.

    Both are real, but were never recorded together: the seed draws the images and pairs them with recordings
    of their digit. Test images are from the test part of MNIST; of the recordings of every speaker and
    digit, those with index 0 to 4 are test (as their authors propose), 5 to 9 validation, the others
    training. Recordings are used several times where there are more images than recordings.

    Neither modality alone should solve the task: images are reduced, and a share of the samples is noisy, in
    all splits and in each modality independently. A noisy image has Gaussian noise of 0.75 of the range of a
    pixel before it is reduced; a noisy recording has white noise 5 dB above it.

    Parameters
    ----------
    n_train, n_validation : int
        Images, of the 60,000 for training.
    n_test : int
        Images, of the 10,000 for testing.
    noise : float
        Share of noisy samples, 0 to 1.
    resolution : int
        Side of the reduced image, a divisor of 28.

    Examples
    --------
    >>> AVMNIST(resolution=5)
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: resolution must divide 28, however: 5.
    """

    downloads = DOWNLOADS

    def __init__(
        self,
        *,
        n_train: int = 3000,
        n_validation: int = 1000,
        n_test: int = 2000,
        noise: float = 0.3,
        resolution: int = 14,
    ) -> None:
        self.n_train = check_count("n_train", n_train)
        self.n_validation = check_count("n_validation", n_validation)
        self.n_test = check_count("n_test", n_test)
        self.noise = check_number("noise", noise, high=1.0)
        self.resolution = check_count("resolution", resolution)
        if SIDE % self.resolution:
            raise FusebenchError(f"resolution must divide {SIDE}, however: {resolution}.")

    @property
    def card(self) -> Card:
        """Say where images and recordings come from and how they are combined."""
        return Card(
            title="MNIST images and spoken digits (both real, paired at random)",
            description=(
                f"Images of MNIST, reduced to {self.resolution} x {self.resolution} pixels, each beside a "
                "recording of the same digit from the Free Spoken Digit Dataset. Both are real, but were "
                "never recorded together: pairs are drawn at random within a digit. In each modality a share "
                f"of {self.noise:g} of the samples, drawn independently, is noisy in all splits. MNIST's own "
                "test part is the test split; recordings 0 to 4 of every speaker and digit are test, 5 to 9 "
                "validation. The same six speakers are in all splits. Recordings are cut after 0.8 s."
            ),
            modalities={"image": Kind.IMAGE, "audio": Kind.AUDIO},
            classes=tuple(str(digit) for digit in range(10)),
            views={"image": ("vector", "sequence"), "audio": ("vector", "sequence")},
            embedded=False,
            licence="MNIST: not stated. Free Spoken Digit Dataset: CC BY-SA 4.0.",
            citation=(
                "Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to "
                "document recognition. Proceedings of the IEEE 86(11), 2278-2324. Z. Jackson (2016). Free "
                "Spoken Digit Dataset."
            ),
            source=f"{MNIST_SOURCE}; {SPEECH_SOURCE}",
        )

    def load(self, seed: int = 0) -> Splits:
        """Draw images and pair them with recordings.

        Raises
        ------
        DataNotFoundError
            If a file or folder is missing.
        FusebenchError
            If a file cannot be read, or more images are asked for than there are.
        """
        images, test_images = read_images("train", self.data_dir), read_images("t10k", self.data_dir)
        recordings = read_recordings(self.data_dir)
        order = _draw(self.n_train + self.n_validation, len(images.digits), "training", seed)
        chosen = {
            "train": (images, order[: self.n_train]),
            "validation": (images, order[self.n_train :]),
            "test": (test_images, _draw(self.n_test, len(test_images.digits), "test", seed)),
        }
        return Splits(
            **{
                split: self._combine(
                    split, Images(part.pixels[rows], part.digits[rows]), recordings[split], seed
                )
                for split, (part, rows) in chosen.items()
            }
        )

    def featurizer(self) -> Featurizer:
        """Take pixels, and cepstra of the recordings."""
        return Featurizer({"image": PixelFeatures(), "audio": CepstralFeatures()})

    def fingerprint(self) -> str:
        """Hash the options and the content of all files."""
        options = json.dumps({option: getattr(self, option) for option in self.options()})
        return sha256(f"{hash_digit_files(self.data_dir)} {options}".encode()).hexdigest()

    def _combine(self, split: str, images: Images, recordings: Recordings, seed: int) -> MultimodalData:
        """Pair images with recordings and add noise to some of both."""
        pairs = make_generator(self.name, "pairs", split, seed)
        image_noise = make_generator(self.name, "image noise", split, seed)
        audio_noise = make_generator(self.name, "audio noise", split, seed)
        pixels = _reduce(_add_image_noise(images.pixels, self.noise, image_noise), self.resolution)
        audio = recordings.audio.take(pair_by_class(images.digits, recordings.digits, pairs))
        return MultimodalData(
            {
                "image": Modality(Kind.IMAGE, pixels[:, None]),
                "audio": _add_audio_noise(audio, self.noise, audio_noise),
            },
            images.digits,
        )


def _draw(n: int, available: int, what: str, seed: int) -> NDArray[np.int64]:
    """Draw n of the available images."""
    if n > available:
        raise FusebenchError(f"There are {available} {what} images, however {n} are asked for.")
    return make_generator("avmnist", f"{what} images", seed).permutation(available)[:n]


def _add_image_noise(pixels: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add Gaussian noise to a share of images of shape (n, h, w)."""
    noisy = rng.random(len(pixels)) < share
    changed = pixels[noisy] + rng.normal(scale=255 * IMAGE_NOISE, size=pixels[noisy].shape)
    result = pixels.copy()
    result[noisy] = np.clip(np.rint(changed), 0, 255)
    return result


def _add_audio_noise(audio: Modality, share: float, rng: np.random.Generator) -> Modality:
    """Add white noise to a share of waveforms, of a power relative to each."""
    noisy = np.flatnonzero(rng.random(len(audio)) < share)
    clean = audio.take(noisy)
    power = np.square(clean.values).sum(axis=1) / clean.frame_mask().sum(axis=1)
    amplitude = np.sqrt(power * 10 ** (-AUDIO_NOISE / 10))[:, None]
    noise = rng.standard_normal(clean.values.shape, np.float32) * clean.frame_mask()
    values = audio.values.copy()
    values[noisy] = np.clip(clean.values + amplitude * noise, -1, 1)
    return replace(audio, values=values)


def _reduce(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Average blocks of square images of shape (n, h, h) to shape (n, side, side)."""
    n, height, width = pixels.shape
    blocks = pixels.reshape(n, side, height // side, side, width // side)
    means: NDArray[np.float64] = blocks.mean(axis=(2, 4))
    return np.rint(means).astype(np.uint8)
