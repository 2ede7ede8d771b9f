"""Tuning: on a strategy whose loss on validation is known, and around others."""

import logging
import sys

import numpy as np
import pytest
from sklearn.base import clone

from fusebench.bench.checks import check_fusion, example_of, fusion_checks
from fusebench.datasets.data import Kind, Modality, MultimodalData, Task
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DivergedError, FusebenchError
from fusebench.fusions.base import FusionStrategy
from fusebench.fusions.calibration import TemperatureScaled
from fusebench.fusions.registry import fusions, make_fusion
from fusebench.fusions.search import Choice, Integer, Real
from fusebench.fusions.state import load_fusion, save_fusion
from fusebench.fusions.tuning import TunedFusion, find_tuned, validation_loss
from fusebench.fusions.wrapped import innermost


class Constant(FusionStrategy):
    """Predicts class 1 with probability 1 / (1 + exp(-logit)), whatever the sample."""

    absence = "native"
    search_space = {"logit": Real(-5.0, 5.0), "idle": Choice(("a", "b"))}  # noqa: RUF012
    fitted_to: list = []  # noqa: RUF012  (of the class: what all fits were given)

    def __init__(self, logit=0.0, idle="a", breaks_above=np.inf, random_state=0):
        self.logit = logit
        self.idle = idle
        self.breaks_above = breaks_above
        self.random_state = random_state

    def _fit(self, train, validation):
        Constant.fitted_to.append((self.logit, len(train), len(validation), self.random_state))
        if self.logit > self.breaks_above:
            raise FloatingPointError("too large")

    def _predict_outputs(self, data):
        p = 1 / (1 + np.exp(-self.logit))
        return np.tile([1 - p, p], (len(data), 1))


def labelled(share, n=200):
    """Samples of which a share is of class 1."""
    y = (np.arange(n) < share * n).astype(int)
    return MultimodalData({"a": Modality(Kind.VECTOR, np.arange(n, dtype=np.float32)[:, None])}, y)


TRAIN, VALIDATION = labelled(0.5), labelled(0.9)


@pytest.fixture
def fits():
    Constant.fitted_to.clear()
    return Constant.fitted_to


def test_it_finds_the_optimum_of_validation_and_not_that_of_training():
    """The log loss is least where the probability is the share of class 1: the logit of 0.9, about 2.2."""
    fusion = TunedFusion(Constant(), n_trials=40).fit(TRAIN, VALIDATION)
    assert fusion.chosen_["logit"] == pytest.approx(np.log(9), abs=0.3)
    late = [trial.parameters["logit"] for trial in fusion.trials_[20:]]
    assert np.mean(np.abs(np.array(late) - np.log(9))) < 1.5  # at random it would be 3
    for trial in fusion.trials_:
        p = 1 / (1 + np.exp(-trial.parameters["logit"]))
        assert trial.loss == pytest.approx(-0.9 * np.log(p) - 0.1 * np.log(1 - p))


def test_the_first_trial_is_that_of_the_present_values_so_that_nothing_is_lost():
    optimum = float(np.log(9))
    fusion = TunedFusion(Constant(logit=optimum, idle="b"), n_trials=6).fit(TRAIN, VALIDATION)
    assert fusion.trials_[0].parameters == {"logit": optimum, "idle": "b"}
    assert fusion.chosen_ == fusion.trials_[0].parameters  # nothing is better
    alike = TunedFusion(Constant(idle="b"), n_trials=6, space={"idle": Choice(("a", "b"))})
    assert alike.fit(TRAIN, VALIDATION).chosen_ == {"idle": "b"}  # of equals the first stays
    for seed in range(5):
        tuned = TunedFusion(Constant(), n_trials=3, random_state=seed).fit(TRAIN, VALIDATION)
        assert min(trial.loss for trial in tuned.trials_) <= tuned.trials_[0].loss
        assert validation_loss(tuned, VALIDATION) == min(trial.loss for trial in tuned.trials_)


@pytest.mark.parametrize("n_trials", [1, 2, 9])
def test_the_budget_is_spent_to_the_fit(n_trials, fits):
    fusion = TunedFusion(Constant(random_state=7), n_trials=n_trials)
    fusion.fit(TRAIN, VALIDATION)
    assert len(fits) == len(fusion.trials_) == fusion.n_fits == n_trials
    assert {fit[1:] for fit in fits} == {(200, 200, 7)}  # all of training, and the same random numbers
    assert fusion.fusion_.logit == fusion.chosen_["logit"]


