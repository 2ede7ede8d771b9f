"""The generated vectors follow their stated process, so that their stated best accuracy is true."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm
from sklearn.linear_model import LogisticRegression

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError

NAMES = ["synth-redundant", "synth-unique", "synth-xor", "synth-noise"]
N = 40_000


def signs(M):
    return np.array(list(product([-1, 1], repeat=M)))


def arrays(data):
    return [modality.values.astype(float) for modality in data.modalities.values()]


def directions(data):
    """Leading axis of every modality, from samples alone; the sign of the first coordinate is free."""
    return [np.linalg.eigh(np.cov(x.T))[1][:, -1] for x in arrays(data)]


def oriented_projections(data, axes, reference):
    """Project on the axes, turned so that they agree with `reference`, a target of shape (n, M)."""
    columns = [x @ u for x, u in zip(arrays(data), axes, strict=True)]
    return np.column_stack([c * np.sign(c @ t) for c, t in zip(columns, reference.T, strict=True)])


def normal_likelihood(t, combinations, separation):
    """Density of projections t, shape (n, M), under every combination of signs, shape (n, 2**M)."""
    return norm.pdf(t[:, None, :], separation * combinations).prod(axis=2)


def bayes_posterior(name, data, separation):
    """p(y | x) of the process that the module's docstring states."""
    y, M = data.labels, len(data.modalities)
    if name == "synth-noise":
        x = arrays(data)[0]
        t = oriented_projections(
            data.select(["a"]), [np.linalg.eigh(np.cov(x.T))[1][:, -1]], 2 * y[:, None] - 1
        )
        likelihood = norm.pdf(t, separation * np.array([-1, 1]))
    elif name == "synth-redundant":
        t = oriented_projections(data, directions(data), np.tile(2 * y[:, None] - 1, M))
        cov = np.eye(M) + 1
        likelihood = np.column_stack(
            [multivariate_normal.pdf(t, np.full(M, s * separation), cov) for s in (-1, 1)]
        )
    elif name == "synth-unique":
        combinations = signs(M)
        t = oriented_projections(data, directions(data), combinations[y])
        likelihood = normal_likelihood(t, combinations, separation)
    else:
        combinations = signs(M)
        t = np.column_stack([x @ u for x, u in zip(arrays(data), directions(data), strict=True)])
        t[:, 0] *= np.sign(t.prod(axis=1) @ (2 * y - 1))
        joint = normal_likelihood(t, combinations, separation)
        parity = combinations.prod(axis=1)
        likelihood = np.column_stack([joint[:, parity == s].sum(axis=1) for s in (-1, 1)])
    return likelihood / likelihood.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("n_modalities", "separation"), [(2, 2.0), (3, 1.2)])
def test_exact_bayes_classifier_reaches_the_accuracy_on_the_card(name, n_modalities, separation):
    dataset = load_dataset(name, n_test=N, n_modalities=n_modalities, n_features=4, separation=separation)
    stated = dataset.card.bayes_accuracy
    test = dataset.load(seed=3).test
    posterior = bayes_posterior(name, test, separation)
    accuracy = np.mean(posterior.argmax(axis=1) == test.labels)
    tolerance = 4 * np.sqrt(stated * (1 - stated) / N)
    assert abs(accuracy - stated) < tolerance
    # A posterior that is exact is as confident as it is right; a rule that were not the best would not be.
    assert abs(posterior.max(axis=1).mean() - stated) < tolerance


def test_noise_around_the_signal_is_standard_normal():
    data = load_dataset("synth-xor", n_test=N, n_features=5, separation=3.0).load().test
    for x in arrays(data):
        values = np.linalg.eigvalsh(np.cov(x.T))
        assert values[:-1] == pytest.approx(1, abs=0.04)
        assert values[-1] == pytest.approx(1 + 3.0**2, rel=0.04)


