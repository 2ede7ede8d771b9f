"""The table of what severities cost, and how it is measured."""

import re
from pathlib import Path

import numpy as np
import pytest

from fusebench.bench.scenarios.calibrate import TARGET, list_problems, measure
from fusebench.bench.scenarios.registry import scenarios

PAGE = Path(__file__).parents[3] / "docs" / "severities.md"
ROWS = [
    (
        row[1],
        [float(level) for level in re.findall(r" ([\d.-]+): ", row[2])],
        re.findall(r": (-?\d+)%", row[2]),
    )
    for row in re.finditer(r"^\| `([a-z-]+)` \|[^|]*\|(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
]
OUT_OF_REACH = {"noise-text-word-order", "misalignment-shift"}


def test_the_table_holds_every_level_in_use():
    calibrated = {
        name for name, scenario in scenarios.items() if scenario.mechanism in ("noise", "misalignment")
    }
    assert {name for name, _, _ in ROWS} == calibrated
    for name, levels, _ in ROWS:
        assert levels == pytest.approx(list(scenarios[name].levels.values()), rel=1e-4)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in ROWS} - OUT_OF_REACH))
def test_severity_3_costs_about_the_stated_share(name):
    costs = np.array([costs for other, _, costs in ROWS if other == name], float).mean(axis=0) / 100
    assert costs[2] == pytest.approx(TARGET, abs=0.11)
    assert costs[0] < costs[2] < costs[4]


def test_cost_is_the_share_of_accuracy_above_chance():
    """A share of pairs mismatched costs that share, but for the halves that hit their own class."""
    problem = next(problem for problem in list_problems(seed=9) if problem.name == "synth-redundant")
    scenario = scenarios["misalignment-mismatch"]
    assert measure(scenario, 0.0, problem, seed=0) == 0
    assert measure(scenario, 1.0, problem, seed=0) == pytest.approx(1, abs=0.2)
