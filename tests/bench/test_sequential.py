"""Sequential stopping of a run: what is decided follows from the results alone."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.bench.listener import Listener
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.sequential import describe_stops, find_stops, run_stages, select_needed
from fusebench.bench.store.index import Finished
from fusebench.bench.store.status import read_status, repeat_cell
from fusebench.bench.suite import load_suite
from fusebench.errors import FusebenchError
from fusebench.results.statistics.repeated import decide, find_looks

BASELINE = "best-unimodal"


def make_cells(n_seeds=10, fusions=("a", "b"), datasets=("d",), trainings=("clean",), skip=()):
    return [
        SimpleNamespace(
            dataset=dataset, training=training, fusion=fusion, seed=seed,
            family="control" if fusion in (BASELINE, "majority") else "late",
            skip="cannot" if fusion in skip else "", key=f"{dataset} {training} {fusion} {seed}",
        )
        for dataset in datasets for training in trainings for seed in range(n_seeds)
        for fusion in (BASELINE, "majority", *fusions)
    ]  # fmt: skip


def finish(status, **clean):
    """What is known of a cell of this status, with these scores on clean data."""
    return Finished(status, "", 0.0, 0.0, clean)


def make_results(cells, effects):
    """Scores of 0.5 for the baseline; of each fusion with its gain, which goes up and down."""
    results = {}
    for cell in cells:
        up_and_down = 0.06 * (-1) ** cell.seed if cell.fusion in effects else 0.0
        accuracy = 0.5 + effects.get(cell.fusion, 0.0) + up_and_down
        results[cell.key] = finish("skipped") if cell.skip else finish("done", accuracy=accuracy)
    return results


def stops_after(cells, results):
    return {name: stop.after for name, stop in find_stops(cells, results, "accuracy").items()}


LARGE, UNCLEAR = {"a": 0.3, "b": -0.3}, {"a": 0.3, "b": 0.01}


def test_a_data_set_stops_when_all_gains_are_decided_and_says_why():
    cells = make_cells(datasets=("d", "e"))
    results = make_results(cells, LARGE)
    unclear = make_results([cell for cell in cells if cell.dataset == "e"], UNCLEAR)
    stops = find_stops(cells, results | unclear, "accuracy")
    assert list(stops) == ["d"]
    because = "every gain over best-unimodal is decided: 1 above 0, 1 below 0"
    assert str(stops["d"]) == f"stopped after 6 of 10 seeds on d, because {because}"
    needed = select_needed(cells, stops)
    assert {(c.dataset, c.seed) for c in needed} == {("d", s) for s in range(6)} | {
        ("e", s) for s in range(10)
    }
    assert "stopped after 6 of 10 seeds on d" in describe_stops(stops, 10)
    assert "no data set stopped before its 10 seeds" in describe_stops({}, 10)


def test_a_metric_of_which_less_is_better_has_the_signs_turned_round():
    cells = make_cells()
    results = make_results(cells, LARGE)
    for result in results.values():
        if result.status == "done":
            result.clean["log-loss"] = result.clean.pop("accuracy")
    (stop,) = find_stops(cells, results, "log-loss").values()
    assert stop.because.endswith("1 above 0, 1 below 0")
    results = {key: result for key, result in results.items() if " b " not in key}
    (stop,) = find_stops([c for c in cells if c.fusion != "b"], results, "log-loss").values()
    assert stop.because.endswith("1 below 0")


def test_the_decision_is_that_of_the_rule_for_all_planned_gains():
    cells = make_cells(fusions=("a", "b", "c"), skip=("c",))
    results = make_results(cells, {"a": 0.2, "b": 0.135})
    table = {
        fusion: np.array([results[f"d clean {fusion} {seed}"].clean["accuracy"] for seed in range(10)])
        for fusion in ("a", "b", BASELINE)
    }
    gains = np.stack([table[fusion] - table[BASELINE] for fusion in ("a", "b")], axis=1)
    expected = next(n for n in find_looks(10) if all(decide(gains[:n], 10, 2)))  # what is skipped is no gain
    assert stops_after(cells, results) == {"d": expected}


@settings(max_examples=20)
@given(st.randoms(use_true_random=False), st.integers(0, 59))
def test_the_order_of_results_and_those_of_later_seeds_change_nothing(random, n_known):
    """Whatever is there beside the seeds before a look, the look decides the same, or is not taken."""
    cells = make_cells(n_seeds=15)
    results = make_results(cells, LARGE)
    (stop,) = find_stops(cells, results, "accuracy").values()
    keys = list(results)
    random.shuffle(keys)
    known = {key: results[key] for key in keys[:n_known]}
    seen = all(cell.key in known for cell in cells if cell.seed < stop.after)
    assert list(find_stops(cells, known, "accuracy").values()) == ([stop] if seen else [])


def test_a_look_waits_for_every_cell_of_its_seeds():
    cells = make_cells()
    results = make_results(cells, LARGE)
    assert stops_after(cells, results) == {"d": 6}
    for fusion in ("a", "majority"):
        assert stops_after(cells, {k: r for k, r in results.items() if k != f"d clean {fusion} 5"}) == {}
    assert stops_after(cells, {k: r for k, r in results.items() if k != "d clean a 6"}) == {"d": 6}


def test_a_fusion_that_failed_is_not_waited_for_but_counts():
    cells = make_cells()
    results = make_results(cells, {"a": 0.12, "b": 0.0}) | {"d clean b 1": finish("failed")}
    (stop,) = find_stops(cells, results, "accuracy").values()
    assert stop.because.endswith("is decided: 1 above 0")
    alone = [cell for cell in cells if cell.fusion != "b"]
    assert (stops_after(alone, results), stop.after) == ({"d": 6}, 8)
    results |= {f"d clean a {seed}": finish("failed") for seed in range(10)}
    assert stops_after(cells, results) == {}  # nothing is decided


def test_without_the_baseline_or_a_fusion_nothing_stops():
    cells = make_cells()
    results = make_results(cells, LARGE)
    assert stops_after(cells, results | {f"d clean {BASELINE} 2": finish("timeout")}) == {}
    controls = make_cells(fusions=())
    assert stops_after(controls, make_results(controls, {})) == {}


def test_gains_after_faulty_training_are_waited_for_too():
    cells = make_cells(trainings=("clean", "unpaired-3"))
    results = make_results(cells, LARGE)
    assert stops_after(cells, results)
    for training in ("clean", "unpaired-3"):
        unclear = [cell for cell in cells if cell.training == training]
        assert stops_after(cells, results | make_results(unclear, UNCLEAR)) == {}


def test_what_is_decided_by_all_seeds_has_not_stopped_early():
    cells = make_cells(fusions=("a",))
    assert stops_after(cells, make_results(cells, {"a": 0.08})) == {"d": 8}
    assert stops_after(cells, make_results(cells, {"a": 0.06})) == {}  # decided, but with the last seed


def test_stages_are_the_looks_and_each_follows_from_the_last():
    cells = make_cells(datasets=("d", "e"))
    unclear = make_results([cell for cell in cells if cell.dataset == "e"], UNCLEAR)
    truth = make_results(cells, LARGE) | unclear
    results = {cell.key: truth[cell.key] for cell in cells[:3]}  # of an earlier run
    stops, seen = {}, []

    def tell(stop):
        stops[stop.dataset] = stop

    for stage in run_stages(cells, results, "accuracy", stops, tell):
        seen.append(sorted({(cell.dataset, cell.seed) for cell in stage}))
        assert not any(cell.key in results for cell in stage)
        results |= {cell.key: truth[cell.key] for cell in stage}
    both = ("d", "e")
    assert seen == [
        [(name, seed) for name in both for seed in range(4)],
        [(name, seed) for name in both for seed in (4, 5)],
        [("e", 6), ("e", 7)],
        [("e", 8), ("e", 9)],
    ]
    assert stops == find_stops(cells, results, "accuracy")


ASKED = {
    "datasets": ["synth-xor"],
    "fusions": ["gaussian-naive-bayes", "early-xgboost"],
    "scenarios": ["clean"],
    "dataset_options": {"synth-xor": {"n_train": 200}},
    "seeds": 6,
    "sequential": True,
}


class PullsThePlug(Listener):
    def __init__(self, after):
        self.left = after

    def advance(self, cell, result):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def run_into(folder, listener=None, **changes):
    suite = load_suite("default", **{**ASKED, **changes})
    return run_plan(suite, make_plan(suite), out=folder, listener=listener)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sequential")
    return run_into(folder, fusions=["early-xgboost"])


def test_a_run_stops_says_so_everywhere_and_is_not_missing_anything(whole):
    assert (whole.ran, whole.not_needed, whole.failed) == (20, 10, 0)
    assert set(whole.records["seed"]) == set(range(4))
    assert not list((whole.folder / "cells").rglob("seed4-*"))
    said = (
        "stopped after 4 of 6 seeds on synth-xor, because every gain over best-unimodal is decided: 1 above 0"
    )
    for name in ("leaderboard.md", "report.html"):
        assert said in (whole.folder / name).read_text()
        assert "numbers of seeds fixed beforehand" in (whole.folder / name).read_text()
    assert "Every planned cell is done" in whole.report.read_text()
    for name in ("plan.json", "run.json"):
        [stop] = json.loads((whole.folder / name).read_text())["stopped"]
        assert (stop["dataset"], stop["after"], stop["planned"]) == ("synth-xor", 4, 6)
    assert read_status(whole.folder).todo == []
    told = CliRunner().invoke(app, ["status", str(whole.folder)]).output
    assert said in told
    assert "0 to run" in told


def test_the_same_command_again_runs_nothing_and_plans_nothing(whole):
    before = whole.report.read_bytes()
    again = run_into(whole.folder, fusions=["early-xgboost"])
    assert (again.ran, again.not_needed) == (0, 10)
    assert whole.report.read_bytes() == before
    suite = str(whole.folder / "plan.json")
    told = CliRunner().invoke(app, ["plan", "--suite", suite, "--out", str(whole.folder)]).output
    assert "20 cells, 20 done, 0 to run" in " ".join(told.split())


def test_an_interrupted_run_takes_the_same_decisions(whole, tmp_path):
    for cut in (3, 17):
        with pytest.raises(KeyboardInterrupt):
            run_into(tmp_path, PullsThePlug(cut), fusions=["early-xgboost"])
    resumed = run_into(tmp_path, fusions=["early-xgboost"])
    assert resumed.not_needed == whole.not_needed
    columns = ["fusion", "seed", "value", "key", "note"]
    assert resumed.records[columns].equals(whole.records[columns])


def test_seeds_that_are_there_already_are_not_looked_at(whole, tmp_path):
    run_into(tmp_path, fusions=["early-xgboost"], sequential=False)
    again = run_into(tmp_path, fusions=["early-xgboost"])
    assert (again.ran, again.not_needed) == (0, 10)
    assert again.records["value"].equals(whole.records["value"])


def test_a_cell_is_repeated_without_stopping(whole):
    assert "--no-sequential" in repeat_cell(whole.folder, "synth-xor", "early-xgboost", 5)
    suite = str(whole.folder / "plan.json")
    told = CliRunner().invoke(app, ["plan", "--suite", suite, "--no-sequential", "--out", "nowhere"]).output
    assert "30 cells" in told


def test_too_few_seeds_are_refused():
    with pytest.raises(FusebenchError, match="looks first after 4 seeds; ask for more than 4, not 3"):
        make_plan(load_suite("default", **{**ASKED, "seeds": 3}))


@pytest.mark.slow
def test_worker_processes_stop_alike(whole, tmp_path):
    suite = load_suite("default", **{**ASKED, "fusions": ["early-xgboost"]})
    summary = run_plan(suite, make_plan(suite), out=tmp_path, jobs=2)
    assert summary.not_needed == whole.not_needed
    assert summary.records["value"].equals(whole.records["value"])
