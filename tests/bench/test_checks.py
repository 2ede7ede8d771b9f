"""Every registered strategy and embedded data set keeps its promises, and a broken promise is seen."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import fusebench
from fusebench.bench.checks import check_dataset, dataset_checks, example_of, find_checks, fusion_checks
from fusebench.datasets.data import Task
from fusebench.datasets.registry import datasets
from fusebench.fusions.gating import GatedMultimodalUnit
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions

EMBEDDED = [name for name, cls in datasets.items() if cls().card.embedded]


def keep_promises(checks):
    titles = []
    for title, check in checks:
        check()
        titles.append(title)
    assert len(titles) > 10


@pytest.mark.parametrize("name", list(fusions))
def test_every_strategy_keeps_its_promises(name):
    keep_promises(find_checks(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in fusions if "max_epochs" in example_of(name).get_params()])
def test_every_network_keeps_its_promises_when_trained_to_the_end(name):
    keep_promises(fusion_checks(example_of(name)))


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_embedded_data_set_keeps_its_promises(name):
    check_dataset(fusebench.load_dataset(name))


class ReadsAbsentContent(LateMean):
    def predict_proba(self, data):
        shift = float(np.sum([m.values.sum() for m in data.modalities.values()]) > 1e3)
        return np.roll(super().predict_proba(data), int(shift), axis=1)


class KeepsStateOfFirstFit(LateMean):
    def _fit(self, train, validation):
        if not hasattr(self, "_classifiers"):
            super()._fit(train, validation)


class UsesTheGlobalGenerator(LateMean):
    def _fit(self, train, validation):
        np.random.random()  # noqa: NPY002
        super()._fit(train, validation)


class DependsOnTheBatch(LateMean):
    def _predict_outputs(self, data):
        probabilities = super()._predict_outputs(data)
        return (probabilities + probabilities.mean(axis=0)) / 2


class WritesIntoItsInput(LateMean):
    def predict_proba(self, data):
        next(iter(data.modalities.values())).values[:] = 0
        return super().predict_proba(data)


class SetsStateInItsConstructor(LateMean):
    def __init__(self):
        self.weights_ = None


class ForgetsAFunctionOfItsState(LateMean):
    def _fit(self, train, validation):
        super()._fit(train, validation)
        self._transform = lambda votes: votes  # cannot be saved


class DoesWhatItDoesNotDeclare(LateMean):
    tasks = (Task.CLASSIFICATION,)

    def fit(self, data, validation=None):
        return LateMean.fit(self, data, validation) if data.task in self.tasks else self


class HidesItsFactors(GatedMultimodalUnit):
    """Keeps trainable tensors in a plain list, where no optimizer finds them."""

    def _build(self, train):
        network = super()._build(train)
        network.factors = [torch.ones(2, requires_grad=True)]
        return network


class NeverUsesALayer(GatedMultimodalUnit):
    def _build(self, train):
        network = super()._build(train)
        network.unused = torch.nn.Linear(2, 2)
        return network


class ShowsAllDataAtOnce(GatedMultimodalUnit):
    def _train(self, network, train, validation):
        network(train)
        return super()._train(network, train, validation)


@pytest.mark.parametrize(
    ("broken", "title"),
    [
        (ReadsAbsentContent, "check_absent_content_is_not_read"),
        (UsesTheGlobalGenerator, "check_global_random_state_is_untouched"),
        (DependsOnTheBatch, "check_batch_of_one"),
        (WritesIntoItsInput, "check_input_is_not_changed"),
        (SetsStateInItsConstructor, "check_constructor_only_stores"),
        (ForgetsAFunctionOfItsState, "check_saved_state_predicts_the_same"),
        (DoesWhatItDoesNotDeclare, "check_a_task_that_is_not_declared_is_refused"),
        (HidesItsFactors, "check_every_parameter_moves"),
        (NeverUsesALayer, "check_every_parameter_moves"),
        (ShowsAllDataAtOnce, "check_data_on_disk_are_streamed"),
    ],
)
def test_a_broken_promise_is_seen(broken, title):
    estimator = broken()
    if "max_epochs" in estimator.get_params():
        estimator.set_params(max_epochs=2)
    with pytest.raises((AssertionError, ValueError, fusebench.FusebenchError)):
        dict(fusion_checks(estimator))[title]()


def test_check_fusion_names_the_promise():
    with pytest.raises(AssertionError, match="DependsOnTheBatch breaks check_batch_of_one"):
        fusebench.check_fusion(DependsOnTheBatch())


class LeaksItsTestSplit(datasets["synth-xor"]):
    name = "synth-xor"

    def load(self, seed=0):
        splits = super().load(seed)
        return fusebench.Splits(splits.train, splits.validation, splits.train)


class IgnoresItsSeed(datasets["synth-xor"]):
    name = "synth-xor"

    def load(self, seed=0):
        return super().load(0)


class SaysThatItsSplitsAreFixed(datasets["synth-xor"]):
    name = "synth-xor"

    @property
    def card(self):
        return replace(super().card, fixed_splits=True)


class SaysThatItsLabelsAreValues(datasets["synth-xor"]):
    name = "synth-xor"

    @property
    def card(self):
        return replace(super().card, task=fusebench.datasets.data.Task.REGRESSION)


@pytest.mark.parametrize(
    ("broken", "title"),
    [
        (SaysThatItsSplitsAreFixed, "check_another_seed_gives_other_data"),
        (SaysThatItsLabelsAreValues, "check_card_describes_the_data"),
        (LeaksItsTestSplit, "check_splits_are_disjoint"),
        (IgnoresItsSeed, "check_another_seed_gives_other_data"),
    ],
)
def test_a_broken_data_set_is_seen(broken, title):
    with pytest.raises(AssertionError):
        dict(dataset_checks(broken()))[title]()


def test_checks_of_an_unknown_name_suggest_one():
    with pytest.raises(fusebench.FusebenchError, match="did you mean late-mean"):
        find_checks("late-maen")
