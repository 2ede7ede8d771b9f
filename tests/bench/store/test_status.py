"""Questions about the folder of a run."""

import json
import shlex
import shutil

import pandas as pd
import pytest
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.progress import estimate_seconds
from fusebench.bench.run import run_plan
from fusebench.bench.store.cells import CellResult, Store
from fusebench.bench.store.events import EventLog, find_running, read_events
from fusebench.bench.store.planned import read_plan
from fusebench.bench.store.status import clean, find_leftovers, read_status, repeat_cell
from fusebench.bench.store.why import compare_ingredients, explain
from fusebench.bench.suite import Suite, load_suite
from fusebench.errors import FusebenchError, StorageError

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor",),
    fusions=("late-mean",),
    scenarios=("missing-modality",),
    seeds=2,
    dataset_options={"synth-xor": {"n_train": 60, "n_validation": 40, "n_test": 40}},
)
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder of a finished run."""
    return run_plan(SUITE, make_plan(SUITE), out=tmp_path_factory.mktemp("finished") / "run").folder


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of it to do things to."""
    return shutil.copytree(finished, tmp_path / "run")


def cell_file(folder, fusion="late-mean", seed=0):
    return next((folder / "cells" / "synth-xor" / fusion).glob(f"seed{seed}-*.json"))


def test_the_status_counts_what_is_there(folder):
    cell_file(folder).unlink()
    cell_file(folder, seed=1).write_text("{")
    status = read_status(folder)
    assert len(status.cells) == 10
    assert len(status.results) == 8
    assert {(cell.fusion, cell.seed) for cell in status.todo} == {("late-mean", 0), ("late-mean", 1)}
    assert not status.going
    assert status.cached == 0
    assert estimate_seconds(status.cells, status.results, status.todo) > 0
    run_plan(SUITE, make_plan(SUITE), out=folder)
    assert read_status(folder).cached == 8


def test_events_tell_the_run(finished):
    events = read_events(finished)
    kinds = [event["event"] for event in events]
    assert kinds == ["start", *["features", *["begin", "end"] * 5] * 2, "stop"]
    assert events[0]["todo"] == 10
    assert {event["status"] for event in events if event["event"] == "end"} == {"done"}
    assert events[-1]["error"] == ""
    assert len({event["run"] for event in events}) == 1


def test_a_cell_that_runs_is_known_while_its_process_lives(tmp_path):
    cell = make_plan(SUITE)[3]
    with EventLog(tmp_path, total=10, todo=10, jobs=1) as log:
        log.begin(cell)
        going, running = find_running(read_events(tmp_path))
        assert going
        assert list(running) == [cell.key]
        left = [{**event, "pid": 2**22 + 1} for event in read_events(tmp_path)]
        assert find_running(left) == (False, {})
        reused = [{**event, "born": 0.0} for event in read_events(tmp_path)]
        assert find_running(reused) == (False, {})
        assert find_running([{**event, "host": "elsewhere"} for event in left])[0]
    assert find_running(read_events(tmp_path)) == (False, {})


def test_a_torn_event_costs_itself_alone(tmp_path):
    (tmp_path / "events.jsonl").write_bytes(b'{"time": "2026", "run": "a", "event": "stop"}\n{"time": "20')
    with EventLog(tmp_path, total=1, todo=1, jobs=1):
        pass
    assert [event["event"] for event in read_events(tmp_path)] == ["stop", "start", "stop"]


def test_an_interrupted_run_says_so(tmp_path):
    with pytest.raises(KeyboardInterrupt), EventLog(tmp_path, total=1, todo=1, jobs=1):
        raise KeyboardInterrupt
    assert read_events(tmp_path)[-1]["error"] == "KeyboardInterrupt"


def test_a_file_is_no_folder_of_a_run(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FusebenchError, match="it is not the folder of a run"):
        read_status(tmp_path / "file")
    with pytest.raises(StorageError, match="file' is a file; a run needs a folder"):
        Store(tmp_path / "file").check_writable()


def test_why_names_the_ingredient_that_changed(folder):
    assert list(explain(folder, "synth-xor/late-mean/seed0").values()) == [[]]
    path = cell_file(folder)
    document = json.loads(path.read_bytes())
    document["ingredients"]["fusion source"] = "0123"
    document["ingredients"]["features"]["conditions"].append(["noise-1", 0.5])
    path.write_text(json.dumps(document))
    (changes,) = explain(folder, str(path)).values()
    assert [(c.ingredient, c.before) for c in changes] == [
        ("features.conditions", [["noise-1", 0.5]]),
        ("fusion source", "0123"),
    ]
    document["ingredients"]["fusion"] = "gone"
    path.write_text(json.dumps(document))
    assert list(explain(folder, str(path)).values()) == [None]
    with pytest.raises(FusebenchError, match="did you mean synth-xor/late-mean/seed1"):
        explain(folder, "synth-xor/late-maen/seed1")


