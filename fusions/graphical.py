"""Graphical-model fusion: one chain of hidden states that all modalities observe."""

from collections.abc import Iterator
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .base import View
from .frames import join_frames, resample
from .hmm import emission_log_density, forward, safe_log
from .hmm_fit import LeftToRight, fit_left_to_right
from .registry import register_fusion
from .search import Integer, SearchSpace
from .tempering import TemperedFusion, fit_temperature

__all__ = ["JointHMM", "MultistreamHMM"]

_WEIGHT_STEPS = 8  # stream weights are tried in steps of an eighth of their sum


@register_fusion("joint-hmm", family="graphical", reference="Rabiner 1989, Proc. IEEE 77(2)")
class JointHMM(TemperedFusion):
    """One left-to-right hidden Markov model a class, which emits the frames of all modalities side by side.

    All modalities are brought to a common clock of `n_frames` frames and concatenated. Emissions are
    Gaussians of diagonal covariance, fitted by expectation-maximisation. The score of a class is the
    log-likelihood of the sample under its chain, summed over all paths.

    An absent modality is integrated over: in training as in prediction its features are left out of the
    likelihood, which for diagonal Gaussians is exact. What a class never shows has the mean and the
    variance of all classes together.

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
    temperature_ : float
        tau of `TemperedFusion`.
    chains_ : LeftToRight
        The chains of all classes.

    Raises
    ------
    FusebenchError
        By `fit`, if there are more states than frames.

    References
    ----------
    Rabiner (1989). A tutorial on hidden Markov models and selected applications in speech recognition.
    Proceedings of the IEEE 77(2).

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> y = np.arange(40) % 2
    >>> rising = np.linspace(-1, 1, 6) * np.where(y, 1, -1)[:, None]
    >>> noise = np.random.default_rng(0).normal(size=(2, 40, 6))
    >>> data = MultimodalData(
    ...     {name: Modality(Kind.SEQUENCE, (rising + e)[..., None]) for name, e in zip("ab", noise)}, y
    ... )
    >>> fusion = JointHMM(n_states=3, n_frames=6).fit(data)
    >>> bool(fusion.score(data, y) > 0.9)
    True
    """

    views: ClassVar[tuple[View, ...]] = ("sequence",)
    search_space: ClassVar[SearchSpace] = {"n_states": Integer(3, 15)}

    chains_: LeftToRight

    def __init__(self, *, n_states: int = 10, n_frames: int = 20, n_iter: int = 10) -> None:
        self.n_states = n_states
        self.n_frames = n_frames
        self.n_iter = n_iter

    def _fit_classes(self, train: MultimodalData) -> None:
        if not 1 <= self.n_states <= self.n_frames:
            raise FusebenchError(
                f"n_states must lie between 1 and n_frames={self.n_frames}, however: {self.n_states}."
            )
        frames, observed = join_frames(train, self.n_frames)
        self.chains_ = fit_left_to_right(
            frames, observed, train.labels,
            n_classes=len(self.classes_), n_states=self.n_states, n_iter=self.n_iter,
        )  # fmt: skip

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        frames, observed = join_frames(data, self.n_frames)
        return self._forward(
            emission_log_density(frames, observed, self.chains_.means, self.chains_.variances)
        )

    def _forward(self, log_emissions: NDArray[np.float64]) -> NDArray[np.float64]:
        log_start = safe_log(np.eye(self.n_states)[0])
        return forward(log_start, safe_log(self.chains_.transitions), log_emissions)


@register_fusion("multistream-hmm", family="graphical", reference="Potamianos et al. 2003, Proc. IEEE 91(9)")
class MultistreamHMM(JointHMM):
    """State-synchronous multi-stream hidden Markov model, one left-to-right chain a class.

    The chains are those of `JointHMM`, but in state j of class k the modalities emit

        b_jk(o) = prod_m b_jkm(o_m)^lambda_m,

    with stream weights lambda_m that are positive and sum to the number of modalities. They are chosen
    from a grid, and with them the temperature: those of least log loss on validation. The chains are fitted
    with all weights at 1. A modality that no training sample has is ignored.

    Parameters
    ----------
    n_states, n_frames, n_iter : int
        As in `JointHMM`.

    Attributes
    ----------
    stream_weights_ : numpy.ndarray of shape (M,)
        lambda, in the order of `modalities_`; 0 where a modality is ignored.
    temperature_, chains_
        As in `JointHMM`.

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
    >>> float(fusion.stream_weights_.sum())
    2.0
    """

    stream_weights_: NDArray[np.float64]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._fit_classes(train)
        used = np.array([train.has(name).any() for name in train.names])
        streams = self._streams(validation)
        best = np.inf
        for weights in _weight_grid(int(used.sum())):
            stream_weights = np.zeros(len(used))
            stream_weights[used] = weights
            scores = self._forward(_weigh(streams, stream_weights))
            temperature, loss = fit_temperature(scores, self.prior_, validation.labels)
            if loss < best:
                best, self.stream_weights_, self.temperature_ = loss, stream_weights, temperature

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._forward(_weigh(self._streams(data), self.stream_weights_))

    def _streams(self, data: MultimodalData) -> list[NDArray[np.float64]]:
        """Log densities of every modality, each (n, n_frames, n_classes, n_states); 0 where it is absent."""
        streams, start = [], 0
        for name, modality in data.modalities.items():
            frames = resample(modality, self.n_frames)
            own = slice(start, start := start + frames.shape[2])
            observed = np.tile(data.has(name)[:, None], (1, frames.shape[2]))
            means, variances = self.chains_.means[..., own], self.chains_.variances[..., own]
            streams.append(emission_log_density(frames, observed, means, variances))
        return streams


def _weigh(streams: list[NDArray[np.float64]], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(sum(weight * stream for weight, stream in zip(weights, streams, strict=True)))


def _weight_grid(n_streams: int) -> Iterator[NDArray[np.float64]]:
    """Positive weights that sum to their number, equal ones first."""
    yield np.ones(n_streams)
    if n_streams < 2:
        return
    for cuts in combinations(range(1, _WEIGHT_STEPS), n_streams - 1):
        yield np.diff([0, *cuts, _WEIGHT_STEPS]) * n_streams / _WEIGHT_STEPS
