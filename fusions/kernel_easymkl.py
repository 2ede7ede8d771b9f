"""Multiple-kernel fusion with weights of large margin between the classes (EasyMKL)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from .kernel import CombinedKernel, WeightedKernelFusion
from .registry import register_fusion
from .search import Real, SearchSpace

__all__ = ["KernelEasyMKL", "easymkl_weights", "margin_distributions"]


@register_fusion(
    "kernel-easymkl", family="multiple-kernel", reference="Aiolli & Donini 2015, Neurocomputing 169"
)
class KernelEasyMKL(WeightedKernelFusion):
    """Kernel logistic regression on the sum of Gaussian kernels that keeps the classes farthest apart.

    The weights are those of EasyMKL on the landmarks (`easymkl_weights`).

    Parameters
    ----------
    penalty : float
        Between 0 and 1; lambda of the paper. At 0 the distance is that of the closest mixtures of two
        classes, at 1 that of their means.
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
    Aiolli & Donini (2015). EasyMKL: a scalable multiple kernel learning algorithm. Neurocomputing 169.
    There the classifier is the kernel machine that gives the weights, and each class has weights of its
    own; here the classifier is that of `kernel-average`, and all classes share their weights.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = KernelEasyMKL(n_landmarks=100).fit(data.train, data.validation)
    >>> bool(fusion.weights_[0] > fusion.weights_[1])
    True
    """

    search_space: ClassVar[SearchSpace] = {"penalty": Real(0.0, 1.0)}

    def __init__(self, *, penalty: float = 0.1, n_landmarks: int = 1000, random_state: int = 0) -> None:
        super().__init__(n_landmarks=n_landmarks, random_state=random_state)
        self.penalty = penalty

    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        return easymkl_weights(list(kernel.each(kernel.landmarks)), kernel.landmarks.labels, self.penalty)


def easymkl_weights(
    kernels: Sequence[NDArray[np.float64]], y: NDArray, penalty: float = 0.1
) -> NDArray[np.float64]:
    """Weigh kernels by the distance between classes that each of them sees.

    For every class against the rest, `margin_distributions` of the sum of the kernels gives a mixture of
    either side. The weight of a kernel is proportional to the squared distance of these mixtures in its
    own space, summed over the classes.

    Parameters
    ----------
    kernels : sequence of numpy.ndarray of shape (n, n)
        Symmetric positive semidefinite.
    y : numpy.ndarray of shape (n,)
        Labels.
    penalty : float
        Between 0 and 1.

    Returns
    -------
    numpy.ndarray of shape (len(kernels),)
        At least 0 and of sum 1; all 0 if no kernel sees a distance.

    Examples
    --------
    >>> good = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> easymkl_weights([good, np.ones((3, 3))], np.array([0, 0, 1])).round(3)
    array([1., 0.])
    """
    classes = np.unique(y)
    if len(classes) < 2:
        return np.zeros(len(kernels))
    sides = np.where(y[:, None] == (classes if len(classes) > 2 else classes[:1]), 1.0, -1.0)
    signed = sides * margin_distributions(np.sum(kernels, axis=0), sides, penalty)
    distances = np.array([max(np.vdot(signed, kernel @ signed), 0.0) for kernel in kernels])
    return distances / distances.sum() if distances.any() else distances


def margin_distributions(
    kernel: NDArray[np.float64],
    sides: NDArray[np.float64],
    penalty: float,
    *,
    tolerance: float = 1e-6,
    max_iter: int = 5000,
) -> NDArray[np.float64]:
    """Find the mixtures of two sides that are closest to each other, kept broad by a penalty.

    With Y = diag(y) they minimise (1 - penalty) g'Y K Y g + penalty g'g over the g that are at least 0 and
    sum to 1 on either side. That is a quadratic program; it is solved by projected gradients with
    momentum, restarted when they turn back (O'Donoghue & Candès 2015), for several y at once.

    Parameters
    ----------
    kernel : numpy.ndarray of shape (n, n)
        K, symmetric positive semidefinite.
    sides : numpy.ndarray of shape (n, C)
        In each column a y of 1 and -1, both of which occur.
    penalty : float
        Between 0 and 1.
    tolerance : float
        The most by which the objective may exceed its minimum, as a share of its value at the start.
    max_iter : int
        The most steps.

    Returns
    -------
    numpy.ndarray of shape (n, C)
        g of every column.

    Raises
    ------
    FusebenchError
        If the penalty is not between 0 and 1.

    Examples
    --------
    >>> x = np.array([0.0, 1.0, 3.0])
    >>> margin_distributions(np.outer(x, x), np.array([[1.0], [1.0], [-1.0]]), 0.0).ravel().round(3)
    array([0., 1., 1.])
    """
    if not 0 <= penalty <= 1:
        raise FusebenchError(f"The penalty of EasyMKL lies between 0 and 1, however: {penalty}.")
    # A constant added to K changes nothing where y'g = 0; centred, K has no large eigenvalue for it.
    K = kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean()
    step = 1 / (2 * (1 - penalty) * np.linalg.eigvalsh(K)[-1] + 2 * penalty + 1e-12)

    def gradient(g: NDArray[np.float64]) -> NDArray[np.float64]:
        slope: NDArray[np.float64] = 2 * (1 - penalty) * sides * (K @ (sides * g)) + 2 * penalty * g
        return slope

    g = ahead = _project(np.zeros_like(sides), sides)
    slope = slope_ahead = gradient(g)
    enough = tolerance * (g * slope).sum(axis=0) / 2
    momentum = np.ones(sides.shape[1])
    for _ in range(max_iter):
        if (_duality_gap(g, slope, sides) <= enough).all():
            break
        new = _project(ahead - step * slope_ahead, sides)
        turned_back = (slope_ahead * (new - g)).sum(axis=0) > 0
        faster = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        share = np.where(turned_back, 0.0, (momentum - 1) / faster)
        momentum = np.where(turned_back, 1.0, faster)
        new_slope = gradient(new)
        ahead = new + share * (new - g)
        slope_ahead = new_slope + share * (new_slope - slope)  # the gradient is linear
        g, slope = new, new_slope
    return g


def _duality_gap(
    g: NDArray[np.float64], slope: NDArray[np.float64], sides: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Bound by how much the objective of each column exceeds its minimum."""
    best = sum(np.where(sides == side, slope, np.inf).min(axis=0) for side in (1, -1))
    gap: NDArray[np.float64] = (g * slope).sum(axis=0) - best
    return gap


def _project(v: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the closest g that is at least 0 and sums to 1 on either side of every column."""
    projected = np.zeros_like(v)
    rank = np.arange(1, len(v) + 1)[:, None]
    for side in (1, -1):
        entries = np.where(sides == side, v, -np.inf)
        ordered = -np.sort(-entries, axis=0)
        excess = ordered.cumsum(axis=0) - 1
        kept = (rank * ordered > excess).sum(axis=0)
        threshold = np.take_along_axis(excess, kept[None] - 1, axis=0) / kept
        projected += np.maximum(entries - threshold, 0.0)
    return projected