def test_the_same_seed_proposes_the_same_and_a_larger_budget_begins_alike(fits):
    def proposals(seed, n_trials):
        fusion = TunedFusion(Constant(), n_trials=n_trials, random_state=seed).fit(TRAIN, VALIDATION)
        return [trial.parameters for trial in fusion.trials_]

    assert proposals(0, 12) == proposals(0, 12)
    assert proposals(0, 12)[:7] == proposals(0, 7)
    assert proposals(0, 12)[1:] != proposals(1, 12)[1:]


def test_a_trial_that_fails_counts_and_is_passed_over(fits):
    fusion = TunedFusion(Constant(breaks_above=0.0), n_trials=12).fit(TRAIN, VALIDATION)
    failed = [trial for trial in fusion.trials_ if trial.failure]
    assert len(fits) == 12
    assert failed
    assert {trial.failure for trial in failed} == {"FloatingPointError: too large"}
    assert all(trial.parameters["logit"] > 0 and np.isnan(trial.loss) for trial in failed)
    assert fusion.chosen_["logit"] <= 0


def test_the_failure_of_the_defaults_is_told_if_all_fail():
    with pytest.raises(FloatingPointError, match="too large"):
        TunedFusion(Constant(breaks_above=-9.0), n_trials=3).fit(TRAIN, VALIDATION)


def test_a_strategy_with_nothing_to_tune_is_fitted_once_and_needs_no_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    fusion = TunedFusion(make_fusion("majority"), n_trials=8).fit(TRAIN, VALIDATION)
    assert (fusion.n_fits, len(fusion.trials_), fusion.chosen_) == (1, 1, {})
    with pytest.raises(FusebenchError, match=r"pip install .fusebench\[tune\]"):
        TunedFusion(Constant(), n_trials=8).fit(TRAIN, VALIDATION)


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        (TunedFusion(Constant(), n_trials=0), "n_trials must be at least 1"),
        (
            TunedFusion(Constant(), space={"logits": Real(0, 1)}),
            "no parameter .logits. to tune; did",
        ),
        (TunedFusion(Constant(logit=9.0)), r"logit is 9.0, which its search space \(-5 to 5\) lacks"),
    ],
)
def test_what_cannot_be_searched_is_refused(fusion, message):
    with pytest.raises(FusebenchError, match=message):
        fusion.fit(TRAIN, VALIDATION)


def test_a_space_of_ones_own_takes_the_place_of_the_published_one():
    fusion = TunedFusion(Constant(), n_trials=8, space={"logit": Choice((0.0, 1.0))}).fit(TRAIN, VALIDATION)
    assert {trial.parameters["logit"] for trial in fusion.trials_} == {0.0, 1.0}
    assert fusion.chosen_ == {"logit": 1.0}


def test_nothing_is_heard_of_optuna_and_its_log_stays_as_it_was():
    import optuna

    heard = []
    logger, handler = logging.getLogger("optuna"), logging.Handler()
    handler.emit = heard.append
    before = optuna.logging.get_verbosity()
    logger.addHandler(handler)
    try:
        TunedFusion(Constant(), n_trials=2).fit(TRAIN, VALIDATION)
    finally:
        logger.removeHandler(handler)
    assert heard == []
    assert optuna.logging.get_verbosity() == before


@pytest.mark.parametrize("task", list(Task))
def test_one_trial_gives_the_numbers_of_no_tuning_to_the_last_bit(task):
    data = load_dataset("synth-redundant").features(seed=0)
    rng = np.random.default_rng(0)

    def ask(split):
        y = split.labels
        labels = {
            Task.CLASSIFICATION: y,
            Task.MULTILABEL: np.stack([y, 1 - y], axis=1),
            Task.REGRESSION: y + 0.1 * rng.standard_normal(len(y)) + 5,
        }
        return MultimodalData(split.modalities, labels[task], split.mask)

    train, validation = ask(data.train), ask(data.validation)
    test = data.test.with_present(rng.random(data.test.mask.shape) < 0.7)
    for name in ("early-logistic", "early-xgboost"):
        plain = make_fusion(name).fit(train, validation)
        tuned = TunedFusion(make_fusion(name), n_trials=1).fit(train, validation)
        np.testing.assert_array_equal(tuned.predict(test), plain.predict(test))
        if task is not Task.REGRESSION:
            np.testing.assert_array_equal(tuned.predict_proba(test), plain.predict_proba(test))


