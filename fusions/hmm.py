"""Hidden Markov models: densities of their emissions, and forward-backward, for many sequences at once.

Loops run over time steps and blocks only; sequences, classes and states are axes of arrays.
"""

import numpy as np
from numpy.typing import NDArray

__all__ = ["emission_log_density", "forward", "safe_log", "smooth"]

_BLOCK = 64  # sequences scored at once, so that memory stays small and in reach of the processor


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


def forward(
    log_start: NDArray[np.float64], log_transitions: NDArray[np.float64], log_emissions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood of every sequence under every class, summed over all paths (forward algorithm).

    Parameters
    ----------
    log_start : numpy.ndarray of shape (S,)
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
    >>> forward(np.log([0.5, 0.5]), stay, np.zeros((1, 3, 1, 2))).round(6) + 0.0
    array([[0.]])
    """
    log_likelihood = np.empty((len(log_emissions), len(log_transitions)))
    for first in range(0, len(log_emissions), _BLOCK):
        block = slice(first, first + _BLOCK)
        emissions = _sequences_last(log_emissions[block])  # (F, K, S, block)
        log_alpha = log_start[:, None] + emissions[0]
        for emission in emissions[1:]:
            log_alpha = _arrive(log_alpha, log_transitions[..., None]) + emission
        log_likelihood[block] = _log_sum_exp(log_alpha, axis=1).T
    return log_likelihood


def smooth(
    log_start: NDArray[np.float64], log_transitions: NDArray[np.float64], log_emissions: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Posteriors of states and transitions given the whole sequence (forward-backward algorithm).

    The way back needs no second recursion over densities: given the state at t + 1, the state at t depends
    on the frames up to t alone, which the way forward has weighed.

    Parameters
    ----------
    log_start : numpy.ndarray of shape (S,)
        Of the first state.
    log_transitions : numpy.ndarray of shape (n, S, S) or (1, S, S)
        Of each sequence, or of all: from the state of the second axis to that of the third.
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

    Examples
    --------
    >>> never_back = safe_log(np.array([[[0.5, 0.5], [0.0, 1.0]]]))
    >>> _, states, moves = smooth(np.log([0.5, 0.5]), never_back, np.zeros((1, 2, 2)))
    >>> states.round(2)
    array([[[0.5 , 0.5 ],
            [0.25, 0.75]]])
    """
    emissions, transitions = _sequences_last(log_emissions), _sequences_last(log_transitions)
    log_arrived = np.empty(emissions.shape)  # (F, S, n)
    log_arrived[0] = log_start[:, None]
    for t in range(1, len(emissions)):
        log_arrived[t] = _arrive(log_arrived[t - 1] + emissions[t - 1], transitions)
    log_alpha = log_arrived + emissions
    log_likelihood = _log_sum_exp(log_alpha[-1], axis=0)
    log_arrived[np.isneginf(log_arrived)] = 0  # nobody comes from where nobody arrives: exp(-inf - 0)
    states = np.empty(emissions.shape)
    states[-1] = np.exp(log_alpha[-1] - log_likelihood)
    moves = np.zeros((emissions.shape[1], *emissions.shape[1:]))
    for t in range(len(emissions) - 2, -1, -1):
        move = log_alpha[t][:, None] + transitions
        move -= log_arrived[t + 1]
        np.exp(move, out=move)
        move *= states[t + 1]
        states[t] = move.sum(axis=1)
        moves += move
    return log_likelihood, np.moveaxis(states, -1, 0), np.moveaxis(moves, -1, 0)


def _sequences_last(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring the first axis to the end: work on long contiguous rows is several times faster."""
    return np.ascontiguousarray(np.moveaxis(values, 0, -1))


def _arrive(log_alpha: NDArray[np.float64], log_transitions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take one step from (..., S, n): sum over the states that one can come from."""
    return _log_sum_exp(log_alpha[..., :, None, :] + log_transitions, axis=-3)


def _log_sum_exp(x: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Stable log(sum(exp(x))), -inf where all are; several times faster than `np.logaddexp.reduce`."""
    top = x.max(axis=axis, keepdims=True)
    top[np.isneginf(top)] = 0
    shifted = x - top
    total: NDArray[np.float64] = safe_log(np.exp(shifted, out=shifted).sum(axis=axis)) + top.squeeze(axis)
    return total
