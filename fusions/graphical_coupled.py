"""Coupled chains: every modality has hidden states of its own, which move under the eyes of the others."""

from dataclasses import dataclass
from itertools import product
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .base import View
from .frames import resample
from .hmm import emission_log_density, forward, safe_log, smooth
from .hmm_fit import estimate_gaussians, even_cut, own_log_density, sum_by_class
from .registry import register_fusion
from .search import Integer, SearchSpace
from .tempering import TemperedFusion

__all__ = ["CoupledHMM", "advance_probabilities", "product_states", "product_transitions"]


@dataclass(frozen=True, eq=False)
class _Stream:
    """What one chain sees: its modality's frames, and whether the sample has it."""

    frames: NDArray[np.float64]
    observed: NDArray[np.bool_]


@register_fusion("coupled-hmm", family="graphical", reference="Nefian et al. 2002, EURASIP JASP 11")
class CoupledHMM(TemperedFusion):
    """One left-to-right chain a modality, each moved by the states of all chains.

    All modalities are brought to a common clock of `n_frames` frames. Given the class,

        p(s_t | s_t-1) = prod_m p(s_tm | s_(t-1)1, ..., s_(t-1)M),
        p(o_t | s_t) = prod_m N(o_tm; mean of s_tm, diagonal covariance of s_tm),

    where chain m stays in its state or moves on by one. So modalities may run ahead of each other, as
    sound and sight of speech do, and a chain learns to wait for another. Inference is exact, on the product
    of the states of all chains, and so is expectation-maximisation with the factors above. The score of a
    class is the log-likelihood of the sample.

    The work grows with the square of the number of product states, n_states^M. Where that would be more
    than `max_product_states`, the chains get fewer states. A chain whose modality is absent from a sample
    moves unseen; the chain of a modality that no training sample has is left out.

    Parameters
    ----------
    n_states : int
        The most states of each chain, at most `n_frames`.
    n_frames : int
        Frames of the common clock.
    n_iter : int
        The most iterations of expectation-maximisation.
    max_product_states : int
        The most product states.

    Attributes
    ----------
    temperature_ : float
        tau of `TemperedFusion`.
    n_states_ : int
        States of each chain, S.
    advance_ : numpy.ndarray of shape (n_classes, M, S^M)
        Probability that a chain moves on, given the states of all chains (`product_states`).
    means_, variances_ : dict of str to numpy.ndarray of shape (n_classes, S, d)
        Of the emissions, by modality.

    Raises
    ------
    FusebenchError
        By `fit`, if `n_states` is not between 1 and `n_frames`, or if the modalities are so many that two
        states each would be more than `max_product_states`.

    References
    ----------
    Brand, Oliver & Pentland (1997). Coupled hidden Markov models for complex action recognition. CVPR.
    Nefian, Liang, Pi, Liu & Murphy (2002). Dynamic Bayesian networks for audio-visual speech recognition.
    EURASIP Journal on Applied Signal Processing 11. There with mixtures of Gaussians and stream weights.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> y = np.arange(40) % 2
    >>> rising = np.linspace(-1, 1, 6) * np.where(y, 1, -1)[:, None]
    >>> noise = np.random.default_rng(0).normal(size=(2, 40, 6))
    >>> data = MultimodalData(
    ...     {name: Modality(Kind.SEQUENCE, (rising + e)[..., None]) for name, e in zip("ab", noise)}, y
    ... )
    >>> fusion = CoupledHMM(n_states=3, n_frames=6).fit(data)
    >>> bool(fusion.score(data, y) > 0.9)
    True
    """

    views: ClassVar[tuple[View, ...]] = ("sequence",)
    search_space: ClassVar[SearchSpace] = {"n_states": Integer(2, 6)}

    n_states_: int
    advance_: NDArray[np.float64]
    means_: dict[str, NDArray[np.float64]]
    variances_: dict[str, NDArray[np.float64]]
    _places: NDArray[np.intp]

    def __init__(
        self, *, n_states: int = 5, n_frames: int = 20, n_iter: int = 10, max_product_states: int = 36
    ) -> None:
        self.n_states = n_states
        self.n_frames = n_frames
        self.n_iter = n_iter
        self.max_product_states = max_product_states

    def _fit_classes(self, train: MultimodalData) -> None:
        used = [name for name in train.names if train.has(name).any()]
        self.n_states_ = self._choose_n_states(len(used))
        self._places = product_states(len(used), self.n_states_)
        streams, y = self._streams(train, used), train.labels
        cut = np.tile(even_cut(self.n_frames, self.n_states_), (len(train), 1, 1))
        self._estimate_emissions(streams, y, dict.fromkeys(used, cut))
        can_move = (self._places < self.n_states_ - 1).T
        self.advance_ = np.tile(self.n_states_ / self.n_frames * can_move, (len(self.classes_), 1, 1))
        best = -np.inf
        for _ in range(self.n_iter):
            log_likelihood = self._improve(streams, y)
            if log_likelihood < best + 1e-3 * self.n_frames:
                break
            best = log_likelihood

    def _improve(self, streams: dict[str, _Stream], y: NDArray) -> float:
        """Do one iteration; give the mean log-likelihood before it."""
        log_emissions = np.zeros((len(y), self.n_frames, len(self._places)))
        for m, (name, stream) in enumerate(streams.items()):
            log_emissions += own_log_density(
                stream.frames, stream.observed, y, self.means_[name], self.variances_[name]
            )[..., self._places[:, m]]
        log_transitions = safe_log(product_transitions(self.advance_, self._places))
        log_likelihood, states, moves = smooth(self._log_start(), log_transitions[y], log_emissions)
        own = [np.eye(self.n_states_)[place] for place in self._places.T]  # from product states to a chain's
        self._estimate_emissions(streams, y, {name: states @ own[m] for m, name in enumerate(streams)})
        self.advance_ = advance_probabilities(sum_by_class(moves, y, len(self.classes_)), self._places)
        return float(log_likelihood.mean())

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        log_emissions = np.zeros((len(data), self.n_frames, len(self.classes_), len(self._places)))
        for m, (name, stream) in enumerate(self._streams(data, list(self.means_)).items()):
            log_emissions += emission_log_density(
                stream.frames, stream.observed, self.means_[name], self.variances_[name]
            )[..., self._places[:, m]]
        log_transitions = safe_log(product_transitions(self.advance_, self._places))
        return forward(self._log_start(), log_transitions, log_emissions)

    def _log_start(self) -> NDArray[np.float64]:
        return safe_log(np.eye(len(self._places))[0])

    def _choose_n_states(self, n_chains: int) -> int:
        """Give the states that each chain can afford."""
        if not 1 <= self.n_states <= self.n_frames:
            raise FusebenchError(
                f"n_states must lie between 1 and n_frames={self.n_frames}, however: {self.n_states}."
            )
        affordable = [s for s in range(1, self.n_states + 1) if s**n_chains <= self.max_product_states]
        if len(affordable) < min(2, self.n_states):
            raise FusebenchError(
                f"{n_chains} coupled chains of two states each have {2**n_chains} product states, more than "
                f"max_product_states={self.max_product_states}; raise it, or use fewer modalities."
            )
        return affordable[-1]

    def _streams(self, data: MultimodalData, names: list[str]) -> dict[str, _Stream]:
        streams = {}
        for name in names:
            frames = resample(data.modalities[name], self.n_frames)
            streams[name] = _Stream(frames, np.tile(data.has(name)[:, None], (1, frames.shape[2])))
        return streams

    def _estimate_emissions(
        self, streams: dict[str, _Stream], y: NDArray, states: dict[str, NDArray[np.float64]]
    ) -> None:
        self.means_, self.variances_ = {}, {}
        for name, stream in streams.items():
            self.means_[name], self.variances_[name] = estimate_gaussians(
                stream.frames, stream.observed, y, states[name], len(self.classes_)
            )


