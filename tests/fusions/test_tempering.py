import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.logistic import log_loss
from fusebench.fusions.registry import fusions
from fusebench.fusions.tempering import TemperedFusion, fit_temperature, log_posterior

TEMPERED = [name for name, info in fusions.items() if issubclass(info.estimator, TemperedFusion)]


def noisy_scores(n=400, n_classes=3, seed=0):
    """Calibrated log-likelihoods times ten: as sure as if each piece of evidence had come ten times."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    x = np.eye(n_classes)[y] + rng.standard_normal((n, n_classes))
    return 10 * x, y  # log N(x; e_k, 1) is x_k but for what all classes share


def test_at_temperature_one_it_is_the_rule_of_bayes():
    likelihood, prior = np.array([[0.2, 0.5], [0.9, 0.3]]), np.array([0.3, 0.7])
    joint = likelihood * prior
    got = np.exp(log_posterior(np.log(likelihood), prior, 1.0))
    np.testing.assert_allclose(got, joint / joint.sum(axis=1, keepdims=True))


def test_the_temperature_undoes_evidence_counted_ten_times():
    scores, y = noisy_scores(20_000)
    temperature, _ = fit_temperature(scores, np.full(3, 1 / 3), y)
    assert temperature == pytest.approx(10, rel=0.05)


def test_the_temperature_lies_at_a_minimum_of_the_loss():
    scores, y = noisy_scores()
    prior = np.array([0.2, 0.3, 0.5])
    temperature, loss = fit_temperature(scores, prior, y)

    def loss_at(tau):
        return log_loss(np.exp(log_posterior(scores, prior, tau)), y)

    assert loss == pytest.approx(loss_at(temperature))
    assert loss <= min(loss_at(1.05 * temperature), loss_at(temperature / 1.05))


def test_scores_are_never_sharpened_and_noise_gives_the_prior():
    scores, y = noisy_scores()
    assert fit_temperature(scores / 100, np.full(3, 1 / 3), y)[0] == pytest.approx(1, abs=1e-3)
    prior = np.bincount(y) / len(y)
    noise = np.random.default_rng(1).permutation(scores)
    temperature, _ = fit_temperature(100 * noise, prior, y)
    np.testing.assert_allclose(
        np.exp(log_posterior(100 * noise, prior, temperature)), prior + 0 * noise, atol=0.1
    )


@pytest.mark.parametrize("name", TEMPERED)
@pytest.mark.parametrize("absent", [False, True])
def test_from_nothing_comes_the_prior(name, absent):
    """Features that are all constant, or all absent, in training."""
    fusion = fusions[name].make()
    shape, kind = ((40, 25, 3), Kind.SEQUENCE) if "sequence" in fusion.views else ((40, 3), Kind.VECTOR)
    y = np.arange(40) % 4 // 3  # three to one, in every split
    data = MultimodalData({m: Modality(kind, np.ones(shape, np.float32)) for m in "ab"}, y)
    fusion.fit(data.without("a", "b") if absent else data, data)
    np.testing.assert_allclose(fusion.predict_proba(data), [[0.75, 0.25]] * 40, atol=0.01)