def test_a_change_of_order_alone_is_a_change():
    (change,) = compare_ingredients({"a": [1, 2]}, {"a": [2, 1]})
    assert change == ("a", [1, 2], [2, 1])


@pytest.mark.parametrize(("fusion", "seed"), [("late-mean", 1), ("unimodal-a", 0)])
def test_the_command_of_a_cell_gives_the_same_numbers(folder, fusion, seed):
    words = shlex.split(repeat_cell(folder, "synth-xor", fusion, seed))
    assert words[:2] == ["fusebench", "run"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    asked = load_suite(
        options["--suite"],
        datasets=[options["--dataset"]],
        fusions=[options["--fusion"]],
        seeds=int(options["--seeds"]),
    )
    assert options["--out"] == f"{folder}-repro"
    again = run_plan(asked, make_plan(asked), out=options["--out"]).records
    before = pd.read_parquet(folder / "results.parquet")
    own = [
        records[(records["fusion"] == fusion) & (records["seed"] == seed)].drop(columns=COSTS)
        for records in (before, again)
    ]
    assert len(own[0]) > 0
    pd.testing.assert_frame_equal(*(records.reset_index(drop=True) for records in own), check_dtype=False)


def test_a_cell_that_is_not_planned_cannot_be_repeated(folder):
    with pytest.raises(FusebenchError, match="did you mean synth-xor late-mean"):
        repeat_cell(folder, "synth-xor", "late-maen", 0)


def test_cleaning_takes_what_the_plan_does_not_need(folder):
    kept = {path for path in folder.rglob("*") if path.is_file() and "features" not in path.parts}
    path = cell_file(folder)
    extra = [
        path.with_name("seed0-0123456789abcdef.json"),
        path.with_name(f".{path.name}.01234567.tmp"),
        folder / "masks" / "synth-xor" / "clean" / "seed0-0123456789abcdef.npz",
        folder / ".results.csv.01234567.tmp",
    ]
    for one in extra:
        one.write_text("old")
    leftovers = find_leftovers(folder)
    assert set(leftovers) == {*extra, folder / "features"}
    assert clean(leftovers) > 12
    assert {path for path in folder.rglob("*") if path.is_file()} == kept
    assert run_plan(SUITE, make_plan(SUITE), out=folder).ran == 0


def test_nothing_is_cleaned_beside_a_run(folder):
    with (
        EventLog(folder, total=1, todo=1, jobs=1),
        pytest.raises(FusebenchError, match=r"at work .*remove events\.jsonl or the folder events"),
    ):
        find_leftovers(folder)


@pytest.mark.parametrize("content", [None, b"{", b'{"suite": {}, "cells": []}', b'{"cells": [1]}'])
def test_what_is_no_folder_of_a_run_is_said(tmp_path, content):
    if content is not None:
        (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(FusebenchError, match=r"has no plan\.json|plan\.json is damaged"):
        read_plan(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"suite": 3}'])
def test_a_plan_that_is_no_suite_is_said(tmp_path, content):
    path = tmp_path / "plan.json"
    path.write_text(content)
    with pytest.raises(FusebenchError, match="is not the plan of a run"):
        load_suite(path)


def say(*words):
    """What a command prints."""
    said = CliRunner().invoke(app, [str(word) for word in words])
    assert said.exit_code == 0, said.output
    return said.output


def test_the_commands_say_it(folder):
    cell = next(cell for cell in make_plan(SUITE) if (cell.fusion, cell.seed) == ("late-mean", 0))
    Store(folder).save(cell, CellResult("timeout", "It took too long.\nVery."), {})
    cell_file(folder, seed=1).unlink()
    said = say("status", folder).splitlines()
    assert said[0] == "10 cells: 8 done (0 of them before the last command), 1 timeout, 1 to run."
    assert said[1] == "timeout: late-mean on synth-xor, seed 0: It took too long."
    assert said[2] == "Nothing runs: repeat the command to go on."
    assert said[3].startswith("Expected time with 1 job: about ")
    told = json.loads(say("status", folder, "--json"))
    assert (told["cells"], told["done"], told["timeout"], told["todo"], told["going"]) == (10, 8, 1, 1, False)
    assert told["failures"] == {"late-mean on synth-xor, seed 0": ["timeout", "It took too long."]}
    assert "nothing has changed" in say("why", folder, "synth-xor/late-mean/seed0")
    assert "--fusion majority --seeds 2" in say("repro", folder, "synth-xor", "unimodal-b", 1)
    assert "1 path would be removed" in say("clean", folder, "--dry-run")
    assert (folder / "features").is_dir()
    assert say("clean", folder).endswith("MiB freed.\n")
    assert not (folder / "features").exists()
