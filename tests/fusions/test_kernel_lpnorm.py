import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.kernel import CombinedKernel
from fusebench.fusions.kernel_lpnorm import KernelLpNorm, lp_norm_weights


def problem(seed, n_classes=2, n=40):
    """Features of three kernels: informative, a little informative, noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    signal = np.eye(n_classes)[y] @ rng.standard_normal((n_classes, 2))
    return [strength * signal + rng.standard_normal((n, 2)) for strength in (1.5, 0.7, 0.0)], y


def weights_of_the_block_norm(features, y, p, C):
    """Minimise over the classifier alone: with the best weights the penalty is (sum_m |w_m|^q)^(2/q) / 2."""
    n_columns = 1 if y.max() == 1 else y.max() + 1
    q = 2 * p / (p + 1)

    def norms(w):
        return np.sqrt((w.reshape(len(features), -1) ** 2).sum(axis=1) + 1e-12)

    def objective(parameters):
        w, bias = parameters[:-n_columns], parameters[-n_columns:]
        scores = sum(x @ v for x, v in zip(features, w.reshape(len(features), 2, -1), strict=True)) + bias
        if n_columns == 1:
            scores = np.column_stack([np.zeros(len(y)), scores])
        loss = (logsumexp(scores, axis=1) - scores[np.arange(len(y)), y]).sum()
        return C * loss + (norms(w) ** q).sum() ** (2 / q) / 2

    start = np.random.default_rng(0).standard_normal((2 * len(features) + 1) * n_columns)
    w = norms(minimize(objective, start, method="BFGS", options={"gtol": 1e-5}).x[:-n_columns])
    return w ** (2 / (p + 1)) / (w ** (2 * p / (p + 1))).sum() ** (1 / p)


@pytest.mark.parametrize("p", [1.5, 2.0, 4.0])
@pytest.mark.parametrize("C", [0.1, 1.0])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_weights_are_those_of_the_problem_without_weights(p, C, n_classes):
    features, y = problem(0, n_classes)
    got = lp_norm_weights([x @ x.T for x in features], y, p=p, C=C, tolerance=1e-6)
    np.testing.assert_allclose(got, weights_of_the_block_norm(features, y, p, C), atol=5e-3)
    assert (got**p).sum() == pytest.approx(1)


def test_a_greater_norm_makes_the_weights_more_equal():
    features, y = problem(1)
    spread = [np.ptp(lp_norm_weights([x @ x.T for x in features], y, p=p)) for p in (1.0, 2.0, 8.0)]
    assert spread[0] > spread[1] > spread[2] > 0


def test_equal_kernels_get_equal_weights():
    features, y = problem(2)
    kernel = features[0] @ features[0].T
    np.testing.assert_allclose(lp_norm_weights([kernel, kernel], y, p=3.0), 2 ** (-1 / 3))


def test_without_a_kernel_of_use_or_a_second_class_nothing_is_learnt():
    assert not lp_norm_weights([np.ones((4, 4))] * 2, np.array([0, 0, 1, 1])).any()
    np.testing.assert_allclose(lp_norm_weights([np.eye(4), np.ones((4, 4))], np.zeros(4)), 0.5**0.5)


def test_a_norm_below_one_is_refused():
    with pytest.raises(FusebenchError, match=r"at least 1, however: 0\.5"):
        lp_norm_weights([np.eye(2)], np.array([0, 1]), p=0.5)


def test_the_strategy_weighs_its_kernels_on_the_landmarks():
    data = load_dataset("synth-noise").features(seed=0)
    fusion = KernelLpNorm(p=1.5, C=0.5, n_landmarks=200).fit(data.train, data.validation)
    prepared = fusion._prepare(data.train)
    landmarks = prepared.take(fusion._choose_landmarks(prepared))
    expected = lp_norm_weights(
        list(CombinedKernel(landmarks).each(landmarks)), landmarks.labels, p=1.5, C=0.5
    )
    np.testing.assert_allclose(fusion.weights_, expected / expected.sum())
    assert fusion.weights_[0] > fusion.weights_[1]
