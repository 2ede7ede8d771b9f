from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from fusebench.fusions.gaussian_tree import (
    conditional_correlations,
    gaussian_log_density,
    implied_correlations,
    spanning_tree,
)


def all_trees(d):
    for edges in combinations(combinations(range(d), 2), d - 1):
        group = list(range(d))
        for i, j in edges:
            group = [group[i] if g == group[j] else g for g in group]
        if len(set(group)) == 1:
            yield edges


@pytest.mark.parametrize(("d", "seed"), [(4, 0), (4, 1), (5, 2), (5, 3)])
def test_the_tree_has_the_greatest_sum_among_all_trees(d, seed):
    information = np.random.default_rng(seed).uniform(0, 3, (d, d))
    information += information.T
    trees = list(all_trees(d))
    assert len(trees) == d ** (d - 2)  # Cayley
    best = max(trees, key=lambda edges: sum(information[e] for e in edges))
    assert {tuple(edge) for edge in spanning_tree(information).tolist()} == set(best)


def test_features_that_know_nothing_of_each_other_still_get_a_tree():
    assert len(spanning_tree(np.zeros((4, 4)))) == 3
    assert spanning_tree(np.zeros((1, 1))).shape == (0, 2)


def test_the_log_density_is_that_of_the_tree_factor_by_factor():
    """Root, then every child as a regression on its parent."""
    rng = np.random.default_rng(0)
    rho = np.zeros((1, 4, 4))
    edges = np.array([[0, 2], [1, 2], [1, 3]])
    for (i, j), r in zip(edges, (0.8, -0.6, 0.5), strict=True):
        rho[0, i, j] = rho[0, j, i] = r
    mean, spread = rng.standard_normal(4), rng.uniform(0.5, 2, 4)
    covariance = spread[:, None] * implied_correlations(rho, edges)[0] * spread
    x = rng.standard_normal((6, 4))
    z = (x - mean) / spread
    expected = norm.logpdf(x[:, 0], mean[0], spread[0])
    for parent, child in ((0, 2), (2, 1), (1, 3)):
        r = rho[0, parent, child]
        centre = mean[child] + spread[child] * r * z[:, parent]
        expected += norm.logpdf(x[:, child], centre, spread[child] * np.sqrt(1 - r**2))
    got = gaussian_log_density(x, np.ones((6, 4), bool), mean[None], covariance[None])
    np.testing.assert_allclose(got[:, 0], expected)
    inverse = np.linalg.inv(covariance)
    assert abs(inverse[0, 1]) < 1e-12 < 0.1 < abs(inverse[0, 2])


def test_the_log_density_of_every_pattern_is_that_of_the_marginal():
    rng = np.random.default_rng(0)
    root = rng.standard_normal((2, 3, 3))
    covariances, means = root @ root.transpose(0, 2, 1) + np.eye(3), rng.standard_normal((2, 3))
    observed = np.array(list(product([True, False], repeat=3)))
    x = rng.standard_normal((8, 3)) * observed
    got = gaussian_log_density(x, observed, means, covariances)
    for row, seen in enumerate(observed[:-1]):
        for k in range(2):
            marginal = multivariate_normal(means[k, seen], covariances[k][np.ix_(seen, seen)])
            assert got[row, k] == pytest.approx(marginal.logpdf(x[row, seen]))
    assert (got[-1] == 0).all()


def test_correlations_are_those_of_the_samples_that_show_both():
    rng = np.random.default_rng(0)
    y, observed = np.arange(4000) % 2, rng.random((4000, 3)) < 0.7
    x = rng.multivariate_normal(np.zeros(3), [[1, 0.6, 0.2], [0.6, 1, -0.5], [0.2, -0.5, 1]], 4000)
    got = conditional_correlations(x, observed, y, n_classes=2)
    for k, (i, j) in product(range(2), combinations(range(3), 2)):
        both = (y == k) & observed[:, i] & observed[:, j]
        a, b = x[both, i], x[both, j]
        expected = a @ b / np.sqrt((1 + a @ a) * (1 + b @ b))
        assert got[k, i, j] == got[k, j, i] == pytest.approx(expected)
        assert expected == pytest.approx([[0, 0.6, 0.2], [0, 0, -0.5]][i][j], abs=0.1)