@pytest.mark.parametrize("kept", [["a", "b"], ["a", "c"], ["b", "c"]])
def test_xor_hides_the_class_from_any_two_of_three_modalities(kept):
    data = load_dataset("synth-xor", n_test=N, n_modalities=3, n_features=3).load().test.select(kept)
    first, second = arrays(data)
    interactions = np.einsum("ni,nj->nij", first, second).reshape(N, -1)
    X = np.hstack([first, second, interactions])
    model = LogisticRegression(C=0.1).fit(X[: N // 2], data.labels[: N // 2])
    assert abs(model.score(X[N // 2 :], data.labels[N // 2 :]) - 0.5) < 4 * np.sqrt(0.25 / (N / 2))


def test_xor_is_learnt_from_products_but_not_from_sums():
    data = load_dataset("synth-xor").load(seed=0)
    train, test = arrays(data.train), arrays(data.test)

    def score(view):
        return LogisticRegression(C=0.01).fit(view(train), data.train.y).score(view(test), data.test.y)

    assert score(np.hstack) < 0.58
    assert score(lambda x: np.einsum("ni,nj->nij", *x).reshape(len(x[0]), -1)) > 0.9


def test_unique_modality_alone_reaches_no_more_than_its_bit():
    data = load_dataset("synth-unique", n_test=N).load().test
    bit = LogisticRegression().fit(arrays(data)[0], data.labels // 2)
    assert bit.score(arrays(data)[0], data.labels // 2) == pytest.approx(norm.cdf(2), abs=0.005)
    assert LogisticRegression().fit(arrays(data)[0], data.labels % 2).score(
        arrays(data)[0], data.labels % 2
    ) == pytest.approx(0.5, abs=0.015)


def test_noise_modality_is_wide_and_says_nothing():
    data = load_dataset("synth-noise", n_train=2000, n_test=4000).load()
    assert [x.shape[1] for x in arrays(data.train)] == [10, 100]
    model = LogisticRegression().fit(arrays(data.train)[1], data.train.y)
    assert abs(model.score(arrays(data.test)[1], data.test.y) - 0.5) < 4 * np.sqrt(0.25 / 4000)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_draw_new_samples_of_the_same_distribution(name):
    dataset = load_dataset(name, n_test=N, n_features=3, separation=4.0)
    first, second = dataset.load(0).test, dataset.load(1).test
    assert not np.array_equal(first.modalities["a"].values, second.modalities["a"].values)
    assert abs(directions(first.select(["a"]))[0] @ directions(second.select(["a"]))[0]) > 0.999


@pytest.mark.parametrize("name", NAMES)
def test_size_of_one_split_changes_no_other(name):
    small, large = load_dataset(name, n_train=50).load(7), load_dataset(name, n_train=80).load(7)
    np.testing.assert_array_equal(small.test.modalities["b"].values, large.test.modalities["b"].values)
    np.testing.assert_array_equal(small.validation.labels, large.validation.labels)


@pytest.mark.parametrize("name", NAMES)
def test_splits_share_no_sample(name):
    data = load_dataset(name, n_train=200, n_validation=200, n_test=200).load(0)
    rows = np.concatenate([s.modalities["a"].values for s in (data.train, data.validation, data.test)])
    assert len(np.unique(rows, axis=0)) == len(rows) == 600


def test_no_separation_leaves_chance():
    chance = {name: load_dataset(name, separation=0, n_modalities=3).card.bayes_accuracy for name in NAMES}
    expected = {"synth-redundant": 0.5, "synth-unique": 1 / 8, "synth-xor": 0.5, "synth-noise": 0.5}
    assert chance == pytest.approx(expected)


@pytest.mark.parametrize(
    ("option", "value"),
    [("n_train", 0), ("n_modalities", 1), ("n_modalities", 9), ("n_features", 2.5), ("separation", -1.0)],
)
def test_options_out_of_range_are_refused_with_their_value(option, value):
    with pytest.raises(FusebenchError, match=rf"{option} .*however: {value}\."):
        load_dataset("synth-unique", **{option: value})


def test_fingerprint_follows_every_option():
    options = {
        "n_train": 9,
        "n_validation": 9,
        "n_test": 9,
        "n_modalities": 3,
        "n_features": 9,
        "separation": 1.0,
    }
    prints = [load_dataset("synth-xor", **{option: value}).fingerprint() for option, value in options.items()]
    prints += [load_dataset("synth-xor").fingerprint(), load_dataset("synth-noise").fingerprint()]
    assert len(set(prints)) == len(prints)
    assert load_dataset("synth-xor").fingerprint() == load_dataset("synth-xor", separation=2).fingerprint()
