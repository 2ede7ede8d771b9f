"""Generated vectors whose best possible accuracy is known: what a fusion can gain, and what it cannot.

In all four data sets a modality m of d features is one number hidden in noise,

    x_m = t_m u_m + e_m,    e_m ~ N(0, I_d),

along a unit direction u_m that depends on the options, not on the seed: another seed gives new samples of
the same distribution. The numbers t_1 .. t_M and the label y make the difference:

===============  =====================================================  ==============================
data set         signals, with s the separation                         best accuracy, Φ the normal cdf
===============  =====================================================  ==============================
synth-redundant  y = ±1;  t_m = z for all m,  z ~ N(s y, 1)             Φ(s / sqrt(1 + 1/M))
synth-unique     y = (b_1 .. b_M), b_m = ±1;  t_m = s b_m               Φ(s)^M
synth-xor        y = product of b_1 .. b_M, b_m = ±1;  t_m = s b_m      (1 + (2 Φ(s) - 1)^M) / 2
synth-noise      y = ±1;  t_1 = s y,  t_m = 0 for the others            Φ(s)
===============  =====================================================  ==============================

Labels count from 0: the sign -1 is label 0, the bits of `synth-unique` are the digits of the label. All that
a modality knows of its label is u_m · x_m, which is t_m plus standard normal noise.
"""

import sys
from abc import abstractmethod
from statistics import NormalDist
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from ..seeding import make_generator
from ._generated import check_count, check_number, generator_fingerprint
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.vector import Passthrough
from .registry import Card, Dataset, register_dataset

__all__ = ["Noise", "Redundant", "Unique", "Xor"]

_cdf = NormalDist().cdf


