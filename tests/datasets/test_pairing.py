import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.pairing import pair_by_class


@given(
    labels=st.lists(st.integers(0, 3), max_size=40),
    extra=st.lists(st.integers(0, 3), max_size=20),
    seed=st.integers(0, 5),
)
def test_partners_have_the_same_class_and_are_used_equally_often(labels, extra, seed):
    labels, pool = np.array(labels, int), np.array([0, 1, 2, 3, *extra])
    partners = pair_by_class(labels, pool, np.random.default_rng(seed))
    assert partners.shape == labels.shape
    np.testing.assert_array_equal(pool[partners], labels)
    uses = np.bincount(partners, minlength=len(pool))
    for label in range(4):
        assert np.ptp(uses[pool == label]) <= 1


def test_every_partner_is_equally_likely():
    rng = np.random.default_rng(0)
    first = [pair_by_class(np.zeros(2, int), np.zeros(4, int), rng)[0] for _ in range(4000)]
    np.testing.assert_allclose(np.bincount(first) / 4000, 0.25, atol=0.03)


def test_a_class_without_partner_is_named():
    with pytest.raises(ValueError, match="no partner of class 7"):
        pair_by_class(np.array([7]), np.array([1]), np.random.default_rng(0))
