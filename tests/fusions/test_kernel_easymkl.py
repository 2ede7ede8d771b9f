import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.kernel import CombinedKernel
from fusebench.fusions.kernel_easymkl import KernelEasyMKL, easymkl_weights, margin_distributions


def random_problem(seed, n=12, rank=3):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, rank))
    y = rng.choice([-1.0, 1.0], size=n)
    y[:2] = -1, 1
    return x @ x.T + rng.uniform(0, 3), y


def objective(g, K, y, penalty):
    return (1 - penalty) * (y * g) @ K @ (y * g) + penalty * g @ g


def test_without_penalty_it_is_the_distance_of_the_convex_hulls():
    # The point (0, 0) against the segment from (1, -1) to (1, 3): the closest point is (1, 0).
    x = np.array([[0.0, 0], [-5, 1], [1, -1], [1, 3]])
    y = np.array([1.0, 1, -1, -1])
    g = margin_distributions(x @ x.T, y[:, None], 0.0, tolerance=1e-10).ravel()
    np.testing.assert_allclose(g, [1, 0, 0.75, 0.25], atol=1e-4)


def test_with_the_penalty_alone_it_is_the_means_of_the_sides():
    K, y = random_problem(0)
    g = margin_distributions(K, y[:, None], 1.0).ravel()
    np.testing.assert_allclose(g, np.where(y > 0, 1 / (y > 0).sum(), 1 / (y < 0).sum()))


@settings(max_examples=50)
@given(st.integers(0, 10**6), st.sampled_from([0.01, 0.1, 0.5, 0.9]))
def test_the_mixtures_meet_the_conditions_of_the_optimum(seed, penalty):
    K, y = random_problem(seed)
    g = margin_distributions(K, y[:, None], penalty, tolerance=1e-9).ravel()
    slope = 2 * (1 - penalty) * y * (K @ (y * g)) + 2 * penalty * g
    scale = np.abs(slope).max()
    for side in (1, -1):
        on_side = y == side
        assert g[on_side].sum() == pytest.approx(1)
        assert (g >= 0).all()
        used = g[on_side] > 1e-3
        assert np.ptp(slope[on_side][used]) < 1e-2 * scale
        assert slope[on_side].min() > slope[on_side][used].max() - 1e-2 * scale


@pytest.mark.parametrize("seed", range(4))
def test_the_mixtures_agree_with_a_general_optimiser_and_columns_do_not_meddle(seed):
    K, y = random_problem(seed)
    other = random_problem(seed + 10)[1]
    both = margin_distributions(K, np.column_stack([y, other]), 0.1, tolerance=1e-9)
    for g, sides in zip(both.T, (y, other), strict=True):
        found = minimize(
            objective,
            np.where(sides > 0, 1 / (sides > 0).sum(), 1 / (sides < 0).sum()),
            args=(K, sides, 0.1),
            method="SLSQP",
            bounds=[(0, 1)] * len(sides),
            constraints=[
                {"type": "eq", "fun": lambda g, on=sides == side: g[on].sum() - 1} for side in (1, -1)
            ],
            options={"ftol": 1e-12, "maxiter": 500},
        )
        np.testing.assert_allclose(g, found.x, atol=2e-3)
        assert objective(g, K, sides, 0.1) == pytest.approx(found.fun, rel=1e-4)


def test_weights_are_the_squared_distances_of_the_mixtures():
    rng = np.random.default_rng(0)
    kernels = [x @ x.T for x in rng.standard_normal((3, 15, 4))]
    y = np.arange(15) % 3
    expected = np.zeros(3)
    for label in range(3):
        sides = np.where(y == label, 1.0, -1.0)
        signed = sides * margin_distributions(sum(kernels), sides[:, None], 0.2).ravel()
        expected += [signed @ kernel @ signed for kernel in kernels]
    np.testing.assert_allclose(easymkl_weights(kernels, y, 0.2), expected / expected.sum(), rtol=1e-3)


def test_with_the_penalty_alone_weights_are_the_distances_of_the_means():
    x = [np.array([[0.0], [2], [5], [5]]), np.array([[1.0], [1], [3], [3]])]  # means 4 and 2 apart
    weights = easymkl_weights([v @ v.T for v in x], np.array([0, 0, 1, 1]), 1.0)
    np.testing.assert_allclose(weights, [16 / 20, 4 / 20])


def test_kernels_that_see_no_distance_get_no_weight():
    y = np.array([0, 0, 1, 1])
    np.testing.assert_array_equal(easymkl_weights([np.ones((4, 4))] * 2, y), [0, 0])
    np.testing.assert_array_equal(easymkl_weights([np.eye(4)] * 2, np.zeros(4)), [0, 0])


def test_a_penalty_out_of_range_is_refused():
    with pytest.raises(FusebenchError, match=r"between 0 and 1, however: 1\.5"):
        margin_distributions(np.eye(2), np.array([[1.0], [-1.0]]), 1.5)


def test_the_strategy_weighs_its_kernels_on_the_landmarks():
    data = load_dataset("synth-noise").features(seed=0)
    fusion = KernelEasyMKL(penalty=0.3, n_landmarks=200).fit(data.train, data.validation)
    prepared = fusion._prepare(data.train)
    landmarks = prepared.take(fusion._choose_landmarks(prepared))
    kernels = list(CombinedKernel(landmarks).each(landmarks))
    np.testing.assert_allclose(fusion.weights_, easymkl_weights(kernels, landmarks.labels, 0.3))
    assert fusion.weights_[0] > fusion.weights_[1]
