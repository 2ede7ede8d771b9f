"""Imputers against scikit-learn and closed forms, whatever is absent."""

from itertools import product

import numpy as np
import pytest
from sklearn.impute import KNNImputer
from sklearn.linear_model import Ridge

from fusebench import check_fusion
from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.early import EarlyLogistic
from fusebench.fusions.imputers import make_imputer
from fusebench.fusions.late import LateMean
from fusebench.fusions.preprocessing import Standardizer
from fusebench.fusions.registry import fusions

IMPUTERS = ["mean", "knn", "ridge", "cyclic"]
SIZES = {"a": 3, "b": 2, "c": 4}
PATTERNS = np.array([p for p in product([True, False], repeat=3) if any(p)])


def draw(n, seed, noise=1.0):
    """Modalities that are linear in four hidden numbers, and noise."""
    maps = {name: np.random.default_rng(9 + d).standard_normal((4, d)) for name, d in SIZES.items()}
    rng = np.random.default_rng(seed)
    hidden = rng.standard_normal((n, 4))
    content = {name: hidden @ maps[name] + noise * rng.standard_normal((n, d)) for name, d in SIZES.items()}
    return MultimodalData(
        {name: Modality(Kind.VECTOR, x.astype(np.float32)) for name, x in content.items()}, np.arange(n) % 2
    )


def standardised(*, noise=1.0, share=0.0):
    """Training, validation and test data; `share` of training is absent, all patterns occur in the test."""
    train, validation, test = draw(200, 0, noise), draw(100, 1, noise), draw(140, 2, noise)
    rng = np.random.default_rng(3)
    present = rng.random(train.mask.shape) >= share
    present[~present.any(axis=1), 0] = True
    train, test = train.with_present(present), test.with_present(np.tile(PATTERNS, (20, 1)))
    scaler = Standardizer().fit(train)
    return scaler.transform(train), scaler.transform(validation), scaler.transform(test), test, scaler


def side_by_side(data, absent=0.0):
    blocks = [
        np.where(data.has(name)[:, None], m.values.astype(np.float64), absent)
        for name, m in data.modalities.items()
    ]
    return np.hstack(blocks)


@pytest.mark.parametrize("share", [0.0, 0.4])
@pytest.mark.parametrize("k", [1, 5, 50])
def test_knn_is_that_of_scikit_learn(k, share):
    train, validation, test, *_ = standardised(share=share)
    imputer = make_imputer("knn").fit(train, validation)
    imputer.n_neighbors_ = k
    expected = (
        KNNImputer(n_neighbors=k).fit(side_by_side(train, np.nan)).transform(side_by_side(test, np.nan))
    )
    np.testing.assert_allclose(side_by_side(imputer.transform(test)), expected, atol=1e-5)


def test_knn_in_small_pieces_is_the_same(monkeypatch):
    train, validation, test, *_ = standardised(share=0.4)
    imputer = make_imputer("knn").fit(train, validation)
    whole = side_by_side(imputer.transform(test))
    monkeypatch.setattr("fusebench.fusions.imputers._DISTANCES", 3 * len(train))
    np.testing.assert_allclose(side_by_side(imputer.transform(test)), whole, atol=1e-6)


def test_knn_draws_among_many_training_samples(monkeypatch):
    train, validation, test, *_ = standardised()
    monkeypatch.setattr("fusebench.fusions.imputers._DONORS", 30)
    first, again, other = (make_imputer("knn", seed).fit(train, validation) for seed in (0, 0, 1))
    first.n_neighbors_ = again.n_neighbors_ = other.n_neighbors_ = 30
    filled, same, differently = (side_by_side(i.transform(test)) for i in (first, again, other))
    np.testing.assert_array_equal(same, filled)
    assert np.abs(differently - filled).max() > 0.01
    absent = ~test.has("a")
    mean = first.transform(test).modalities["a"].values[absent]
    np.testing.assert_allclose(mean, np.tile(mean[0], (len(mean), 1)), atol=1e-6)  # of all 30


@pytest.mark.parametrize("alpha", [0.001, 1.0])
def test_ridge_is_that_of_scikit_learn_for_every_pattern(alpha):
    train, validation, test, *_ = standardised()
    imputer = make_imputer("ridge").fit(train, validation)
    imputer.alpha_ = alpha
    filled, owner = side_by_side(imputer.transform(test)), np.repeat(range(3), list(SIZES.values()))
    X, given = side_by_side(train), side_by_side(test)
    for row, pattern in enumerate(test.mask):
        known = pattern[owner]
        if not known.all():
            ridge = Ridge(alpha=alpha * len(train)).fit(X[:, known], X[:, ~known])
            np.testing.assert_allclose(
                filled[row, ~known], ridge.predict(given[row : row + 1, known])[0], atol=1e-5
            )


def test_ridge_takes_each_covariance_from_the_samples_that_have_both():
    train, validation, *_ = standardised(share=0.3)
    imputer = make_imputer("ridge").fit(train, validation)
    expected = np.block(
        [
            [
                x.values[both].astype(float).T @ z.values[both] / both.sum()
                for j, z in train.modalities.items()
                for both in [train.has(i) & train.has(j)]
            ]
            for i, x in train.modalities.items()
        ]
    )
    assert np.linalg.eigvalsh(expected).min() > 0
    np.testing.assert_allclose(imputer.covariance_, expected, atol=1e-6)