def test_the_loss_of_values_is_the_squared_error_in_their_unit():
    data = load_dataset("synth-redundant").features(seed=0)
    y = np.linspace(0, 10, len(data.train))
    train = MultimodalData(data.train.modalities, y, data.train.mask)
    fusion = make_fusion("majority").fit(train, train)
    assert validation_loss(fusion, train) == pytest.approx(y.var())


def test_a_loss_that_is_not_finite_is_no_loss(monkeypatch):
    fusion = Constant().fit(TRAIN, VALIDATION)
    monkeypatch.setattr("fusebench.fusions.tuning.output_loss", lambda outputs, y: np.inf)
    with pytest.raises(DivergedError, match="Constant"):
        validation_loss(fusion, VALIDATION)


@pytest.mark.parametrize("name", ["gaussian-naive-bayes", "best-unimodal"])
def test_a_tuned_strategy_keeps_all_promises(name):
    check_fusion(TunedFusion(make_fusion(name), n_trials=3))


def test_a_tuned_network_can_be_saved_with_its_trials(tmp_path):
    data = load_dataset("synth-redundant").features(seed=0)
    fusion = TemperatureScaled(TunedFusion(example_of("early-mlp"), n_trials=2))
    fusion.fit(data.train, data.validation)
    save_fusion(fusion, tmp_path / "tuned.skops")
    again = load_fusion(tmp_path / "tuned.skops")
    np.testing.assert_array_equal(again.predict_proba(data.test), fusion.predict_proba(data.test))
    assert find_tuned(again).trials_ == find_tuned(fusion).trials_


def test_wrapped_strategies_are_found():
    inside = make_fusion("early-logistic")
    tuned = TunedFusion(inside, n_trials=2)
    assert innermost(TemperatureScaled(tuned)) is inside
    assert find_tuned(TemperatureScaled(tuned)) is tuned
    assert find_tuned(TemperatureScaled(inside)) is None
    assert clone(tuned).absence_handled == "mean"
    assert TunedFusion(make_fusion("multistream-hmm")).views == ("sequence",)


def test_what_a_wrapper_tells_is_what_the_strategy_inside_tells():
    for strategy in fusions:
        fusion = make_fusion(strategy)
        for wrapper in (TunedFusion(fusion), TemperatureScaled(fusion)):
            for name in ("views", "n_modalities", "constant", "absence_handled"):
                assert getattr(wrapper, name) == getattr(fusion, name), f"{name} of {strategy}"
        assert TunedFusion(fusion).tasks == fusion.tasks


@pytest.mark.parametrize(
    ("dimension", "inside", "outside", "text"),
    [
        (Real(0.1, 1.0), [0.1, 0.5, 1], [0.0, 1.1, "0.5", np.nan], "0.1 to 1"),
        (Real(0.1, 1.0, log=True), [0.1], [0], "0.1 to 1, logarithmic"),
        (Integer(2, 4), [2, 4], [1, 5, 3.0], "2 to 4"),
        (Choice((None, "a", 3)), [None, 3], ["b", 4], "None, a or 3"),
        (Choice((1,)), [1], [2], "1"),
    ],
)
def test_a_dimension_knows_what_lies_inside(dimension, inside, outside, text):
    assert all(value in dimension for value in inside)
    assert not any(value in dimension for value in outside)
    assert str(dimension) == text
    assert all(end in dimension for end in dimension.ends)


class OutsideOfItsSpace(Constant):
    def __init__(self, logit=9.0, idle="a", random_state=0):
        super().__init__(logit, idle, random_state=random_state)


class TunesWhatIsNoParameter(Constant):
    search_space = {"logits": Real(-5.0, 5.0)}  # noqa: RUF012


class CannotBeFittedAtTheEnds(Constant):
    search_space = {"logit": Real(-1000.0, 1000.0)}  # noqa: RUF012

    def _predict_outputs(self, data):
        return np.tile(self.prior_, (len(data), 1)) * (1.0 if abs(self.logit) < 100 else np.nan)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (OutsideOfItsSpace, "logit is 9.0, outside of -5 to 5"),
        (TunesWhatIsNoParameter, "logits is no parameter"),
        (CannotBeFittedAtTheEnds, "not finite"),
    ],
)
def test_the_check_of_a_search_space_sees_what_is_broken(broken, message):
    checks = dict(fusion_checks(broken()))
    with pytest.raises((AssertionError, DivergedError), match=message):
        checks["check_search_space"]()
