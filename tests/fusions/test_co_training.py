"""Co-regularised least squares against the sums of its definition, whatever is absent."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.co_training import _AGREEMENTS, _PENALTIES, CoTraining, coregularized_weights
from fusebench.fusions.logistic import log_loss

SIZES = (3, 2, 4)
OF = np.repeat(range(3), SIZES)


@pytest.fixture(params=[0.0, 0.4])
def problem(request):
    """Features (0 where absent), which are present, and two outputs."""
    rng = np.random.default_rng(0)
    present = rng.random((40, 3)) >= request.param
    features = rng.standard_normal((40, sum(SIZES))) * present[:, OF]
    return features, present, rng.standard_normal((40, 2))


def solve(features, present, wanted, agreement, penalty):
    meetings = features.T @ ((present.sum(axis=1) - 1)[:, None] * features)
    return coregularized_weights(features.T @ features, meetings, features.T @ wanted, OF, agreement, penalty)


def stacked(features, present, wanted, agreement, penalty):
    """The same as one ordinary least-squares problem: a row for each square in the definition."""
    rows, targets = [], []
    for m in range(3):
        mine = present[:, m]
        rows.append(features[mine] * (m == OF))
        targets.append(wanted[mine])
    for m, other in combinations(range(3), 2):
        both = present[:, m] & present[:, other]
        signs = (m == OF) * 1.0 - (other == OF)
        rows.append(np.sqrt(agreement) * features[both] * signs)
        targets.append(np.zeros((both.sum(), wanted.shape[1])))
    rows.append(np.sqrt(penalty) * np.eye(len(OF)))
    targets.append(np.zeros((len(OF), wanted.shape[1])))
    return np.linalg.lstsq(np.vstack(rows), np.vstack(targets), rcond=None)[0]


@pytest.mark.parametrize("agreement", [0.0, 0.3, 20.0])
def test_the_weights_minimise_the_sums_of_the_definition(problem, agreement):
    np.testing.assert_allclose(solve(*problem, agreement, 0.7), stacked(*problem, agreement, 0.7), atol=1e-9)


def test_without_agreement_every_modality_has_a_ridge_regression_of_its_own(problem):
    features, present, wanted = problem
    weights = solve(*problem, 0.0, 2.0)
    for m in range(3):
        mine = present[:, m]
        ridge = Ridge(alpha=2.0, fit_intercept=False).fit(features[mine][:, m == OF], wanted[mine])
        np.testing.assert_allclose(weights[m == OF], ridge.coef_.T, atol=1e-9)


def test_modalities_agree_more_the_more_it_counts(problem):
    features, present, _ = problem

    def disagreement(weights):
        total = 0.0
        for m, other in combinations(range(3), 2):
            both = present[:, m] & present[:, other]
            signs = (m == OF) * 1.0 - (other == OF)
            total += np.square((features[both] * signs) @ weights).sum()
        return total

    amounts = [disagreement(solve(*problem, agreement, 1.0)) for agreement in (0.0, 0.1, 1.0, 10.0)]
    assert amounts == sorted(amounts, reverse=True)
    assert amounts[-1] < 0.2 * amounts[0]


def hidden(data, share=0.3):
    present = np.random.default_rng(5).random(data.mask.shape) >= share
    present[~present.any(axis=1), 0] = True
    return data.with_present(present)


def test_the_strategy_scores_by_the_mean_over_the_modalities_present():
    data = load_dataset("synth-redundant", n_train=150, n_test=80).features(seed=0)
    train, test = hidden(data.train), hidden(data.test)
    fusion = CoTraining().fit(train, data.validation)
    prepared = fusion._prepare(test)
    sizes = [m.values.shape[1] + 1 for m in prepared.modalities.values()]
    blocks = np.split(fusion.weights_, np.cumsum(sizes)[:-1])
    probabilities = []
    for i, present in enumerate(test.mask):
        scores = [
            np.append(m.values[i], 1.0) @ block
            for m, block, there in zip(prepared.modalities.values(), blocks, present, strict=True)
            if there
        ]
        odds = fusion.prior_ * np.exp(100 * np.mean(scores, axis=0) / fusion.temperature_)
        probabilities.append(odds / odds.sum())
    np.testing.assert_allclose(fusion.predict_proba(test), probabilities, atol=1e-6)


def test_an_intercept_learns_what_the_presence_of_a_modality_says_of_the_class():
    """Samples that have b alone are of class 1: not the frequency of the classes, and in no feature."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    noise = {name: Modality(Kind.VECTOR, rng.standard_normal((400, 2)).astype(np.float32)) for name in "ab"}
    data = MultimodalData(noise, y, np.column_stack([y == 0, y == 1]))
    assert CoTraining().fit(data, data).score(data, y) == 1.0


def test_the_settings_are_the_best_on_validation_of_the_grid():
    data = load_dataset("synth-redundant", n_train=80).features(seed=0)
    fusion = CoTraining().fit(data.train, data.validation)
    best = log_loss(fusion.predict_proba(data.validation), data.validation.labels)
    assert fusion.agreement_ in _AGREEMENTS
    assert fusion.penalty_ in _PENALTIES
    features = np.hstack(
        [np.column_stack([m.values, np.ones(80)]) for m in fusion._prepare(data.train).modalities.values()]
    )
    owner = np.repeat([0, 1], 11)
    wanted = np.eye(2)[data.train.labels] - fusion.prior_
    chosen = fusion.weights_
    squares = features.T @ features
    np.testing.assert_allclose(
        chosen,
        coregularized_weights(
            squares, squares, features.T @ wanted, owner, fusion.agreement_, 80 * fusion.penalty_
        ),
        atol=1e-6,
    )
    for agreement in _AGREEMENTS:
        for penalty in _PENALTIES:
            fusion.weights_ = coregularized_weights(
                squares, squares, features.T @ wanted, owner, agreement, 80 * penalty
            )
            loss = log_loss(fusion.predict_proba(data.validation), data.validation.labels)
            assert best <= loss + 1e-9  # with the temperature of the best, which can only help it
