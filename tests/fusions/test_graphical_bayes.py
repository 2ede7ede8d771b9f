from itertools import combinations

import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.gaussian_tree import spanning_tree
from fusebench.fusions.graphical_bayes import GaussianNaiveBayes, TreeAugmentedBayes


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
    np.testing.assert_array_equal(fusion.edges_, spanning_tree(information + information.T))


def test_every_class_has_its_say_in_the_tree():
    """Class 0 ties a to b; classes 1 and 2, more strongly, b to c and a to c."""
    rng, y = np.random.default_rng(0), np.arange(900) % 3
    x = rng.standard_normal((900, 3))
    for k, (i, j), weight in ((0, (0, 1), 0.6), (1, (1, 2), 1.5), (2, (0, 2), 1.5)):
        x[y == k, j] += weight * x[y == k, i]
    data = MultimodalData(
        {name: Modality(Kind.VECTOR, x[:, [m]].astype(np.float32)) for m, name in enumerate("abc")}, y
    )
    assert TreeAugmentedBayes().fit(data, data).edges_.tolist() == [[0, 2], [1, 2]]


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
