import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.control import BestUnimodal
from fusebench.fusions.kernel import (
    CombinedKernel,
    KernelAlignment,
    KernelAverage,
    alignf_weights,
    nystroem_basis,
)
from fusebench.fusions.logistic import TunedLogistic
from fusebench.fusions.registry import make_fusion

KERNEL = ["kernel-average", "kernel-alignf", "kernel-easymkl", "kernel-lp-norm", "kernel-simplemkl"]


def draw(n, seed, n_modalities=2, absent=0.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    modalities = {
        name: Modality(Kind.VECTOR, (y[:, None] + rng.standard_normal((n, 3))).astype(np.float32))
        for name in "abcd"[:n_modalities]
    }
    return MultimodalData(modalities, y, rng.random((n, n_modalities)) >= absent)


def centre(kernel):
    n = len(kernel)
    H = np.eye(n) - 1 / n
    return H @ kernel @ H


def alignment(weights, kernels, y):
    K, T = centre(sum(w * k for w, k in zip(weights, kernels, strict=True))), centre(y[:, None] == y)
    return (K * T).sum() / np.linalg.norm(K) / np.linalg.norm(T)


def random_kernels(seed, n=8, M=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(2, size=n)
    y[:2] = 0, 1
    factors = rng.standard_normal((M, n, 3))
    return [x @ x.T for x in factors], y


def test_the_kernel_by_hand():
    x = np.array([[0.0], [1.0], [3.0]], np.float32)  # squared distances 1, 4, 9: the median is 4
    data = MultimodalData(
        {"a": Modality(Kind.VECTOR, x), "b": Modality(Kind.VECTOR, 2 * x)},
        present=np.array([[True, True], [True, True], [True, False]]),
    )
    kernel = CombinedKernel(data)
    assert kernel.bandwidths_ == {"a": 4.0, "b": 4.0}  # of b only the pair (0, 1) is there, at distance 2
    got = kernel.combine(data, np.array([0.75, 0.25]))
    both = 0.75 * np.exp(-1 / 4) + 0.25 * np.exp(-1)
    first = 0.75 * np.exp([-9 / 4, -1]) / np.sqrt(1.0 * 0.75)
    np.testing.assert_allclose(got, [[1, both, first[0]], [both, 1, first[1]], [first[0], first[1], 1]])


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.integers(2, 12),
    st.integers(1, 4),
    st.lists(st.sampled_from([0.0, 0.1, 1.0, 7.0]), min_size=4, max_size=4),
)
def test_the_kernel_is_positive_semidefinite_with_any_absence(seed, n, M, weights):
    data = draw(n, seed, M, absent=0.4)
    w = np.array(weights[:M])
    K = CombinedKernel(data).combine(data, w)
    np.testing.assert_allclose(K, K.T, atol=1e-12)
    assert np.linalg.eigvalsh(K).min() > -1e-9
    np.testing.assert_allclose(np.diag(K), (data.mask @ w > 0).astype(float), atol=1e-12)


def test_features_of_landmarks_reproduce_the_kernel():
    data, others = draw(40, 0, absent=0.3), draw(15, 1, absent=0.3)
    kernel = CombinedKernel(data)
    w = np.array([0.3, 0.7])
    K, cross = kernel.combine(data, w), kernel.combine(others, w)
    basis = nystroem_basis(K)
    np.testing.assert_allclose((K @ basis) @ (K @ basis).T, K, atol=1e-7)
    np.testing.assert_allclose((cross @ basis) @ (K @ basis).T, cross, atol=1e-5)


def test_repeated_landmarks_lower_the_rank_and_nothing_else():
    data = draw(20, 0)
    K = CombinedKernel(data.take(np.tile(np.arange(20), 2))).combine(data, np.array([0.5, 0.5]))
    doubled = np.vstack([K, K])
    basis = nystroem_basis(doubled)
    assert basis.shape == (40, 20)
    np.testing.assert_allclose((doubled @ basis) @ (doubled @ basis).T, doubled, atol=1e-7)


@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_logistic_regression_on_the_features_is_kernel_logistic_regression(C):
    """Against a direct minimisation over dual coefficients."""
    train, test = draw(30, 0), draw(10, 1)
    kernel = CombinedKernel(train)
    w = np.array([0.5, 0.5])
    K, cross = kernel.combine(train, w), kernel.combine(test, w)
    sign = 2 * train.labels - 1

    def objective(parameters):
        alpha, bias = parameters[:-1], parameters[-1]
        return C * np.logaddexp(0, -sign * (K @ alpha + bias)).sum() + alpha @ K @ alpha / 2

    dual = minimize(objective, np.zeros(31), method="BFGS", options={"gtol": 1e-6, "maxiter": 2000}).x
    expected = 1 / (1 + np.exp(-(cross @ dual[:-1] + dual[-1])))
    basis = nystroem_basis(K)
    model = TunedLogistic(np.array([0.5, 0.5]), grid=(C,)).fit(K @ basis, train.labels)
    np.testing.assert_allclose(model.predict_proba(cross @ basis)[:, 1], expected, atol=2e-3)


def test_alignf_by_hand():
    # Two centred orthogonal kernels and three classes: M = diag(4, 36), a = (2, 6), v = (1/2, 1/6).
    u, w = np.array([1.0, -1, 0]), np.array([1.0, 1, -2])
    kernels = [np.outer(u, u) + 5, np.outer(w, w) - 2]  # constants are centred away
    np.testing.assert_allclose(alignf_weights(kernels, np.arange(3)), [0.75, 0.25])
    # With classes (0, 0, 1) the first kernel tells nothing: a = (0, 8).
    np.testing.assert_allclose(alignf_weights(kernels, np.array([0, 0, 1])), [0, 1])


@settings(max_examples=60)
@given(st.integers(0, 10**6))
def test_alignf_meets_the_conditions_of_the_optimum(seed):
    kernels, y = random_kernels(seed)
    w = alignf_weights(kernels, y)
    centred, target = [centre(k) for k in kernels], centre(y[:, None] == y)
    M = np.array([[(k * other).sum() for other in centred] for k in centred])
    a = np.array([(k * target).sum() for k in centred])
    v = w * (w @ a) / (w @ M @ w)  # the scale that minimises v'Mv - 2 v'a along w
    slack = M @ v - a
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1)
    assert slack.min() > -1e-6 * a.max()
    np.testing.assert_allclose(v * slack, 0, atol=1e-6 * a.max())


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.lists(st.floats(0.01, 1), min_size=3, max_size=3))
def test_no_other_weights_align_better(seed, weights):
    kernels, y = random_kernels(seed)
    best = alignment(alignf_weights(kernels, y), kernels, y)
    assert best >= alignment(np.ones(3), kernels, y) - 1e-9
    assert best >= alignment(weights, kernels, y) - 1e-9


