"""Multiple-kernel fusion: a weighted sum of one kernel a modality, into kernel logistic regression."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from ..seeding import make_generator
from .base import FusionStrategy
from .linear import TunedLinear
from .registry import register_fusion

__all__ = [
    "CombinedKernel",
    "KernelAlignment",
    "KernelAverage",
    "KernelFusion",
    "WeightedKernelFusion",
    "alignf_weights",
    "nystroem_basis",
]

_ROUNDING = 1e-10  # eigenvalues below this share of the largest one are noise


class CombinedKernel:
    """Weighted sum of Gaussian kernels, one a modality, over the modalities that both samples have.

    With k_m the kernel of modality m, w_m its weight, and a_m(x) = 1 if sample x has it, else 0,

        k(x, z) = sum_m w_m a_m(x) a_m(z) k_m(x, z) / sqrt(s(x) s(z)),    s(x) = sum_m w_m a_m(x),

    so that k(x, x) = 1 whatever is absent; where s(x) = 0 the kernel is 0. It is positive semidefinite: a
    sum of products of such matrices, scaled on both sides by the same diagonal.

    The bandwidth is the median heuristic: k_m(x, z) = exp(-|x - z|^2 / b_m), with b_m the median squared
    distance between two landmarks that have the modality.

    Parameters
    ----------
    landmarks : MultimodalData
        Standardised vectors with which all samples are compared, L of them.

    Attributes
    ----------
    bandwidths_ : dict of str to float
        b_m by modality.
    """

    def __init__(self, landmarks: MultimodalData) -> None:
        self.landmarks = landmarks
        self.bandwidths_ = {}
        for name, modality in landmarks.modalities.items():
            rows = modality.values[landmarks.has(name)]
            pairs = _squared_distances(rows, rows)[np.triu_indices(len(rows), k=1)]
            median = float(np.median(pairs)) if len(pairs) else 0.0
            self.bandwidths_[name] = median if median > 0 else 1.0

    def each(self, data: MultimodalData) -> Iterator[NDArray[np.float64]]:
        """Compare data with landmarks: one (n, L) matrix a modality, 0 where one of the two lacks it."""
        for name, modality in data.modalities.items():
            distances = _squared_distances(modality.values, self.landmarks.modalities[name].values)
            kernel = np.exp(-distances / self.bandwidths_[name])
            yield np.where(np.outer(data.has(name), self.landmarks.has(name)), kernel, 0.0)

    def combine(self, data: MultimodalData, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """Compare data with landmarks by the weighted sum, shape (n, L)."""
        total = np.zeros((len(data), len(self.landmarks)))
        for weight, kernel in zip(weights, self.each(data), strict=True):
            total += weight * kernel
        squared_norms = np.outer(data.mask @ weights, self.landmarks.mask @ weights)
        total /= np.sqrt(np.where(squared_norms > 0, squared_norms, 1.0))
        return total


class KernelFusion(FusionStrategy):
    """Kernel logistic regression on a kernel of all modalities; subclasses give the kernel.

    The samples are mapped to vectors whose inner products are the kernel (Nystroem's method), and logistic
    regression is fitted there. Where every training sample is a landmark that is exact; else the kernel is
    approximated by its projection on the landmarks. A sample that is like no landmark gets the prior.
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    def __init__(self, *, n_landmarks: int = 1000, random_state: int = 0) -> None:
        self.n_landmarks = n_landmarks
        self.random_state = random_state

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        landmarks = train.take(self._choose_landmarks(train))
        self._fit_kernel(landmarks)
        self._basis = nystroem_basis(self._compare(landmarks))
        features, held_out = (self._compare(data) @ self._basis for data in (train, validation))
        self._classifier = TunedLinear(self.prior_).fit(
            features, train.labels, validation=(held_out, validation.labels)
        )

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        kernel = self._compare(data)
        outputs = self._classifier.predict(kernel @ self._basis)
        return np.where(kernel.any(axis=1, keepdims=True), outputs, self.prior_)

    def _choose_landmarks(self, train: MultimodalData) -> NDArray[np.intp]:
        candidates = np.flatnonzero(train.mask.any(axis=1))
        if len(candidates) <= self.n_landmarks:
            return candidates
        rng = make_generator("kernel landmarks", self.random_state)
        return np.sort(rng.choice(candidates, self.n_landmarks, replace=False))

    @abstractmethod
    def _fit_kernel(self, landmarks: MultimodalData) -> None:
        """Learn what the kernel needs from labelled landmarks, of which each has a modality."""

    @abstractmethod
    def _compare(self, data: MultimodalData) -> NDArray[np.float64]:
        """Compare data with the landmarks by a positive semidefinite kernel, shape (n, L)."""


class WeightedKernelFusion(KernelFusion):
    """Kernel logistic regression on `CombinedKernel`; subclasses give the weights."""

    weights_: NDArray[np.float64]

    def _fit_kernel(self, landmarks: MultimodalData) -> None:
        self._kernel = CombinedKernel(landmarks)
        seen = np.array([landmarks.has(name).any() for name in landmarks.names], np.float64)
        weights = seen * self._weights(self._kernel)
        if not weights.any():
            weights = seen
        self.weights_ = weights / weights.sum()

    def _compare(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._kernel.combine(data, self.weights_)

    @abstractmethod
    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        """Weights of shape (M,), at least 0."""


@register_fusion("kernel-average", family="multiple-kernel", reference="Gönen & Alpaydın 2011, JMLR 12")
class KernelAverage(WeightedKernelFusion):
    """Kernel logistic regression on the mean of one Gaussian kernel a modality.

    A sum of kernels is a sum of functions of the single modalities: it adds evidence and knows no
    interaction. `CombinedKernel` says how an absent modality is left out.

    Parameters
    ----------
    n_landmarks : int
        With more training samples than these, so many are drawn for a Nystroem approximation.
    random_state : int
        Draws them.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (M,)
        In the order of `modalities_`; sum to 1.

    References
    ----------
    Gönen & Alpaydın (2011). Multiple kernel learning algorithms. JMLR 12.
    Williams & Seeger (2001). Using the Nyström method to speed up kernel machines. NIPS 13.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = KernelAverage(n_landmarks=100).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        return np.ones(len(kernel.landmarks.names))


@register_fusion("kernel-alignf", family="multiple-kernel", reference="Cortes et al. 2012, JMLR 13")
class KernelAlignment(WeightedKernelFusion):
    """Kernel logistic regression on the sum of Gaussian kernels that agrees best with the labels.

    The weights maximise the centred alignment with the label kernel on the landmarks (`alignf_weights`).
    A modality may get weight 0; a sample that has no other gets the class frequencies.

    Parameters
    ----------
    n_landmarks : int
        With more training samples than these, so many are drawn for a Nystroem approximation.
    random_state : int
        Draws them.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (M,)
        In the order of `modalities_`; sum to 1.

    References
    ----------
    Cortes, Mohri & Rostamizadeh (2012). Algorithms for learning kernels based on centered alignment.
    JMLR 13.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> KernelAlignment(n_landmarks=100).fit(data.train, data.validation).weights_.round(2)
    array([1., 0.])
    """

    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        return alignf_weights(list(kernel.each(kernel.landmarks)), kernel.landmarks.labels)


def alignf_weights(kernels: Sequence[NDArray[np.float64]], y: NDArray) -> NDArray[np.float64]:
    """Find the weights whose sum of kernels has the greatest centred alignment with the labels.

    The alignment of K and the label kernel T is <K_c, T_c> / (|K_c| |T_c|) in the Frobenius product, with
    c for centring; T is 1 where two labels are equal, else 0. Up to scale the best non-negative weights
    minimise v'Mv - 2 v'a with M_lm = <K_lc, K_mc> and a_m = <K_mc, T_c>.

    Parameters
    ----------
    kernels : sequence of numpy.ndarray of shape (n, n)
        Symmetric positive semidefinite.
    y : numpy.ndarray of shape (n,)
        Labels.

    Returns
    -------
    numpy.ndarray of shape (len(kernels),)
        At least 0 and of sum 1; all 0 if no kernel aligns with the labels.

    Examples
    --------
    >>> good = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> alignf_weights([good, np.eye(3)], np.array([0, 0, 1])).round(3)
    array([1., 0.])
    """
    from scipy.optimize import nnls

    target = _centre((y[:, None] == y).astype(np.float64))
    centred = [_centre(kernel) for kernel in kernels]
    M = np.array([[np.vdot(k, other) for other in centred] for k in centred])
    a = np.array([np.vdot(k, target) for k in centred])
    # v'Mv - 2 v'a = |R v - b|^2 + constant, with R'R = M and R'b = a; the root R drops directions of M
    # that are 0, where kernels repeat each other.
    values, vectors = np.linalg.eigh(M)
    kept = values > _ROUNDING * values[-1]
    if not kept.any():
        return np.zeros(len(kernels))
    root = np.sqrt(values[kept])
    v: NDArray[np.float64] = nnls(root[:, None] * vectors[:, kept].T, vectors[:, kept].T @ a / root)[0]
    return v / v.sum() if v.any() else v


def nystroem_basis(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the matrix that turns kernels with landmarks into vectors.

    Inner products of the rows of k(x, landmarks) B approximate the kernel, and equal it where one of the
    two samples is a landmark.

    Parameters
    ----------
    kernel : numpy.ndarray of shape (L, L)
        Between the landmarks; positive semidefinite.

    Returns
    -------
    numpy.ndarray of shape (L, rank)
        B with K B B' K = K.

    Examples
    --------
    >>> K = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> features = K @ nystroem_basis(K)
    >>> (features @ features.T).round(6)
    array([[2., 1.],
           [1., 2.]])
    """
    values, vectors = np.linalg.eigh(kernel)
    kept = values > _ROUNDING * values[-1]
    basis: NDArray[np.float64] = vectors[:, kept] / np.sqrt(values[kept])
    return basis


def _squared_distances(x: NDArray, z: NDArray) -> NDArray[np.float64]:
    x, z = x.astype(np.float64), z.astype(np.float64)
    distances: NDArray[np.float64] = (x**2).sum(axis=1)[:, None] + (z**2).sum(axis=1) - 2 * x @ z.T
    return np.maximum(distances, 0.0)


def _centre(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    centred: NDArray[np.float64] = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
    return centred
