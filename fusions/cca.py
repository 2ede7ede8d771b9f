"""Coordinated fusion by canonical correlation: linear views of the modalities that agree with each other."""

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from ..errors import FusebenchError
from .base import FusionStrategy
from .early import concatenate
from .linear import TunedLinear, output_loss
from .registry import register_fusion

__all__ = ["CCA", "CanonicalSpace", "RegularisedCCA", "canonical_weights"]

_ROUNDING = 1e-8  # eigenvalues below this share of the largest one are noise


@register_fusion("cca", family="coordinated", reference="Hotelling 1936, Biometrika 28; Kettenring 1971")
class CCA(FusionStrategy):
    """Canonical variates of all modalities into a linear model, their number chosen on validation.

    The variates of an absent modality are replaced by their expectation given those that are present: of
    two modalities rho_i z_i, the correlation times the variate of the other one (`CanonicalSpace`).

    Variates are ordered by what modalities share. What only one of them knows is kept as far as there are
    components for it: at most as many as the smaller of two modalities has features.

    Attributes
    ----------
    space_ : CanonicalSpace
        The variates and their correlations.
    n_components_ : int
        Variates of each modality that the model is given.
    shrinkage_ : float
        See `canonical_weights`; 0 for `CCA`.

    Raises
    ------
    FusebenchError
        By ``fit``, if no two modalities occur together in training.

    References
    ----------
    Hotelling (1936). Relations between two sets of variates. Biometrika 28.
    Kettenring (1971). Canonical analysis of several sets of variables. Biometrika 58. For more than two
    modalities this is MAXVAR.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = CCA().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.85)
    True
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"
    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)
    shrinkages: ClassVar[tuple[float, ...]] = (0.0,)

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        best = np.inf
        for shrinkage in self.shrinkages:
            space = CanonicalSpace(shrinkage).fit(train)
            for k in _doubling(len(space.correlations_)):
                held_out = space.transform(validation, k)
                model = TunedLinear(self.prior_).fit(
                    space.transform(train, k), train.labels, validation=(held_out, validation.labels)
                )
                loss = output_loss(model.predict(held_out), validation.labels)
                if loss < best:
                    best, self.shrinkage_, self.n_components_ = loss, shrinkage, k
                    self.space_, self._model = space, model

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict(self.space_.transform(data, self.n_components_))


@register_fusion("regularised-cca", family="coordinated", reference="Vinod 1976, J. Econometrics 4")
class RegularisedCCA(CCA):
    """Canonical variates with a ridge chosen on validation, into a linear model.

    Otherwise as `CCA`. With many features for the samples there are, variates without a ridge agree by
    chance.

    References
    ----------
    Vinod (1976). Canonical ridge and econometrics of joint production. Journal of Econometrics 4.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> fusion = RegularisedCCA().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    shrinkages: ClassVar[tuple[float, ...]] = (0.01, 0.03, 0.1, 0.3, 0.9)


class CanonicalSpace:
    """The common space of canonical variates, and what is to be expected there of an absent modality.

    Covariances are those of training entries that are both present. Absent variates become their expectation
    given the present ones, were all Gaussian: S_ap S_pp^-1 z_p, with S the covariance of the variates.

    Parameters
    ----------
    shrinkage : float
        Between 0 and 1, see `canonical_weights`.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (d_1 + .. + d_M, M, k)
        Concatenated vectors times these are the variates; those of modality m weigh its own features only.
    correlations_ : numpy.ndarray of shape (k,)
        What `canonical_weights` gives.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0).train
    >>> space = CanonicalSpace(shrinkage=0.0).fit(data)
    >>> space.transform(data, n_components=3).shape
    (600, 6)
    """

    weights_: NDArray[np.float64]
    correlations_: NDArray[np.float64]

    def __init__(self, shrinkage: float) -> None:
        self.shrinkage = shrinkage

    def fit(self, data: MultimodalData) -> Self:
        """Find the variates of vectors of mean 0.

        Raises
        ------
        FusebenchError
            If no two modalities occur together, or nothing in them is correlated.
        """
        sizes = [modality.values.shape[1] for modality in data.modalities.values()]
        covariance = _covariance(data, sizes)
        weights, self.correlations_ = canonical_weights(covariance, sizes, self.shrinkage)
        if len(self.correlations_) == 0:
            raise FusebenchError(
                f"Canonical correlation needs two modalities that occur together, however: {data.names}."
            )
        own = np.repeat(np.eye(len(sizes)), sizes, axis=0)
        self.weights_ = own[:, :, None] * weights[:, None]
        self._covariance = np.einsum(
            "imk,ij,jnl->mknl", self.weights_, covariance, self.weights_, optimize=True
        )
        return self

    def transform(self, data: MultimodalData, n_components: int) -> NDArray[np.float64]:
        """Give the first variates of all modalities side by side, shape (n, M n_components)."""
        size = len(data.names) * n_components
        weights = self.weights_[:, :, :n_components].reshape(-1, size)
        covariance = self._covariance[:, :n_components, :, :n_components].reshape(size, size)
        variates: NDArray[np.float64] = concatenate(data) @ weights
        for pattern in np.unique(data.mask, axis=0):
            rows, here = (data.mask == pattern).all(axis=1), np.repeat(pattern, n_components)
            inverse = np.linalg.pinv(covariance[np.ix_(here, here)], hermitian=True)
            expected = variates[np.ix_(rows, here)] @ inverse @ covariance[np.ix_(here, ~here)]
            variates[np.ix_(rows, ~here)] = expected
        return variates


