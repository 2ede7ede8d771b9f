"""Multiple-kernel fusion by the product of the kernels, which sees what modalities mean together."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .kernel import CombinedKernel, KernelFusion
from .registry import register_fusion

__all__ = ["KernelProduct", "ProductKernel"]


class ProductKernel:
    """Product of Gaussian kernels, one a modality.

    Two samples are alike if all their modalities are, so a function of this kernel may depend on any
    interaction of them. The kernels and bandwidths are those of `CombinedKernel`.

    An absent modality is in the place of the mean: with f_m the feature map of k_m, its features are
    mean_z f_m(z) over the landmarks z that have it, scaled to length 1 as those of a sample are. The
    kernel is thus positive semidefinite whatever is absent: an inner product of vectors in each modality,
    and products of such kernels. Where a sample has no modality that a landmark has, the kernel is 0.

    Parameters
    ----------
    landmarks : MultimodalData
        Standardised vectors with which all samples are compared, L of them, each with a modality.
    """

    def __init__(self, landmarks: MultimodalData) -> None:
        self.landmarks = landmarks
        self._single = CombinedKernel(landmarks)
        self._counts = landmarks.mask.sum(axis=0)
        # Inner products of the landmarks' features with the mean, and the length of the mean.
        self._to_mean = [
            kernel.sum(axis=1) / max(count, 1)
            for kernel, count in zip(self._single.each(landmarks), self._counts, strict=True)
        ]
        self._length = [
            np.sqrt(to_mean.sum() / max(count, 1))
            for to_mean, count in zip(self._to_mean, self._counts, strict=True)
        ]

    def compare(self, data: MultimodalData) -> NDArray[np.float64]:
        """Compare data with the landmarks, shape (n, L)."""
        known = (data.mask & (self._counts > 0)).any(axis=1)
        product = np.tile(known[:, None].astype(np.float64), (1, len(self.landmarks)))
        for m, (name, kernel) in enumerate(zip(data.names, self._single.each(data), strict=True)):
            count, length = self._counts[m], self._length[m]
            if count == 0:
                continue
            here, there = data.has(name)[:, None], self.landmarks.has(name)
            with_mean = np.where(here, kernel.sum(axis=1, keepdims=True) / count / length, 1.0)
            product *= np.where(there, np.where(here, kernel, self._to_mean[m] / length), with_mean)
        return product


@register_fusion("kernel-product", family="multiple-kernel", reference="Gönen & Alpaydın 2011, JMLR 12")
class KernelProduct(KernelFusion):
    """Kernel logistic regression on the product of one Gaussian kernel a modality.

    `ProductKernel` says how an absent modality is left out.

    Parameters
    ----------
    n_landmarks : int
        With more training samples than these, so many are drawn for a Nystroem approximation.
    random_state : int
        Draws them.

    References
    ----------
    Gönen & Alpaydın (2011). Multiple kernel learning algorithms. JMLR 12. The product rule; the treatment
    of absence is an addition.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = KernelProduct().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.8)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    def _fit_kernel(self, landmarks: MultimodalData) -> None:
        self._kernel = ProductKernel(landmarks)

    def _compare(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._kernel.compare(data)
