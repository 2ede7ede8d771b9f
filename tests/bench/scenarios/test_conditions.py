"""Promises of every registered scenario, built in or not."""

import numpy as np
import pytest

from fusebench.bench.scenarios.registry import Condition, find_conditions, register_scenario, scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

N = 40


def wander(rng, *shape):
    """Random walks along the first axis within [-1, 1]: the further apart two frames, the less alike."""
    walk = np.cumsum(rng.standard_normal(shape), axis=0)
    return (walk / np.abs(walk).max(axis=0)).astype(np.float32)


def make_raw(seed=0):
    """Raw data with a modality of every kind."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "circle", "above", "the", "blue", "square", "and", "below", "one", "star"])
    waves = wander(rng, 8000, N).T
    pictures = wander(rng, 16, 16 * N).reshape(16, 16, N).transpose(2, 0, 1)[:, None]
    return MultimodalData(
        {
            "vector": Modality(Kind.VECTOR, rng.normal(3, 2, (N, 5)).astype(np.float32)),
            "sequence": Modality(
                Kind.SEQUENCE, 4 * wander(rng, 40, N, 3).transpose(1, 0, 2), rng.integers(20, 41, N)
            ),
            "image": Modality(Kind.IMAGE, np.rint(127.5 * (pictures + 1)).astype(np.uint8)),
            "audio": Modality(Kind.AUDIO, waves, rng.integers(6000, 8001, N), 8000),
            "text": Modality(Kind.TEXT, np.array([" ".join(rng.permutation(words)) for _ in range(N)])),
        },
        y=rng.integers(0, 2, N),
    )


RAW = make_raw()
TRAIN = make_raw(seed=1)
CONDITIONS = find_conditions({name: modality.kind for name, modality in RAW.modalities.items()})
CHANGING = [condition for condition in CONDITIONS if condition.severity]
STRONGEST = list({(c.scenario.name, c.modality): c for c in CHANGING}.values())
NOTHING_RANDOM = {
    "missing-modality",  # takes the modality from all
    "missing-pattern",
    "misalignment-rate",
    "misalignment-shift",
    "noise-audio-bandwidth",
    "noise-audio-clipping",
    "noise-image-blur",
    "noise-image-contrast",
    "noise-image-jpeg",
    "noise-image-resolution",
    "noise-text-truncation",
}


def apply(condition, data=RAW, seed=0, dataset="somewhere"):
    return condition.apply(data, train=TRAIN, dataset=dataset, seed=seed)


def measure(changed):
    """How far data are from the raw data: the share of absent entries plus mean absolute changes."""
    distance = (~changed.mask).mean()
    for name, modality in changed.modalities.items():
        clean = RAW.modalities[name].values
        if modality.kind is Kind.TEXT:
            pairs = zip(clean, modality.values, strict=True)
            distance += np.mean([edit_distance(str(a), str(b)) for a, b in pairs])
        else:
            distance += np.abs(modality.values.astype(float) - clean).mean()
    return distance


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


def test_every_scenario_applies_to_data_of_every_kind():
    tested = {name for name, scenario in scenarios.items() if scenario.applies_to != "train"}
    assert {condition.scenario.name for condition in CONDITIONS} == tested


@pytest.mark.parametrize("condition", STRONGEST, ids=lambda condition: condition.slug)
def test_severity_0_is_the_identity(condition):
    rng = np.random.default_rng(0)
    scenario = condition.scenario
    for same in (
        apply(Condition(scenario, condition.modality, 0)),
        scenario.change(RAW, condition.modality, scenario.identity, rng, TRAIN),
    ):
        assert (same.mask == RAW.mask).all()
        for name, modality in same.modalities.items():
            np.testing.assert_array_equal(modality.values, RAW.modalities[name].values)


@pytest.mark.parametrize("condition", STRONGEST, ids=lambda condition: condition.slug)
def test_shapes_dtypes_and_all_else_stay(condition):
    changed = apply(condition)
    assert changed.y is RAW.y
    for name, modality in changed.modalities.items():
        clean = RAW.modalities[name]
        assert modality.values.shape == clean.values.shape
        assert modality.values.dtype.kind == clean.values.dtype.kind
        assert modality.rate == clean.rate
        if clean.lengths is not None and condition.scenario.name != "misalignment-mismatch":
            np.testing.assert_array_equal(modality.lengths, clean.lengths)
        if name != condition.modality:
            assert modality is clean


@pytest.mark.parametrize("condition", STRONGEST, ids=lambda condition: condition.slug)
def test_the_same_key_gives_the_same_numbers_and_another_key_others(condition):
    first, again = apply(condition), apply(condition)
    assert measure(first) == measure(again) > 0
    if condition.scenario.name in NOTHING_RANDOM:
        return
    for other in (apply(condition, seed=1), apply(condition, dataset="elsewhere")):
        same_mask = (first.mask == other.mask).all()
        same_content = all(
            (first.modalities[name].values == other.modalities[name].values).all() for name in first.names
        )
        assert not (same_mask and same_content)


@pytest.mark.parametrize(
    "scenario",
    [name for name, s in scenarios.items() if len(s.levels) > 1 and s.applies_to != "train"],
)
def test_strength_grows_with_severity(scenario):
    targets = {condition.modality for condition in CHANGING if condition.scenario.name == scenario}
    for target in targets:
        own = [c for c in CHANGING if c.scenario.name == scenario and c.modality == target]
        strengths = [measure(apply(condition)) for condition in own]
        assert strengths == sorted(strengths)
        assert len(set(strengths)) == len(strengths)


def test_severities_are_bounded():
    with pytest.raises(ValueError, match="among 1 to 5"):
        register_scenario("too-much", mechanism="noise", levels={6: 1.0}, level_name="", identity=0.0)


def test_nothing_is_taken_from_data_of_one_modality():
    found = {condition.scenario.mechanism for condition in find_conditions({"a": Kind.VECTOR})}
    assert found == {"clean", "noise"}
