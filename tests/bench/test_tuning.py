"""Tuning in a run: the budget, what it costs, and where it is shown."""

import json

import pytest
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.cells import CellResult, Store
from fusebench.bench.suite import load_suite
from fusebench.errors import FusebenchError
from fusebench.fusions.tuning import find_tuned

ASKED = {
    "datasets": ["synth-redundant"],
    "fusions": ["gaussian-naive-bayes", "early-xgboost", "late-mean"],
    "scenarios": ["clean"],
    "seeds": 1,
    "quick": True,
}


def plan_for(**changes):
    suite = load_suite("default", **{**ASKED, **changes})
    return suite, make_plan(suite)


def run_for(out, **changes):
    return run_plan(*plan_for(**changes), out=out).records.set_index("fusion")


def test_a_suite_tells_the_budget(tmp_path):
    path = tmp_path / "tuned.toml"
    path.write_text('datasets = ["synth-xor"]\ntune = 4\n')
    suite = load_suite(path)
    assert suite.tune == 4
    assert load_suite(path, tune=7).tune == 7
    assert {find_tuned(cell.estimator).n_trials for cell in make_plan(suite)} == {4}  # of the controls, too
    path.write_text('datasets = ["synth-xor"]\ntune = -1\n')
    with pytest.raises(FusebenchError, match="wrong value for 'tune'"):
        load_suite(path)


def test_without_tuning_nothing_is_around_a_strategy():
    assert all(find_tuned(cell.estimator) is None for cell in plan_for()[1])
    plain, tuned = plan_for()[1], plan_for(tune=2)[1]
    assert not {cell.key for cell in plain} & {cell.key for cell in tuned}


@pytest.mark.parametrize("temper", [False, True])
def test_seeds_are_those_of_the_cell_inside_and_outside(temper):
    for plain, cell in zip(plan_for()[1], plan_for(tune=2, temper=temper)[1], strict=True):
        tuned = find_tuned(cell.estimator)
        own = plain.estimator.get_params().get("random_state")
        assert tuned.fusion.get_params().get("random_state") == own
        assert tuned.random_state == own or own is None
        described = cell.ingredients["parameters"]
        assert described == {name: repr(value) for name, value in cell.estimator.get_params().items()}


def test_what_the_suite_sets_by_hand_is_not_tuned():
    _, cells = plan_for(tune=3, fusion_options={"early-xgboost": {"max_depth": 12}})
    tuned = next(find_tuned(cell.estimator) for cell in cells if cell.fusion == "early-xgboost")
    assert list(tuned.searched) == ["learning_rate"]
    assert tuned.fusion.max_depth == 12


@pytest.mark.slow
def test_one_trial_gives_the_scores_of_no_tuning(tmp_path):
    plain, tuned = run_for(tmp_path / "plain"), run_for(tmp_path / "tuned", tune=1)
    assert (plain["value"] == tuned["value"]).all()


def test_budget_and_choice_are_recorded_shown_and_the_same_again(tmp_path):
    tuned = run_for(tmp_path / "a", tune=3)
    assert set(tuned["trials"]) == {3}
    assert set(tuned.loc[["late-mean", "majority", "best-unimodal"], "chosen"]) == {"nothing to tune"}
    assert tuned.loc["gaussian-naive-bayes", "chosen"].iloc[0].startswith("min_variance=")
    again = run_for(tmp_path / "b", tune=3, fusions=["gaussian-naive-bayes"])
    for column in ("value", "chosen"):
        expected = tuned.loc["gaussian-naive-bayes", column].tolist()
        assert again.loc["gaussian-naive-bayes", column].tolist() == expected
    board = (tmp_path / "a" / "leaderboard.md").read_text()
    assert "each fusion and control with 3 trials" in board
    assert "5 of 7 have nothing to tune" in board
    [cell] = (tmp_path / "a" / "cells" / "synth-redundant" / "early-xgboost").glob("*.json")
    trials = json.loads(cell.read_bytes())["result"]["trials"]
    assert [trial["failure"] for trial in trials] == ["", "", ""]
    assert trials[0]["parameters"] == {"learning_rate": 0.2, "max_depth": 4}


def test_the_plan_counts_the_fits_and_multiplies_the_times_of_fits_without_tuning(tmp_path):
    words = ["plan", "--dataset", "synth-redundant", "--fusion", "early-xgboost", "--scenario", "clean"]
    words += ["--seeds", "2", "--quick", "--tune", "50", "--jobs", "1", "--out", str(tmp_path)]
    told = CliRunner().invoke(app, words).output
    assert "They are 108 fits" in told  # 2 of 50, and 4 controls of each seed once
    assert "Expected time: not known" in told
    _, untuned = plan_for(fusions=["early-xgboost"], seeds=2)
    for cell in untuned:
        took = CellResult("done", fit_seconds=10.0, scores=[{"scenario": "clean", "predict_seconds": 0.5}])
        Store(tmp_path).save(cell, took, {})
    told = " ".join(CliRunner().invoke(app, words).output.split())
    assert "about 18 minutes" in told  # 108 fits of 10 s, and 10 predictions of 0.5 s


def test_the_space_is_shown():
    told = json.loads(CliRunner().invoke(app, ["show", "early-xgboost", "--json"]).output)
    assert told["search_space"] == {"learning_rate": "0.02 to 0.5, logarithmic", "max_depth": "2 to 8"}
