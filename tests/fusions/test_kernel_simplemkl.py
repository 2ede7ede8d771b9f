import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.svm import SVC

from fusebench.datasets.registry import load_dataset
from fusebench.fusions.kernel import CombinedKernel
from fusebench.fusions.kernel_simplemkl import KernelSimpleMKL, simplemkl_weights


def problem(seed, n_classes=2, n=24):
    """Kernels of an informative, a little informative and a noisy modality."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    signal = np.eye(n_classes)[y] @ rng.standard_normal((n_classes, 2))
    features = [strength * signal + rng.standard_normal((n, 2)) for strength in (1.0, 0.7, 0.0)]
    return [x @ x.T for x in features], y


def machine(kernels, weights, side, C):
    """Objective of a support vector machine, and |w_m|^2 / t_m^2 of every kernel."""
    combined = sum(t * k for t, k in zip(weights, kernels, strict=True))
    model = SVC(C=C, kernel="precomputed", tol=1e-6).fit(combined, side)
    a = np.zeros(len(side))
    a[model.support_] = model.dual_coef_[0]
    return np.abs(a).sum() - a @ combined @ a / 2, np.array([a @ k @ a for k in kernels])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("C", [0.1, 1.0])
def test_the_objective_is_that_of_the_dual_with_all_kernels(seed, C):
    """Against max_a sum a - t with a'Y K_m Y a / 2 <= t for every m, which has no weights."""
    kernels, y = problem(seed)
    sign = np.where(y == 0, 1.0, -1.0)
    bounds = [(0, C)] * len(y) + [(0, None)]
    constraints = [{"type": "eq", "fun": lambda v: v[:-1] @ sign}]
    constraints += [
        {"type": "ineq", "fun": lambda v, k=k: v[-1] - (sign * v[:-1]) @ k @ (sign * v[:-1]) / 2}
        for k in kernels
    ]
    start = np.append(np.full(len(y), C / 100), 1.0)
    dual = minimize(
        lambda v: v[-1] - v[:-1].sum(),
        start,
        method="SLSQP",
        bounds=bounds,
        constraints=constraints,
        options={"maxiter": 1000, "ftol": 1e-10},
    )
    weights = simplemkl_weights(kernels, y, C=C)
    assert weights.sum() == pytest.approx(1)
    assert machine(kernels, weights, y == 0, C)[0] == pytest.approx(-dual.fun, rel=1e-3)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("seed", range(3))
def test_weights_meet_the_conditions_of_the_optimum(n_classes, seed):
    kernels, y = problem(seed, n_classes)
    weights = simplemkl_weights(kernels, y, C=0.5)
    steepness = sum(machine(kernels, weights, y == label, 0.5)[1] for label in range(n_classes))
    used = weights > 0.01
    np.testing.assert_allclose(steepness[used], steepness.max(), rtol=0.03)


def test_with_one_class_weights_are_equal():
    np.testing.assert_array_equal(simplemkl_weights([np.eye(4)] * 2, np.zeros(4)), [0.5, 0.5])


def test_the_strategy_weighs_its_kernels_on_the_landmarks():
    data = load_dataset("synth-noise").features(seed=0)
    fusion = KernelSimpleMKL(C=0.5, n_landmarks=200).fit(data.train, data.validation)
    prepared = fusion._prepare(data.train)
    landmarks = prepared.take(fusion._choose_landmarks(prepared))
    expected = simplemkl_weights(list(CombinedKernel(landmarks).each(landmarks)), landmarks.labels, C=0.5)
    np.testing.assert_allclose(fusion.weights_, expected)
    assert fusion.weights_[0] > fusion.weights_[1]
