import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.control import BestUnimodal, Unimodal
from fusebench.fusions.late import inverse_entropy, log_pool
from fusebench.fusions.registry import make_fusion

FIXED = ["late-mean", "late-product", "late-max", "late-vote", "late-confidence"]
LATE = [*FIXED, "late-weighted", "late-log-pool", "late-stacking", "late-xgboost"]


@pytest.fixture(scope="module")
def redundant():
    return load_dataset("synth-redundant").features(seed=0)


@pytest.fixture(scope="module")
def three():
    """Four classes of unequal frequency, three modalities that each see some of them; train and test."""
    rng = np.random.default_rng(0)
    y = rng.choice(4, size=500, p=[0.4, 0.3, 0.2, 0.1])
    modalities = {}
    for m, name in enumerate("abc"):
        x = 1.5 * (y[:, None] == [m, 3]) + rng.standard_normal((500, 2))
        modalities[name] = Modality(Kind.VECTOR, x.astype(np.float32))
    data = MultimodalData(modalities, y)
    return data.take(np.arange(300)), data.take(np.arange(300, 500))


def votes_of_controls(train, test):
    """Predictions of the unimodal controls, shape (n, M, n_classes)."""
    controls = [Unimodal(modality=name).fit(train) for name in train.names]
    return np.stack([control.predict_proba(test) for control in controls], axis=1)


def by_hand(name, votes, prior):
    """The rule for one sample, votes (R, n_classes) of the modalities that it has."""
    R, n_classes = votes.shape
    if name == "late-mean":
        scores = votes.sum(axis=0)
    elif name == "late-product":
        scores = prior ** (1.0 - R) * votes.prod(axis=0)
    elif name == "late-max":
        scores = votes.max(axis=0)
    elif name == "late-vote":
        scores = np.bincount(votes.argmax(axis=1), minlength=n_classes) + votes.mean(axis=0)
    else:
        entropies = [-sum(p * np.log(p) for p in vote) for vote in votes]
        scores = sum(vote / h for vote, h in zip(votes, entropies, strict=True))
    return scores / scores.sum()


@pytest.mark.parametrize("name", FIXED)
@pytest.mark.parametrize("absent", ["", "b", "ac"])
def test_the_rule_by_hand_on_the_controls_that_are_present(three, name, absent):
    train, test = three
    fusion = make_fusion(name).fit(train)
    votes = votes_of_controls(train, test)[:, [m for m, other in enumerate("abc") if other not in absent]]
    expected = [by_hand(name, vote, fusion.prior_) for vote in votes]
    np.testing.assert_allclose(fusion.predict_proba(test.without(*absent)), expected, rtol=1e-6)


def test_the_product_is_the_bayes_posterior_of_independent_modalities():
    rng = np.random.default_rng(0)
    prior, means, x = (
        np.array([0.6, 0.3, 0.1]),
        rng.standard_normal((3, 3, 2)),
        rng.standard_normal((20, 3, 2)),
    )

    def posterior(chosen):
        centres = means[:, chosen].reshape(3, -1)
        sample = x[:, chosen].reshape(20, -1)
        joint = np.stack([multivariate_normal(c).pdf(sample) for c in centres], axis=1) * prior
        return joint / joint.sum(axis=1, keepdims=True)

    votes = np.stack([posterior([m]) for m in range(3)], axis=1)
    np.testing.assert_allclose(log_pool(votes, prior, np.ones(3)), posterior([0, 1, 2]))
    votes[:, 1] = prior  # what an absent modality predicts
    np.testing.assert_allclose(log_pool(votes, prior, np.ones(3)), posterior([0, 2]))


def test_a_pool_of_exponents_that_sum_to_one_is_a_geometric_mean_whatever_the_prior():
    votes = np.random.default_rng(0).dirichlet(np.ones(4), size=(10, 2))
    expected = votes[:, 0] ** 0.3 * votes[:, 1] ** 0.7
    got = log_pool(votes, np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.7]))
    np.testing.assert_allclose(got, expected / expected.sum(axis=1, keepdims=True))


def test_a_pool_survives_probabilities_of_zero():
    votes = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    np.testing.assert_allclose(log_pool(votes, np.full(3, 1 / 3), np.ones(2)), [[0.5, 0.5, 0]], atol=1e-12)


def test_the_surest_vote_of_all_has_a_finite_weight():
    votes = np.array([[[1.0, 0.0], [0.5, 0.5]]])
    weights = inverse_entropy(votes)[0]
    assert np.isfinite(weights).all()
    assert weights[1] == pytest.approx(1 / np.log(2))
    assert weights[0] > 1e6


@settings(max_examples=100)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(2, 4))
def test_a_majority_is_never_turned_over(seed, n_modalities, n_classes):
    votes = np.random.default_rng(seed).dirichlet(np.full(n_classes, 0.3), size=(1, n_modalities))
    got = make_fusion("late-vote")._combine(votes, np.ones((1, n_modalities), bool))[0]
    counts = np.bincount(votes[0].argmax(axis=1), minlength=n_classes)
    assert counts[got.argmax()] == counts.max()
    assert (
        got >= votes[0].mean(axis=0) - 1e-12
    ).all()  # a log loss no more than log(R + 1) above that of the mean
    assert got.sum() == pytest.approx(n_modalities + 1)


@pytest.mark.parametrize("name", [*LATE, "hybrid-stacking"])
@pytest.mark.parametrize("dataset", ["synth-redundant", "synth-unique", "synth-noise"])
def test_not_below_the_best_single_modality_beyond_noise(name, dataset):
    data = load_dataset(dataset).features(seed=0)
    accuracy, control = (
        f.fit(data.train, data.validation).score(data.test, data.test.labels)
        for f in (make_fusion(name), BestUnimodal())
    )
    assert accuracy > control - 0.02  # 2 standard errors of a paired difference over 1000 samples


@pytest.mark.parametrize("name", [*LATE, "hybrid-stacking"])
def test_linear_combinations_cannot_multiply(name):
    data = load_dataset("synth-xor").features(seed=0)
    accuracy = make_fusion(name).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert abs(accuracy - 0.5) < 0.06
