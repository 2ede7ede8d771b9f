"""``fusebench run`` and ``inspect`` on files of one's own."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import fusebench
from fusebench.bench.alone import score_alone
from fusebench.bench.checks import dataset_checks
from fusebench.bench.cli import main
from fusebench.datasets.registry import load_dataset

from .files import write_table


@pytest.fixture
def call(monkeypatch, capsys):
    """Runs a command in a folder; gives exit code, output and messages."""

    def run(*arguments, cwd):
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["fusebench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "140")
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with ``mine.csv`` and its files, and with ``arrays.npz``."""
    folder = tmp_path_factory.mktemp("own")
    write_table(folder)
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    arrays = {"a": rng.normal(size=(90, 4)) + y[:, None], "b": rng.normal(size=(90, 2)), "y": y}
    np.savez(folder / "arrays.npz", **arrays)
    return folder


def check_run(folder, dataset, modalities):
    """Check that all was run for a data set in which there is something to learn."""
    records = pd.read_csv(folder / "results.csv")
    assert set(records["dataset"]) == {dataset}
    assert set(records["status"]) == {"done"}
    assert set(records["fusion"]) >= {
        "late-mean",
        "best-unimodal",
        *(f"unimodal-{name}" for name in modalities),
    }
    clean = records[(records["scenario"] == "clean") & (records["metric"] == "accuracy")]
    scores = clean.set_index("fusion")["value"]
    assert scores["late-mean"] > scores["majority"]
    return records


def test_an_archive_is_run_like_any_data_set(call, folder, tmp_path):
    asked = ["--dataset", "arrays.npz", "--fusion", "late-mean", "--seeds", 1, "--out", tmp_path]
    code, _, error = call("run", *asked, "--scenario", "missing-modality", "--jobs", 1, cwd=folder)
    assert code == 0, error
    records = check_run(tmp_path, "arrays", ["a", "b"])
    assert set(records["modality"].dropna()) == {"a", "b"}


def test_a_table_with_files_is_run_by_worker_processes(folder, tmp_path):
    asked = ["--fusion", "late-mean", "--seeds", "1", "--scenario", "clean", "--jobs", "2", "--out", tmp_path]
    command = [sys.executable, "-P", "-m", "fusebench", "run", "--dataset", "mine.csv", *asked]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check_run(tmp_path, "mine", ["photo", "speech", "note", "embedding", "gait", "age"])


def test_severities_are_calibrated_to_a_file_and_used_with_it(call, folder, tmp_path):
    copy = tmp_path / "arrays.npz"
    copy.write_bytes((folder / "arrays.npz").read_bytes())
    before = load_dataset(str(copy))
    assert before.severities == {}
    code, output, error = call("calibrate", "arrays.npz", cwd=tmp_path)
    assert code == 0, error
    assert f"Written: {copy.with_suffix('.severities.json').name}" in output
    levels = before.severities["noise-vector-gaussian-a"]
    asked = ["-d", "arrays.npz", "-f", "late-mean", "-s", "noise-vector-gaussian", "--seeds", 1, "-j", 1]
    code, _, error = call("run", *asked, "--out", "out", cwd=tmp_path)
    assert code == 0, error
    records = pd.read_csv(tmp_path / "out" / "results.csv")
    own = records[(records["modality"] == "a") & (records["fusion"] == "late-mean")]
    assert tuple(own.drop_duplicates("severity").sort_values("severity")["level"]) == levels


def test_data_in_memory_keep_the_severities_of_the_scenarios():
    y = np.arange(40) % 2
    dataset = fusebench.Dataset.from_arrays({"a": y[:, None] * 1.0, "y": y}, name="avdigits")
    assert dataset.severities == {}


def test_data_that_lack_much_are_scored_where_they_can_be(tmp_path):
    """Half of b is absent, so that a, which these samples must keep, cannot be absent from four in five."""
    rng = np.random.default_rng(0)
    y = np.arange(100) % 2
    arrays = {
        "a": rng.normal(size=(100, 2)),
        "b": rng.normal(size=(100, 2)),
        "b.present": rng.random(100) < 0.5,
        "y": y,
    }
    dataset = fusebench.Dataset.from_arrays(arrays, name="mine")
    summary = fusebench.run(
        datasets=[dataset], fusions=["late-mean"], scenarios=["missing-outage"], seeds=2, out=tmp_path
    )
    assert summary.failed == 0
    outage = summary.records[
        (summary.records["modality"] == "a") & (summary.records["fusion"] == "late-mean")
    ]
    assert 1 in set(outage["severity"])
    assert 5 not in set(outage["severity"])
    cell = next((tmp_path / "cells/mine/late-mean").iterdir())
    why = json.loads(cell.read_bytes())["result"]["not_scored"]
    assert why["missing-outage-a-5"].startswith("A missing rate of 0.8 leaves samples without")


def test_data_in_memory_are_run_too(tmp_path):
    rng = np.random.default_rng(0)
    y = rng.normal(size=80)
    arrays = {"a": y[:, None] + 0.1 * rng.normal(size=(80, 3)), "b": rng.normal(size=(80, 2)), "y": y}
    dataset = fusebench.Dataset.from_arrays(arrays, name="mine")
    summary = fusebench.run(
        datasets=[dataset], fusions=["late-mean"], scenarios=["clean"], seeds=1, out=tmp_path, jobs=1
    )
    assert summary.failed == 0
    scores = summary.records[summary.records["metric"] == "r2"].set_index("fusion")["value"]
    assert scores["unimodal-a"] > 0.9


