"""The deep Boltzmann machine against sums over all states of a tiny one, its energy written out in loops."""

from itertools import product

import numpy as np
import pytest

from fusebench.fusions.boltzmann import (
    BoltzmannMachine,
    Layers,
    contrastive_divergence,
    pretrain,
    train_persistent,
)

SIZES, HIDDEN, JOINT = (2, 1), 2, 2
STATES = [
    ([np.array(s[:2], float), np.array(s[2:4], float)], np.array(s[4:], float))
    for s in product([0, 1], repeat=2 * HIDDEN + JOINT)
]
PATTERNS = [(True, True), (True, False), (False, True)]


def make(scale=0.8, seed=0):
    rng = np.random.default_rng(seed)
    return BoltzmannMachine(
        [scale * rng.normal(size=(d, HIDDEN)) for d in SIZES],
        [scale * rng.normal(size=(HIDDEN, JOINT)) for _ in SIZES],
        [rng.normal(size=d) for d in SIZES],
        [rng.normal(size=HIDDEN) for _ in SIZES],
        rng.normal(size=JOINT),
    )


def energy(machine, visible, hidden, joint):
    total = -sum(c * j for c, j in zip(machine.joint_bias, joint, strict=True))
    for m, (v, h) in enumerate(zip(visible, hidden, strict=True)):
        for i in range(len(v)):
            total += (v[i] - machine.visible_biases[m][i]) ** 2 / 2
            for k in range(HIDDEN):
                total -= v[i] * machine.weights[m][i, k] * h[k]
        for k in range(HIDDEN):
            total -= machine.hidden_biases[m][k] * h[k]
            for q in range(JOINT):
                total -= h[k] * machine.joint_weights[m][k, q] * joint[q]
    return total


def log_sum(machine, visible, present, hidden, joint):
    """Log of exp(-E), integrated over the visible units that are absent.

    As a function of those, -E is a parabola of curvature -1; the integral is its height times sqrt(2 pi).
    """
    peaks, n_free = [], 0
    for m, v in enumerate(visible):
        peak = machine.visible_biases[m] + sum(machine.weights[m][:, k] * hidden[m][k] for k in range(HIDDEN))
        peaks.append(v if present[m] else peak)
        n_free += 0 if present[m] else len(peak)
    return -energy(machine, peaks, hidden, joint) + n_free * np.log(2 * np.pi) / 2


def posterior(machine, visible, present):
    """Probability of every state of the binary units, and the log evidence times the partition function."""
    logs = np.array([log_sum(machine, visible, present, h, j) for h, j in STATES])
    log_evidence = np.logaddexp.reduce(logs)
    return np.exp(logs - log_evidence), log_evidence


def log_likelihood(machine, data):
    """Mean log density of complete samples, exactly."""
    _, log_partition = posterior(machine, [None, None], (False, False))
    return np.mean([posterior(machine, v, (True, True))[1] for v in data]) - log_partition


def bound(machine, layers, present):
    """The lower bound on the log evidence for one sample, summed over all states under the factorised q."""
    q_hidden, q_joint = [h[0] for h in layers.hidden], layers.joint[0]
    total = 0.0
    for h, j in STATES:
        units = np.concatenate([*h, j])
        rates = np.concatenate([*q_hidden, q_joint])
        q = np.prod(np.where(units == 1, rates, 1 - rates))
        if q > 0:
            total += q * (-energy(machine, [v[0] for v in layers.visible], h, j) - np.log(q))
    # A free visible unit of variance 1 costs half a nat of energy, and has its entropy.
    free = sum(d for d, seen in zip(SIZES, present, strict=True) if not seen)
    return total + free * (-0.5 + 0.5 * np.log(2 * np.pi * np.e))


@pytest.fixture
def visible():
    return [np.random.default_rng(1).normal(size=d) for d in SIZES]


def rows(arrays):
    return [array[None] for array in arrays]


