"""Left-to-right hidden Markov models of all classes at once: densities, forward-backward, and the fit.

Loops run over time steps and classes only; sequences and states are axes of arrays. An unobserved feature
of a sequence (its modality is absent) must hold 0 and is integrated over.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LeftToRight",
    "emission_log_density",
    "estimate_gaussians",
    "even_cut",
    "fit_left_to_right",
    "forward",
    "own_log_density",
    "safe_log",
    "smooth",
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


def safe_log(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm that is -inf at 0, without a warning."""
    with np.errstate(divide="ignore"):
        logarithm: NDArray[np.float64] = np.log(probabilities)
    return logarithm


def emission_log_density(
    frames: NDArray[np.float64],
    observed: NDArray[np.bool_],
    means: NDArray[np.float64],
    variances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Log density of what is observed of every frame, in every state of every class.

    Parameters
    ----------
    frames : numpy.ndarray of shape (n, F, d)
        Sequences, 0 where not observed.
    observed : numpy.ndarray of bool, shape (n, d)
        Features that count.
    means, variances : numpy.ndarray of shape (K, S, d)
        Of K classes and S states.

    Returns
    -------
    numpy.ndarray of shape (n, F, K, S)

    Examples
    --------
    >>> standard = np.zeros((1, 1, 1)), np.ones((1, 1, 1))
    >>> emission_log_density(np.ones((1, 1, 1)), np.array([[True]]), *standard).round(3)
    array([[[[-1.419]]]])
    """
    n, n_frames, d = frames.shape
    x, mean, precision = frames.reshape(-1, d), means.reshape(-1, d), 1 / variances.reshape(-1, d)
    # |x - mean|^2 / variance, multiplied out so that it is matrix products; the last part is the same for
    # all frames of a sequence.
    by_frame = x**2 @ precision.T - 2 * x @ (mean * precision).T
    by_sequence = observed @ (mean**2 * precision + np.log(2 * np.pi) - np.log(precision)).T
    log_density: NDArray[np.float64] = -0.5 * (by_frame.reshape(n, n_frames, -1) + by_sequence[:, None])
    return log_density.reshape(n, n_frames, *means.shape[:2])


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


def forward(
    log_start: NDArray[np.float64], log_transitions: NDArray[np.float64], log_emissions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood of every sequence, summed over all paths (forward algorithm).

    Parameters
    ----------
    log_start : numpy.ndarray of shape (..., S)
        Of the first state.
    log_transitions : numpy.ndarray of shape (..., S, S)
        From the state of the last axis but one to that of the last.
    log_emissions : numpy.ndarray of shape (n, F, ..., S)
        As `emission_log_density` gives them: there the dots are K classes.

    Returns
    -------
    numpy.ndarray of shape (n, ...)

    Examples
    --------
    >>> stay = np.log([[[0.5, 0.5], [0.5, 0.5]]])
    >>> forward(np.log([[0.5, 0.5]]), stay, np.zeros((1, 3, 1, 2))).round(6) + 0.0
    array([[0.]])
    """
    log_alpha = log_start + log_emissions[:, 0]
    for t in range(1, log_emissions.shape[1]):
        log_alpha = _arrive(log_alpha, log_transitions) + log_emissions[:, t]
    return _log_sum_exp(log_alpha, axis=-1)


def smooth(
    log_start: NDArray[np.float64], log_transitions: NDArray[np.float64], log_emissions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Posteriors of states and transitions given the whole sequence (forward-backward algorithm).

    The way back needs no second recursion over densities: given the state at t + 1, the state at t depends
    on the frames up to t alone, which the way forward has weighed.

    Parameters
    ----------
    log_start : numpy.ndarray of shape (S,) or (n, S)
        Of the first state.
    log_transitions : numpy.ndarray of shape (S, S) or (n, S, S)
        From the state of the last axis but one to that of the last.
    log_emissions : numpy.ndarray of shape (n, F, S)
        Of each sequence.

    Returns
    -------
    log_likelihood : numpy.ndarray of shape (n,)
        As `forward` gives it.
    states : numpy.ndarray of shape (n, F, S)
        Probability of each state at each time.
    moves : numpy.ndarray of shape (n, S, S)
        Expected number of times that each transition is taken.
    """
    n, n_frames, n_states = log_emissions.shape
    log_arrived = np.empty(log_emissions.shape)
    log_arrived[:, 0] = log_start
    for t in range(1, n_frames):
        log_arrived[:, t] = _arrive(log_arrived[:, t - 1] + log_emissions[:, t - 1], log_transitions)
    log_alpha = log_arrived + log_emissions
    log_likelihood = _log_sum_exp(log_alpha[:, -1], axis=-1)
    log_arrived[np.isneginf(log_arrived)] = 0  # nobody comes from where nobody arrives: exp(-inf - 0)
    states, moves = np.empty(log_emissions.shape), np.zeros((n, n_states, n_states))
    states[:, -1] = np.exp(log_alpha[:, -1] - log_likelihood[:, None])
    for t in range(n_frames - 2, -1, -1):
        move = log_alpha[:, t, :, None] + log_transitions
        move -= log_arrived[:, t + 1, None]
        np.exp(move, out=move)
        move *= states[:, t + 1, None]
        states[:, t] = move.sum(axis=2)
        moves += move
    return log_likelihood, states, moves


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
    d, n_states = frames.shape[2], states.shape[2]
    means, variances = np.zeros((n_classes, n_states, d)), np.ones((n_classes, n_states, d))
    for k in np.unique(y):
        own = y == k
        x, weights = frames[own].reshape(-1, d), states[own].reshape(-1, n_states)
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


def _arrive(log_alpha: NDArray[np.float64], log_transitions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take one step: sum over the states that one can come from."""
    return _log_sum_exp(log_alpha[..., None] + log_transitions, axis=-2)


def _log_sum_exp(x: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Stable log(sum(exp(x))), -inf where all are; several times faster than `np.logaddexp.reduce`."""
    top = x.max(axis=axis, keepdims=True)
    top[np.isneginf(top)] = 0
    total: NDArray[np.float64] = safe_log(np.exp(x - top).sum(axis=axis)) + top.squeeze(axis)
    return total
