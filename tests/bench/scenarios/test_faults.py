"""Faults of the training data."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench import FusebenchError
from fusebench.bench.scenarios.registry import Condition, find_conditions, scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData


def make_data(labels, n_modalities=2, present=None):
    n = len(labels)
    rows = np.arange(n, dtype=np.float32)[:, None]
    return MultimodalData(
        {f"m{k}": Modality(Kind.VECTOR, rows) for k in range(n_modalities)}, np.asarray(labels), present
    )


def change(scenario, data, level, seed=0):
    return scenarios[scenario].change(data, "", level, np.random.default_rng(seed), data)


FAULTS = [name for name, scenario in scenarios.items() if scenario.applies_to == "train"]
LABELS = st.lists(st.integers(0, 3), min_size=2, max_size=60).filter(lambda labels: len(set(labels)) > 1)


@pytest.mark.parametrize("name", FAULTS)
def test_severity_0_is_the_identity_and_strength_grows(name):
    data = make_data(np.random.default_rng(0).integers(0, 3, 200))
    same = change(name, data, scenarios[name].identity)
    np.testing.assert_array_equal(same.labels, data.labels)
    np.testing.assert_array_equal(same.mask, data.mask)

    def damage(severity):
        changed = Condition(scenarios[name], "", severity).apply(data, train=data, dataset="d", seed=0)
        if len(changed) < len(data):
            return len(data) - len(changed)
        return (changed.labels != data.labels).sum() + (~changed.mask).sum()

    assert all(weaker < stronger for weaker, stronger in pairwise(map(damage, range(6))))


def test_faults_are_never_applied_to_test_data_and_are_offered_for_training():
    modalities = {"a": Kind.VECTOR, "b": Kind.VECTOR}
    tested, trained = (
        {condition.scenario.name for condition in find_conditions(modalities, part=part)}
        for part in ("test", "train")
    )
    assert FAULTS
    assert not tested & set(FAULTS)
    assert trained >= {*FAULTS, "clean", "missing-rate", "noise-vector-gaussian"}
    with pytest.raises(FusebenchError, match="'label-noise' applies to training data only"):
        find_conditions(modalities, ["label-noise"])


@settings(max_examples=50)
@given(LABELS, st.floats(0, 1), st.integers(0, 100))
def test_the_share_of_wrong_labels_is_the_one_asked_for(labels, level, seed):
    data = make_data(labels)
    noisy = change("label-noise", data, level, seed)
    assert (noisy.labels != data.labels).sum() == round(level * len(labels))
    assert set(noisy.labels) <= set(labels)
    assert noisy.modalities["m0"] is data.modalities["m0"]


def test_wrong_labels_are_uniform_among_the_others():
    noisy = change("label-noise", make_data([0] * 3000 + [1, 2, 5]), 0.9).labels[:3000]
    counts = [(noisy == label).sum() for label in (1, 2, 5)]
    assert np.ptp(counts) < 0.1 * sum(counts)


def test_values_and_sets_of_labels_go_to_another_sample():
    values = np.arange(50, dtype=float)
    noisy = change("label-noise", make_data(values), 0.4).labels
    assert (noisy != values).sum() == 20
    assert sorted(noisy) == list(values)
    several = np.eye(50, dtype=int)
    noisy = change("label-noise", make_data(several), 0.4).labels
    assert (noisy != several).any(axis=1).sum() == 20
    assert (noisy.sum(axis=1) == 1).all()


@settings(max_examples=50)
@given(LABELS, st.floats(0, 1), st.integers(0, 100))
def test_a_small_training_set_has_the_size_asked_for_and_every_class(labels, level, seed):
    data = make_data(labels)
    few = change("small-training", data, level, seed)
    assert len(few) == max(round(level * len(labels)), len(set(labels)))
    assert set(few.labels) == set(labels)
    rows = few.modalities["m0"].values[:, 0].astype(int)
    np.testing.assert_array_equal(data.labels[rows], few.labels)
    assert len(set(rows)) == len(rows)


def test_a_small_training_set_keeps_the_shares_of_the_classes():
    few = change("small-training", make_data([0] * 700 + [1] * 200 + [2] * 100), 0.1)
    assert np.bincount(few.labels) == pytest.approx([70, 20, 10], abs=1)


def test_smaller_training_sets_are_parts_of_larger_ones():
    data = make_data(np.random.default_rng(0).integers(0, 3, 200))
    kept = [
        set(change("small-training", data, level).modalities["m0"].values[:, 0]) for level in (0.5, 0.2, 0.05)
    ]
    assert kept[0] > kept[1] > kept[2]


@settings(max_examples=50)
@given(st.integers(1, 60), st.integers(2, 5), st.floats(0, 1), st.integers(0, 100))
def test_the_share_of_unpaired_samples_is_the_one_asked_for(n, n_modalities, level, seed):
    present = change("unpaired", make_data([0] * n, n_modalities), level, seed).mask
    alone = present.sum(axis=1) == 1
    assert alone.sum() == round(level * n)
    assert present[~alone].all()


def test_unpaired_samples_keep_one_of_what_they_had_each_as_often():
    present = np.random.default_rng(0).random((3000, 3)) < 0.6
    present[~present.any(axis=1), 0] = True
    left = change("unpaired", make_data([0] * 3000, 3, present), 1.0).mask
    assert (left.sum(axis=1) == 1).all()
    assert (left <= present).all()
    whole = change("unpaired", make_data([0] * 3000, 3), 1.0).mask
    assert whole.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.03)
