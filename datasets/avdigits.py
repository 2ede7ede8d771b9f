"""Handwritten digits beside spoken ones, without any download."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from ..seeding import derive_seed, make_generator
from .data import Kind, Modality, MultimodalData, Splits
from .features.audio import CepstralFeatures
from .features.base import Featurizer
from .features.image import PixelFeatures
from .formats.wav import pad_waveforms
from .pairing import pair_by_class
from .registry import Card, Dataset, register_dataset
from .speech import RATE, REFERENCE_DIGEST, list_utterances, load_speech

__all__ = ["AVDigits"]

N_VALIDATION = 297
N_TEST = 500


@register_dataset("avdigits")
class AVDigits(Dataset):
    """Handwritten digits of scikit-learn, each beside the same digit spoken by a synthetic voice.

    The images are real: the 1,797 test images of Alpaydin and Kaynak, 8 x 8 pixels. The speech is made by
    eSpeak NG on first use and kept in the cache folder. The last 500 images, in the order of scikit-learn,
    are the test split; the seed divides the others into training and validation, stratified by digit, and
    pairs every image with an utterance of its digit that no other image has. The voices of the three splits
    are different ones.

    Examples
    --------
    >>> splits = AVDigits().load(seed=0)
    >>> len(splits.train), len(splits.validation), len(splits.test)
    (1000, 297, 500)
    >>> splits.train.modalities["audio"].rate
    8000
    """

    @property
    def card(self) -> Card:
        """Say what is real and what is synthetic."""
        return Card(
            title="Handwritten and spoken digits (real images, synthetic speech)",
            description=(
                "Real images of handwritten digits, 8 x 8 pixels, beside synthetic speech: the same digit "
                "spoken by the formant synthesiser eSpeak NG in eight accents of English, at random rates "
                "and pitches. Images and speech were never recorded together; each image has an utterance "
                "of its own. The test images are the last 500 of their source, whose order follows the "
                "writers. The voices of the three splits are different ones, and training hears mostly "
                "male ones. Synthetic voices are far more alike than people: accuracy here is no "
                "estimate of accuracy on real speech."
            ),
            modalities={"image": Kind.IMAGE, "audio": Kind.AUDIO},
            classes=tuple(str(digit) for digit in range(10)),
            views={"image": ("vector", "sequence"), "audio": ("vector", "sequence")},
            synthetic=("audio",),
            licence="Images: CC BY 4.0. Speech: output of eSpeak NG, made on the user's machine.",
            citation=(
                "E. Alpaydin and C. Kaynak (1998). Optical recognition of handwritten digits. UCI Machine "
                "Learning Repository."
            ),
            source="scikit-learn (load_digits) and the package espeakng-loader.",
        )

    def load(self, seed: int = 0) -> Splits:
        """Divide and pair images and utterances by this seed.

        Raises
        ------
        FusebenchError
            If the speech can be neither read nor synthesised.
        """
        from sklearn.model_selection import train_test_split

        images, labels = _load_images()
        speech = pad_waveforms(load_speech().waveforms, RATE)
        train, validation = train_test_split(
            np.arange(len(labels) - N_TEST),
            test_size=N_VALIDATION,
            stratify=labels[:-N_TEST],
            random_state=derive_seed(self.name, "split", seed),
        )
        parts = {"train": train, "validation": validation, "test": np.arange(len(labels))[-N_TEST:]}
        pairs = {part: _pair(part, images.take(i), labels[i], speech, seed) for part, i in parts.items()}
        return Splits(**pairs)

    def featurizer(self) -> Featurizer:
        """Take pixels, and cepstra of the speech."""
        return Featurizer({"image": PixelFeatures(), "audio": CepstralFeatures()})

    def fingerprint(self) -> str:
        """Hash images and waveforms; say whether the waveforms are the reference ones.

        The first call on a machine synthesises the speech.
        """
        images, labels = _load_images()
        digest = load_speech().digest
        kind = "reference" if digest == REFERENCE_DIGEST else "other"
        written = sha256(images.values.tobytes() + labels.astype("<i8").tobytes()).hexdigest()
        return f"images-{written}-{kind}-speech-{digest}"


def _load_images() -> tuple[Modality, NDArray[np.int64]]:
    """Images with pixels 0 to 255 instead of 0 to 16, and their labels."""
    from sklearn.datasets import load_digits

    source = load_digits()
    pixels = np.rint(source.images * (255 / 16)).astype(np.uint8)
    return Modality(Kind.IMAGE, pixels[:, None]), source.target.astype(np.int64)


def _pair(
    split: str, images: Modality, labels: NDArray[np.int64], speech: Modality, seed: int
) -> MultimodalData:
    """Give each image an utterance of its digit by a voice of this split."""
    utterances = list_utterances()
    allowed = np.flatnonzero([utterance.split == split for utterance in utterances])
    digits = np.array([utterance.digit for utterance in utterances])[allowed]
    partners = pair_by_class(labels, digits, make_generator("avdigits", "pairs", split, seed))
    return MultimodalData({"image": images, "audio": speech.take(allowed[partners])}, labels)