def test_the_integral_over_free_visible_units_is_that_of_quadrature(visible):
    machine, (hidden, joint) = make(), STATES[45]
    axis = np.linspace(-15, 15, 6001)
    heights = [np.exp(-energy(machine, [visible[0], np.array([x])], hidden, joint)) for x in axis]
    expected = np.log(np.sum(heights) * (axis[1] - axis[0]))
    assert log_sum(machine, visible, (True, False), hidden, joint) == pytest.approx(expected)


def test_conditional_probabilities_are_those_of_the_energy(visible):
    machine = make()
    for hidden, joint in STATES:
        for m in range(2):
            for k in range(HIDDEN):
                on, off = ([h.copy() for h in hidden] for _ in range(2))
                on[m][k], off[m][k] = 1, 0
                drop = energy(machine, visible, off, joint) - energy(machine, visible, on, joint)
                probability = machine.hidden_mean(m, visible[m][None], joint[None])[0, k]
                assert probability == pytest.approx(1 / (1 + np.exp(-drop)))
        for q in range(JOINT):
            on, off = joint.copy(), joint.copy()
            on[q], off[q] = 1, 0
            drop = energy(machine, visible, hidden, off) - energy(machine, visible, hidden, on)
            assert machine.joint_mean(rows(hidden))[0, q] == pytest.approx(1 / (1 + np.exp(-drop)))


def test_visible_units_are_gaussian_around_their_mean(visible):
    """Around it the energy grows by half the squared distance, in every direction."""
    machine = make()
    for hidden, joint in STATES:
        means = [machine.visible_mean(m, h[None])[0] for m, h in enumerate(hidden)]
        moved = [mean + v for mean, v in zip(means, visible, strict=True)]
        growth = energy(machine, moved, hidden, joint) - energy(machine, means, hidden, joint)
        assert growth == pytest.approx(sum((v**2).sum() for v in visible) / 2)


@pytest.mark.parametrize("present", PATTERNS)
@pytest.mark.parametrize("seed", range(4))
def test_every_iteration_raises_the_bound_which_stays_below_the_evidence(present, seed, visible):
    machine, mask = make(1.5, seed), np.array([present])
    bounds = [bound(machine, machine.infer(rows(visible), mask, n), present) for n in range(1, 12)]
    assert np.diff(bounds).min() > -1e-9
    assert bounds[-1] > bounds[0]
    assert bounds[-1] <= posterior(machine, visible, present)[1] + 1e-9


@pytest.mark.parametrize("present", PATTERNS)
def test_mean_field_ends_where_the_bound_is_stationary(present, visible):
    machine, mask = make(), np.array([present])
    layers = machine.infer(rows(visible), mask, 500)
    best = bound(machine, layers, present)
    for m in range(2):
        for step in (1e-4, -1e-4):
            for k in range(HIDDEN):
                hidden = [h.copy() for h in layers.hidden]
                hidden[m][0, k] += step
                assert bound(machine, layers._replace(hidden=hidden), present) < best
            if not present[m]:
                moved = [v + step * (place == m) for place, v in enumerate(layers.visible)]
                assert bound(machine, layers._replace(visible=moved), present) < best
    for q in range(JOINT):
        joint = layers.joint.copy()
        joint[0, q] += 1e-4
        assert bound(machine, layers._replace(joint=joint), present) < best


@pytest.mark.parametrize("present", PATTERNS)
@pytest.mark.parametrize(("scale", "tolerance"), [(0.0, 1e-12), (0.1, 3e-3)])
def test_mean_field_is_exact_without_weights_and_close_with_weak_ones(present, scale, tolerance, visible):
    machine = make(scale)
    layers = machine.infer(rows(visible), np.array([present]), 100)
    probabilities, log_evidence = posterior(machine, visible, present)
    for m in range(2):
        exact = sum(p * h[m] for p, (h, _) in zip(probabilities, STATES, strict=True))
        np.testing.assert_allclose(layers.hidden[m][0], exact, atol=tolerance)
        if not present[m]:
            np.testing.assert_allclose(
                layers.visible[m][0], machine.visible_biases[m] + machine.weights[m] @ exact, atol=tolerance
            )
        else:
            np.testing.assert_array_equal(layers.visible[m][0], visible[m])
    exact = sum(p * j for p, (_, j) in zip(probabilities, STATES, strict=True))
    np.testing.assert_allclose(layers.joint[0], exact, atol=tolerance)
    assert bound(machine, layers, present) == pytest.approx(log_evidence, abs=scale**2 + 1e-9)


