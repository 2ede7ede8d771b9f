"""Expectation-maximisation of left-to-right hidden Markov models, of all classes at once.

A feature of a sequence that is not observed (its modality is absent) must hold 0 and is integrated over:
for Gaussians of diagonal covariance that is to leave it out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .hmm import emission_log_density, safe_log, smooth

__all__ = [
    "LeftToRight",
    "estimate_gaussians",
    "even_cut",
    "fit_left_to_right",
    "own_log_density",
    "sum_by_class",
]

_MIN_VARIANCE = 0.01  # of standardised features: a hundredth of their variance over all classes


@dataclass(frozen=True, eq=False)
class LeftToRight:
    """One chain a class: it starts in its first state, stays or moves on by one, and emits Gaussians.

    Parameters
    ----------
    transitions : numpy.ndarray of shape (K, S, S)
        From the state of the second axis to that of the third.
    means, variances : numpy.ndarray of shape (K, S, d)
        Of the emissions, whose features are independent given the state.
    """

    transitions: NDArray[np.float64]
    means: NDArray[np.float64]
    variances: NDArray[np.float64]


def own_log_density(
    frames: NDArray[np.float64],
    observed: NDArray[np.bool_],
    y: NDArray,
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log density of every frame in the states of the sequence's own class, shape (n, F, S)."""
    log_density = np.empty((*frames.shape[:2], means.shape[1]))
    for k in np.unique(y):
        own = y == k
        emissions = emission_log_density(frames[own], observed[own], means[[k]], variances[[k]])
        log_density[own] = emissions[:, :, 0]
    return log_density


def estimate_gaussians(
    frames: NDArray[np.float64],
    observed: NDArray[np.bool_],
    y: NDArray,
    states: NDArray[np.float64],
    n_classes: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means and variances of every state, given the probability of each state at each time.

    Every state is given one frame of variance 1 before the data speak, so that few sequences do not break
    the fit, and variances end at 0.01 at least. A feature of which a state has no frame has mean 0 and
    variance 1, which are those of the standardised features of all classes together.

    Parameters
    ----------
    frames : numpy.ndarray of shape (n, F, d)
        Standardised features, 0 where not observed.
    observed : numpy.ndarray of bool, shape (n, d)
        Features that count.
    y : numpy.ndarray of shape (n,)
        Classes 0 .. `n_classes` - 1.
    states : numpy.ndarray of shape (n, F, S)
        Probabilities of the states of the sequence's own class.
    n_classes : int
        K.

    Returns
    -------
    means, variances : numpy.ndarray of shape (K, S, d)
    """
    n_frames, d, n_states = *frames.shape[1:], states.shape[2]
    means, variances = np.zeros((n_classes, n_states, d)), np.ones((n_classes, n_states, d))
    for k in np.unique(y):
        own = y == k
        rows = np.count_nonzero(own) * n_frames
        x, weights = frames[own].reshape(rows, d), states[own].reshape(rows, n_states)
        count = states[own].sum(axis=1).T @ observed[own]
        means[k] = weights.T @ x / np.maximum(count, np.finfo(np.float64).tiny)
        scatter = weights.T @ x**2 - count * means[k] ** 2
        variances[k] = np.maximum((1 + scatter) / (1 + count), _MIN_VARIANCE)
    return means, variances


def even_cut(n_frames: int, n_states: int) -> NDArray[np.float64]:
    """Share F frames out evenly to S states in order, as probabilities (F, S): where every fit starts."""
    sizes = [len(part) for part in np.array_split(np.arange(n_frames), n_states)]
    return np.repeat(np.eye(n_states), sizes, axis=0)


def fit_left_to_right(
    frames: NDArray[np.float64],
    observed: NDArray[np.bool_],
    y: NDArray,
    *,
    n_classes: int,
    n_states: int,
    n_iter: int,
) -> LeftToRight:
    """Fit the chains of all classes by expectation-maximisation, starting from an even cut.

    Every transition that is allowed is given one count before the data speak; of the Gaussians,
    `estimate_gaussians` says what they are given. A class without sequences has that alone.

    Parameters
    ----------
    frames, observed, y
        As in `estimate_gaussians`.
    n_classes, n_states : int
        K, and S, at most F.
    n_iter : int
        The most iterations; fewer where the log-likelihood of a frame gains less than 0.001.

    Returns
    -------
    LeftToRight
    """
    n, n_frames, _ = frames.shape
    allowed = np.eye(n_states) + np.eye(n_states, k=1)
    states = np.tile(even_cut(n_frames, n_states), (n, 1, 1))
    leave = n_states / n_frames * np.eye(n_states, k=1)
    transitions = np.tile(leave + np.diag(1 - leave.sum(axis=1)), (n_classes, 1, 1))
    means, variances = estimate_gaussians(frames, observed, y, states, n_classes)
    log_start, best = safe_log(np.eye(n_states)[0]), -np.inf
    for _ in range(n_iter):
        log_emissions = own_log_density(frames, observed, y, means, variances)
        log_likelihood, states, moves = smooth(log_start, safe_log(transitions)[y], log_emissions)
        means, variances = estimate_gaussians(frames, observed, y, states, n_classes)
        counts = allowed + sum_by_class(moves, y, n_classes)
        transitions = counts / counts.sum(axis=2, keepdims=True)
        if log_likelihood.mean() < best + 1e-3 * n_frames:
            break
        best = log_likelihood.mean()
    return LeftToRight(transitions, means, variances)


def sum_by_class(values: NDArray[np.float64], y: NDArray, n_classes: int) -> NDArray[np.float64]:
    """Sum arrays (n, ...) over the samples of each class, shape (K, ...)."""
    member = np.eye(n_classes)[y]
    return np.tensordot(member, values, axes=(0, 0))
