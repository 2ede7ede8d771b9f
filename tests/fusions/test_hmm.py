"""Scores and posteriors of hidden Markov models, against hmmlearn and against enumeration of all paths."""

from itertools import pairwise, product

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from scipy.stats import norm

from fusebench.fusions.hmm import emission_log_density, forward, safe_log, smooth


def random_models(rng, K=2, S=3, d=2):
    start, transitions = rng.dirichlet(np.ones(S), K), rng.dirichlet(np.ones(S), (K, S))
    return start, transitions, rng.standard_normal((K, S, d)), rng.uniform(0.2, 2, (K, S, d))


def densities(frames, means, variances):
    return emission_log_density(frames, np.ones(frames[:, 0].shape, bool), means, variances)


def test_emissions_are_products_of_normal_densities_of_what_is_observed():
    rng = np.random.default_rng(0)
    observed = rng.random((4, 3)) < 0.5
    frames = rng.standard_normal((4, 5, 3)) * observed[:, None]
    _, _, means, variances = random_models(rng, d=3)
    got = emission_log_density(frames, observed, means, variances)
    single = norm.logpdf(frames[:, :, None, None], means, np.sqrt(variances))
    np.testing.assert_allclose(got, (single * observed[:, None, None, None]).sum(axis=-1))


def test_scores_equal_those_of_hmmlearn():
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((6, 10, 2))
    start, transitions, means, variances = random_models(rng)
    # Two streams of one feature each, multiplied: the same as both features in one stream.
    streams = [densities(frames[..., [i]], means[..., [i]], variances[..., [i]]) for i in (0, 1)]
    got = forward(np.log(start[0]), np.log(transitions), streams[0] + streams[1])
    for k in range(2):
        model = GaussianHMM(3)
        model.startprob_, model.transmat_, model.means_ = start[0], transitions[k], means[k]
        model.covars_ = variances[k]
        np.testing.assert_allclose(got[:, k], [model.score(sequence) for sequence in frames])


@pytest.mark.parametrize("left_to_right", [False, True])
def test_forward_and_backward_equal_enumeration_of_all_paths(left_to_right):
    rng = np.random.default_rng(1)
    n, n_frames, S = 3, 4, 3
    (start, *_), transitions, _, _ = random_models(rng, K=n)  # transitions of its own for every sequence
    if left_to_right:
        start = np.eye(S)[0]
        transitions = np.triu(np.tril(transitions, 1))
        transitions /= transitions.sum(axis=2, keepdims=True)
    log_emissions = 2 * rng.standard_normal((n, n_frames, S))
    likelihood, states, moves = np.zeros(n), np.zeros((n, n_frames, S)), np.zeros((n, S, S))
    for i, path in product(range(n), product(range(S), repeat=n_frames)):
        weight = start[path[0]] * np.prod([transitions[i, j, k] for j, k in pairwise(path)])
        weight *= np.exp(sum(log_emissions[i, t, j] for t, j in enumerate(path)))
        likelihood[i] += weight
        states[i, range(n_frames), path] += weight
        np.add.at(moves[i], tuple(zip(*pairwise(path), strict=True)), weight)
    got = smooth(safe_log(start), safe_log(transitions), log_emissions)
    scores = forward(safe_log(start), safe_log(transitions), np.repeat(log_emissions[:, :, None], n, axis=2))
    np.testing.assert_allclose(got[0], np.log(likelihood))
    np.testing.assert_allclose(np.diagonal(scores), np.log(likelihood))
    np.testing.assert_allclose(got[1], states / likelihood[:, None, None], atol=1e-12)
    np.testing.assert_allclose(got[2], moves / likelihood[:, None, None], atol=1e-12)


def test_a_path_that_looked_hopeless_is_not_lost():
    """Early frames favour the second state by far more than exp can hold; later ones the first."""
    log_start, log_transitions = np.log([0.5, 0.5]), safe_log(np.eye(2))[None]
    log_emissions = np.array([[[-2000.0, 0.0], [0.0, -5000.0]]])
    scores = forward(log_start, log_transitions, log_emissions[:, :, None])
    np.testing.assert_allclose(scores, [[np.log(0.5) - 2000]])
    _, states, moves = smooth(log_start, log_transitions, log_emissions)
    np.testing.assert_allclose(states[0], [[1, 0], [1, 0]])
    np.testing.assert_allclose(moves[0], [[1, 0], [0, 0]])


def test_many_sequences_are_scored_as_each_alone():
    rng = np.random.default_rng(0)
    (start, *_), transitions, _, _ = random_models(rng)
    log_emissions = rng.standard_normal((150, 4, 2, 3))
    arguments = np.log(start), np.log(transitions)
    alone = [forward(*arguments, log_emissions[[i]])[0] for i in range(150)]
    np.testing.assert_allclose(forward(*arguments, log_emissions), alone)
