"""Canonical variates against cca-zoo, scikit-learn, a planted model and the generalised eigenproblem."""

import numpy as np
import pytest
from cca_zoo import linear as cca_zoo
from scipy.linalg import block_diag, eigh
from sklearn import cross_decomposition as scikit_learn

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.cca import CCA, CanonicalSpace, RegularisedCCA, canonical_weights
from fusebench.fusions.logistic import TunedLogistic


def draw(n, *sizes, seed=0, absent=0.0):
    """Correlated vectors of mean 0: each modality is a random view of two common numbers, and noise."""
    rng = np.random.default_rng(seed)
    common = rng.standard_normal((n, 2))
    modalities = {}
    for name, size in zip("abcd", sizes, strict=False):
        x = common @ rng.standard_normal((2, size)) + rng.standard_normal((n, size)) * rng.uniform(
            0.5, 2, size
        )
        modalities[name] = Modality(Kind.VECTOR, (x - x.mean(axis=0)).astype(np.float32))
    return MultimodalData(modalities, np.arange(n) % 2, rng.random((n, len(sizes))) >= absent)


def views(data):
    return [modality.values.astype(np.float64) for modality in data.modalities.values()]


def covariance(data):
    x = np.concatenate(views(data), axis=1)
    return x.T @ x / len(x)


def aligned(got, expected):
    """The first with the signs of the second, column by column."""
    return got * np.sign((got * expected).sum(axis=0))


def test_two_modalities_are_classical_canonical_correlation():
    data = draw(200, 4, 6)
    weights, correlations = canonical_weights(covariance(data), [4, 6])
    reference = cca_zoo.CCA(n_components=4).fit(views(data))
    variates = [x @ w for x, w in zip(views(data), np.split(weights, [4]), strict=True)]
    for got, expected in zip(variates, reference.transform(views(data)), strict=True):
        np.testing.assert_allclose(aligned(got, expected), expected * got.std() / expected.std(), atol=1e-4)
        np.testing.assert_allclose(got.T @ got / 200, np.eye(4), atol=1e-6)
    np.testing.assert_allclose(variates[0].T @ variates[1] / 200, np.diag(correlations), atol=1e-6)
    scikit = scikit_learn.CCA(n_components=2, scale=False, max_iter=5000, tol=1e-10).fit(*views(data))
    for component, (x, z) in enumerate(zip(*(v.T for v in scikit.transform(*views(data))), strict=True)):
        assert correlations[component] == pytest.approx(np.corrcoef(x, z)[0, 1], abs=1e-4)


def test_correlations_of_a_covariance_with_known_ones():
    """Whatever invertible maps mix the features, the canonical correlations stay those that were planted."""
    rng = np.random.default_rng(0)
    planted = np.array([0.9, 0.5, 0.2])
    between = np.zeros((3, 5))
    between[:, :3] = np.diag(planted)
    mixing = block_diag(rng.standard_normal((3, 3)), rng.standard_normal((5, 5)))
    mixed = mixing @ np.block([[np.eye(3), between], [between.T, np.eye(5)]]) @ mixing.T
    np.testing.assert_allclose(canonical_weights(mixed, [3, 5])[1], planted)


