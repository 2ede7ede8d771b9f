"""Multiple-kernel fusion with weights learnt together with the classifier (lp-norm MKL)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from .kernel import CombinedKernel, WeightedKernelFusion, nystroem_basis
from .registry import register_fusion
from .search import Real, SearchSpace

__all__ = ["KernelLpNorm", "lp_norm_weights"]


@register_fusion("kernel-lp-norm", family="multiple-kernel", reference="Kloft et al. 2011, JMLR 12")
class KernelLpNorm(WeightedKernelFusion):
    """Kernel logistic regression on the sum of Gaussian kernels that it fits best with itself.

    The weights are those of lp-norm multiple-kernel learning on the landmarks (`lp_norm_weights`); the
    classifier is then fitted again, with the penalty chosen on validation.

    Parameters
    ----------
    p : float
        Norm of the weights, at least 1. At 1 some kernels may get no weight; the greater, the more equal
        are the weights.
    C : float
        Inverse strength of the penalty while the weights are learnt, as in scikit-learn.
    n_landmarks : int
        With more training samples than these, so many are drawn for a Nystroem approximation.
    random_state : int
        Draws them.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (M,)
        In the order of `modalities_`; scaled to sum 1.

    References
    ----------
    Kloft, Brefeld, Sonnenburg & Zien (2011). lp-norm multiple kernel learning. JMLR 12. For any convex
    loss; here it is the logistic one.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = KernelLpNorm(n_landmarks=100).fit(data.train, data.validation)
    >>> bool(fusion.weights_[0] > fusion.weights_[1])
    True
    """

    search_space: ClassVar[SearchSpace] = {"p": Real(1.1, 4.0), "C": Real(0.1, 10.0, log=True)}

    def __init__(
        self, *, p: float = 2.0, C: float = 1.0, n_landmarks: int = 1000, random_state: int = 0
    ) -> None:
        super().__init__(n_landmarks=n_landmarks, random_state=random_state)
        self.p = p
        self.C = C

    def _weights(self, kernel: CombinedKernel) -> NDArray[np.float64]:
        return lp_norm_weights(
            list(kernel.each(kernel.landmarks)), kernel.landmarks.labels, p=self.p, C=self.C
        )


def lp_norm_weights(
    kernels: Sequence[NDArray[np.float64]],
    y: NDArray,
    *,
    p: float = 2.0,
    C: float = 1.0,
    tolerance: float = 1e-3,
    max_iter: int = 100,
) -> NDArray[np.float64]:
    """Find weights and kernel logistic regression that together have the least penalised loss.

    With w_m the classifier's part in the feature space of kernel m and t the weights they minimise

        C sum_i loss_i + 1/2 sum_m |w_m|^2 / t_m,    t_m >= 0 and |t|_p <= 1,

    a convex problem. The two are fitted in turns; for given w the best weights are
    t_m = |w_m|^(2 / (p + 1)) / (sum_l |w_l|^(2p / (p + 1)))^(1 / p).

    Parameters
    ----------
    kernels : sequence of numpy.ndarray of shape (n, n)
        Symmetric positive semidefinite.
    y : numpy.ndarray of shape (n,)
        Labels.
    p : float
        At least 1.
    C : float
        Positive.
    tolerance : float
        The turns end when no weight changes by more.
    max_iter : int
        The most turns.

    Returns
    -------
    numpy.ndarray of shape (len(kernels),)
        At least 0 and of p-norm 1; all 0 if no kernel is of use.

    Raises
    ------
    FusebenchError
        If p is less than 1.

    Examples
    --------
    >>> good = np.array([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    >>> lp_norm_weights([good, np.ones((3, 3))], np.array([0, 0, 1])).round(3)
    array([1., 0.])
    """
    from sklearn.linear_model import LogisticRegression

    if p < 1:
        raise FusebenchError(f"The norm p of the kernel weights is at least 1, however: {p}.")
    weights = np.full(len(kernels), len(kernels) ** (-1 / p))
    if len(np.unique(y)) < 2:
        return weights
    for _ in range(max_iter):
        kernel = np.tensordot(weights, kernels, axes=1)
        basis = nystroem_basis(kernel)
        model = LogisticRegression(C=C, tol=1e-6, max_iter=1000).fit(kernel @ basis, y)
        dual = basis @ model.coef_.T  # of every class
        norms = np.array([max(np.vdot(dual, k @ dual), 0.0) for k in kernels])
        squared: NDArray[np.float64] = weights**2 * norms
        if not squared.any():
            return squared
        new = squared ** (1 / (p + 1)) / (squared ** (p / (p + 1))).sum() ** (1 / p)
        change, weights = np.abs(new - weights).max(), new
        if change < tolerance:
            break
    return weights
