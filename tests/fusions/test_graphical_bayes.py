from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.naive_bayes import GaussianNB

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.graphical_bayes import (
    GaussianNaiveBayes,
    TreeAugmentedBayes,
    conditional_correlations,
    gaussian_log_density,
    implied_correlations,
    spanning_tree,
)


def correlated(n=90, seed=0, names="ab", d=3):
    """Three classes with covariances of their own, across modalities too."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    mixing = np.random.default_rng(99).standard_normal((3, len(names) * d, len(names) * d))[y]
    x = np.einsum("nij,nj->ni", mixing, rng.standard_normal((n, len(names) * d))) + y[:, None]
    blocks = np.split(x.astype(np.float32), len(names), axis=1)
    return MultimodalData({name: Modality(Kind.VECTOR, b) for name, b in zip(names, blocks, strict=True)}, y)


def scores(fusion, data):
    return fusion._scores(fusion._prepare(data))


def all_trees(d):
    for edges in combinations(combinations(range(d), 2), d - 1):
        group = list(range(d))
        for i, j in edges:
            group = [group[i] if g == group[j] else g for g in group]
        if len(set(group)) == 1:
            yield edges


# Naive Bayes


def test_scores_of_naive_bayes_equal_those_of_scikit_learn_with_the_same_moments():
    train, test = correlated(), correlated(60, seed=1)
    fusion = GaussianNaiveBayes(min_variance=0.0).fit(train, train)
    prepared = [np.concatenate([m.values for m in fusion._prepare(data).modalities.values()], axis=1)
                for data in (train, test)]  # fmt: skip
    oracle = GaussianNB(var_smoothing=0).fit(prepared[0], train.labels)
    np.testing.assert_allclose(fusion.means_, oracle.theta_, atol=1e-6)
    oracle.var_ = (1 + 30 * oracle.var_) / 31  # one more sample of squared deviation 1
    np.testing.assert_allclose(fusion.variances_, oracle.var_, atol=1e-6)
    posterior = scores(fusion, test) + np.log(fusion.prior_)
    posterior -= np.logaddexp.reduce(posterior, axis=1, keepdims=True)
    np.testing.assert_allclose(posterior, oracle.predict_log_proba(prepared[1]), atol=1e-5)
    fusion.temperature_ = 1.0
    np.testing.assert_allclose(fusion.predict_proba(test), np.exp(posterior), atol=1e-9)


@pytest.mark.parametrize("cls", [GaussianNaiveBayes, TreeAugmentedBayes])
def test_a_class_that_never_shows_a_modality_is_neither_favoured_nor_fatal(cls):
    data = load_dataset("synth-redundant").features(seed=0)
    present = np.ones_like(data.train.mask)
    present[data.train.labels == 1, 0] = False
    fusion = cls().fit(data.train.with_present(present), data.validation)
    assert fusion.score(data.test, data.test.labels) > 0.8
    assert fusion.score(data.test.without("a"), data.test.labels) > 0.8


def test_naive_bayes_without_a_modality_is_naive_bayes_of_the_others():
    train, test = correlated(names="abc"), correlated(60, seed=1, names="abc")
    whole, part = (
        GaussianNaiveBayes().fit(train, train),
        GaussianNaiveBayes().fit(train.select("ac"), train.select("ac")),
    )
    np.testing.assert_allclose(scores(whole, test.without("b")), scores(part, test.select("ac")), atol=1e-9)


def test_no_variance_is_less_than_the_least_one():
    train = correlated()
    train = train.with_modality("a", Modality(Kind.VECTOR, np.eye(3, dtype=np.float32)[train.labels]))
    fusion = GaussianNaiveBayes(min_variance=0.2).fit(train, train)
    np.testing.assert_allclose(fusion.variances_[:, :3], 0.2)


def test_a_constant_feature_says_nothing_of_a_class_of_any_size():
    train = correlated()
    few = train.take(np.r_[0:90:3, 1:15:3, 2:90:3])
    constant = few.with_modality("a", Modality(Kind.VECTOR, np.ones((len(few), 3), np.float32)))
    fusion = GaussianNaiveBayes().fit(constant, constant)
    np.testing.assert_allclose(scores(fusion, constant), scores(fusion, constant.without("a")))


# The tree


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
    x = rng.multivariate_normal(np.zeros(3), [[1, 0.6, 0.2], [0.6, 1, -0.5], [0.2, -0.5, 1]], 4000) * observed
    got = conditional_correlations(x, observed, y, n_classes=2)
    for k, (i, j) in product(range(2), combinations(range(3), 2)):
        both = (y == k) & observed[:, i] & observed[:, j]
        a, b = x[both, i], x[both, j]
        expected = a @ b / np.sqrt((1 + a @ a) * (1 + b @ b))
        assert got[k, i, j] == got[k, j, i] == pytest.approx(expected)
        assert expected == pytest.approx([[0, 0.6, 0.2], [0, 0, -0.5]][i][j], abs=0.1)


def test_the_fitted_tree_is_the_one_of_most_information_given_the_class():
    train = correlated(600, d=2)
    fusion = TreeAugmentedBayes(n_components=2).fit(train, train)
    prepared = fusion._prepare(train)
    z = np.concatenate(
        [m.values @ fusion.components_[name] for name, m in prepared.modalities.items()], axis=1
    )
    information = np.zeros((4, 4))
    for k in range(3):
        rho = np.corrcoef(z[train.labels == k].T)
        for i, j in combinations(range(4), 2):  # of a pair of Gaussians, from determinants
            pair = np.array([[1, rho[i, j]], [rho[i, j], 1]])
            information[i, j] -= 0.5 * np.log(np.linalg.det(pair)) / 3
    best = max(all_trees(4), key=lambda edges: sum(information[e] for e in edges))
    assert {tuple(edge) for edge in fusion.edges_.tolist()} == set(best)


def test_the_fit_in_a_class_keeps_its_moments_along_the_edges():
    train = correlated(900, d=2)
    fusion = TreeAugmentedBayes(n_components=2).fit(train, train)
    prepared = fusion._prepare(train)
    z = np.concatenate(
        [m.values @ fusion.components_[name] for name, m in prepared.modalities.items()], axis=1
    )
    for k in range(3):
        own = z[train.labels == k]
        expected = np.cov(own.T, bias=True)
        np.testing.assert_allclose(fusion.means_[k], own.mean(axis=0), atol=1e-6)
        for i, j in fusion.edges_:
            assert fusion.covariances_[k, i, j] == pytest.approx(expected[i, j], rel=0.01, abs=0.01)


def test_correlations_that_differ_by_class_are_used():
    """In synth-xor no feature alone tells the class; how two modalities vary together does."""
    data = load_dataset("synth-xor").features(seed=0)
    tree = TreeAugmentedBayes().fit(data.train, data.validation)
    naive = GaussianNaiveBayes().fit(data.train, data.validation)
    assert tree.score(data.test, data.test.labels) > 0.85
    assert naive.score(data.test, data.test.labels) < 0.6


def test_components_are_at_least_one():
    with pytest.raises(FusebenchError, match="at least 1, however: 0"):
        TreeAugmentedBayes(n_components=0).fit(correlated())
