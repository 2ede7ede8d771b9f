import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.control import BestUnimodal, Majority, Unimodal
from fusebench.fusions.logistic import log_loss


@pytest.fixture(scope="module")
def noise():
    return load_dataset("synth-noise", n_train=200, n_validation=100, n_test=300).features(seed=0)


def three_modalities(n, seed):
    """Modality a is good, b fair, c without information."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    signal = (2.0 * y - 1)[:, None]
    modalities = {
        name: Modality(Kind.VECTOR, (strength * signal + rng.standard_normal((n, 3))).astype(np.float32))
        for name, strength in (("a", 2.0), ("b", 0.8), ("c", 0.0))
    }
    return MultimodalData(modalities, y)


def test_majority_predicts_the_class_frequencies_of_all_training_samples():
    data = three_modalities(100, 0).take(np.r_[np.arange(0, 100, 2), np.arange(1, 50, 2)])
    fusion = Majority().fit(data)
    np.testing.assert_allclose(fusion.predict_proba(data), np.tile([2 / 3, 1 / 3], (75, 1)))
    assert (fusion.predict(data) == 0).all()


def test_majority_takes_sequences_too():
    sequences = Modality(Kind.SEQUENCE, np.zeros((4, 3, 2), np.float32))
    data = MultimodalData({"x": sequences}, np.array([0, 1, 1, 1]))
    np.testing.assert_allclose(Majority().fit(data, data).predict_proba(data)[0], [0.25, 0.75])


def test_unimodal_is_logistic_regression_on_the_standardised_modality(noise):
    fusion = Unimodal(modality="a").fit(noise.train, noise.validation)
    X, test = (split.modalities["a"].values.astype(float) for split in (noise.train, noise.test))
    X, test = (X - X.mean(axis=0)) / X.std(axis=0), (test - X.mean(axis=0)) / X.std(axis=0)
    candidates = [
        LogisticRegression(C=C, max_iter=1000).fit(X, noise.train.labels).predict_proba(test)
        for C in (0.01, 0.1, 1.0, 10.0, 100.0)
    ]
    got = fusion.predict_proba(noise.test)
    assert min(np.abs(got - candidate).max() for candidate in candidates) < 1e-3


def test_unimodal_reads_no_other_modality_and_gives_the_prior_without_its_own(noise):
    fusion = Unimodal(modality="a").fit(noise.train, noise.validation)
    expected = fusion.predict_proba(noise.test)
    np.testing.assert_allclose(fusion.predict_proba(noise.test.without("b")), expected)
    np.testing.assert_allclose(
        fusion.predict_proba(noise.test.without("a")), np.tile(fusion.prior_, (len(noise.test), 1))
    )


@pytest.mark.parametrize(
    ("modality", "message"), [(None, "needs the name of a modality"), ("z", "no modality 'z'; known: a, b")]
)
def test_unimodal_needs_a_modality_that_exists(noise, modality, message):
    with pytest.raises(FusebenchError, match=message):
        Unimodal(modality=modality).fit(noise.train, noise.validation)


def test_best_unimodal_ranks_by_validation_accuracy():
    fusion = BestUnimodal().fit(three_modalities(300, 0), three_modalities(300, 1))
    assert fusion.ranking_ == ["a", "b", "c"]


def test_best_unimodal_ranks_on_validation_and_not_on_training():
    train, validation = three_modalities(300, 0), three_modalities(300, 1)
    shuffled = validation.modalities["a"].values[np.random.default_rng(0).permutation(300)]
    spoilt = validation.with_modality("a", Modality(Kind.VECTOR, shuffled))
    assert BestUnimodal().fit(train, spoilt).ranking_[0] == "b"


def test_best_unimodal_switches_to_the_best_modality_that_each_sample_has():
    train, validation, test = (three_modalities(300, seed) for seed in range(3))
    present = np.random.default_rng(0).random((300, 3)) < 0.6
    present[~present.any(axis=1), 2] = True
    got = BestUnimodal().fit(train, validation).predict_proba(test.with_present(present))
    alone = [Unimodal(modality=m).fit(train, validation).predict_proba(test) for m in "abc"]
    for row in range(300):
        best = int(present[row].argmax())
        np.testing.assert_allclose(got[row], alone[best][row])


def test_best_unimodal_ranks_by_accuracy_and_not_by_log_loss():
    """Modality a is rarely wrong, but then utterly."""
    train, validation = three_modalities(300, 0), three_modalities(300, 1)
    values = validation.modalities["a"].values.copy()
    values[:15] *= -100
    wild = validation.with_modality("a", Modality(Kind.VECTOR, values))
    losses = []
    for name in "ab":
        probabilities = Unimodal(modality=name).fit(train, wild).predict_proba(wild)
        losses.append(log_loss(probabilities, wild.labels))
    assert losses[0] > losses[1]
    assert BestUnimodal().fit(train, wild).ranking_[0] == "a"


def test_unimodal_is_fitted_to_the_samples_that_have_the_modality():
    train, validation, test = (three_modalities(200, seed) for seed in range(3))
    half = np.arange(200) < 100
    present = np.ones_like(train.mask)
    present[~half, 0] = False
    masked, taken = (
        Unimodal(modality="a").fit(data, validation).predict_proba(test)
        for data in (train.with_present(present), train.take(half))
    )
    np.testing.assert_allclose(masked, taken, atol=1e-6)


def test_a_modality_that_validation_never_shows_is_ranked_last():
    train, validation = three_modalities(300, 0), three_modalities(300, 1)
    assert BestUnimodal().fit(train, validation.without("a")).ranking_ == ["b", "c", "a"]