def test_absent_content_is_not_read(visible):
    machine, mask = make(), np.array([[True, False]])
    filled = [visible[0], np.full(1, np.nan)]
    expected, layers = (machine.infer(rows(values), mask, 5) for values in (visible, filled))
    np.testing.assert_array_equal(layers.joint, expected.joint)


def test_gibbs_sampling_has_the_moments_of_the_machine():
    machine, rng, n = make(), np.random.default_rng(2), 20_000
    chains = Layers([np.zeros((n, d)) for d in SIZES], [np.zeros((n, HIDDEN))] * 2, np.zeros((n, JOINT)))
    for _ in range(30):
        chains = machine.sweep(chains, rng)
    probabilities, _ = posterior(machine, [None, None], (False, False))
    tolerance = 5 * 0.5 / n**0.5
    joint = sum(p * j for p, (_, j) in zip(probabilities, STATES, strict=True))
    np.testing.assert_allclose(chains.joint.mean(axis=0), joint, atol=tolerance)
    for m in range(2):
        hidden = sum(p * h[m] for p, (h, _) in zip(probabilities, STATES, strict=True))
        np.testing.assert_allclose(chains.hidden[m].mean(axis=0), hidden, atol=tolerance)
        noise = chains.visible[m] - machine.visible_mean(m, chains.hidden[m])
        np.testing.assert_allclose(noise.mean(axis=0), 0, atol=5 / n**0.5)
        np.testing.assert_allclose(noise.var(axis=0), 1, atol=5 * (2 / n) ** 0.5)


def test_the_gradient_of_the_likelihood_is_a_difference_of_expected_statistics():
    machine, rng = make(), np.random.default_rng(3)
    data = [[rng.normal(size=d) for d in SIZES] for _ in range(4)]

    def expect(probabilities, visible):
        parts = [
            [p * part for part in machine.statistics(Layers(rows(visible(h)), rows(h), j[None]))]
            for p, (h, j) in zip(probabilities, STATES, strict=True)
        ]
        return [sum(arrays) for arrays in zip(*parts, strict=True)]

    of_data = [expect(posterior(machine, v, (True, True))[0], lambda _, v=v: v) for v in data]
    of_machine = expect(
        posterior(machine, [None, None], (False, False))[0],
        lambda hidden: [machine.visible_mean(m, h) for m, h in enumerate(hidden)],
    )
    for k, parameter in enumerate(machine.parameters()):
        gradient = np.mean([statistics[k] for statistics in of_data], axis=0) - of_machine[k]
        for index in np.ndindex(parameter.shape):
            value, heights = parameter[index], []
            for step in (1e-5, -1e-5):
                parameter[index] = value + step
                heights.append(log_likelihood(machine, data))
            parameter[index] = value
            assert (heights[0] - heights[1]) / 2e-5 == pytest.approx(gradient[index], abs=1e-6)


def test_joint_training_climbs_the_likelihood():
    """From small weights, on samples of another machine whose modalities depend on each other."""
    truth, rng = make(2.0, 5), np.random.default_rng(4)
    n = 400
    chains = Layers([np.zeros((n, d)) for d in SIZES], [np.zeros((n, HIDDEN))] * 2, np.zeros((n, JOINT)))
    for _ in range(50):
        chains = truth.sweep(chains, rng)
    data = list(zip(*chains.visible, strict=True))
    machine = make(0.1, 6)
    before = log_likelihood(machine, data)
    train_persistent(
        machine, chains.visible, np.ones((n, 2), bool),
        n_updates=1500, n_iterations=10, learning_rate=0.05, batch_size=100, rng=rng,
    )  # fmt: skip
    after, best = log_likelihood(machine, data), log_likelihood(truth, data)
    assert after - before > 0.9 * (best - before)


def logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("bottom", [True, False])
def test_a_layer_is_doubled_on_the_side_where_the_other_layer_will_be(bottom):
    """Three large steps, unit by unit."""
    inputs = np.random.default_rng(0).uniform(size=(20, 3))
    options = {"n_updates": 3, "learning_rate": 2.0, "batch_size": 5}
    learnt = contrastive_divergence(inputs, 2, bottom=bottom, rng=np.random.default_rng(1), **options)
    rng = np.random.default_rng(1)
    W, a, b = 0.01 * rng.standard_normal((3, 2)), np.zeros(3), np.zeros(2)
    for _ in range(3):
        data = inputs[rng.integers(20, size=5)]
        uniform = rng.random((5, 2))
        noise = rng.standard_normal((5, 3)) if bottom else rng.random((5, 3))
        slope, slope_a, slope_b = -1e-3 * W, np.zeros(3), np.zeros(2)
        for n in range(5):
            both = (data[n], data[n]) if bottom else (data[n],)  # two copies of the input, or one
            hidden = logistic(sum(v @ W for v in both) + b)
            drawn = (uniform[n] < hidden).astype(float)
            below = a + sum(W @ h for h in ((drawn,) if bottom else (drawn, drawn)))
            echo = below + noise[n] if bottom else (noise[n] < logistic(below)).astype(float)
            again = logistic(sum(v @ W for v in [echo] * len(both)) + b)
            slope += (np.outer(data[n], hidden) - np.outer(echo, again)) / 5
            slope_a += (data[n] - echo) / 5
            slope_b += (hidden - again) / 5
        W, a, b = W + 2 * slope, a + 2 * slope_a, b + 2 * slope_b
    for parameter, expected in zip(learnt, (W, a, b), strict=True):
        np.testing.assert_allclose(parameter, expected)


def test_pretraining_gives_hidden_units_the_average_of_both_their_inputs():
    rng = np.random.default_rng(0)
    values, present = [rng.normal(size=(30, d)) for d in SIZES], rng.random((30, 2)) < 0.8
    values = [x * seen[:, None] for x, seen in zip(values, present.T, strict=True)]
    options = {"n_updates": 20, "learning_rate": 0.2, "batch_size": 8}
    machine = pretrain(values, present, HIDDEN, rng=np.random.default_rng(1), **options)
    rng = np.random.default_rng(1)
    below = [
        contrastive_divergence(x[seen], HIDDEN, bottom=True, rng=rng, **options)
        for x, seen in zip(values, present.T, strict=True)
    ]
    inputs = [2 * x @ W + b for x, (W, _, b) in zip(values, below, strict=True)]
    top = contrastive_divergence(logistic(np.hstack(inputs)), HIDDEN, bottom=False, rng=rng, **options)
    joint = np.array([[1.0, 0.0]])
    above = 2 * joint @ top[0].T + top[1]
    for m, (W, a, _) in enumerate(below):
        expected = logistic((inputs[m] + above[:, m * HIDDEN : (m + 1) * HIDDEN]) / 2)
        np.testing.assert_allclose(machine.hidden_mean(m, values[m], joint), expected)
        np.testing.assert_allclose(machine.visible_mean(m, np.eye(HIDDEN)), a + W.T)
    hidden = rng.random((3, 2 * HIDDEN))
    expected = logistic(hidden @ top[0] + top[2])
    np.testing.assert_allclose(machine.joint_mean(np.split(hidden, 2, axis=1)), expected)