@pytest.mark.parametrize("shrinkage", [0.1, 0.5, 1.0])
def test_the_ridge_is_that_of_vinod(shrinkage):
    data = draw(200, 4, 6)
    weights, _ = canonical_weights(covariance(data) * 200 / 199, [4, 6], shrinkage)
    reference = cca_zoo.RidgeCCA(n_components=4, shrinkage=shrinkage).fit(views(data)).weights_
    for got, expected in zip(np.split(weights, [4]), reference, strict=True):
        scale = np.linalg.norm(got, axis=0) / np.linalg.norm(expected, axis=0)
        np.testing.assert_allclose(aligned(got, expected), expected * scale, atol=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_more_modalities_solve_the_generalised_eigenproblem(shrinkage):
    data, sizes = draw(200, 4, 5, 3), [4, 5, 3]
    C = covariance(data)
    blocks = [x.T @ x / 200 for x in views(data)]
    D = block_diag(*((1 - shrinkage) * block + shrinkage * np.eye(len(block)) for block in blocks))
    values, vectors = eigh(C - block_diag(*blocks), D)
    weights, correlations = canonical_weights(C, sizes, shrinkage)
    assert len(correlations) == (values > 0).sum()
    np.testing.assert_allclose(correlations, values[::-1][: len(correlations)], atol=1e-8)
    expected = np.sqrt(3) * vectors[:, ::-1][:, : len(correlations)]
    np.testing.assert_allclose(aligned(weights, expected), expected, atol=1e-6)
    np.testing.assert_allclose(weights.T @ D @ weights, 3 * np.eye(len(correlations)), atol=1e-6)


def test_more_modalities_are_the_multiset_variates_of_cca_zoo():
    data = draw(300, 4, 5, 3)
    weights, _ = canonical_weights(covariance(data), [4, 5, 3])
    reference = np.concatenate(cca_zoo.MCCA(n_components=2).fit(views(data)).weights_)
    for got, expected in zip(weights.T, reference.T, strict=False):
        cosine = got @ expected / np.linalg.norm(got) / np.linalg.norm(expected)
        assert abs(cosine) == pytest.approx(1, abs=1e-6)


def test_of_two_modalities_the_absent_variate_is_the_correlation_times_the_other():
    data = draw(300, 4, 6)
    space = CanonicalSpace(0.0).fit(data)
    blank = Modality(Kind.VECTOR, np.zeros((300, 6), np.float32))
    variates = space.transform(data.with_modality("b", blank).without("b"), 3)
    np.testing.assert_allclose(variates[:, :3], space.transform(data, 3)[:, :3])
    np.testing.assert_allclose(variates[:, 3:], space.correlations_[:3] * variates[:, :3], atol=1e-6)


@pytest.mark.parametrize("shrinkage", [0.0, 0.3])
def test_an_absent_variate_is_the_best_linear_prediction_from_the_others(shrinkage):
    data = draw(300, 4, 5, 3)
    space = CanonicalSpace(shrinkage).fit(data)
    complete = space.transform(data, 2)
    blank = Modality(Kind.VECTOR, np.zeros((300, 5), np.float32))
    incomplete = space.transform(data.with_modality("b", blank).without("b"), 2)
    known = complete[:, [0, 1, 4, 5]]
    np.testing.assert_allclose(incomplete[:, [0, 1, 4, 5]], known)
    expected = known @ np.linalg.lstsq(known, complete[:, 2:4])[0]
    np.testing.assert_allclose(incomplete[:, 2:4], expected, atol=1e-5)


def test_absent_training_entries_leave_the_estimates_unbiased():
    data = draw(20000, 3, 3)
    holes = np.random.default_rng(1).random((20000, 2)) >= 0.4
    zeroed = {
        name: Modality(Kind.VECTOR, modality.values * present[:, None])
        for (name, modality), present in zip(data.modalities.items(), holes.T, strict=True)
    }
    complete = CanonicalSpace(0.0).fit(data)
    incomplete = CanonicalSpace(0.0).fit(MultimodalData(zeroed, data.y, holes))
    np.testing.assert_allclose(incomplete.correlations_[:2], complete.correlations_[:2], atol=0.02)


def test_correlations_of_few_incomplete_samples_do_not_exceed_one():
    data = draw(12, 5, 5, 5, absent=0.4)
    zeroed = {
        name: Modality(Kind.VECTOR, modality.values * data.has(name)[:, None])
        for name, modality in data.modalities.items()
    }
    space = CanonicalSpace(0.0).fit(MultimodalData(zeroed, data.y, data.mask))
    # With M modalities that agree wholly the value is M - 1.
    assert space.correlations_.max() < 2 + 1e-6
    assert np.isfinite(space.transform(MultimodalData(zeroed, data.y, data.mask), 2)).all()


@pytest.mark.parametrize("dataset", ["synth-redundant", "synth-unique"])
def test_the_classifier_is_logistic_regression_on_as_many_variates_as_validation_asks_for(dataset):
    data = load_dataset(dataset).features(seed=0)
    fusion = CCA().fit(data.train, data.validation)
    train, validation, test = (fusion._prepare(split) for split in (data.train, data.validation, data.test))
    losses = {}
    for k in (1, 2, 4, 8, 10):
        X, held_out = (fusion.space_.transform(split, k) for split in (train, validation))
        model = TunedLogistic(fusion.prior_).fit(X, train.labels, (held_out, validation.labels))
        losses[k] = -np.log(model.predict_proba(held_out)[np.arange(300), validation.labels]).mean(), model
    best = min(losses, key=lambda k: losses[k][0])
    assert fusion.n_components_ == best
    expected = losses[best][1].predict_proba(fusion.space_.transform(test, best))
    np.testing.assert_allclose(fusion.predict_proba(data.test), expected)
    assert fusion.shrinkage_ == 0


def test_a_ridge_helps_where_features_are_many_for_the_samples():
    data = load_dataset("synth-redundant", n_train=60, n_features=40).features(seed=0)
    plain, ridge = (cls().fit(data.train, data.validation) for cls in (CCA, RegularisedCCA))
    assert ridge.shrinkage_ > 0
    assert ridge.score(data.test, data.test.labels) > plain.score(data.test, data.test.labels) + 0.05


def test_one_modality_stands_in_for_the_other():
    """Trained on complete data, it is nearly as good with one modality as a classifier of that one is."""
    dataset = load_dataset("synth-redundant")
    data = dataset.features(seed=0)
    fusion = CCA().fit(data.train, data.validation)
    for name in "ab":
        assert fusion.score(data.test.without(name), data.test.labels) > 0.9


@pytest.mark.parametrize("cls", [CCA, RegularisedCCA])
def test_without_a_pair_there_is_nothing_to_correlate(cls):
    data = draw(40, 3, 3)
    apart = data.with_present(np.column_stack([np.arange(40) % 4 < 2, np.arange(40) % 4 >= 2]))
    for lonely in (apart, data.select(["a"]), data.without("a")):
        with pytest.raises(FusebenchError, match="needs two modalities that occur together, however:"):
            cls().fit(lonely, lonely)


def test_directions_without_variance_are_left_out():
    data = draw(100, 3, 3)
    doubled = {name: Modality(Kind.VECTOR, np.tile(m.values, 2)) for name, m in data.modalities.items()}
    correlations = CanonicalSpace(0.0).fit(MultimodalData(doubled, data.y)).correlations_
    np.testing.assert_allclose(correlations, CanonicalSpace(0.0).fit(data).correlations_, atol=1e-5)
