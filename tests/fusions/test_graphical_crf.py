from itertools import pairwise, product

import numpy as np
import pytest
from pycrfsuite import Tagger, Trainer
from scipy.optimize import approx_fprime
from scipy.special import logsumexp

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.graphical_crf import LinearChainCRF, train_crf
from fusebench.fusions.hmm import smooth


def tiny(n=40, F=3, C=2, Y=2, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % Y
    return np.random.default_rng(9).standard_normal((Y, F, C))[y] + rng.standard_normal((n, F, C)), y


def log_weights_of_all_labellings(frames, weights, transitions):
    """Unnormalised log-probability of every sequence of labels, by labelling."""
    return {
        labels: sum(frames[t] @ weights[t, :, y] for t, y in enumerate(labels))
        + sum(transitions[i, j] for i, j in pairwise(labels))
        for labels in product(range(len(transitions)), repeat=len(frames))
    }


def moving(n, seed):
    """Ramps up and down: no average over time can tell them apart."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    modalities = {}
    for m, name in enumerate("ab"):
        slope = np.random.default_rng(m).permutation([-1.0, 0.0, 1.0])[y]
        values = np.linspace(-1, 1, 9) * slope[:, None] + 0.6 * rng.standard_normal((n, 9))
        values = np.stack([values, rng.standard_normal((n, 9))], axis=2)
        modalities[name] = Modality(Kind.SEQUENCE, values.astype(np.float32), rng.integers(7, 10, n))
    return MultimodalData(modalities, y)


@pytest.fixture(scope="module")
def splits():
    return [moving(n, seed) for seed, n in enumerate((150, 90, 120))]


@pytest.fixture(scope="module")
def fitted(splits):
    return LinearChainCRF(n_frames=4).fit(splits[0], splits[1])


def test_order_in_time_tells_the_class_and_two_modalities_are_better_than_one(splits, fitted):
    test = splits[2]
    both = fitted.score(test, test.labels)
    assert both > 0.9
    assert both > max(fitted.score(test.without(name), test.labels) for name in "ab") > 0.6


def test_marginals_equal_those_of_crfsuite(tmp_path):
    x, y = tiny(C=3, Y=3)
    trainer = Trainer(verbose=False, params={"c2": 0.5, "max_iterations": 200, "feature.minfreq": -1e9})
    items = [[{f"{t}.{c}": v for c, v in enumerate(frame)} for t, frame in enumerate(own)] for own in x]
    for own, label in zip(items, y, strict=True):
        trainer.append(own, [str(label)] * 3)
    trainer.train(str(tmp_path / "model"))
    weights, transitions = train_crf(x, y, n_labels=3, l2=0.5, max_iter=200)
    evidence = np.einsum("ntc,tcy->nty", x, weights)
    _, marginals, _ = smooth(np.zeros(3), transitions[None], evidence)
    with Tagger().open(str(tmp_path / "model")) as tagger:
        for own, expected in zip(items[:5], marginals[:5], strict=True):
            tagger.set(own)
            got = [[tagger.marginal(str(k), t) for k in range(3)] for t in range(3)]
            np.testing.assert_allclose(got, expected, atol=1e-4)


def test_training_ends_where_the_penalised_likelihood_is_greatest():
    """Its gradient, by enumeration of all labellings, vanishes there."""
    x, y = tiny()
    weights, transitions = train_crf(x, y, n_labels=2, l2=0.7, max_iter=500)
    assert transitions[0, 1] == transitions[1, 0] == 0  # never seen in training: not a feature

    def objective(flat):
        w, stay = flat[:-2].reshape(weights.shape), np.diag(flat[-2:])
        total = 0.7 * (flat**2).sum()
        for frames, label in zip(x, y, strict=True):
            log_weights = log_weights_of_all_labellings(frames, w, stay)
            total += logsumexp(list(log_weights.values())) - log_weights[(label,) * len(frames)]
        return total

    learnt = np.r_[weights.ravel(), np.diag(transitions)]
    slope = np.abs(approx_fprime(learnt, objective, 1e-6)).max()
    assert slope < 1e-3 < 1 < np.abs(approx_fprime(np.zeros_like(learnt), objective, 1e-6)).max()


def test_a_class_has_the_mean_of_its_marginals_by_enumeration(splits, fitted):
    test = splits[2].take(np.arange(6))
    frames = fitted._frames(fitted._prepare(test))
    expected = np.zeros((6, 3))
    for i in range(6):
        log_weights = log_weights_of_all_labellings(frames[i], fitted.weights_, fitted.transitions_)
        total = logsumexp(list(log_weights.values()))
        for labels, log_weight in log_weights.items():
            for label in labels:
                expected[i, label] += np.exp(log_weight - total) / len(labels)
    assert np.ptp(expected) > 0.5
    untempered = LinearChainCRF()
    vars(untempered).update(vars(fitted), temperature_=1.0)
    np.testing.assert_allclose(untempered.predict_proba(test), expected)


def test_an_absent_modality_adds_nothing(splits, fitted):
    """As if its weights were 0."""
    test = splits[2]
    muted = LinearChainCRF()
    weights = fitted.weights_.copy()
    weights[:, 2:4] = 0  # the two components of b
    vars(muted).update(vars(fitted), weights_=weights)
    np.testing.assert_allclose(fitted.predict_proba(test.without("b")), muted.predict_proba(test))
    assert np.abs(fitted.predict_proba(test) - muted.predict_proba(test)).max() > 0.1


def test_a_class_of_which_nothing_was_seen_keeps_its_prior(splits):
    train, validation, test = splits
    present = np.tile(train.labels[:, None] != 1, (1, 2))
    fusion = LinearChainCRF(n_frames=4).fit(train.with_present(present), validation)
    assert fusion.weights_.shape[2] == 2
    fusion.temperature_ = 1.0
    np.testing.assert_allclose(fusion.predict_proba(test)[:, 1], 1 / 3)


@pytest.mark.parametrize("name", ["n_frames", "n_components"])
def test_sizes_are_at_least_one(name, splits):
    with pytest.raises(FusebenchError, match=f"{name} must be at least 1, however: 0"):
        LinearChainCRF(**{name: 0}).fit(splits[0])
