"""Promises of every registered scenario, built in or not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.bench.scenarios.registry import Condition, find_conditions, register_scenario, scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

N = 40


def make_raw(seed=0):
    """Raw data with a modality of every kind."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "circle", "above", "the", "blue", "square"])
    return MultimodalData(
        {
            "vector": Modality(Kind.VECTOR, rng.normal(3, 2, (N, 5)).astype(np.float32)),
            "sequence": Modality(
                Kind.SEQUENCE, rng.normal(0, 4, (N, 7, 3)).astype(np.float32), rng.integers(3, 8, N)
            ),
            "image": Modality(Kind.IMAGE, rng.integers(0, 256, (N, 1, 6, 6)).astype(np.uint8)),
            "audio": Modality(
                Kind.AUDIO, rng.uniform(-1, 1, (N, 400)).astype(np.float32), rng.integers(200, 401, N), 8000
            ),
            "text": Modality(Kind.TEXT, np.array([" ".join(rng.permutation(words)) for _ in range(N)])),
        },
        y=rng.integers(0, 2, N),
    )


RAW = make_raw()
TRAIN = make_raw(seed=1)
CONDITIONS = find_conditions({name: modality.kind for name, modality in RAW.modalities.items()})
CHANGING = [condition for condition in CONDITIONS if condition.severity]


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
    assert {condition.scenario.name for condition in CONDITIONS} == set(scenarios)


@pytest.mark.parametrize("condition", CHANGING, ids=lambda condition: condition.slug)
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


@pytest.mark.parametrize("condition", CHANGING, ids=lambda condition: condition.slug)
def test_shapes_dtypes_and_all_else_stay(condition):
    changed = apply(condition)
    assert changed.y is RAW.y
    for name, modality in changed.modalities.items():
        clean = RAW.modalities[name]
        assert modality.values.shape == clean.values.shape
        assert modality.values.dtype.kind == clean.values.dtype.kind
        assert modality.rate == clean.rate
        if clean.lengths is not None:
            np.testing.assert_array_equal(modality.lengths, clean.lengths)
        if name != condition.modality:
            assert modality is clean


@pytest.mark.parametrize("condition", CHANGING, ids=lambda condition: condition.slug)
def test_the_same_key_gives_the_same_numbers_and_another_key_others(condition):
    first, again = apply(condition), apply(condition)
    assert measure(first) == measure(again) > 0
    if condition.scenario.name in ("missing-modality", "missing-pattern"):
        return  # takes the modalities from all: nothing is random
    for other in (apply(condition, seed=1), apply(condition, dataset="elsewhere")):
        same_mask = (first.mask == other.mask).all()
        same_content = all(
            (first.modalities[name].values == other.modalities[name].values).all() for name in first.names
        )
        assert not (same_mask and same_content)


@pytest.mark.parametrize("scenario", [s for s in scenarios if len(scenarios[s].levels) > 1])
def test_strength_grows_with_severity(scenario):
    targets = {condition.modality for condition in CHANGING if condition.scenario.name == scenario}
    for target in targets:
        own = [c for c in CHANGING if c.scenario.name == scenario and c.modality == target]
        strengths = [measure(apply(condition)) for condition in own]
        assert strengths == sorted(strengths)
        assert len(set(strengths)) == len(strengths)


@pytest.mark.parametrize("level", [20.0, 5.0, -5.0])
def test_white_noise_has_the_ratio_asked_for_in_every_utterance_and_spares_padding(level):
    audio = RAW.modalities["audio"]
    change = scenarios["noise-audio-white"].change
    noisy = change(RAW, "audio", level, np.random.default_rng(0), TRAIN).modalities["audio"]
    valid = audio.frame_mask()
    noise = noisy.values.astype(float) - audio.values
    assert (noise[~valid] == 0).all()
    signal_power = (np.square(audio.values.astype(float)) * valid).sum(axis=1)
    ratio = 10 * np.log10(signal_power / np.square(noise * valid).sum(axis=1))
    np.testing.assert_allclose(ratio, level, atol=1e-3)


def test_noise_on_silence_is_silence():
    silent = RAW.with_modality("audio", Modality(Kind.AUDIO, np.zeros((N, 50), np.float32), rate=8000))
    change = scenarios["noise-audio-white"].change
    assert not change(silent, "audio", 0.0, np.random.default_rng(0), TRAIN).modalities["audio"].values.any()


def test_vector_noise_is_in_units_of_the_training_spread():
    for name in ("vector", "sequence"):
        change = scenarios["noise-vector-gaussian"].change
        big = MultimodalData(
            {name: Modality(RAW.modalities[name].kind, np.repeat(RAW.modalities[name].values, 200, 0))}
        )
        noisy = change(big, name, 2.0, np.random.default_rng(0), TRAIN)
        noise = noisy.modalities[name].values - big.modalities[name].values
        reference = TRAIN.modalities[name]
        known = reference.values if reference.lengths is None else reference.values[reference.frame_mask()]
        axes = tuple(range(noise.ndim - 1))
        np.testing.assert_allclose(noise.std(axis=axes), 2 * known.std(axis=0), rtol=0.05)


@given(st.text(max_size=60), st.floats(0, 1), st.integers(0, 100))
def test_typos_touch_the_share_of_letters_asked_for_and_nothing_else(sentence, level, seed):
    from fusebench.bench.scenarios.noise import _mistype

    typed = _mistype(sentence, level, np.random.default_rng(seed))
    n_letters = sum(character.isalpha() for character in sentence)
    # Two typos can undo each other ("ab" without a, b hit twice: "bb"), so this is an upper bound.
    assert edit_distance(sentence, typed) <= round(level * n_letters)
    assert [c for c in typed if not c.isalpha()] == [c for c in sentence if not c.isalpha()]


def test_neighbouring_keys_are_neighbours_both_ways():
    from fusebench.bench.scenarios.noise import NEIGHBOURS

    assert set(NEIGHBOURS["g"]) == set("fhtyvb")
    assert all(key in NEIGHBOURS[other] for key, near in NEIGHBOURS.items() for other in near)


def test_severities_are_bounded():
    with pytest.raises(ValueError, match="among 1 to 5"):
        register_scenario("too-much", mechanism="noise", levels={6: 1.0}, level_name="", identity=0.0)


def test_nothing_is_taken_from_data_of_one_modality():
    found = {condition.scenario.mechanism for condition in find_conditions({"a": Kind.VECTOR})}
    assert found == {"clean", "noise"}
