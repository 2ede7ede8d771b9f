"""Left-to-right hidden Markov models: the fit to one class, and the scores of a batch under all classes."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Modality

__all__ = ["LeftToRight", "emission_log_density", "fit_left_to_right", "forward", "resample"]

_MIN_VARIANCE = 0.01  # of standardised features: a hundredth of their variance over all classes


@dataclass(frozen=True, eq=False)
class LeftToRight:
    """A chain that starts in its first state and stays or moves on by one, with Gaussian emissions.

    Parameters
    ----------
    transitions : numpy.ndarray of shape (S, S)
        Rows sum to 1.
    means, variances : numpy.ndarray of shape (S, d)
        Of the emissions, whose features are independent given the state.
    """

    transitions: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]


def resample(modality: Modality, n_frames: int) -> NDArray[np.float64]:
    """Bring sequences to the same number of frames by linear interpolation over their valid frames.

    Parameters
    ----------
    modality : Modality
        Sequences (n, T, d).
    n_frames : int
        F, frames to make of each.

    Returns
    -------
    numpy.ndarray of shape (n, F, d)
        The first and the last frame are those of the sequence.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind
    >>> frames = np.array([[[0.0], [2.0], [9.0]]], np.float32)
    >>> resample(Modality(Kind.SEQUENCE, frames, lengths=np.array([2])), 3).ravel()
    array([0., 1., 2.])
    """
    lengths = modality.frame_mask().sum(axis=1)
    position = np.linspace(0, 1, n_frames) * (lengths - 1)[:, None]
    before = np.floor(position).astype(np.intp)
    after = np.minimum(before + 1, lengths[:, None] - 1)
    share = (position - before)[..., None]
    rows = np.arange(len(modality))[:, None]
    values = modality.values.astype(np.float64)
    frames: NDArray[np.float64] = (1 - share) * values[rows, before] + share * values[rows, after]
    return frames


def fit_left_to_right(frames: NDArray[np.float64], n_states: int, n_iter: int) -> LeftToRight:
    """Fit one chain by expectation-maximisation, starting from an even cut of the sequences.

    Every state is given one frame of variance 1, and every transition that is allowed one count, before
    the data speak, so that few sequences do not break the fit. Variances end at 0.01 at least.

    Parameters
    ----------
    frames : numpy.ndarray of shape (n, F, d)
        Sequences of standardised features, n at least 1.
    n_states : int
        S, at most F.
    n_iter : int
        The most iterations; fewer where the log-likelihood of a frame gains less than 0.001.

    Returns
    -------
    LeftToRight
    """
    from hmmlearn.hmm import GaussianHMM

    n, n_frames, d = frames.shape
    cuts = np.array_split(frames, n_states, axis=1)
    leave = n_states / n_frames
    model = GaussianHMM(
        n_states, n_iter=n_iter, tol=1e-3 * n * n_frames, params="tmc", init_params="",
        transmat_prior=2.0, covars_prior=1.0, covars_weight=2.0,
    )  # fmt: skip
    model.startprob_ = np.eye(n_states)[0]
    model.transmat_ = (1 - leave) * np.eye(n_states) + leave * np.eye(n_states, k=1)
    model.transmat_[-1, -1] = 1.0
    model.means_ = np.stack([cut.mean(axis=(0, 1)) for cut in cuts])
    model.covars_ = np.stack([np.maximum(cut.var(axis=(0, 1)), _MIN_VARIANCE) for cut in cuts])
    with _quiet("hmmlearn"):
        model.fit(frames.reshape(-1, d), np.full(n, n_frames))
    variances = np.diagonal(model.covars_, axis1=1, axis2=2)
    return LeftToRight(model.transmat_, model.means_, np.maximum(variances, _MIN_VARIANCE))


def emission_log_density(
    frames: NDArray[np.float64], means: NDArray[np.float64], variances: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log density of every frame in every state of every class.

    Parameters
    ----------
    frames : numpy.ndarray of shape (n, F, d)
        Sequences.
    means, variances : numpy.ndarray of shape (K, S, d)
        Of K classes and S states.

    Returns
    -------
    numpy.ndarray of shape (n, F, K, S)

    Examples
    --------
    >>> emission_log_density(np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), np.ones((1, 1, 1))).round(3)
    array([[[[-0.919]]]])
    """
    n, n_frames, d = frames.shape
    x, mean, precision = frames.reshape(-1, d), means.reshape(-1, d), 1 / variances.reshape(-1, d)
    # |x - mean|^2 / variance, multiplied out so that it is three matrix products.
    distance = x**2 @ precision.T - 2 * x @ (mean * precision).T + (mean**2 * precision).sum(axis=1)
    log_density: NDArray[np.float64] = -0.5 * (distance + (np.log(2 * np.pi) - np.log(precision)).sum(axis=1))
    return log_density.reshape(n, n_frames, *means.shape[:2])


def forward(
    log_start: NDArray[np.float64], log_transitions: NDArray[np.float64], log_emissions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood of every sequence under every class, summed over all paths (forward algorithm).

    Parameters
    ----------
    log_start : numpy.ndarray of shape (K, S)
        Of the first state.
    log_transitions : numpy.ndarray of shape (K, S, S)
        From the state of the second axis to that of the third.
    log_emissions : numpy.ndarray of shape (n, F, K, S)
        As `emission_log_density` gives them.

    Returns
    -------
    numpy.ndarray of shape (n, K)

    Examples
    --------
    >>> stay = np.log([[[0.5, 0.5], [0.5, 0.5]]])
    >>> forward(np.log([[0.5, 0.5]]), stay, np.zeros((1, 3, 1, 2))).round(6) + 0.0
    array([[0.]])
    """
    log_alpha = log_start + log_emissions[:, 0]
    for t in range(1, log_emissions.shape[1]):
        arrived = np.logaddexp.reduce(log_alpha[..., None] + log_transitions, axis=-2)
        log_alpha = arrived + log_emissions[:, t]
    log_likelihood: NDArray[np.float64] = np.logaddexp.reduce(log_alpha, axis=-1)
    return log_likelihood


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Mute a logger's warnings for a while.

    hmmlearn warns where the plain log-likelihood falls, which it may with the priors above, and where
    there are fewer numbers than parameters, which the priors are for.
    """
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
