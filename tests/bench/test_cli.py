"""The command line as a user meets it: in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pandas as pd
import pytest

BASE = [sys.executable, "-P", "-m", "fusebench"]
TINY = [
    "--dataset",
    "synth-xor",
    "--fusion",
    "late-mean",
    "--scenario",
    "clean",
    "--seeds",
    "1",
    "--jobs",
    "1",
]


def call(*arguments, cwd, **environment):
    return subprocess.run(
        [*BASE, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **environment},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a tiny run was made."""
    cwd = tmp_path_factory.mktemp("cli")
    done = call("run", *TINY, "--out", "run", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert "Report: " in done.stdout
    assert "late-mean" in done.stdout
    return cwd / "run"


def assert_one_sentence(done, *words):
    """One sentence on stderr, exit code 2, no traceback."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    text = " ".join(done.stderr.split())
    for word in words:
        assert word in text


def test_a_run_with_nothing_to_do_shows_the_leaderboard_that_is_there(folder):
    again = call("run", *TINY, "--out", folder, cwd=folder.parent)
    assert again.returncode == 0, again.stderr
    assert "0 of 5 cells run now, 0 failed." in again.stdout
    assert (folder / "leaderboard.md").read_text(encoding="utf-8") in again.stdout


def test_a_terminal_of_another_encoding_is_no_obstacle(folder, tmp_path):
    done = call("leaderboard", folder, cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "late-mean" in done.stdout


def test_leaderboard_and_report_come_from_the_records_alone(folder, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("results.parquet", "run.json"):
        (moved / name).write_bytes((folder / name).read_bytes())
    shown = call("leaderboard", moved, cwd=tmp_path)
    assert shown.returncode == 0
    assert "late-mean" in shown.stdout
    assert (moved / "leaderboard.md").exists()
    assert call("report", moved, cwd=tmp_path).returncode == 0
    assert (moved / "report.html").read_text().startswith("<!doctype html>")
    written = call("report", moved, "--paper", "article", cwd=tmp_path)
    assert written.returncode == 0, written.stderr
    assert "\\begin{tabular}" in (tmp_path / "article" / "leaderboard.tex").read_text()
    assert (tmp_path / "article" / "figure-clean.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("content", ["[]", '{"suite": []}', '{"suite": {"metric": 3}}', "{"])
def test_a_damaged_run_json_is_no_obstacle(folder, tmp_path, content):
    (tmp_path / "results.parquet").write_bytes((folder / "results.parquet").read_bytes())
    (tmp_path / "run.json").write_text(content)
    assert call("leaderboard", tmp_path, cwd=tmp_path).returncode == 0


def test_a_small_try_has_a_folder_of_its_own(tmp_path):
    shown = [call("plan", *TINY, *more, cwd=tmp_path).stdout for more in ([], ["--quick"])]
    shown.append(call("plan", cwd=tmp_path).stdout)
    folders = [text.split("Plan for ")[1].split()[0] for text in shown]
    assert len(set(folders)) == 3
    assert folders[2] == "runs/default"


def test_plan_says_what_is_done(folder):
    shown = call("plan", *TINY, "--out", folder, cwd=folder)
    assert shown.returncode == 0
    assert "5 cells, 5 done, 0 to run" in shown.stdout
    more = call("plan", *TINY, "--seeds", "2", "--out", folder, cwd=folder)
    assert "10 cells, 5 done, 5 to run" in more.stdout
    assert "Expected time: about" in more.stdout


@pytest.mark.parametrize("what", ["fusions", "datasets", "scenarios", "metrics"])
def test_list_prints_a_table_and_json(what, tmp_path):
    table, machine = call("list", what, cwd=tmp_path), call("list", what, "--json", cwd=tmp_path)
    entries = json.loads(machine.stdout)
    assert len(entries) > 3
    assert all(entry["summary"] and entry["name"] in table.stdout for entry in entries)


@pytest.mark.parametrize("name", ["late-mean", "synth-xor", "missing-rate", "accuracy", "default"])
def test_show_finds_a_name_of_any_kind(name, tmp_path):
    shown = call("show", name, "--json", cwd=tmp_path)
    assert json.loads(shown.stdout)["name"] == name
    assert name in call("show", name, cwd=tmp_path).stdout


def test_show_says_what_fills_an_absent_modality(tmp_path):
    assert json.loads(call("show", "translate-knn", "--json", cwd=tmp_path).stdout)["absence"] == "knn"


def test_check_passes_for_what_is_built_in(tmp_path):
    done = call("check", "late-mean", "majority", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.count("ok ") > 10


def test_an_unknown_name_is_one_sentence(tmp_path):
    assert_one_sentence(call("run", "-f", "late-maen", cwd=tmp_path), "did you mean late-mean")
    assert_one_sentence(call("show", "synth-xr", cwd=tmp_path), "did you mean synth-xor")
    assert_one_sentence(call("run", "--suite", "defalt", cwd=tmp_path), "did you mean default?")
    assert_one_sentence(call("check", "nothing", cwd=tmp_path), "no fusion or data set named 'nothing'")
    assert not (tmp_path / "runs").exists()


def test_debug_shows_the_traceback(tmp_path):
    done = call("run", "-f", "late-maen", "--debug", cwd=tmp_path)
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_folder_that_cannot_be_written_to_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert_one_sentence(call("run", *TINY, "--out", "file/run", cwd=tmp_path), "Cannot write", "file/run")


def test_missing_data_are_one_sentence(tmp_path):
    done = call("run", "-d", "avmnist", "--data-dir", tmp_path, cwd=tmp_path)
    assert_one_sentence(done, "mnist", "FUSEBENCH_DATA")


def test_checking_data_that_are_not_there_is_one_sentence(tmp_path):
    assert_one_sentence(call("check", "avmnist", "--data-dir", tmp_path, cwd=tmp_path), "mnist")


def test_folders_without_results_are_one_sentence(tmp_path):
    assert_one_sentence(call("leaderboard", "nowhere", cwd=tmp_path), "nowhere")
    (tmp_path / "results.parquet").write_bytes(b"PAR1 but not really")
    assert_one_sentence(call("report", tmp_path, cwd=tmp_path), "results.parquet", "damaged")


def test_a_failed_cell_gives_exit_code_1(folder, tmp_path):
    plugin = tmp_path / "sitecustomize.py"
    plugin.write_text(
        "from fusebench.fusions.registry import fusions\n"
        "def fail(self, train, validation): raise RuntimeError('planted')\n"
        "fusions['late-mean'].estimator._fit = fail\n"
    )
    done = call("run", *TINY, "--out", "run", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1, done.stderr
    assert "planted" in done.stderr


# Workers go no further than the fifth cell, however late the signal comes.
STOP_AT_FIVE = """
import time
from fusebench.bench.store.cells import Store
save = Store.save
def save_five(self, *given):
    save(self, *given)
    while len(list(self.folder.glob("cells/**/*.json"))) >= 5:
        time.sleep(0.1)
Store.save = save_five
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(how, tmp_path):
    arguments = [
        "run",
        "-d",
        "synth-xor",
        "-d",
        "synth-noise",
        "-f",
        "late-m*",
        "-s",
        "missing-modality",
        "--seeds",
        "5",
    ]
    (tmp_path / "sitecustomize.py").write_text(STOP_AT_FIVE)
    cells = tmp_path / "stopped" / "cells"
    with subprocess.Popen(
        [*BASE, *arguments, "--jobs", "2", "--out", "stopped"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's "&" has it ignored
    ) as stopped:
        try:
            while stopped.poll() is None and len(list(cells.rglob("*.json"))) < 5:
                time.sleep(0.05)
            stopped.send_signal(how)
            _, said = stopped.communicate(timeout=120)
        finally:
            stopped.kill()
    assert ("Finished cells are kept" in said) == (how == signal.SIGINT)
    kept = len(list(cells.rglob("*.json")))
    assert 5 <= kept <= 6
    assert not (tmp_path / "stopped" / "results.csv").exists()
    resumed = call(*arguments, "--jobs", "2", "--out", "stopped", cwd=tmp_path)
    assert resumed.returncode == 0
    assert "cells are done already" in resumed.stderr
    assert call(*arguments, "--jobs", "1", "--out", "undisturbed", cwd=tmp_path).returncode == 0
    tables = [
        pd.read_csv(tmp_path / name / "results.csv").drop(
            columns=["fit_seconds", "predict_seconds", "fit_bytes"]
        )
        for name in ("stopped", "undisturbed")
    ]
    pd.testing.assert_frame_equal(*tables)
