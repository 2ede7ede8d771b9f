"""Multiple-kernel fusion with the weights of least loss of a support vector machine (SimpleMKL)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .kernel import CombinedKernel, WeightedKernelFusion
from .registry import register_fusion
from .search import Real, SearchSpace

__all__ = ["KernelSimpleMKL", "simplemkl_weights"]


@register_fusion("kernel-simplemkl", family="multiple-kernel", reference="Rakotomamonjy et al. 2008, JMLR 9")
class KernelSimpleMKL(WeightedKernelFusion):
    """Kernel logistic regression on the sum of Gaussian kernels that suits a support vector machine best.

    The weights are those of SimpleMKL on the landmarks (`simplemkl_weights`). A modality may get weight 0;
    a sample that has no other gets the class frequencies.

    Parameters
    ----------
    C : float
        Inverse strength of the penalty of the support vector machines, as in scikit-learn.
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
    Rakotomamonjy, Bach, Canu & Grandvalet (2008). SimpleMKL. JMLR 9. There a reduced gradient finds the
    weights, here sequential quadratic programming; the classifier is that of `kernel-average`.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = KernelSimpleMKL(n_landmarks=100).fit(data.train, data.validation)
    >>> bool(fusion.weights_[0] > fusion.weights_[1])
    True
    """

    search_space: ClassVar[SearchSpace] = {"C": Real(0.1, 10.0, log=True)}

    def __init__(self, *, C: float = 1.0, n_landmarks: int = 1000, random_state: int = 0) -> None:
        super().__init__(n_landmarks=n_landmarks, random_state=random_state)
        self.C = C

    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        return simplemkl_weights(list(kernel.each(kernel.landmarks)), kernel.landmarks.labels, C=self.C)


def simplemkl_weights(
    kernels: Sequence[NDArray[np.float64]], y: NDArray, *, C: float = 1.0
) -> NDArray[np.float64]:
    """Find the weights that minimise the objective of support vector machines on the sum of kernels.

    The objective is the minimum of C sum_i hinge_i + 1/2 sum_m |w_m|^2 / t_m over the machine, summed over
    one machine for every class against the rest. It is convex in the weights t, and its slope along t_m is
    -1/2 a'K_m a, with a the signed dual coefficients.

    Parameters
    ----------
    kernels : sequence of numpy.ndarray of shape (n, n)
        Symmetric positive semidefinite.
    y : numpy.ndarray of shape (n,)
        Labels.
    C : float
        Positive.

    Returns
    -------
    numpy.ndarray of shape (len(kernels),)
        At least 0 and of sum 1.

    Examples
    --------
    >>> good = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> simplemkl_weights([good, np.ones((3, 3))], np.array([0, 0, 1])).round(3)
    array([1., 0.])
    """
    from scipy.optimize import minimize
    from sklearn.svm import SVC

    equal = np.full(len(kernels), 1 / len(kernels))
    classes = np.unique(y)
    if len(classes) < 2:
        return equal
    sides = [y == label for label in (classes if len(classes) > 2 else classes[:1])]

    def loss_and_gradient(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        combined = np.tensordot(weights, kernels, axes=1)
        loss, gradient = 0.0, np.zeros(len(kernels))
        for side in sides:
            machine = SVC(C=C, kernel="precomputed", tol=1e-5, random_state=0).fit(combined, side)
            a, support = machine.dual_coef_[0], machine.support_
            slopes = np.array([a @ kernel[np.ix_(support, support)] @ a for kernel in kernels]) / -2
            loss += np.abs(a).sum() + weights @ slopes
            gradient += slopes
        scale = C * len(y) * len(sides)
        return loss / scale, gradient / scale

    found = minimize(
        loss_and_gradient,
        equal,
        jac=True,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * len(kernels),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like},
        options={"ftol": 1e-8},
    )
    positive = np.maximum(found.x, 0.0)
    weights: NDArray[np.float64] = positive / positive.sum()
    return weights
