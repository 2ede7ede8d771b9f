import numpy as np
import pytest
from sklearn.decomposition import PCA

from fusebench.fusions.whitening import whitening


def centred(n=60, d=5, rank=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, d))
    return x - x.mean(axis=0)


def test_components_are_those_of_scikit_learn_up_to_sign():
    x = centred()
    expected = PCA(3, whiten=True).fit_transform(x) * np.sqrt(60 / 59)  # there n - 1 degrees of freedom
    np.testing.assert_allclose(np.abs(x @ whitening(x, 3)), np.abs(expected))


@pytest.mark.parametrize(("n_components", "expected"), [(2, 2), (3, 3), (9, 3)])
def test_there_are_no_more_components_than_the_features_vary_in(n_components, expected):
    x = centred(rank=3)
    components = x @ whitening(x, n_components)
    np.testing.assert_allclose(components.T @ components / len(x), np.eye(expected), atol=1e-9)


def test_no_samples_and_constant_features_have_no_components():
    assert whitening(np.zeros((0, 4), np.float32), 3).shape == (4, 0)
    assert whitening(np.zeros((7, 4), np.float32), 3).shape == (4, 0)
