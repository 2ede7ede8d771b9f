"""Early fusion of the principal components of each modality."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .base import FusionStrategy
from .linear import TunedLinear, output_loss
from .registry import register_fusion

__all__ = ["EarlyPCA", "principal_components"]

_SHARES = (0.5, 0.8, 0.9, 0.95, 0.99)


@register_fusion("early-pca", family="early", reference="Jolliffe 2002, Principal Component Analysis")
class EarlyPCA(FusionStrategy):
    """Principal components of each modality, side by side, into a linear model.

    Of every modality as many components are kept as make up a share of its variance: 50, 80, 90, 95 or 99 %,
    the same for all modalities and of least loss on validation. Components keep their variances.

    Parameters
    ----------
    imputer : str
        What fills an absent modality: mean, knn, ridge or cyclic.

    Attributes
    ----------
    share_ : float
        The share of variance chosen.
    components_ : dict of str to numpy.ndarray of shape (d_m, k_m)
        The axes kept of every modality, orthonormal, the one of greatest variance first.

    References
    ----------
    Jolliffe (2002). Principal component analysis, second edition. Springer. Section 6.1.1, the share of
    variance.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = EarlyPCA().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    share_: float
    components_: dict[str, NDArray[np.float64]]

    def __init__(self, *, imputer: str = "mean") -> None:
        self.imputer = imputer

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        axes = {name: principal_components(modality.values) for name, modality in train.modalities.items()}
        best = np.inf
        for share in _SHARES:
            kept = {
                name: vectors[:, : _count(variances, share)] for name, (variances, vectors) in axes.items()
            }
            held_out = _project(validation, kept)
            model = TunedLinear(self.prior_).fit(
                _project(train, kept), train.labels, validation=(held_out, validation.labels)
            )
            loss = output_loss(model.predict(held_out), validation.labels)
            if loss < best:
                best, self.share_, self.components_, self._model = loss, share, kept, model

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict(_project(data, self.components_))


def principal_components(x: NDArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the principal axes of features of mean 0.

    Parameters
    ----------
    x : numpy.ndarray of shape (n, d)
        Features.

    Returns
    -------
    variances : numpy.ndarray of shape (d,)
        Along each axis, falling.
    axes : numpy.ndarray of shape (d, d)
        Orthonormal columns.

    Examples
    --------
    >>> variances, axes = principal_components(np.array([[1.0, 1.0], [-1.0, -1.0]]))
    >>> variances.round(6) + 0.0, np.abs(axes[:, 0]).round(3)
    (array([2., 0.]), array([0.707, 0.707]))
    """
    x = x.astype(np.float64)
    variances, axes = np.linalg.eigh(x.T @ x / len(x))
    return variances[::-1], axes[:, ::-1]


def _count(variances: NDArray[np.float64], share: float) -> int:
    """Count the components that together make up a share of the variance; 1 at least."""
    cumulative = np.cumsum(variances)
    return int(np.searchsorted(cumulative, share * cumulative[-1])) + 1


def _project(data: MultimodalData, components: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Give the components of all modalities side by side, shape (n, k_1 + .. + k_M)."""
    return np.concatenate([data.modalities[name].values @ axes for name, axes in components.items()], axis=1)
