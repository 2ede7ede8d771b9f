import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize
from xgboost import XGBClassifier

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.control import Unimodal
from fusebench.fusions.late import LateMean, LateProduct, log_pool
from fusebench.fusions.late_learnt import (
    LateLogPool,
    LateStacking,
    LateWeighted,
    LateXGBoost,
    mixture_weights,
    pool_exponents,
)
from fusebench.fusions.logistic import log_loss
from fusebench.fusions.registry import make_fusion

STACKED = ["late-stacking", "late-xgboost", "hybrid-stacking"]


def ten_classes(n, seed, separations=(4.0, 2.0)):
    """Ten Gaussian classes, each modality with a separation of its own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 10
    modalities = {}
    for m, (name, separation) in enumerate(zip("abc", separations, strict=False)):
        means = separation / 50**0.5 * np.random.default_rng(m).standard_normal((10, 50))
        modalities[name] = Modality(Kind.VECTOR, (means[y] + rng.standard_normal((n, 50))).astype(np.float32))
    return MultimodalData(modalities, y)


@pytest.fixture(scope="module")
def redundant():
    return load_dataset("synth-redundant").features(seed=0)


@pytest.fixture(scope="module")
def noise():
    return load_dataset("synth-noise").features(seed=0)


def unimodal_probabilities(data, split):
    """Predictions of the unimodal controls, shape (n, M, n_classes)."""
    controls = [Unimodal(modality=name).fit(data.train, data.validation) for name in data.train.names]
    return np.stack([control.predict_proba(split) for control in controls], axis=1)


def test_an_absent_modality_has_no_vote(redundant):
    fusion = LateWeighted().fit(redundant.train, redundant.validation)
    alone = unimodal_probabilities(redundant, redundant.test)
    np.testing.assert_allclose(fusion.predict_proba(redundant.test.without("b")), alone[:, 0])
    np.testing.assert_allclose(fusion.predict_proba(redundant.test.without("a")), alone[:, 1])


def test_weights_multiply_the_votes_and_are_renormalised_over_those_present():
    train, validation, test = (ten_classes(n, s, (2.0, 2.0, 1.0)) for s, n in enumerate((300, 200, 50)))
    fusion = LateWeighted().fit(train, validation)
    votes = np.stack([Unimodal(modality=m).fit(train, validation).predict_proba(test) for m in "abc"], axis=1)
    w = fusion.weights_
    np.testing.assert_allclose(fusion.predict_proba(test), np.einsum("m,nmk->nk", w, votes))
    expected = (w[0] * votes[:, 0] + w[2] * votes[:, 2]) / (w[0] + w[2])
    np.testing.assert_allclose(fusion.predict_proba(test.without("b")), expected)


def test_the_weighted_mean_fits_validation_no_worse_than_the_mean(redundant):
    losses = [
        log_loss(cls().fit(redundant.train, redundant.validation).predict_proba(redundant.validation), y)
        for y in [redundant.validation.labels]
        for cls in (LateWeighted, LateMean)
    ]
    assert losses[0] <= losses[1]


def test_the_weights_are_those_of_the_mixture_of_the_controls_on_validation():
    train, validation = ten_classes(300, 0, (2.0, 2.0)), ten_classes(200, 1, (2.0, 2.0))
    controls = [Unimodal(modality=m).fit(train, validation).predict_proba(validation) for m in "ab"]
    likelihoods = np.stack([p[np.arange(200), validation.labels] for p in controls], axis=1)
    expected = mixture_weights(likelihoods, np.ones((200, 2), bool))
    np.testing.assert_allclose(LateWeighted().fit(train, validation).weights_, expected)


def test_noise_gets_next_to_no_weight(noise):
    weights = LateWeighted().fit(noise.train, noise.validation).weights_
    assert weights[1] < 0.02


def test_a_modality_of_next_to_no_weight_still_votes_where_it_is_alone(noise):
    fusion = LateWeighted().fit(noise.train, noise.validation)
    alone = Unimodal(modality="b").fit(noise.train, noise.validation).predict_proba(noise.test)
    np.testing.assert_allclose(fusion.predict_proba(noise.test.without("a")), alone, atol=1e-6)


@pytest.mark.parametrize("name", STACKED)
def test_a_stack_degrades_to_what_is_left(name):
    train, validation, test = (ten_classes(n, seed) for seed, n in enumerate((1000, 300, 1000)))
    fusion = make_fusion(name).fit(train, validation)
    for lost, left in ("ab", "ba"):
        alone = Unimodal(modality=left).fit(train, validation).score(test, test.labels)
        assert fusion.score(test.without(lost), test.labels) > alone - 0.1


def test_stacking_without_any_evidence_is_near_the_prior():
    train, validation = ten_classes(500, 0), ten_classes(300, 1)
    train = train.take(train.labels < 4)
    fusion = LateStacking().fit(train, validation)
    # Neither classifier is sure of anything for a sample at the training mean.
    centre = {name: Modality(Kind.VECTOR, np.zeros((1, 50), np.float32)) for name in "ab"}
    probabilities = fusion.predict_proba(MultimodalData(centre))
    assert probabilities.shape == (1, 4)
    assert probabilities.max() < 0.9


def test_the_trees_are_fitted_to_the_evidence_on_validation_and_on_copies_that_lack_a_modality():
    train, validation, test = (ten_classes(n, s, (3.0, 2.0)) for s, n in enumerate((300, 200, 50)))
    controls = [Unimodal(modality=m).fit(train, validation) for m in "ab"]

    def evidence(data):  # the ten classes are equally frequent
        votes = np.stack([control.predict_proba(data) for control in controls], axis=1)
        return (np.log(votes.clip(1e-6)) - np.log(0.1)).reshape(len(votes), -1)

    copies = [validation, validation.without("a"), validation.without("b")]
    model = XGBClassifier(n_estimators=5, learning_rate=0.3, max_depth=3)
    model.fit(
        np.concatenate([evidence(copy) for copy in copies]),
        np.tile(validation.labels, 3),
        sample_weight=np.repeat([1, 0.5, 0.5], 200),
    )
    fusion = LateXGBoost(n_rounds=5, learning_rate=0.3, max_depth=3).fit(train, validation)
    for data in (test, test.without("b")):
        expected = model.predict_proba(evidence(data))
        np.testing.assert_allclose(fusion.predict_proba(data), expected, rtol=1e-4)


def test_mixture_weights_by_hand():
    # log(0.5 + 0.4 w) + log(0.5 - 0.2 w) is largest at w = 5/8.
    got = mixture_weights(np.array([[0.9, 0.5], [0.3, 0.5]]), np.ones((2, 2), bool))
    np.testing.assert_allclose(got, [0.625, 0.375], atol=1e-3)


def mean_log(w, likelihoods, present):
    weighted = present * w
    return np.log((weighted * likelihoods).sum(axis=1) / weighted.sum(axis=1)).mean()


@settings(max_examples=50)
@given(arrays(float, st.tuples(st.integers(1, 20), st.integers(2, 4)), elements=st.floats(0.01, 1.0)))
def test_mixture_weights_meet_the_conditions_of_the_optimum(likelihoods):
    w = mixture_weights(likelihoods, np.ones(likelihoods.shape, bool))
    assert (w > 0).all()
    assert w.sum() == pytest.approx(1)
    gradient = (likelihoods / (likelihoods @ w)[:, None]).mean(axis=0)
    assert gradient.max() < 1 + 1e-3  # no direction improves; w @ gradient is 1 for any w
    assert w @ gradient == pytest.approx(1)


@pytest.mark.parametrize("seed", range(3))
def test_mixture_weights_agree_with_a_general_optimiser(seed):
    rng = np.random.default_rng(seed)
    likelihoods = rng.uniform(0.05, 1, size=(200, 3))
    present = rng.random((200, 3)) < 0.7
    present[~present.any(axis=1), 0] = True
    w = mixture_weights(likelihoods, present)
    best = max(
        -minimize(
            lambda t: -mean_log(np.exp(t), likelihoods, present),
            start,
            method="L-BFGS-B",
            bounds=[(-15, 15)] * 3,
        ).fun
        for start in (np.zeros(3), rng.standard_normal(3))
    )
    assert mean_log(w, likelihoods, present) == pytest.approx(best, abs=1e-4)


def test_what_never_occurs_moves_no_weight():
    rng = np.random.default_rng(0)
    likelihoods = rng.uniform(0.1, 1, size=(50, 3))
    present = np.ones((50, 3), bool)
    present[:, 1] = False
    w = mixture_weights(likelihoods, present)
    assert w[1] == pytest.approx(1 / 3)
    np.testing.assert_allclose(
        w[[0, 2]] / w[[0, 2]].sum(),
        mixture_weights(likelihoods[:, [0, 2]], np.ones((50, 2), bool)),
        atol=1e-6,
    )
    nothing = np.zeros((50, 3), bool)
    np.testing.assert_allclose(mixture_weights(likelihoods, nothing), 1 / 3)


def test_the_pool_multiplies_powers_of_the_controls_and_leaves_out_what_is_absent():
    train, validation, test = (ten_classes(n, s, (2.0, 2.0, 1.0)) for s, n in enumerate((300, 200, 50)))
    fusion = LateLogPool().fit(train, validation)
    controls = [Unimodal(modality=m).fit(train, validation) for m in "abc"]
    on_validation, votes = (
        np.stack([control.predict_proba(split) for control in controls], axis=1)
        for split in (validation, test)
    )
    w = fusion.exponents_
    np.testing.assert_allclose(w, pool_exponents(on_validation, validation.labels, fusion.prior_))
    for absent, kept in (([], [0, 1, 2]), (["b"], [0, 2])):
        joint = fusion.prior_ ** (1 - w[kept].sum()) * np.prod(votes[:, kept] ** w[kept, None], axis=1)
        expected = joint / joint.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(fusion.predict_proba(test.without(*absent)), expected, rtol=1e-6)


def test_the_pool_fits_validation_no_worse_than_the_product(redundant):
    y = redundant.validation.labels
    pool, product = (
        log_loss(cls().fit(redundant.train, redundant.validation).predict_proba(redundant.validation), y)
        for cls in (LateLogPool, LateProduct)
    )
    assert pool <= product


def test_exponents_calibrate_a_single_vote():
    """A vote of 0.9 right q of the times is worth q: 9^w = q / (1 - q)."""
    votes = np.tile([0.9, 0.1], (20, 1, 1))
    for right in (10, 15, 18, 19):
        y = (np.arange(20) >= right).astype(int)
        expected = np.log(right / (20 - right)) / np.log(9)
        assert pool_exponents(votes, y, np.array([0.5, 0.5]))[0] == pytest.approx(expected, abs=1e-4)
    assert pool_exponents(votes, (np.arange(20) >= 5).astype(int), np.array([0.5, 0.5]))[0] == 0
    votes = np.tile([0.6, 0.4], (20, 1, 1))
    assert pool_exponents(votes, np.zeros(20, int), np.array([0.5, 0.5]))[0] == 10


def test_a_vote_that_is_given_twice_shares_its_exponent():
    rng = np.random.default_rng(0)
    prior, votes, y = np.full(3, 1 / 3), rng.dirichlet(np.ones(3), size=(100, 1)), rng.integers(3, size=100)
    y[:60] = votes[:60, 0].argmax(axis=1)
    once, twice = (pool_exponents(np.repeat(votes, times, axis=1), y, prior) for times in (1, 2))
    assert once[0] > 0.1
    assert twice.sum() == pytest.approx(once[0], abs=1e-4)


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 4))
def test_exponents_meet_the_conditions_of_the_optimum(seed, n_modalities, n_classes):
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.full(n_classes, 5.0))
    votes = rng.dirichlet(np.ones(n_classes), size=(40, n_modalities))
    votes[rng.random((40, n_modalities)) < 0.3] = prior  # absent
    y = rng.integers(n_classes, size=40)
    w = pool_exponents(votes, y, prior)

    def loss(exponents):
        return log_loss(log_pool(votes, prior, exponents), y)

    steps = 1e-5 * np.eye(n_modalities)
    slope = np.array([(loss(w + step) - loss(w - step)) / 2e-5 for step in steps])
    assert ((w >= 0) & (w <= 10)).all()
    np.testing.assert_allclose(slope[(w > 0) & (w < 10)], 0, atol=1e-3)
    assert (slope[w == 0] > -1e-3).all()
    assert (slope[w == 10] < 1e-3).all()


def test_a_vote_that_is_never_there_has_exponent_one():
    prior = np.array([0.3, 0.7])
    votes = np.stack([np.tile([0.6, 0.4], (10, 1)), np.tile(prior, (10, 1))], axis=1)
    assert pool_exponents(votes, np.arange(10) % 2, prior)[1] == 1
