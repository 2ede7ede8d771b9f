"""Runs of several machines as one folder."""

import json
import shutil

import pandas as pd
import pytest

from fusebench.bench.planning.plan import PROTOCOL_VERSION, make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.merge import merge_runs
from fusebench.bench.suite import Suite
from fusebench.errors import FusebenchError

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor", "synth-unique"),
    fusions=("late-mean",),
    scenarios=("missing-modality",),
    seeds=2,
    dataset_options={
        name: {"n_train": 80, "n_validation": 40, "n_test": 60} for name in ("synth-xor", "synth-unique")
    },
)


def run(out, **changes):
    suite = SUITE.model_copy(update=changes)
    return run_plan(suite, make_plan(suite), out=out)


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    """Two runs of a data set each, and that of both on one machine."""
    folder = tmp_path_factory.mktemp("machines")
    run(folder / "a", datasets=("synth-xor",))
    run(folder / "b", datasets=("synth-unique",))
    (folder / "b" / "events").mkdir()  # as a run at a URL has it
    (folder / "b" / "events" / "0123abcd-00000.jsonl").write_text("{}")
    run(folder / "both")
    return folder


@pytest.fixture(scope="module")
def merged(machines):
    """The two as one."""
    assert merge_runs([machines / "a", machines / "b"], machines / "merged", "accuracy") == 2 * 2 * 5
    return machines / "merged"


def files_of(folder, kind):
    return {path.relative_to(folder) for path in (folder / kind).rglob("*") if path.is_file()}


def test_the_whole_is_as_if_one_machine_had_made_it(machines, merged):
    costs = ["fit_seconds", "predict_seconds", "fit_bytes"]
    tables = [
        pd.read_csv(folder / "results.csv").drop(columns=costs) for folder in (merged, machines / "both")
    ]
    pd.testing.assert_frame_equal(*tables)
    for kind in ("cells", "predictions", "masks"):
        assert files_of(merged, kind) == files_of(machines / "both", kind) != set()
    assert not (merged / "features").exists()
    assert not (merged / "events").exists()
    assert "late-mean" in (merged / "leaderboard.md").read_text()
    assert (merged / "report.html").read_text().startswith("<!doctype html>")
    assert [path.name for path in machines.iterdir() if path.name.startswith(".")] == []


def test_a_run_goes_on_from_it(machines, merged, tmp_path):
    copy = shutil.copytree(merged, tmp_path / "copy")
    assert run(copy).ran == 0
    assert run(copy, seeds=3).ran == 2 * 5


def test_the_provenance_of_all_is_kept(machines, merged):
    told = json.loads((merged / "run.json").read_text())
    assert told["metric"] == "accuracy"
    assert {name: data["protocol"] for name, data in told["data"].items()} == {
        "synth-xor": PROTOCOL_VERSION,
        "synth-unique": PROTOCOL_VERSION,
    }
    assert set(told["strategies"]) == {"majority", "unimodal-a", "unimodal-b", "best-unimodal", "late-mean"}
    for name in ("a", "b"):
        own = json.loads((machines / name / "run.json").read_text())
        assert told["merged"][str(machines / name)] == own


def test_of_a_cell_that_two_have_the_files_of_the_one_that_is_done_are_kept(machines, tmp_path, monkeypatch):
    from fusebench.fusions.late import LateMean

    with monkeypatch.context() as patched:
        patched.setattr(LateMean, "_fit", lambda self, train, validation: 1 / 0)
        assert run(tmp_path / "failed", datasets=("synth-xor",)).failed == 2
    merge_runs([tmp_path / "failed", machines / "a"], tmp_path / "out", "accuracy")
    assert set(pd.read_csv(tmp_path / "out" / "results.csv")["status"]) == {"done"}
    cells = sorted((tmp_path / "out" / "cells" / "synth-xor" / "late-mean").iterdir())
    assert [json.loads(path.read_text())["result"]["status"] for path in cells] == ["done", "done"]
    assert files_of(tmp_path / "out", "cells") == files_of(machines / "a", "cells")


def test_runs_that_contradict_leave_nothing(machines, tmp_path):
    changed = {"synth-xor": {**SUITE.dataset_options["synth-xor"], "n_test": 50}}
    run(tmp_path / "other", datasets=("synth-xor",), dataset_options=changed)
    with pytest.raises(
        FusebenchError, match=r"on synth-xor, seed \d, was made by other code, data or options"
    ):
        merge_runs([machines / "a", tmp_path / "other"], tmp_path / "out", "accuracy")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_folder_in_use_is_left_alone(machines, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    a, b = machines / "a", machines / "b"
    for out in (tmp_path, tmp_path / "notes.txt", a):
        with pytest.raises(FusebenchError, match="is there already; name a new folder"):
            merge_runs([a, b], out, "accuracy")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    for folders in ([a], [a, b, machines / "." / "a"]):
        with pytest.raises(FusebenchError, match="two or more different folders"):
            merge_runs(folders, tmp_path / "new", "accuracy")
    with pytest.raises(FusebenchError, match=r"no folder .*nowhere"):
        merge_runs([a, machines / "nowhere"], tmp_path / "new", "accuracy")
