import baycomp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.results.statistics.bayes import compare_bayesian


@pytest.mark.parametrize("rope", [0.0, 0.01, 0.05])
@pytest.mark.parametrize("shift", [-0.04, 0.0, 0.015, 0.06])
def test_probabilities_are_those_of_baycomp(shift, rope):
    """Both draw at random: baycomp 4 000 times, which is good to 0.03."""
    differences = np.random.default_rng(0).normal(shift, 0.05, 9)
    expected = baycomp.SignedRankTest.probs(differences, np.zeros(9), rope, nsamples=4000, random_state=0)
    # baycomp gives the probabilities that the first is better, (that they are equal,) that the second is.
    better, worse = expected[0], expected[-1]
    found = compare_bayesian(differences, rope)
    assert (found.worse, found.better) == pytest.approx((worse, better), abs=0.03)
    assert sum(found) == pytest.approx(1)


def test_two_data_sets_have_a_closed_form():
    """Without a prior: better if w1² + 2 w1 w2 > w2², that is w1 > 1 - sqrt(1/2), w1 uniform."""
    found = compare_bayesian([3.0, -1.0], rope=0, prior=1e-9, n_samples=200_000)
    assert found.better == pytest.approx(np.sqrt(0.5), abs=0.005)


def test_with_one_data_set_only_the_prior_is_against_it():
    """The weight w of the data set has the distribution Beta(1, s): better if 1 - (1 - w)² > 1 / 2."""
    found = compare_bayesian([1.0], rope=0.1, prior=2.0, n_samples=200_000)
    # P(1 - w < sqrt(1/2)) where 1 - w is Beta(s, 1): sqrt(1/2) ** s.
    assert found.better == pytest.approx(0.5, abs=0.005)


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=12), st.floats(0, 0.5))
def test_turning_all_differences_round_swaps_better_and_worse(differences, rope):
    found = compare_bayesian(differences, rope, n_samples=500)
    mirrored = compare_bayesian([-value for value in differences], rope, n_samples=500)
    assert (found.worse, found.equal, found.better) == pytest.approx(mirrored[::-1])


def test_the_same_differences_give_the_same_numbers():
    values = [0.02, -0.01, 0.04, 0.01]
    assert compare_bayesian(values) == compare_bayesian(values)


def test_without_a_region_nothing_is_equal():
    assert compare_bayesian([0.0, 0.0, 0.0], rope=0) == (0.5, 0.0, 0.5)