def canonical_weights(
    covariance: NDArray[np.float64], sizes: Sequence[int], shrinkage: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the directions in all modalities whose variates z_m = x_m w_m agree best with each other.

    With C_lm the covariances and D_m = (1 - shrinkage) C_mm + shrinkage I, the directions of a component
    maximise

        sum_(l != m) w_l' C_lm w_m    where    sum_m w_m' D_m w_m = M,

    and are uncorrelated, in the metric D, with those of the components before. They are the eigenvectors of
    a generalised eigenproblem: C without its diagonal blocks against D. Of two modalities these are classical
    canonical variates of variance 1 without shrinkage, Vinod's canonical ridge with it, and Hotelling's
    partial least squares at 1. Of more it is Kettenring's MAXVAR, with a ridge.

    Parameters
    ----------
    covariance : numpy.ndarray of shape (d, d)
        Of all features, those of a modality next to each other; positive semidefinite.
    sizes : sequence of int
        Features d_1 .. d_M of the modalities; their sum is d.
    shrinkage : float
        Between 0 and 1. A ridge in units of variance: features are taken to be standardised.

    Returns
    -------
    weights : numpy.ndarray of shape (d, k)
        A column for each component with w_1 .. w_M one below the other.
    correlations : numpy.ndarray of shape (k,)
        The sums above divided by M, falling, those above 0 only. Of two modalities without shrinkage, the
        canonical correlations.

    References
    ----------
    Kettenring (1971). Canonical analysis of several sets of variables. Biometrika 58.
    Vinod (1976). Canonical ridge and econometrics of joint production. Journal of Econometrics 4.

    Examples
    --------
    >>> weights, correlations = canonical_weights(np.array([[4.0, 3.0], [3.0, 9.0]]), sizes=[1, 1])
    >>> np.abs(weights).round(3), correlations.round(3)
    (array([[0.5  ],
           [0.333]]), array([0.5]))
    """
    from scipy.linalg import block_diag, eigh

    modality = np.repeat(np.arange(len(sizes)), sizes)
    same = modality[:, None] == modality
    within = (1 - shrinkage) * covariance + shrinkage * np.eye(len(covariance))
    whitener = block_diag(
        *(_whitener(within[np.ix_(modality == m, modality == m)]) for m in range(len(sizes)))
    )
    values, vectors = eigh(whitener.T @ np.where(same, 0.0, covariance) @ whitener)
    kept = np.flatnonzero(values > _ROUNDING)[::-1]
    return np.sqrt(len(sizes)) * whitener @ vectors[:, kept], values[kept]


def _whitener(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find W of full column rank with W' C W = I; directions without variance are left out."""
    values, vectors = np.linalg.eigh(covariance)
    kept = values > _ROUNDING * values[-1]
    whitener: NDArray[np.float64] = vectors[:, kept] / np.sqrt(values[kept])
    return whitener


def _covariance(data: MultimodalData, sizes: Sequence[int]) -> NDArray[np.float64]:
    """Covariances of features of mean 0 over the entries that are both present, shape (d, d).

    Where entries are absent the estimates come from different samples. Negative eigenvalues, which only that
    can cause, are set to 0.
    """
    features = concatenate(data).astype(np.float64)
    counts = data.mask.T.astype(np.float64) @ data.mask
    counts = np.repeat(np.repeat(np.maximum(counts, 1), sizes, axis=0), sizes, axis=1)
    covariance: NDArray[np.float64] = features.T @ features / counts
    if not data.mask.all():
        values, vectors = np.linalg.eigh(covariance)
        covariance = (vectors * np.maximum(values, 0.0)) @ vectors.T
    return covariance


def _doubling(most: int) -> list[int]:
    """1, 2, 4, .. below a number, and the number."""
    return [2**i for i in range(most.bit_length()) if 2**i < most] + [most]