def test_inspect_says_what_was_understood(call, folder):
    code, output, error = call("inspect", "mine.csv", cwd=folder)
    assert code == 0, error
    text = " ".join(output.split())
    for words in (
        "60 samples; training, validation and test are drawn by the seed.",
        "resized to 64 by 64",
        "Task: classification. Samples: 36 training, 12 validation, 12 test.",
        "photo │ image │ 64 by 64 pixels, 3 channels │ 90.0%",
        "gait │ sequence │ 3 to 6 frames of 2 features │ 100.0%",
        "photo+speech+note+embedding+gait+age │ 36",
        "speech+note+embedding+gait+age │ 6",
        "yes │ 18 │ 6 │ 6",
    ):
        assert words in text, words


def test_inspect_gives_json_and_takes_another_label(call, tmp_path):
    (tmp_path / "t.csv").write_text(
        "a,b,kind\n" + "\n".join(f"{i % 5},{i % 2},{'ab'[i % 2]}" for i in range(100)), encoding="utf-8"
    )
    _, output, _ = call("inspect", "t.csv", "--label", "kind", "--json", cwd=tmp_path)
    found = json.loads(output)
    assert found["name"] == "t"
    assert found["labels"] == {"a": [30, 10, 10], "b": [30, 10, 10]}
    assert found["alone"]["metric"] == "accuracy"
    assert found["alone"]["validation"]["b"] == 1
    assert any("Feature 0 of 'b' alone sorts" in sentence for sentence in found["suspicions"])
    code, _, error = call("plan", "-d", "t.csv", "--label", "kind", "-s", "clean", cwd=tmp_path)
    assert code == 0, error


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "-d", "none.csv"], "There is no file 'none.csv'."),
        (["inspect", "none.csv"], "There is no file 'none.csv'."),
        (["run", "-d", "bad.csv"], "'bad.csv': 'x', row 2: 'two' is no number; texts are headed 'x:text'."),
        (["inspect", "bad.csv"], "'bad.csv': 'x', row 2: 'two' is no number; texts are headed 'x:text'."),
        (["plan", "-d", "bad.csv", "--label", "z"], "'bad.csv': it has no column 'z'; known: label, x."),
        (["plan", "-d", "synth-xor", "--label", "z"], "--label is for a table of your own"),
        (["plan", "-d", "synth-xor", "--encoder", "text=z"], "--encoder is for data of your own"),
        (["plan", "-d", "bad.csv", "--encoder", "text=z"], "no encoder 'text=z'"),
        (["inspect", "bad.csv", "--encoder", "text=z"], "no encoder 'text=z'"),
        (["calibrate", "bad.csv", "--encoder", "text=z"], "no encoder 'text=z'"),
        (["run", "-d", "bad.npz"], "'bad.npz': the array 'x.npy': it holds Python objects"),
        (["run", "-d", "./no/suffix"], "must end in .npz, .csv or .parquet."),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments, sentence, call, tmp_path):
    (tmp_path / "bad.csv").write_text("x,label\n1,a\ntwo,b\n")
    np.savez(tmp_path / "bad.npz", x=np.array([[1], None], dtype=object), y=[0, 1])
    code, _, error = call(*arguments, cwd=tmp_path)
    assert code == 2
    assert sentence in error
    assert error.count("\n") == 1


def test_the_test_split_is_not_scored_by_inspection():
    """Labels that only the test split has wrong change no score."""
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=200)
    split = np.array(["train", "train", "val", "test"] * 50)
    arrays = {"a": rng.normal(size=(200, 2)) + y[:, None], "split": split}
    wrong = np.where(split == "test", 1 - y, y)
    scores = [score_alone(fusebench.Dataset.from_arrays({**arrays, "y": labels})) for labels in (y, wrong)]
    assert scores[0] == scores[1]
    assert scores[0][1]["a"] > 0.6


@pytest.mark.parametrize(("task", "metric"), [("values", "r2"), ("several", "mean-average-precision")])
def test_modalities_are_scored_alone_for_every_task(task, metric):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y = x[:, 0] if task == "values" else (x[:, :2] > 0).astype(int)
    found, scores = score_alone(
        fusebench.Dataset.from_arrays({"a": x, "b": rng.normal(size=(200, 1)), "y": y})
    )
    assert found == metric
    assert scores["a"] > 0.9 > scores["b"]


def test_a_file_may_stand_in_a_suite(call, folder, tmp_path):
    (tmp_path / "mine.toml").write_text(
        f'datasets = ["{folder}/mine.csv"]\nfusions = ["late-mean"]\nscenarios = ["clean"]\nseeds = 1\n'
        f'[dataset-options."{folder}/mine.csv"]\nlabel = "age"\n'
    )
    code, _, error = call("plan", "--suite", "mine.toml", cwd=tmp_path)
    assert code == 2
    assert "the label of row 4 is missing" in error


def test_a_file_is_checked_like_any_data_set(call, folder):
    code, output, error = call("check", "arrays.npz", cwd=folder)
    assert code == 0, error
    assert output.count("ok ") == len(list(dataset_checks(load_dataset(str(folder / "arrays.npz")))))


def test_load_dataset_takes_a_path(folder):
    assert load_dataset(str(folder / "arrays.npz")).features(seed=0).train.names == ["a", "b"]
