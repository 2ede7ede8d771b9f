"""What stands in for an absent modality, in strategies that do not handle absence themselves.

All imputers work on standardised data, look at training and validation samples only, and never at labels.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Kind, MultimodalData
from ..datasets.large import copy_like
from ..errors import FusebenchError, did_you_mean
from ..seeding import derive_seed, make_generator

__all__ = [
    "CyclicImputer",
    "Imputer",
    "MeanImputer",
    "NeighbourImputer",
    "RidgeImputer",
    "make_imputer",
]

_TUNING_SAMPLES = 500  # of validation at most; enough to rank a handful of settings
_DONORS = 5_000  # training samples that neighbours are looked for among, at most
_DISTANCES = 2**22  # held at a time: 32 MB


class Imputer(ABC):
    """Fill absent modalities from those that are there; a subclass writes `_fit` and `_impute`.

    Parameters
    ----------
    random_state : int
        For imputers that draw random numbers.
    """

    kinds: ClassVar[tuple[Kind, ...]] = (Kind.VECTOR,)
    name: ClassVar[str]

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, train: MultimodalData, validation: MultimodalData) -> Self:
        """Fit to standardised data whose absent content is 0, tuned on validation.

        Raises
        ------
        FusebenchError
            If a modality is of a kind that this imputer does not take.
        """
        for modality, content in train.modalities.items():
            if content.kind not in self.kinds:
                raise FusebenchError(
                    f"The imputer {self.name!r} takes vector modalities, however {modality!r} is "
                    f"{content.kind.value}; use the imputer 'mean'."
                )
        self._fit(train, validation)
        return self

    def transform(self, data: MultimodalData) -> MultimodalData:
        """Fill what is absent where something is present; mark everything as present.

        A sample of which nothing is present keeps 0, the mean.
        """
        modalities = dict(data.modalities)
        for name, modality in data.modalities.items():
            rows = ~data.has(name) & data.mask.any(axis=1)
            if rows.any():
                values = copy_like(modality.values)
                values[rows] = self._impute(data.take(rows), name)
                modalities[name] = replace(modality, values=values)
        return MultimodalData(modalities, data.y, np.ones_like(data.mask))

    @abstractmethod
    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        """Fit to data of the right kinds."""

    @abstractmethod
    def _impute(self, data: MultimodalData, name: str) -> NDArray:
        """Give the content of a modality that no sample has, each of which has another one."""

    def _tune(self, parameter: str, grid: Sequence[float], validation: MultimodalData) -> None:
        """Set an attribute to the value of least error on validation; a tie goes to the first."""
        some = validation.take(np.arange(min(len(validation), _TUNING_SAMPLES)))
        errors = []
        for value in grid:
            setattr(self, parameter, value)
            errors.append(self._hiding_error(some))
        setattr(self, parameter, grid[int(np.argmin(errors))])

    def _hiding_error(self, data: MultimodalData) -> float:
        """Hide each modality in turn from samples that have another; sum the squared errors a feature."""
        error = 0.0
        for m, name in enumerate(data.names):
            rows = data.mask[:, m] & (data.mask.sum(axis=1) > 1)
            if rows.any():
                truth = data.take(rows)
                guess = self._impute(truth.without(name), name)
                error += float(np.square(guess - truth.modalities[name].values).mean(axis=1).sum())
        return error


class MeanImputer(Imputer):
    """The training mean of every feature, which is 0 once standardised; for sequences too."""

    kinds = (Kind.VECTOR, Kind.SEQUENCE)
    name = "mean"

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        """Learn nothing."""

    def _impute(self, data: MultimodalData, name: str) -> NDArray:
        return np.zeros_like(data.modalities[name].values)


class NeighbourImputer(Imputer):
    """The mean of the k nearest training samples that have the modality.

    The distance is the mean squared difference of the features of all modalities that both samples have;
    samples that share none are no neighbours, and without a neighbour the mean, 0, is taken. k is 1, 2, 5,
    10, 20, 50 or 100, the one that best restores what is hidden from validation samples. Of more than 5000
    training samples as many are drawn.

    Attributes
    ----------
    n_neighbors_ : int
        k.

    References
    ----------
    Troyanskaya, Cantor, Sherlock, Brown, Hastie, Tibshirani, Botstein, Altman (2001). Missing value
    estimation methods for DNA microarrays. Bioinformatics 17(6). There weighted by similarity.

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> x = np.array([[-1.0], [-0.9], [0.9], [1.0]], np.float32)
    >>> data = MultimodalData({"a": Modality(Kind.VECTOR, x), "b": Modality(Kind.VECTOR, 2 * x)})
    >>> imputer = NeighbourImputer().fit(data, data)
    >>> imputer.n_neighbors_ = 2
    >>> imputer.transform(data.without("b")).modalities["b"].values.ravel().round(1)
    array([-1.9, -1.9,  1.9,  1.9], dtype=float32)
    """

    name = "knn"

    n_neighbors_: int

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        rng = make_generator("donors of neighbours", self.random_state)
        drawn = rng.permutation(len(train))[:_DONORS]
        self._train = replace(train, y=None).take(np.sort(drawn))
        self._tune("n_neighbors_", (100, 50, 20, 10, 5, 2, 1), validation)

    def _impute(self, data: MultimodalData, name: str) -> NDArray:
        donors = self._train.take(self._train.has(name))
        content = donors.modalities[name].values
        filled = np.zeros((len(data), content.shape[1]))
        size = max(1, _DISTANCES // max(1, len(donors)))
        for start in range(0, len(data) if len(donors) else 0, size):
            distances = _distances(data.take(np.arange(start, min(start + size, len(data)))), donors)
            nearest = np.argsort(distances, axis=1, kind="stable")[:, : self.n_neighbors_]
            weights = np.zeros_like(distances)
            known = np.isfinite(np.take_along_axis(distances, nearest, axis=1))
            np.put_along_axis(weights, nearest, known, axis=1)
            filled[start : start + size] = weights @ content / np.maximum(known.sum(axis=1, keepdims=True), 1)
        return filled


class RidgeImputer(Imputer):
    r"""Ridge regression of the absent features on all that are present.

    .. math:: \hat x_A = S_{AP} (S_{PP} + \alpha I)^{-1} x_P

    with S the covariance of all features in training. It is ridge regression with a penalty of :math:`\alpha`
    times the number of training samples, for every pattern of what is present, and the mean of a Gaussian
    given what is present. If training data lack modalities, every entry of S is estimated from the samples
    that have both, and negative eigenvalues, which this can make, become 0.

    :math:`\alpha` is 10, 1, 0.1, 0.01 or 0.001, the one that best restores what is hidden from validation
    samples.

    Attributes
    ----------
    alpha_ : float
        The penalty chosen.
    covariance_ : numpy.ndarray of shape (d_1 + .. + d_M, d_1 + .. + d_M)
        S.

    References
    ----------
    Hoerl, Kennard (1970). Ridge regression: biased estimation for nonorthogonal problems. Technometrics
    12(1).

    Examples
    --------
    >>> from fusebench.datasets.data import Modality
    >>> x = np.array([[-1.0], [1.0]], np.float32)
    >>> data = MultimodalData({"a": Modality(Kind.VECTOR, x), "b": Modality(Kind.VECTOR, -x)})
    >>> imputer = RidgeImputer().fit(data, data)
    >>> imputer.alpha_, imputer.transform(data.without("b")).modalities["b"].values.ravel().round(2)
    (0.001, array([ 1., -1.], dtype=float32))
    """

    name = "ridge"

    alpha_: float
    covariance_: NDArray[np.float64]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        sizes = [modality.values.shape[1] for modality in train.modalities.values()]
        self._owner = np.repeat(np.arange(len(sizes)), sizes)
        features, known = _side_by_side(train), train.mask.astype(np.float64)
        pairs = np.maximum(known.T @ known, 1)[np.ix_(self._owner, self._owner)]
        self.covariance_ = features.T @ features / pairs
        if not train.mask.all():
            values, vectors = np.linalg.eigh(self.covariance_)
            self.covariance_ = (vectors * values.clip(min=0)) @ vectors.T
        self._tune("alpha_", (10.0, 1.0, 0.1, 0.01, 0.001), validation)

    def _impute(self, data: MultimodalData, name: str) -> NDArray:
        features, absent = _side_by_side(data), self._owner == data.names.index(name)
        filled = np.zeros((len(data), absent.sum()))
        for pattern in np.unique(data.mask, axis=0):
            rows, given = (data.mask == pattern).all(axis=1), pattern[self._owner]
            penalised = self.covariance_[np.ix_(given, given)] + self.alpha_ * np.eye(given.sum())
            weights = np.linalg.solve(penalised, self.covariance_[np.ix_(given, absent)])
            filled[rows] = features[np.ix_(rows, given)] @ weights
        return filled


class CyclicImputer(Imputer):
    """Small networks that translate every modality into every other and back again.

    See `fusebench.fusions.neural.imputers.Translator` for the networks and their loss. An absent modality is
    the mean of the translations of all that are present. Training stops by the loss on validation.

    References
    ----------
    Pham, Liang, Manzini, Morency, Poczos (2019). Found in translation: learning robust joint representations
    by cyclic translations between modalities. AAAI. arXiv:1812.07809. There the code of a
    sequence-to-sequence translator feeds the prediction; here translators of vectors fill what is absent.
    """

    name = "cyclic"

    _weights: dict[str, NDArray]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        from .neural.imputers import train_translator

        seed = derive_seed("cyclic imputer", self.random_state)
        # A single modality cannot be translated, and is never asked for either.
        self._weights = train_translator(train, validation, seed) if len(train.names) > 1 else {}

    def _impute(self, data: MultimodalData, name: str) -> NDArray:
        from .neural.imputers import translate

        return translate(self._weights, data)[data.names.index(name)]


def make_imputer(name: str, random_state: int = 0) -> Imputer:
    """Make an unfitted imputer: mean, knn, ridge or cyclic.

    Raises
    ------
    FusebenchError
        If there is none of this name.

    Examples
    --------
    >>> type(make_imputer("knn")).__name__
    'NeighbourImputer'
    >>> make_imputer("kn")
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: There is no imputer 'kn'; did you mean knn?
    """
    known: dict[str, type[Imputer]] = {
        cls.name: cls for cls in (MeanImputer, NeighbourImputer, RidgeImputer, CyclicImputer)
    }
    if name not in known:
        raise FusebenchError(f"There is no imputer {name!r}; {did_you_mean(name, known)}")
    return known[name](random_state=random_state)


def _side_by_side(data: MultimodalData) -> NDArray[np.float64]:
    """Give the vectors of all modalities side by side, shape (n, d_1 + .. + d_M)."""
    return np.concatenate([m.values.astype(np.float64) for m in data.modalities.values()], axis=1)


def _distances(data: MultimodalData, donors: MultimodalData) -> NDArray[np.float64]:
    """Mean squared difference of the features that both have, shape (n, n_donors); infinite without any."""
    from scipy.spatial.distance import cdist

    total = np.zeros((len(data), len(donors)))
    shared = np.zeros_like(total)
    for name, modality in data.modalities.items():
        both = np.outer(data.has(name), donors.has(name))
        total += both * cdist(modality.values, donors.modalities[name].values, "sqeuclidean")
        shared += both * modality.values.shape[1]
    return np.where(shared > 0, total / np.maximum(shared, 1), np.inf)
