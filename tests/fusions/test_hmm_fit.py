"""Fits of hidden Markov models, against hmmlearn iteration by iteration."""

import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM

from fusebench.fusions.hmm import emission_log_density
from fusebench.fusions.hmm_fit import even_cut, fit_left_to_right, own_log_density


def fit(frames, y=None, observed=None, n_states=3, n_iter=10):
    y = np.zeros(len(frames), int) if y is None else y
    observed = np.ones(frames[:, 0].shape, bool) if observed is None else observed
    return fit_left_to_right(frames, observed, y, n_classes=y.max() + 1, n_states=n_states, n_iter=n_iter)


def drifting(n=60, n_frames=12, d=4, seed=0):
    """Three classes of sequences that drift in directions of their own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    drift = np.linspace(-2, 2, n_frames)[:, None] * rng.standard_normal((3, 1, d))[y]
    return drift + rng.standard_normal((n, n_frames, d)), y


def test_the_density_of_a_sequence_is_that_of_its_own_class():
    frames, y = drifting(n=9)
    observed = np.ones((9, 4), bool)
    means, variances = np.random.default_rng(0).uniform(0.5, 2, (2, 3, 3, 4))
    everywhere = emission_log_density(frames, observed, means, variances)
    own = own_log_density(frames, observed, y, means, variances)
    np.testing.assert_allclose(own, everywhere[np.arange(9), :, y])


@pytest.mark.parametrize("n_iter", [1, 2, 6])
def test_iterations_equal_those_of_hmmlearn_with_the_same_prior(n_iter):
    frames, y = drifting()
    first, last = fit(frames, y, n_iter=0), fit(frames, y, n_iter=n_iter)
    for k in range(3):
        model = GaussianHMM(
            3, n_iter=n_iter, tol=-np.inf, params="tmc", init_params="",
            transmat_prior=2.0, covars_prior=1.0, covars_weight=2.0,
        )  # fmt: skip
        model.startprob_, model.transmat_ = np.eye(3)[0], first.transitions[k]
        model.means_, model.covars_ = first.means[k], first.variances[k]
        own = frames[y == k]
        model.fit(own.reshape(-1, 4), np.full(len(own), frames.shape[1]))
        np.testing.assert_allclose(last.transitions[k], model.transmat_, atol=1e-9)
        np.testing.assert_allclose(last.means[k], model.means_, atol=1e-9)
        np.testing.assert_allclose(last.variances[k], np.diagonal(model.covars_, axis1=1, axis2=2), atol=1e-9)


def test_what_is_not_observed_moves_nothing_and_is_left_as_it_was():
    frames, y = drifting()
    blind = frames.copy()
    blind[..., 2:] = 0
    observed = np.tile([True, True, False, False], (len(frames), 1))
    got, expected = fit(blind, y, observed, n_iter=4), fit(frames[..., :2], y, n_iter=4)
    np.testing.assert_allclose(got.transitions, expected.transitions)
    np.testing.assert_allclose(got.means[..., :2], expected.means)
    np.testing.assert_allclose(got.variances[..., :2], expected.variances)
    assert (got.means[..., 2:] == 0).all()
    assert (got.variances[..., 2:] == 1).all()


def test_a_feature_is_estimated_from_the_sequences_that_show_it():
    rng = np.random.default_rng(0)
    observed = rng.random((50, 2)) < 0.6
    frames = (rng.standard_normal((50, 6, 2)) + np.array([3.0, -1.0])) * observed[:, None]
    chain = fit(frames, observed=observed, n_states=1)
    for i in range(2):
        shown = frames[observed[:, i], :, i].ravel()
        assert chain.means[0, 0, i] == pytest.approx(shown.mean())
        assert chain.variances[0, 0, i] == pytest.approx((1 + len(shown) * shown.var()) / (1 + len(shown)))


def test_a_fit_recovers_the_planted_states():
    rng = np.random.default_rng(0)
    planted = np.array([-2.0, 0.0, 3.0])
    # Uneven stays: the even cut that the fit starts from is wrong.
    path = np.repeat([0, 1, 2], [10, 3, 7])
    frames = planted[path][None, :, None] + 0.5 * rng.standard_normal((80, 20, 1))
    chain = fit(frames, n_iter=50)
    np.testing.assert_allclose(chain.means[0, :, 0], planted, atol=0.1)
    np.testing.assert_allclose(chain.variances[0, :, 0], 0.25, atol=0.05)
    np.testing.assert_allclose(chain.transitions[0, 0], [0.9, 0.1, 0], atol=0.02)
    np.testing.assert_allclose(chain.transitions.sum(axis=2), 1)
    assert (chain.transitions[0][np.tril_indices(3, -1)] == 0).all()


@pytest.mark.parametrize("n", [1, 2, 200])
def test_few_and_constant_sequences_give_a_usable_chain(n):
    chain = fit(np.zeros((n, 6, 30)), n_states=5, n_iter=20)
    assert all(np.isfinite(part).all() for part in (chain.transitions, chain.means, chain.variances))
    assert chain.variances.min() >= 0.01
    np.testing.assert_allclose(chain.transitions.sum(axis=2), 1)


def test_a_class_without_sequences_has_what_it_is_given_before_the_data_speak():
    frames, y = drifting()
    chain = fit(frames[y != 1], y[y != 1])
    np.testing.assert_allclose(chain.transitions[1], [[0.5, 0.5, 0], [0, 0.5, 0.5], [0, 0, 1]])
    assert (chain.means[1] == 0).all()
    assert (chain.variances[1] == 1).all()


def test_an_even_cut_is_in_order_and_even():
    assert even_cut(7, 3).argmax(axis=1).tolist() == [0, 0, 0, 1, 1, 2, 2]
