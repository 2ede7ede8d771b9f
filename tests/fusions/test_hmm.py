"""Scores and fits of hidden Markov models, against hmmlearn and against enumeration of all paths."""

import logging
from itertools import pairwise, product

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from scipy.stats import norm

from fusebench.datasets.data import Kind, Modality
from fusebench.fusions.hmm import emission_log_density, fit_left_to_right, forward, resample


def random_models(rng, K=2, S=3, d=2):
    start, transitions = rng.dirichlet(np.ones(S), K), rng.dirichlet(np.ones(S), (K, S))
    return start, transitions, rng.standard_normal((K, S, d)), rng.uniform(0.2, 2, (K, S, d))


def test_emissions_are_products_of_normal_densities():
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((4, 5, 2))
    _, _, means, variances = random_models(rng)
    got = emission_log_density(frames, means, variances)
    expected = norm.logpdf(frames[:, :, None, None], means, np.sqrt(variances)).sum(axis=-1)
    np.testing.assert_allclose(got, expected)


def test_scores_equal_those_of_hmmlearn():
    rng = np.random.default_rng(0)
    frames = rng.standard_normal((6, 10, 2))
    start, transitions, means, variances = random_models(rng)
    # Two streams of one feature each, multiplied: the same as both features in one stream.
    streams = [emission_log_density(frames[..., [i]], means[..., [i]], variances[..., [i]]) for i in (0, 1)]
    got = forward(np.log(start), np.log(transitions), streams[0] + streams[1])
    for k in range(2):
        model = GaussianHMM(3)
        model.startprob_, model.transmat_, model.means_ = start[k], transitions[k], means[k]
        model.covars_ = variances[k]
        np.testing.assert_allclose(got[:, k], [model.score(sequence) for sequence in frames])


def test_scores_equal_the_sum_over_all_paths_with_any_stream_weights():
    rng = np.random.default_rng(1)
    start, transitions, means, variances = random_models(rng, K=1)
    frames = rng.standard_normal((2, 4, 2))
    streams = [emission_log_density(frames[..., [i]], means[..., [i]], variances[..., [i]]) for i in (0, 1)]
    weighted = 0.3 * streams[0] + 1.7 * streams[1]
    got = forward(np.log(start), np.log(transitions), weighted)
    for n in range(2):
        paths = [
            np.log(start[0, path[0]])
            + sum(np.log(transitions[0, i, j]) for i, j in pairwise(path))
            + sum(weighted[n, t, 0, j] for t, j in enumerate(path))
            for path in product(range(3), repeat=4)
        ]
        assert got[n, 0] == pytest.approx(np.logaddexp.reduce(paths))


def test_a_path_that_looked_hopeless_is_not_lost():
    """Early frames favour the second state by far more than exp can hold; later ones the first."""
    log_start = np.log([[0.5, 0.5]])
    with np.errstate(divide="ignore"):
        log_transitions = np.log(np.eye(2))[None]
    log_emissions = np.array([[-2000.0, 0.0], [0.0, -5000.0]])[None, :, None]
    got = forward(log_start, log_transitions, log_emissions)
    np.testing.assert_allclose(got, [[np.log(0.5) - 2000]])


def test_resampling_interpolates_over_valid_frames_only():
    values = np.array([[[0.0], [1.0], [2.0], [3.0]], [[0.0], [4.0], [99.0], [99.0]]], np.float32)
    frames = resample(Modality(Kind.SEQUENCE, values, np.array([4, 2])), 5)[..., 0]
    np.testing.assert_allclose(frames[0], [0, 0.75, 1.5, 2.25, 3])
    np.testing.assert_allclose(frames[1], [0, 1, 2, 3, 4])


def test_resampling_to_the_same_length_changes_nothing_and_one_frame_is_repeated():
    values = np.random.default_rng(0).standard_normal((3, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(resample(Modality(Kind.SEQUENCE, values), 6), values, atol=1e-6)
    single = resample(Modality(Kind.SEQUENCE, values, np.array([1, 1, 1])), 4)
    np.testing.assert_allclose(single, np.repeat(values[:, :1], 4, axis=1))


def test_a_fit_recovers_the_planted_states():
    rng = np.random.default_rng(0)
    planted = np.array([-2.0, 0.0, 3.0])
    # Uneven stays: the even cut that the fit starts from is wrong.
    path = np.repeat([0, 1, 2], [10, 3, 7])
    frames = planted[path][None, :, None] + 0.5 * rng.standard_normal((80, 20, 1))
    chain = fit_left_to_right(frames, n_states=3, n_iter=50)
    np.testing.assert_allclose(chain.means[:, 0], planted, atol=0.1)
    np.testing.assert_allclose(chain.variances[:, 0], 0.25, atol=0.05)
    np.testing.assert_allclose(chain.transitions[0], [0.9, 0.1, 0], atol=0.02)
    np.testing.assert_allclose(chain.transitions.sum(axis=1), 1)
    assert (chain.transitions[np.tril_indices(3, -1)] == 0).all()


@pytest.mark.parametrize("n", [1, 2, 200])
def test_few_and_constant_sequences_give_a_usable_chain_and_no_noise_in_the_log(n, caplog):
    with caplog.at_level(logging.WARNING):
        chain = fit_left_to_right(np.zeros((n, 6, 30)), n_states=5, n_iter=20)
    assert not caplog.records
    assert all(np.isfinite(part).all() for part in (chain.transitions, chain.means, chain.variances))
    assert chain.variances.min() >= 0.01
    np.testing.assert_allclose(chain.transitions.sum(axis=1), 1)
    assert logging.getLogger("hmmlearn").level == logging.NOTSET
