"""Graphical-model fusion: one chain of hidden states that all modalities observe."""

from collections.abc import Iterator
from itertools import combinations
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .base import FusionStrategy, View
from .hmm import LeftToRight, emission_log_density, fit_left_to_right, forward, resample
from .registry import register_fusion

__all__ = ["MultistreamHMM"]

_WEIGHT_STEPS = 8  # stream weights are tried in steps of an eighth of their sum


@register_fusion("multistream-hmm", family="graphical", reference="Potamianos et al. 2003, Proc. IEEE 91(9)")
class MultistreamHMM(FusionStrategy):
    """State-synchronous multi-stream hidden Markov model, one left-to-right chain a class.

    All modalities are brought to a common clock of `n_frames` frames. In state j of class k they emit

        b_jk(o) = prod_m b_jkm(o_m)^lambda_m,

    with b_jkm a Gaussian of diagonal covariance. The chains are fitted with all stream weights lambda_m at
    1. Then weights that are positive and sum to the number of modalities are chosen from a grid, and with
    them the temperature tau >= 1 of p(k | o), which is proportional to prior(k) p(o | k)^(1 / tau): those of
    least log loss on validation. At tau = 1 the product over so many frames makes nearly every posterior
    0 or 1.

    An absent modality is left out of the product, which at weight 1 is to integrate over it. For the fit
    of the chains, where a stream cannot be left out, a training sample borrows an absent modality from
    another one of its class, or of any class if none of its own has it. A class without samples gets the
    chain of all classes together, and a modality that no training sample has is ignored.

    The common clock discards how long a sample lasts, and shifts in time between its modalities remain.

    Parameters
    ----------
    n_states : int
        States of each chain.
    n_frames : int
        Frames of the common clock, at least `n_states`.
    n_iter : int
        The most iterations of expectation-maximisation.

    Attributes
    ----------
    stream_weights_ : numpy.ndarray of shape (M,)
        lambda, in the order of `modalities_`; 0 where a modality is ignored.
    temperature_ : float
        tau.

    Raises
    ------
    FusebenchError
        By `fit`, if there are more states than frames.

    References
    ----------
    Potamianos, Neti, Gravier, Garg & Senior (2003). Recent advances in the automatic recognition of
    audiovisual speech. Proceedings of the IEEE 91(9).

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> y = np.arange(40) % 2
    >>> rising = np.linspace(-1, 1, 6) * np.where(y, 1, -1)[:, None]
    >>> noise = np.random.default_rng(0).normal(size=(2, 40, 6))
    >>> data = MultimodalData(
    ...     {name: Modality(Kind.SEQUENCE, (rising + e)[..., None]) for name, e in zip("ab", noise)}, y
    ... )
    >>> fusion = MultistreamHMM(n_states=3, n_frames=6).fit(data)
    >>> bool(fusion.score(data, y) > 0.9)
    True
    """

    views: ClassVar[tuple[View, ...]] = ("sequence",)
    absence: ClassVar[Literal["native", "mean"]] = "native"

    stream_weights_: NDArray[np.float64]
    temperature_: float
    _used: NDArray[np.bool_]

    def __init__(self, *, n_states: int = 10, n_frames: int = 20, n_iter: int = 10) -> None:
        self.n_states = n_states
        self.n_frames = n_frames
        self.n_iter = n_iter

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        if not 1 <= self.n_states <= self.n_frames:
            raise FusebenchError(
                f"n_states must lie between 1 and n_frames={self.n_frames}, however: {self.n_states}."
            )
        self._used = np.array([train.has(name).any() for name in train.names])
        self._chains = self._fit_chains(train)
        self.stream_weights_, self.temperature_ = self._tune(validation)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        scores = self._scores(self._log_emissions(data), self.stream_weights_)
        return np.exp(self._log_posterior(scores, 1 / self.temperature_))

    def _fit_chains(self, train: MultimodalData) -> list[LeftToRight]:
        train = train.take(np.flatnonzero(train.mask.any(axis=1)))
        streams = [
            _borrow(resample(modality, self.n_frames), train.has(name), train.labels)
            for name, modality in train.modalities.items()
        ]
        frames = np.concatenate(streams, axis=2)
        members = [frames[train.labels == k] for k in range(len(self.classes_))]
        return [fit_left_to_right(own if len(own) else frames, self.n_states, self.n_iter) for own in members]

    def _tune(self, validation: MultimodalData) -> tuple[NDArray[np.float64], float]:
        """Choose stream weights and temperature."""
        log_emissions = self._log_emissions(validation)
        best = (np.inf, np.ones(len(validation.names)), 1.0)
        for weights in _weight_grid(int(self._used.sum())):
            stream_weights = np.zeros(len(validation.names))
            stream_weights[self._used] = weights
            scores = self._scores(log_emissions, stream_weights)
            loss, inverse_temperature = self._fit_temperature(scores, validation.labels)
            if loss < best[0]:
                best = (loss, stream_weights, 1 / inverse_temperature)
        return best[1:]

    def _fit_temperature(self, scores: NDArray[np.float64], y: NDArray) -> tuple[float, float]:
        """Find the inverse temperature of least log loss, a problem with one valley; give both."""
        from scipy.optimize import minimize_scalar

        def loss(log_inverse: float) -> float:
            log_posterior = self._log_posterior(scores, np.exp(log_inverse))
            return -float(log_posterior[np.arange(len(y)), y].mean())

        found = minimize_scalar(loss, bounds=(-12.0, 0.0), method="bounded")
        return float(found.fun), float(np.exp(found.x))

    def _log_posterior(self, scores: NDArray[np.float64], inverse_temperature: float) -> NDArray[np.float64]:
        joint = np.log(self.prior_) + inverse_temperature * scores
        return joint - np.logaddexp.reduce(joint, axis=1, keepdims=True)

    def _log_emissions(self, data: MultimodalData) -> list[NDArray[np.float64]]:
        """Log densities of every modality, each (n, n_frames, n_classes, n_states); 0 where it is absent."""
        streams, start = [], 0
        for name, modality in data.modalities.items():
            own = slice(start, start := start + modality.values.shape[2])
            means = np.stack([chain.means[:, own] for chain in self._chains])
            variances = np.stack([chain.variances[:, own] for chain in self._chains])
            density = emission_log_density(resample(modality, self.n_frames), means, variances)
            streams.append(np.where(data.has(name)[:, None, None, None], density, 0.0))
        return streams

    def _scores(
        self, log_emissions: list[NDArray[np.float64]], weights: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Log-likelihoods, shape (n, n_classes)."""
        with np.errstate(divide="ignore"):  # a chain cannot start late, or go back: log 0
            log_start = np.log(np.eye(self.n_states)[0])
            log_transitions = np.log(np.stack([chain.transitions for chain in self._chains]))
        total = sum(w * stream for w, stream in zip(weights, log_emissions, strict=True))
        return forward(log_start, log_transitions, np.asarray(total))


def _borrow(frames: NDArray[np.float64], has: NDArray[np.bool_], y: NDArray) -> NDArray[np.float64]:
    """Replace absent sequences, (n, F, d), by those of another sample, of the same class if one has them."""
    frames = frames.copy()
    for k in np.unique(y):
        own = y == k
        lenders = np.flatnonzero(own & has if (own & has).any() else has)
        if len(lenders):
            frames[own & ~has] = frames[np.resize(lenders, np.count_nonzero(own & ~has))]
    return frames


def _weight_grid(n_streams: int) -> Iterator[NDArray[np.float64]]:
    """Positive weights that sum to their number, equal ones first."""
    yield np.ones(n_streams)
    for cuts in combinations(range(1, _WEIGHT_STEPS), n_streams - 1):
        yield np.diff([0, *cuts, _WEIGHT_STEPS]) * n_streams / _WEIGHT_STEPS