class _HiddenSignals(Dataset):
    """Vectors that hide one number a modality; subclasses draw the numbers and the label."""

    _title: str
    _task: str
    _max_modalities = len(ascii_lowercase)

    def __init__(
        self,
        *,
        n_train: int = 600,
        n_validation: int = 300,
        n_test: int = 1000,
        n_modalities: int = 2,
        n_features: int = 10,
        separation: float = 2.0,
    ) -> None:
        self.n_train = check_count("n_train", n_train)
        self.n_validation = check_count("n_validation", n_validation)
        self.n_test = check_count("n_test", n_test)
        self.n_modalities = check_count("n_modalities", n_modalities, 2, self._max_modalities)
        self.n_features = check_count("n_features", n_features)
        self.separation = check_number("separation", separation)

    @property
    def card(self) -> Card:
        """Describe the generating process with its best possible accuracy."""
        return Card(
            title=self._title,
            description=f"{self._task} Training, validation and test are independent draws.",
            modalities=dict.fromkeys(self._names, Kind.VECTOR),
            classes=self._classes,
            views=dict.fromkeys(self._names, ("vector",)),
            synthetic=self._names,
            licence="CC0-1.0",
            source="Generated.",
            bayes_accuracy=self._bayes_accuracy(),
        )

    def load(self, seed: int = 0) -> Splits:
        """Draw the samples of this seed."""
        return Splits(
            train=self._draw("train", self.n_train, seed),
            validation=self._draw("validation", self.n_validation, seed),
            test=self._draw("test", self.n_test, seed),
        )

    def featurizer(self) -> Featurizer:
        """Hand the vectors on as they are."""
        return Featurizer({name: Passthrough() for name in self._names})

    def fingerprint(self) -> str:
        """Hash the options and this file."""
        return generator_fingerprint(self, sys.modules[__name__])

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(ascii_lowercase[: self.n_modalities])

    @property
    def _classes(self) -> tuple[str, ...]:
        return ("negative", "positive")

    def _width(self, modality: int) -> int:  # noqa: ARG002
        """Features of a modality."""
        return self.n_features

    def _draw(self, split: str, n: int, seed: int) -> MultimodalData:
        rng = make_generator(self.name, split, seed)
        y, signals = self._signals(rng, n)
        modalities = {}
        for m, name in enumerate(self._names):
            width = self._width(m)
            direction = make_generator(self.name, "direction", name, width).standard_normal(width)
            direction /= np.linalg.norm(direction)
            values = signals[:, m, None] * direction + rng.standard_normal((n, width))
            modalities[name] = Modality(Kind.VECTOR, values.astype(np.float32))
        return MultimodalData(modalities, y)

    @abstractmethod
    def _signals(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Draw labels, shape (n,), and signals, shape (n, M)."""

    @abstractmethod
    def _bayes_accuracy(self) -> float:
        """Give the accuracy of the best classifier in closed form."""


@register_dataset("synth-redundant")
class Redundant(_HiddenSignals):
    """Every modality sees the same noisy number, so that each alone is nearly as good as all.

    Averaging M modalities leaves 1/M of their own noise and all of the noise of the number itself: the best
    accuracy is Φ(s / sqrt(1 + 1/M)), that of one modality Φ(s / sqrt(2)). The options are those of `Xor`.

    Examples
    --------
    >>> round(Redundant(n_modalities=3).card.bayes_accuracy, 3)
    0.958
    """

    _title = "Redundant modalities (synthetic)"
    _task = (
        "One noisy number tells the class, and every modality shows it through noise of its own. "
        "A missing modality should cost little."
    )

    def _signals(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        y = rng.integers(2, size=n)
        latent = self.separation * (2 * y - 1) + rng.standard_normal(n)
        return y, np.tile(latent[:, None], self.n_modalities)

    def _bayes_accuracy(self) -> float:
        return _cdf(self.separation / (1 + 1 / self.n_modalities) ** 0.5)


@register_dataset("synth-unique")
class Unique(_HiddenSignals):
    """Every modality tells one bit of the class that no other tells.

    There are 2^M classes; the first modality tells the highest bit of the label. The best accuracy is
    Φ(s)^M, with one modality alone Φ(s) / 2^(M-1). The options are those of `Xor`, with M at most 8.

    Examples
    --------
    >>> Unique().card.classes
    ('00', '01', '10', '11')
    """

    _title = "Unique information in every modality (synthetic)"
    _task = (
        "Every modality tells one bit of the class that no other tells. Adding evidence is enough; "
        "a missing modality halves the best accuracy."
    )
    _max_modalities = 8  # 256 classes

    @property
    def _classes(self) -> tuple[str, ...]:
        return tuple(f"{k:0{self.n_modalities}b}" for k in range(2**self.n_modalities))

    def _signals(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        bits = rng.integers(2, size=(n, self.n_modalities))
        y: NDArray[np.int64] = bits @ 2 ** np.arange(self.n_modalities)[::-1]
        return y, self.separation * (2 * bits - 1).astype(np.float64)

    def _bayes_accuracy(self) -> float:
        return _cdf(self.separation) ** self.n_modalities


@register_dataset("synth-xor")
class Xor(_HiddenSignals):
    """The class is the product of one sign in each modality, so that only interactions tell it.

    Any M - 1 modalities are independent of the class, so that class probabilities predicted from one modality
    are 1/2 at best and no late fusion of them leaves chance. The best accuracy is (1 + (2 Φ(s) - 1)^M) / 2.

    Parameters
    ----------
    n_train, n_validation, n_test : int
        Samples in each split. The size of one split changes no other split.
    n_modalities : int
        M, named a, b, c, ...
    n_features : int
        Features of each modality.
    separation : float
        s, the distance of the signal from zero, in standard deviations of the noise.

    Examples
    --------
    >>> data = Xor(n_train=100).load(seed=0)
    >>> data.train.modalities["a"].values.shape
    (100, 10)
    >>> round(Xor().card.bayes_accuracy, 3)
    0.956
    """

    _title = "Exclusive or across modalities (synthetic)"
    _task = (
        "Every modality hides one sign and the class is their product. Any one modality less and nothing is "
        "known; fusion has to multiply, not add."
    )

    def _signals(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        signs = 2 * rng.integers(2, size=(n, self.n_modalities)) - 1
        return (signs.prod(axis=1) + 1) // 2, self.separation * signs.astype(np.float64)

    def _bayes_accuracy(self) -> float:
        return (1 + (2 * _cdf(self.separation) - 1) ** self.n_modalities) / 2


@register_dataset("synth-noise")
class Noise(_HiddenSignals):
    """The first modality tells the class; the others are ten times as wide and tell nothing.

    The best accuracy Φ(s) is that of the first modality alone: a fusion can only lose. The options are
    those of `Xor`; `n_features` is the width of the first modality.

    Examples
    --------
    >>> [m.values.shape[1] for m in Noise().load().train.modalities.values()]
    [10, 100]
    """

    _title = "One informative modality beside wide noise (synthetic)"
    _task = (
        "The first modality tells the class, the others are pure noise with ten times as many features. "
        "A fusion gains nothing; the question is how much it loses."
    )

    def _width(self, modality: int) -> int:
        return self.n_features if modality == 0 else 10 * self.n_features

    def _signals(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        y = rng.integers(2, size=n)
        signals = np.zeros((n, self.n_modalities))
        signals[:, 0] = self.separation * (2 * y - 1)
        return y, signals

    def _bayes_accuracy(self) -> float:
        return _cdf(self.separation)