def test_a_kernel_twice_is_no_problem():
    kernels, y = random_kernels(0, M=2)
    w = alignf_weights([kernels[0], kernels[0], kernels[1]], y)
    once = alignf_weights(kernels, y)
    np.testing.assert_allclose([w[0] + w[1], w[2]], once, atol=1e-6)


def test_kernels_that_tell_nothing_get_no_weight():
    np.testing.assert_array_equal(alignf_weights([np.ones((4, 4))] * 2, np.array([0, 0, 1, 1])), [0, 0])


def test_noise_gets_little_weight_and_a_sample_of_noise_alone_the_prior():
    data = load_dataset("synth-noise").features(seed=0)
    fusion = KernelAlignment(n_landmarks=300).fit(data.train, data.validation)
    assert fusion.weights_[1] < 0.05
    if fusion.weights_[1] == 0:
        got = fusion.predict_proba(data.test.without("a"))
        np.testing.assert_allclose(got, np.tile(fusion.prior_, (len(got), 1)))


@pytest.mark.parametrize("name", KERNEL)
@pytest.mark.parametrize("dataset", ["synth-redundant", "synth-unique", "synth-noise"])
def test_not_below_the_best_single_modality_beyond_noise(name, dataset):
    data = load_dataset(dataset).features(seed=0)
    accuracy, control = (
        f.fit(data.train, data.validation).score(data.test, data.test.labels)
        for f in (make_fusion(name), BestUnimodal())
    )
    assert accuracy > control - 0.02  # 2 standard errors of a paired difference over 1000 samples


@pytest.mark.parametrize("name", KERNEL)
def test_a_sum_of_kernels_knows_no_interaction(name):
    data = load_dataset("synth-xor").features(seed=0)
    accuracy = make_fusion(name).fit(data.train, data.validation).score(data.test, data.test.labels)
    assert abs(accuracy - 0.5) < 0.06


def test_each_modality_bends_the_boundary():
    """The class is inside or outside of a ring in one modality: linear classifiers are at chance."""
    rng = np.random.default_rng(0)
    y = np.arange(600) % 2
    angle = rng.uniform(0, 2 * np.pi, 600)
    ring = (1 + y + 0.2 * rng.standard_normal(600))[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    modalities = {"noise": rng.standard_normal((600, 2)), "ring": ring}
    data = MultimodalData({k: Modality(Kind.VECTOR, v.astype(np.float32)) for k, v in modalities.items()}, y)
    train, test = data.take(np.arange(300)), data.take(np.arange(300, 600))
    assert KernelAverage().fit(train).score(test, test.labels) > 0.9
    assert BestUnimodal().fit(train).score(test, test.labels) < 0.65


def test_fewer_landmarks_approximate_and_are_drawn_by_the_seed():
    data = load_dataset("synth-redundant").features(seed=0)
    exact, few, again, other = (
        KernelAverage(n_landmarks=n, random_state=seed)
        .fit(data.train, data.validation)
        .predict_proba(data.test)[:, 1]
        for n, seed in ((600, 0), (200, 0), (200, 0), (200, 1))
    )
    np.testing.assert_array_equal(few, again)
    assert not np.array_equal(few, other)
    assert 0 < np.abs(few - exact).mean() < 0.05


@pytest.mark.parametrize("name", KERNEL)
def test_a_modality_unknown_in_training_gives_the_prior(name):
    train, test = draw(60, 0, absent=0.2), draw(20, 1)
    fusion = make_fusion(name).fit(train.without("b"), train.without("b"))
    np.testing.assert_array_equal(fusion.weights_, [1, 0])
    np.testing.assert_allclose(
        fusion.predict_proba(test.without("a")), np.tile(fusion.prior_, (len(test), 1))
    )
