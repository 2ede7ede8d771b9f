"""Severities that cost the same on every data set: how they are found, and those of the package."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.bench.scenarios.calibrate import (
    LEAST_MARGIN,
    TARGETS,
    Reference,
    calibrate,
    find_shares,
    render,
)
from fusebench.bench.scenarios.registry import find_conditions, scenarios
from fusebench.datasets.calibration import read_calibration
from fusebench.datasets.registry import Dataset, datasets, load_dataset

PAGE = Path(__file__).parents[3] / "docs" / "severities.md"
SMALL = {"n_train": 300, "n_validation": 200, "n_test": 50}
SHIPPED = {
    name: found
    for name in datasets
    if (found := read_calibration(datasets[name]().calibration_file)) is not None
}
ROWS = [pytest.param(name, key, id=f"{name}-{key}") for name, found in SHIPPED.items() for key in found.rows]


def name_of(key, modalities):
    return next(name for name in scenarios if key in {f"{name}-{modality}" for modality in modalities})


@given(st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=12))
def test_shares_rise_strictly_whatever_was_measured(measured):
    shares = find_shares(np.array([0.0, *measured]))
    assert shares.shape == (5,)
    assert shares[0] > 0
    assert shares[-1] <= 1
    assert (np.diff(shares) > 0).all()


@given(st.floats(0.75, 3), st.integers(2, 20))
def test_costs_on_a_line_are_found_exactly(slope, n):
    shares = find_shares(slope * np.linspace(0, 1, n + 1))
    np.testing.assert_allclose(slope * shares, TARGETS)


def test_what_is_out_of_reach_is_spread_up_to_the_strongest_level():
    shares = find_shares(np.array([0.0, 0.15, 0.3]))
    np.testing.assert_allclose(shares, [1 / 3, 2 / 3, 7 / 9, 8 / 9, 1])
    np.testing.assert_allclose(find_shares(np.zeros(3)), [0.2, 0.4, 0.6, 0.8, 1])


def test_spans_lead_away_from_the_identity():
    calibrated = {name: scenario for name, scenario in scenarios.items() if scenario.span}
    assert set(calibrated) == {
        name for name, scenario in scenarios.items() if scenario.mechanism in ("noise", "misalignment")
    }
    for scenario in calibrated.values():
        first, last = scenario.span
        assert abs(last - scenario.identity) > abs(first - scenario.identity) or np.isinf(scenario.identity)
        assert (last < first) == np.isinf(scenario.identity)  # signal-to-noise ratios and the like fall
        assert scenario.at(0) == pytest.approx(first)
        assert scenario.at(1) == pytest.approx(last)
        assert set(scenario.levels) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(("name", "key"), ROWS)
def test_what_is_shipped_is_strict_and_of_its_span(name, key):
    row = SHIPPED[name].rows[key]
    scenario = scenarios[name_of(key, load_dataset(name).card.modalities)]
    first, last = scenario.span
    steps = np.diff([first, *row.levels]) * np.sign(last - first)
    assert (steps > 0).all()
    assert abs(row.levels[-1] - first) <= abs(last - first) * (1 + 1e-9)
    assert row.costs[-1] > row.costs[0] or row.costs[-1] < TARGETS[0]


def test_severities_cost_what_they_should_on_most_data():
    """Costs that lie off are those of leaps and of what is out of reach: a few."""
    costs = np.array([row.costs for found in SHIPPED.values() for row in found.rows.values()])
    off = np.abs(np.median(costs, axis=0) - TARGETS)
    assert (off < 0.03).all()
    assert (np.abs(costs - TARGETS) < 0.05).mean() > 0.6


def test_the_page_is_made_of_the_files():
    assert PAGE.read_text(encoding="utf-8") == render() + "\n"


def test_conditions_take_the_levels_of_the_data_set():
    dataset = load_dataset("avdigits")
    levels = dataset.severities["noise-audio-white-audio"]
    found = find_conditions(dataset.card.modalities, ["noise-audio-white"], severities=dataset.severities)
    assert [condition.level for condition in found[1:]] == list(levels)
    assert tuple(scenarios["noise-audio-white"].levels.values()) != levels
    training = find_conditions(dataset.card.modalities, severities=dataset.severities, part="train")
    assert next(c for c in training if c.slug == "noise-audio-white-audio-3").level == levels[2]


def test_another_level_is_another_cell(monkeypatch):
    from fusebench.bench.planning.plan import make_plan
    from fusebench.bench.suite import load_suite

    suite = load_suite("quick", datasets=("synth-unique",), fusions=("late-mean",), scenarios=("noise-*",))
    before = {cell.key for cell in make_plan(suite)}
    monkeypatch.setattr(datasets["synth-unique"], "severities", {"noise-vector-drift-a": (1, 2, 3, 4, 5)})
    assert before.isdisjoint(cell.key for cell in make_plan(suite))


def test_a_share_of_pairs_mismatched_costs_that_share():
    """Who is given another's modality is right by chance, and chance is subtracted."""
    reference = Reference(load_dataset("synth-redundant"), seed=5)
    mismatch = scenarios["misalignment-mismatch"]
    clean = reference.margin("a")
    assert reference.damaged_margin(mismatch, "a", 0.0) == clean
    assert reference.damaged_margin(mismatch, "a", 0.5) == pytest.approx(clean / 2, abs=0.06)
    assert reference.damaged_margin(mismatch, "a", 1.0) == pytest.approx(0, abs=0.08)


def test_the_test_split_is_not_looked_at(monkeypatch):
    dataset = load_dataset("synth-unique", **SMALL)
    load = type(dataset).load

    def without_test(self, seed=0):
        splits = load(self, seed)
        return type(splits)(splits.train, splits.validation, None)

    expected = calibrate(dataset)
    monkeypatch.setattr(type(dataset), "load", without_test)
    assert calibrate(dataset) == expected
    assert expected.samples == 200


@pytest.mark.parametrize("task", ["classes", "labels", "values"])
def test_what_is_absent_is_not_looked_at_whatever_the_task(task):
    rng = np.random.default_rng(0)
    y = {
        "classes": rng.integers(3, size=120),
        "labels": rng.integers(2, size=(120, 3)),
        "values": rng.normal(size=120),
    }[task]
    a, b = (y.reshape(120, -1) + 0.2 * rng.normal(size=(120, 3)) for _ in "ab")
    arrays = {"a": a, "b": b, "b.present": rng.random(120) < 0.6, "y": y}
    reference = Reference(Dataset.from_arrays(arrays, name="mine"), 0)
    whole, partial = reference.margin("a"), reference.margin("b")
    assert partial == pytest.approx(whole, rel=0.15)
    assert reference.damaged_margin(scenarios["noise-vector-dropout"], "b", 0.8) < partial - 0.1


def test_a_modality_at_chance_keeps_the_table_of_the_scenario():
    found = calibrate(load_dataset("synth-xor", **SMALL))
    assert max(found.margins.values()) < LEAST_MARGIN
    assert found.rows == {}


def test_what_is_shipped_can_be_found_again():
    """Another machine may round a sample to the other side, so that costs of 1/300 are within."""
    shipped, found = SHIPPED["synth-unique"], calibrate(load_dataset("synth-unique"))
    assert found.margins == pytest.approx(shipped.margins, abs=0.02)
    assert set(found.rows) == set(shipped.rows)
    for key, row in found.rows.items():
        assert row.levels == pytest.approx(shipped.rows[key].levels, rel=0.2)
        assert row.costs == pytest.approx(shipped.rows[key].costs, abs=0.05)
