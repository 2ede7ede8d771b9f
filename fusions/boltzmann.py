"""A deep Boltzmann machine of several modalities: its energy, what follows from it, and its training.

Vectors are visible units; each modality has a layer of binary hidden units, and all of these share a joint
layer of binary units.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoltzmannMachine", "Layers", "contrastive_divergence", "pretrain", "train_persistent"]

Floats = NDArray[np.float64]

_WEIGHT_DECAY = 1e-3  # of weights, not of biases
_INITIAL_SPREAD = 0.01


class Layers(NamedTuple):
    """Values, or expectations, of all units for n samples.

    Parameters
    ----------
    visible : list of M arrays (n, d_m)
    hidden : list of M arrays (n, H)
    joint : array (n, J)
    """

    visible: list[Floats]
    hidden: list[Floats]
    joint: Floats


@dataclass(frozen=True, eq=False)
class BoltzmannMachine:
    r"""Gaussian visible units v, binary hidden units h of each modality, binary joint units j.

    .. math:: E(v, h, j) = \sum_m \left( \tfrac{1}{2} |v_m - a_m|^2 - v_m' W_m h_m - b_m' h_m - h_m' U_m j
              \right) - c' j.

    Visible units have variance 1 given the hidden ones.

    Parameters
    ----------
    weights : list of M arrays (d_m, H)
        W_m.
    joint_weights : list of M arrays (H, J)
        U_m.
    visible_biases, hidden_biases : list of M arrays (d_m,) and (H,)
        a_m and b_m.
    joint_bias : array (J,)
        c.

    Examples
    --------
    >>> machine = BoltzmannMachine(
    ...     [np.full((3, 2), 0.5)], [np.zeros((2, 1))], [np.zeros(3)], [np.zeros(2)], np.zeros(1)
    ... )
    >>> layers = machine.infer([np.ones((1, 3))], np.array([[True]]), n_iterations=5)
    >>> layers.hidden[0].round(3), layers.joint
    (array([[0.818, 0.818]]), array([[0.5]]))
    """

    weights: list[Floats]
    joint_weights: list[Floats]
    visible_biases: list[Floats]
    hidden_biases: list[Floats]
    joint_bias: Floats

    def parameters(self) -> list[Floats]:
        """Give all parameters, in the order of `statistics`."""
        lists = (self.weights, self.joint_weights, self.visible_biases, self.hidden_biases)
        return [*(array for arrays in lists for array in arrays), self.joint_bias]

    def visible_mean(self, m: int, hidden: Floats) -> Floats:
        """Expect the visible units of modality m, given its hidden units."""
        mean: Floats = self.visible_biases[m] + hidden @ self.weights[m].T
        return mean

    def hidden_mean(self, m: int, visible: Floats, joint: Floats) -> Floats:
        """Give the probabilities of the hidden units of modality m, given its visible and the joint units."""
        return _logistic(visible @ self.weights[m] + joint @ self.joint_weights[m].T + self.hidden_biases[m])

    def joint_mean(self, hidden: Sequence[Floats]) -> Floats:
        """Give the probabilities of the joint units, given all hidden units."""
        total = sum(h @ U for h, U in zip(hidden, self.joint_weights, strict=True))
        return _logistic(total + self.joint_bias)

    def infer(self, values: Sequence[Floats], present: NDArray[np.bool_], n_iterations: int) -> Layers:
        """Expect all units under the factorised posterior given what is present (mean field).

        Given the hidden units, joint and absent visible units are independent, and the other way round: each
        of the two halves of an iteration is an exact ascent of the lower bound on the log evidence.

        Parameters
        ----------
        values : list of M arrays (n, d_m)
            Standardised features; not read where absent.
        present : array of bool (n, M)
            What is present.
        n_iterations : int
            At least 1.

        Returns
        -------
        Layers
            Expectations; the visible units that are present have their values.
        """
        absent = ~present.T
        visible = [
            np.where(gone[:, None], bias, x)
            for x, gone, bias in zip(values, absent, self.visible_biases, strict=True)
        ]
        joint = np.full((len(present), len(self.joint_bias)), 0.5)
        for _ in range(n_iterations):
            hidden = [self.hidden_mean(m, x, joint) for m, x in enumerate(visible)]
            joint = self.joint_mean(hidden)
            for m, gone in enumerate(absent):
                visible[m][gone] = self.visible_mean(m, hidden[m][gone])
        return Layers(visible, hidden, joint)

    def sweep(self, layers: Layers, rng: np.random.Generator) -> Layers:
        """Draw the hidden units given all others, then all others given the hidden ones (Gibbs sampling)."""
        hidden = [_bernoulli(self.hidden_mean(m, x, layers.joint), rng) for m, x in enumerate(layers.visible)]
        means = [self.visible_mean(m, h) for m, h in enumerate(hidden)]
        visible = [mean + rng.standard_normal(mean.shape) for mean in means]
        return Layers(visible, hidden, _bernoulli(self.joint_mean(hidden), rng))

    def statistics(self, layers: Layers) -> list[Floats]:
        """Average what the parameters multiply in -E.

        The gradient of the log likelihood is their expectation given the data minus that of the machine. From
        that of a visible bias its own value is left out, which both have in common.
        """
        n = len(layers.joint)
        pairs = list(zip(layers.visible, layers.hidden, strict=True))
        return [
            *(x.T @ h / n for x, h in pairs),
            *(h.T @ layers.joint / n for h in layers.hidden),
            *(x.mean(axis=0) for x in layers.visible),
            *(h.mean(axis=0) for h in layers.hidden),
            layers.joint.mean(axis=0),
        ]


def contrastive_divergence(
    inputs: Floats,
    n_hidden: int,
    *,
    bottom: bool,
    n_updates: int,
    learning_rate: float,
    batch_size: int,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Floats]:
    """Fit a restricted Boltzmann machine that will be a layer of a deep one.

    In the deep machine hidden units are driven from below and from above. So that each layer alone learns as
    if the other were there, the first has its input doubled on the way up, and the last its own units on the
    way down (Salakhutdinov and Hinton 2009).

    Parameters
    ----------
    inputs : array (n, d)
        Features, or probabilities of units. With n of 0 nothing is learnt.
    n_hidden : int
        H.
    bottom : bool
        True for the first layer, whose inputs are Gaussian; False for the last, whose inputs are binary.
    n_updates, learning_rate, batch_size
        Steps, their size, and samples drawn for each.
    rng : Generator
        Draws everything.

    Returns
    -------
    weights, input_bias, hidden_bias : arrays (d, H), (d,), (H,)
    """
    up, down = (2.0, 1.0) if bottom else (1.0, 2.0)
    weights = _INITIAL_SPREAD * rng.standard_normal((inputs.shape[1], n_hidden))
    input_bias, hidden_bias = np.zeros(inputs.shape[1]), np.zeros(n_hidden)
    for _ in range(n_updates if len(inputs) else 0):
        data = inputs[rng.integers(len(inputs), size=batch_size)]
        hidden = _logistic(up * data @ weights + hidden_bias)
        mean = down * _bernoulli(hidden, rng) @ weights.T + input_bias
        fantasy = mean + rng.standard_normal(mean.shape) if bottom else _bernoulli(_logistic(mean), rng)
        echo = _logistic(up * fantasy @ weights + hidden_bias)
        slope = (data.T @ hidden - fantasy.T @ echo) / batch_size
        weights += learning_rate * (slope - _WEIGHT_DECAY * weights)
        input_bias += learning_rate * (data - fantasy).mean(axis=0)
        hidden_bias += learning_rate * (hidden - echo).mean(axis=0)
    return weights, input_bias, hidden_bias


def pretrain(
    values: Sequence[Floats],
    present: NDArray[np.bool_],
    n_hidden: int,
    *,
    n_updates: int,
    learning_rate: float,
    batch_size: int,
    rng: np.random.Generator,
) -> BoltzmannMachine:
    """Make a machine from restricted ones, fitted layer by layer.

    The first layers see the samples that have their modality. For the last one, an absent modality has the
    features 0, the mean. The hidden units, which are in both, get the average of both inputs: weights that
    were doubled are whole again, and biases are averaged.

    The parameters are those of `contrastive_divergence` and `BoltzmannMachine.infer`.
    """
    fit_layer = partial(
        contrastive_divergence,
        n_updates=n_updates,
        learning_rate=learning_rate,
        batch_size=batch_size,
        rng=rng,
    )
    bottoms = [fit_layer(x[has], n_hidden, bottom=True) for x, has in zip(values, present.T, strict=True)]
    hidden = [_logistic(2 * x @ W + b) for x, (W, _, b) in zip(values, bottoms, strict=True)]
    top, top_input, joint_bias = fit_layer(np.hstack(hidden), n_hidden, bottom=False)
    weights, visible_biases, hidden_biases = map(list, zip(*bottoms, strict=True))
    tops = np.split(top_input, len(values))
    return BoltzmannMachine(
        weights,
        np.split(top, len(values)),
        visible_biases,
        [(below + above) / 2 for below, above in zip(hidden_biases, tops, strict=True)],
        joint_bias,
    )


def train_persistent(
    machine: BoltzmannMachine,
    values: Sequence[Floats],
    present: NDArray[np.bool_],
    *,
    n_updates: int,
    n_iterations: int,
    learning_rate: float,
    batch_size: int,
    rng: np.random.Generator,
) -> None:
    """Train all layers at once by stochastic approximation, in place.

    A step climbs the lower bound on the log likelihood: statistics expected by `BoltzmannMachine.infer` minus
    those of Markov chains that persist and move by one sweep a step. Its size falls to 0 linearly, so that
    the chains can follow.

    The parameters are those of `contrastive_divergence` and `BoltzmannMachine.infer`.
    """
    rows = rng.integers(len(present), size=batch_size)
    chains = machine.infer([x[rows] for x in values], present[rows], n_iterations)
    for step in range(n_updates):
        rows = rng.integers(len(present), size=batch_size)
        layers = machine.infer([x[rows] for x in values], present[rows], n_iterations)
        chains = machine.sweep(chains, rng)
        rate = learning_rate * (1 - step / n_updates)
        slopes = zip(
            machine.parameters(), machine.statistics(layers), machine.statistics(chains), strict=True
        )
        for parameter, data, model in slopes:
            decay = _WEIGHT_DECAY * parameter if parameter.ndim == 2 else 0.0
            parameter += rate * (data - model - decay)  # in place


def _bernoulli(probabilities: Floats, rng: np.random.Generator) -> Floats:
    return (rng.random(probabilities.shape) < probabilities).astype(np.float64)


def _logistic(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    probabilities: Floats = 0.5 * (1 + np.tanh(0.5 * x))
    return probabilities
