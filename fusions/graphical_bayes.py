"""Bayesian networks over the features of all modalities, with the class as the parent of every one."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .gaussian_tree import (
    conditional_correlations,
    gaussian_log_density,
    implied_correlations,
    spanning_tree,
)
from .hmm import emission_log_density
from .hmm_fit import estimate_gaussians
from .registry import register_fusion
from .search import Integer, Real, SearchSpace
from .tempering import TemperedFusion
from .whitening import whitening

__all__ = ["GaussianNaiveBayes", "TreeAugmentedBayes"]


@register_fusion("gaussian-naive-bayes", family="graphical", reference="Duda & Hart 1973")
class GaussianNaiveBayes(TemperedFusion):
    """Features that are independent Gaussians given the class.

    The score of a class is the sum of the log densities of all features of the modalities that are present:
    to leave a modality out is to integrate over it. The variance of a class is that of its samples and one
    more of squared deviation 1, and `min_variance` at least: a feature that hardly varies in a class, such
    as a pixel at the border, would otherwise decide alone. Features that are constant in training are left
    out.

    Features of one modality are far from independent. The temperature of `TemperedFusion` makes up for how
    often the same evidence is counted, but not for how unevenly.

    Parameters
    ----------
    min_variance : float
        Of a feature in a class, in units of its variance over all classes, 0.01 at least.

    Attributes
    ----------
    temperature_ : float
        tau of `TemperedFusion`.
    means_, variances_ : numpy.ndarray of shape (n_classes, d)
        Of the standardised features of all modalities side by side.

    References
    ----------
    Duda & Hart (1973). Pattern classification and scene analysis. Wiley.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = GaussianNaiveBayes().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {"min_variance": Real(0.001, 1.0, log=True)}

    means_: NDArray[np.float64]
    variances_: NDArray[np.float64]
    _varies: NDArray[np.bool_]

    def __init__(self, *, min_variance: float = 0.1) -> None:
        self.min_variance = min_variance

    def _fit_classes(self, train: MultimodalData) -> None:
        features, observed = _side_by_side(train)
        self._varies = np.asarray(
            features.any(axis=0)
        )  # what is constant would speak of the size of a class alone
        self.means_, variances = _estimate(features, observed, train.labels, len(self.classes_))
        self.variances_ = np.maximum(variances, self.min_variance)

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        features, observed = _side_by_side(data)
        one_frame, one_state = features[:, None], (self.means_[:, None], self.variances_[:, None])
        return emission_log_density(one_frame, observed & self._varies, *one_state)[:, 0, :, 0]


@register_fusion("tan-bayes", family="graphical", reference="Friedman et al. 1997, Machine Learning 29")
class TreeAugmentedBayes(TemperedFusion):
    """Tree-augmented naive Bayes: given the class, each feature also depends on one other.

    The features are the first `n_components` whitened principal components of every modality. The tree, the
    same for all classes, spans all of them and has the greatest sum of the mutual information between
    neighbours given the class,

        I(i; j | class) = - sum_k prior(k) log(1 - rho_kij^2) / 2,

    rho_kij the correlation in class k, so edges cross from modality to modality where that tells most. In
    each class the features are linear Gaussians given their parent. Together they are one Gaussian, whose
    correlation of two features is the product of those along the path between them. The score of a class is
    its log density. To integrate over an absent modality is to take the rows and columns of what is present.

    Variances and correlations are estimated with one more sample of variance 1 and correlation 0 in each
    class, correlations between modalities from the samples that have both.

    Parameters
    ----------
    n_components : int
        The most components of a modality.

    Attributes
    ----------
    temperature_ : float
        tau of `TemperedFusion`.
    components_ : dict of str to numpy.ndarray of shape (d, c)
        From standardised features to whitened components, by modality.
    edges_ : numpy.ndarray of shape (C - 1, 2)
        Neighbours in the tree over all C components side by side.
    means_ : numpy.ndarray of shape (n_classes, C)
        Class means.
    covariances_ : numpy.ndarray of shape (n_classes, C, C)
        Those that the tree implies.

    Raises
    ------
    FusebenchError
        By `fit`, if `n_components` is less than 1.

    References
    ----------
    Friedman, Geiger & Goldszmidt (1997). Bayesian network classifiers. Machine Learning 29. There for
    discrete features; the tree is that of Chow & Liu (1968), IEEE Transactions on Information Theory 14(3).

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = TreeAugmentedBayes(n_components=5).fit(data.train, data.validation)
    >>> fusion.edges_.shape
    (9, 2)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    search_space: ClassVar[SearchSpace] = {"n_components": Integer(5, 40)}

    components_: dict[str, NDArray[np.float64]]
    edges_: NDArray[np.intp]
    means_: NDArray[np.float64]
    covariances_: NDArray[np.float64]

    def __init__(self, *, n_components: int = 20) -> None:
        self.n_components = n_components

    def _fit_classes(self, train: MultimodalData) -> None:
        if self.n_components < 1:
            raise FusebenchError(f"n_components must be at least 1, however: {self.n_components}.")
        self.components_ = {
            name: whitening(modality.values[train.has(name)], self.n_components)
            for name, modality in train.modalities.items()
        }
        features, observed = _side_by_side(train, self.components_)
        y, n_classes = train.labels, len(self.classes_)
        self.means_, variances = _estimate(features, observed, y, n_classes)
        correlations = conditional_correlations(features - self.means_[y], observed, y, n_classes)
        information = -0.5 * np.tensordot(self.prior_, np.log1p(-(correlations**2)), axes=1)
        self.edges_ = spanning_tree(information)
        spread = np.sqrt(variances)
        implied = implied_correlations(correlations, self.edges_)
        self.covariances_ = spread[:, :, None] * implied * spread[:, None, :]

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        features, observed = _side_by_side(data, self.components_)
        return gaussian_log_density(features, observed, self.means_, self.covariances_)


def _side_by_side(
    data: MultimodalData, components: Mapping[str, NDArray[np.float64]] | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Features, or components, of all modalities (n, d), 0 where absent; and which are present (n, d)."""
    blocks = [
        modality.values.astype(np.float64) if components is None else modality.values @ components[name]
        for name, modality in data.modalities.items()
    ]
    observed = np.repeat(data.mask, [block.shape[1] for block in blocks], axis=1)
    return np.concatenate(blocks, axis=1), observed


def _estimate(
    features: NDArray[np.float64], observed: NDArray[np.bool_], y: NDArray, n_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and variances of every class, (K, d): a chain of one state and one frame."""
    always = np.ones((len(y), 1, 1))
    means, variances = estimate_gaussians(features[:, None], observed, y, always, n_classes)
    return means[:, 0], variances[:, 0]