def test_ridge_needs_no_sample_that_has_all():
    train, validation, test, *_ = standardised(noise=0.1)
    pairs = train.with_present(np.tile([[1, 1, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], (50, 1)).astype(bool))
    imputer = make_imputer("ridge").fit(Standardizer().fit(pairs).transform(pairs), validation)
    assert np.linalg.eigvalsh(imputer.covariance_).min() > -1e-9
    assert np.isfinite(side_by_side(imputer.transform(test))).all()


@pytest.mark.parametrize(("name", "parameter"), [("knn", "n_neighbors_"), ("ridge", "alpha_")])
def test_the_setting_is_the_best_at_restoring_hidden_validation_samples(name, parameter):
    train, validation, *_ = standardised(noise=2.0)
    imputer = make_imputer(name).fit(train, validation)
    chosen = getattr(imputer, parameter)

    def error():
        return sum(
            np.square(
                imputer.transform(validation.without(m)).modalities[m].values
                - validation.modalities[m].values
            ).mean()
            for m in validation.names
        )

    best = error()
    others = []
    for factor in (0.1, 0.2, 0.5, 2, 5, 10):
        setattr(
            imputer, parameter, type(chosen)(max(1, chosen * factor)) if name == "knn" else chosen * factor
        )
        others.append(error())
    # The grids are wide: between their points a little better is possible, elsewhere it is worse.
    assert best < min(others) * 1.01
    assert best < max(others) * 0.99


@pytest.mark.parametrize("name", ["knn", "ridge", "cyclic"])
def test_what_is_linearly_related_is_restored_better_than_by_the_mean(name):
    train, validation, test, original, scaler = standardised(noise=0.1)
    filled = make_imputer(name).fit(train, validation).transform(test)
    truth = side_by_side(scaler.transform(original.with_present(np.ones_like(original.mask))))
    absent = ~test.mask[:, np.repeat(range(3), list(SIZES.values()))]
    assert np.square(side_by_side(filled) - truth)[absent].mean() < 0.5 * np.square(truth[absent]).mean()


@pytest.mark.parametrize("name", IMPUTERS)
def test_only_what_is_absent_changes(name):
    train, validation, test, *_ = standardised(share=0.2)
    test = test.with_present(np.vstack([[[False] * 3], test.mask[1:]]))
    test = Standardizer().fit(train).transform(test)  # makes absent content 0
    before = side_by_side(test).copy()
    filled = make_imputer(name).fit(train, validation).transform(test)
    assert filled.mask.all()
    for m in test.names:
        has = test.has(m)
        np.testing.assert_array_equal(filled.modalities[m].values[has], test.modalities[m].values[has])
        assert (filled.modalities[m].values[0] == 0).all(), "nothing is known of the first sample"
        others = filled.modalities[m].values[1:][~has[1:]]
        assert (others == 0).all() if name == "mean" else np.abs(others).max() > 0.1
    np.testing.assert_array_equal(side_by_side(test), before)


@pytest.mark.parametrize("name", IMPUTERS)
def test_a_modality_without_training_samples_is_filled_with_finite_numbers(name):
    train, validation, test, *_ = standardised()
    train = train.without("c")
    imputer = make_imputer(name).fit(Standardizer().fit(train).transform(train), validation.without("c"))
    filled = imputer.transform(test)
    assert np.isfinite(side_by_side(filled)).all()
    if name in ("mean", "knn", "ridge"):
        assert (filled.modalities["c"].values[~test.has("c")] == 0).all()


@pytest.mark.parametrize("name", IMPUTERS)
def test_labels_are_not_read(name):
    train, validation, test, *_ = standardised()
    first = make_imputer(name).fit(train, validation).transform(test)
    other = MultimodalData(train.modalities, 1 - train.labels), MultimodalData(validation.modalities)
    again = make_imputer(name).fit(*other).transform(test)
    np.testing.assert_array_equal(side_by_side(again), side_by_side(first))


def test_cyclic_depends_on_its_seed():
    train, validation, test, *_ = standardised()
    first, again, other = (
        side_by_side(make_imputer("cyclic", random_state=seed).fit(train, validation).transform(test))
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(again, first)
    assert np.abs(other - first).max() > 1e-3


@pytest.mark.parametrize("name", IMPUTERS)
def test_a_single_modality_needs_no_imputer(name):
    train, validation, test, *_ = standardised()
    one = [split.select(["a"]) for split in (train, validation, test)]
    filled = make_imputer(name).fit(*one[:2]).transform(one[2])
    np.testing.assert_array_equal(filled.modalities["a"].values, one[2].modalities["a"].values)


def test_sequences_are_for_the_mean_only():
    x = Modality(Kind.SEQUENCE, np.ones((4, 3, 2), np.float32))
    data = MultimodalData({"x": x, "y": x}).without("x")
    assert make_imputer("mean").fit(data, data).transform(data).mask.all()
    for name in IMPUTERS[1:]:
        with pytest.raises(
            FusebenchError, match=f"'{name}' takes vector modalities, however 'x' is sequence"
        ):
            make_imputer(name).fit(data, data)


def test_an_unknown_imputer_is_named():
    data = draw(30, 0)
    with pytest.raises(FusebenchError, match="There is no imputer 'rigde'; did you mean ridge"):
        EarlyLogistic(imputer="rigde").fit(data, data)


def test_every_strategy_that_imputes_lets_one_choose_the_imputer():
    imputing = [info for _, info in fusions.items() if info.estimator.absence == "imputed"]
    assert len(imputing) >= 5
    assert {info.name for info in imputing if "imputer" not in info.estimator._get_param_names()} == set()
    assert {info.make(imputer="ridge").absence_handled for info in imputing} == {"ridge"}


def test_a_strategy_says_how_it_handles_absence():
    assert LateMean().absence_handled == "native"
    assert EarlyLogistic().absence_handled == "mean"
    assert EarlyLogistic(imputer="knn").absence_handled == "knn"


@pytest.mark.parametrize("name", IMPUTERS)
def test_a_strategy_keeps_its_promises_with_every_imputer(name):
    check_fusion(EarlyLogistic(imputer=name))
