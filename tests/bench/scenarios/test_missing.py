"""Missing modalities: exact rates, and dependence where it is declared and nowhere else."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.scenarios.missing import list_patterns
from fusebench.bench.scenarios.missing_dependent import rank_scores, summarise
from fusebench.bench.scenarios.registry import Condition, find_conditions, scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

OF_A_MODALITY = ["missing-outage", "missing-mar", "missing-mnar-value", "missing-mnar-label"]


def make_data(n, n_modalities=2, seed=0, present=None):
    """Independent vectors of one feature, and labels independent of them."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n_modalities, n, 1)).astype(np.float32)
    return MultimodalData(
        {f"m{k}": Modality(Kind.VECTOR, own) for k, own in enumerate(values)},
        y=rng.integers(0, 4, n),
        present=present,
    )


def change(scenario, data, modality, level, seed=0):
    return scenarios[scenario].change(data, modality, level, np.random.default_rng(seed), data)


@st.composite
def incomplete_data(draw):
    """Up to five modalities with entries absent already; each sample has one."""
    n_modalities, n = draw(st.integers(2, 5)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    present = rng.random((n, n_modalities)) > draw(st.sampled_from([0, 0.2]))
    present[np.arange(n), rng.integers(n_modalities, size=n)] = True
    return make_data(n, n_modalities, present=present)


@settings(max_examples=50)
@given(incomplete_data(), st.floats(0, 1), st.integers(0, 1000))
def test_the_missing_rate_of_entries_is_exactly_the_one_asked_for(data, share, seed):
    n_modalities = len(data.names)
    level = share * (n_modalities - 1) / n_modalities
    present = change("missing-rate", data, "", level, seed).mask
    before = int((~data.mask).sum())
    assert (~present).sum() == max(before, round(level * data.mask.size))
    assert present.any(axis=1).all()
    assert (present <= data.mask).all()


@pytest.mark.parametrize("scenario", OF_A_MODALITY)
@settings(max_examples=50)
@given(n=st.integers(1, 60), n_modalities=st.integers(2, 5), level=st.floats(0, 1), seed=st.integers(0, 1000))
def test_the_missing_rate_of_a_modality_is_exactly_the_one_asked_for(scenario, n, n_modalities, level, seed):
    present = change(scenario, make_data(n, n_modalities), "m1", level, seed).mask
    assert (~present[:, 1]).sum() == round(level * n)
    assert present[:, [k for k in range(n_modalities) if k != 1]].all()


@pytest.mark.parametrize("scenario", OF_A_MODALITY)
@settings(max_examples=50)
@given(data=incomplete_data(), level=st.floats(0, 0.5), seed=st.integers(0, 1000))
def test_entries_that_were_absent_count_and_each_sample_keeps_one(scenario, data, level, seed):
    could_go = data.has("m0") & (data.mask.sum(axis=1) > 1)
    before, most = int((~data.has("m0")).sum()), int((~data.has("m0") | could_go).sum())
    if round(level * len(data)) > most:
        with pytest.raises(Exception, match="leaves samples without any modality"):
            change(scenario, data, "m0", level, seed)
        return
    present = change(scenario, data, "m0", level, seed).mask
    assert (~present[:, 0]).sum() == max(before, round(level * len(data)))
    assert present.any(axis=1).all()
    assert (present <= data.mask).all()


@pytest.mark.parametrize("scenario", ["missing-rate", *OF_A_MODALITY])
def test_missing_sets_are_nested(scenario):
    data = make_data(200)
    target = "m0" if scenario in OF_A_MODALITY else ""
    masks = [
        Condition(scenarios[scenario], target, severity).apply(data, train=data, dataset="d", seed=0).mask
        for severity in range(6)
    ]
    for weaker, stronger in pairwise(masks):
        assert (weaker >= stronger).all()
        assert weaker.sum() > stronger.sum()


def correlations(scenario, level=0.4, n=6000):
    """How absence of m0 goes with its own value, with that of m1, and its spread over the classes."""
    data = make_data(n)
    absent = ~change(scenario, data, "" if scenario == "missing-rate" else "m0", level).has("m0")
    own, other = (abs(np.corrcoef(absent, data.modalities[m].values[:, 0])[0, 1]) for m in ("m0", "m1"))
    return own, other, np.ptp([absent[data.labels == label].mean() for label in range(4)])


CHANCE = 0.06  # four standard errors of a correlation of 6000 samples


@pytest.mark.parametrize(
    ("scenario", "depends"),
    [
        ("missing-rate", (False, False, False)),
        ("missing-mar", (False, True, False)),
        ("missing-mnar-value", (True, False, False)),
        ("missing-mnar-label", (False, False, True)),
    ],
)
def test_absence_depends_on_what_is_declared_and_on_nothing_else(scenario, depends):
    for strength, declared in zip(correlations(scenario), depends, strict=True):
        assert strength > 0.3 if declared else strength < CHANCE


@pytest.mark.parametrize("scenario", ["missing-mar", "missing-mnar-value"])
def test_large_values_go_first(scenario):
    data = make_data(2000)
    cause = data.modalities["m1" if scenario == "missing-mar" else "m0"].values[:, 0]
    absent = ~change(scenario, data, "m0", 0.4).has("m0")
    assert cause[absent].mean() > cause[~absent].mean() + 0.5


def test_odds_are_those_declared():
    """Of two entries, the one that is larger goes first with odds exp(strength * difference)."""
    data = make_data(2)
    first = int(np.argmax(data.modalities["m0"].values))
    larger = [
        not change("missing-mnar-value", data, "m0", 0.5, seed).has("m0")[first] for seed in range(4000)
    ]
    odds = np.exp(1.5 * np.ptp(rank_scores(np.array([0.0, 1.0]))))
    assert np.mean(larger) == pytest.approx(odds / (1 + odds), abs=0.02)


def test_what_several_labels_and_values_ask_for_may_cause_absence_too():
    data = make_data(3000)
    several = np.column_stack([data.labels // 2, data.labels % 2])
    absent = ~change("missing-mnar-label", MultimodalData(data.modalities, several), "m0", 0.4).has("m0")
    assert np.ptp([absent[data.labels == label].mean() for label in range(4)]) > 0.3
    values = data.labels.astype(float)
    absent = ~change("missing-mnar-label", MultimodalData(data.modalities, values), "m0", 0.4).has("m0")
    assert np.corrcoef(absent, values)[0, 1] > 0.3


def test_missing_at_random_takes_every_modality_alike():
    absent = ~change("missing-rate", make_data(5000), "", 0.3).mask
    assert absent.mean(axis=0) == pytest.approx([0.3, 0.3], abs=0.02)


def test_an_outage_takes_runs():
    absent = ~change("missing-outage", make_data(1000), "m0", 0.2).has("m0")
    starts = int((absent[1:] & ~absent[:-1]).sum() + absent[0])
    assert absent.sum() == 200
    assert 12 <= starts <= 22  # of 20 runs some touch each other; 200 entries at random would start about 160


def test_a_rate_that_leaves_nothing_is_refused():
    with pytest.raises(Exception, match=r"A missing rate of 0\.9 .* it can be 0\.8 at most"):
        change("missing-rate", make_data(10, 5), "", 0.9)


def test_every_pattern_of_absence_leaves_one_modality():
    data = make_data(3, 5)
    conditions = find_conditions(dict.fromkeys(data.names, Kind.VECTOR), ["missing-pattern"])[1:]
    masks = [condition.apply(data, train=data, dataset="d", seed=0).mask for condition in conditions]
    assert all((mask == mask[0]).all() for mask in masks)
    patterns = {tuple(mask[0]) for mask in masks}
    assert len(patterns) == len(masks) == 2**5 - 2
    assert all(any(pattern) and not all(pattern) for pattern in patterns)
    assert list_patterns({f"m{k}": Kind.VECTOR for k in range(6)}) == []


def test_a_sample_is_summarised_by_what_is_valid():
    wave = np.array([[3, -4, 0, 9], [1, -1, 1, -1]], np.float32)
    frames = np.array([[[1], [3], [9]], [[2], [2], [2]]], np.float32)
    expected = {
        Modality(Kind.AUDIO, wave, np.array([2, 4])): [12.5**0.5, 1],
        Modality(Kind.SEQUENCE, frames, np.array([2, 3])): [2, 2],
        Modality(Kind.VECTOR, wave): [2, 0],
        Modality(Kind.IMAGE, np.array([[[[0, 10]]], [[[2, 4]]]], np.uint8)): [5, 3],
        Modality(Kind.TEXT, np.array(["abc", ""])): [3, 0],
    }
    for modality, values in expected.items():
        np.testing.assert_allclose(summarise(modality), values)


@settings(max_examples=50)
@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_rank_scores_are_centred_and_keep_the_order(values):
    scores = rank_scores(np.array(values))
    assert abs(scores.mean()) < 1e-9
    assert all(
        (a < b) == (x < y)
        for a, x in zip(values, scores, strict=True)
        for b, y in zip(values, scores, strict=True)
    )