def product_states(n_chains: int, n_states: int) -> NDArray[np.intp]:
    """List all combinations of the states of M chains, shape (S^M, M), the first with all chains in state 0.

    Examples
    --------
    >>> product_states(2, 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.array(list(product(range(n_states), repeat=n_chains)), np.intp)


def product_transitions(advance: NDArray[np.float64], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Multiply what each chain does, given where all of them are.

    Parameters
    ----------
    advance : numpy.ndarray of shape (K, M, P)
        Probability that chain m moves on by one, for every product state; otherwise it stays.
    places : numpy.ndarray of shape (P, M)
        As `product_states` gives them.

    Returns
    -------
    numpy.ndarray of shape (K, P, P)
        Rows sum to 1.

    Examples
    --------
    >>> places = product_states(1, 2)
    >>> product_transitions(np.array([[[0.25, 0.0]]]), places)
    array([[[0.75, 0.25],
            [0.  , 1.  ]]])
    """
    transitions = np.ones((len(advance), len(places), len(places)))
    for m, step in enumerate(_steps(places)):
        moving = advance[:, m, :, None]
        transitions *= np.where(step == 1, moving, np.where(step == 0, 1 - moving, 0.0))
    return transitions


def advance_probabilities(moves: NDArray[np.float64], places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Estimate how often each chain moves on, with one count of either before the data speak.

    Parameters
    ----------
    moves : numpy.ndarray of shape (K, P, P)
        Expected numbers of transitions between product states.
    places : numpy.ndarray of shape (P, M)
        As `product_states` gives them.

    Returns
    -------
    numpy.ndarray of shape (K, M, P)
        0 in the last state of a chain.
    """
    moved = np.einsum("kpq,mpq->kmp", moves, _steps(places) == 1)
    can_move = (places < places.max(initial=0)).T
    advance: NDArray[np.float64] = can_move * (1 + moved) / (2 + moves.sum(axis=2)[:, None])
    return advance


def _steps(places: NDArray[np.intp]) -> NDArray[np.intp]:
    """How far each chain moves from one product state to another, shape (M, P, P)."""
    return places.T[:, None, :] - places.T[:, :, None]
