"""Runs that are kept behind a URL: at an S3 of the test's own, and in the memory of this process."""

import json
import signal
import subprocess
import sys
import threading
import time
import warnings

import boto3
import pandas as pd
import pytest
from botocore.exceptions import EndpointConnectionError
from moto.server import ThreadedMotoServer
from typer.testing import CliRunner

from fusebench.bench.cli import app, main
from fusebench.bench.features import find_features
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store import journal
from fusebench.bench.store.cells import CellResult, Store
from fusebench.bench.store.events import find_running, read_events
from fusebench.bench.store.index import Index, find_todo
from fusebench.bench.store.journal import open_journal, read_lines
from fusebench.bench.store.status import read_status
from fusebench.bench.suite import Suite
from fusebench.errors import FusebenchError, StorageError
from fusebench.results.files import write_atomically
from fusebench.results.location import is_remote, open_folder
from fusebench.results.records import read_records

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor",),
    fusions=("late-mean",),
    scenarios=("missing-modality",),
    seeds=1,
    dataset_options={"synth-xor": {"n_train": 60, "n_validation": 40, "n_test": 40}},
)
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]
COMMAND = [sys.executable, "-P", "-m", "fusebench", "run", "-d", "synth-xor", "-f", "late-*", "-s", "clean"]
COMMAND += ["--seeds", "2", "--quick", "--jobs", "2", "--out"]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The URL of a bucket; other processes find it, too."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("FUSEBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        boto3.client("s3").create_bucket(Bucket="bucket")
        yield "s3://bucket"
    server.stop()


def run(out, **options):
    return run_plan(SUITE, make_plan(SUITE), out=out, **options)


def numbers(records):
    return records.drop(columns=COSTS)


def invoke(*words):
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def finished(bucket):
    summary = run(f"{bucket}/finished")
    assert (summary.ran, summary.failed) == (5, 0)
    return summary


@pytest.mark.slow
def test_the_numbers_are_those_of_a_local_run(finished, tmp_path):
    local = run(tmp_path)
    pd.testing.assert_frame_equal(numbers(read_records("s3://bucket/finished")), numbers(local.records))
    for kind in ("cells", "predictions", "masks", "labels"):
        names = [
            sorted(path.relative_to(folder / kind).parts for path in (folder / kind).rglob("seed*"))
            for folder in (finished.folder, tmp_path)
        ]
        assert names[0] == names[1]
        assert names[0]
    assert not (finished.folder / "features").exists()
    assert (finished.folder / "report.html").read_bytes()


def test_cells_that_are_not_there_cost_no_request(bucket, monkeypatch):
    store = Store(f"{bucket}/new")
    monkeypatch.setattr(Store, "load", None)
    cells = list(make_plan(SUITE))
    assert find_todo(cells, Index(store), print) == ({}, cells)
    assert Store("runs/local").list_remote_cells() is None


def test_slashes_that_follow_one_another_count_as_one(bucket):
    cell = make_plan(SUITE)[0]
    Store(f"{bucket}//twice///run/").save(cell, CellResult("skipped"), {})
    for url in (f"{bucket}//twice/run", f"{bucket}/twice/run"):
        assert set(find_todo([cell], Index(Store(url)), print)[0]) == {cell.key}


def test_what_is_there_is_not_run_again_and_what_is_torn_is(finished, bucket):
    out = f"{bucket}/finished"
    assert run(out).ran == 0
    cells = make_plan(SUITE)
    path = Store(out).path(cells[2])
    path.write_bytes(path.read_bytes()[:-20])
    assert len(read_status(open_folder(out)).todo) == 1
    assert run(out).ran == 1
    assert run(out).ran == 0


def test_commands_read_the_url(finished, bucket, tmp_path):
    url = f"{bucket}/finished"
    assert "5 cells: 5 done" in invoke("status", url)
    assert json.loads(invoke("status", url, "--json"))["going"] is False
    assert "late-mean" in invoke("leaderboard", url, "--format", "csv")
    assert f"Report: {url}/report.html" in invoke("report", url)
    assert "nothing has changed" in invoke("why", url, "synth-xor/late-mean/seed0")
    assert "The same numbers: 5." in invoke("compare", url, url)
    invoke("export", url, "--format", "csv", "--out", f"{bucket}/all.csv")
    assert open_folder(f"{bucket}/all.csv").read_text().count("\n") == len(finished.written) + 1
    write_atomically(finished.folder / "cells" / "synth-xor" / "old" / "seed0-0123456789abcdef.json", b"{}")
    assert "seed0-0123456789abcdef.json" in invoke("clean", url)
    assert not (finished.folder / "cells" / "synth-xor" / "old").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (EndpointConnectionError(endpoint_url="http://gone"), "EndpointConnectionError: Could not connect"),
        (PermissionError("Access Denied"), "PermissionError: Access Denied"),
        (FileNotFoundError(2, "No such file", "/a/file/of/this/machine"), None),
        (ValueError("a mistake of ours"), None),
    ],
)
def test_a_store_that_goes_away_is_one_sentence(error, said, monkeypatch, capsys):
    def fail(folder):
        raise error

    monkeypatch.setattr("fusebench.bench.store.status.read_status", fail)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)  # the command changes it
    monkeypatch.setattr(sys, "argv", ["fusebench", "status", "memory://gone"])
    with pytest.raises(SystemExit if said else type(error)) as caught:
        main()
    if said:
        assert caught.value.code == 2
        assert capsys.readouterr().err.startswith(f"Error: memory://gone cannot be used now ({said}")
    monkeypatch.setattr(sys, "argv", [*sys.argv, "--debug"])
    with pytest.raises(type(error)):
        main()


@pytest.mark.slow
def test_runs_are_merged_at_a_url(finished, bucket, tmp_path):
    other = SUITE.model_copy(update={"datasets": ("synth-unique",), "dataset_options": {}})
    run_plan(other, make_plan(other), out=tmp_path / "other")
    invoke("merge", f"{bucket}/finished", str(tmp_path / "other"), "--out", f"{bucket}/merged")
    assert len(list(open_folder(f"{bucket}/merged/cells").rglob("*.json"))) == 10
    assert set(read_records(f"{bucket}/merged")["dataset"]) == {"synth-xor", "synth-unique"}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["process", "dask"])
def test_a_run_that_is_killed_goes_on(engine, bucket, tmp_path):
    out = f"{bucket}/killed-{engine}"
    command = [*COMMAND, out, "--engine", engine]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cells = open_folder(f"{out}/cells")
    while process.poll() is None and not list(cells.rglob("*.json")):
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    time.sleep(2)  # workers see that they are alone
    kept = len(list(cells.rglob("*.json")))
    assert not find_running(read_events(open_folder(out)))[0]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    total = len(list(cells.rglob("*.json")))
    assert 0 < kept < total
    assert f"{total - kept} of {total} cells run now, 0 failed." in done.stdout
    subprocess.run([*COMMAND, "local"], cwd=tmp_path, capture_output=True, check=True)
    pd.testing.assert_frame_equal(*(numbers(read_records(run)) for run in (out, tmp_path / "local")))


def test_what_cannot_be_reached_is_told(bucket, monkeypatch):
    with pytest.raises(FusebenchError, match=r"'none://a' cannot be reached .*Unsupported"):
        open_folder("none://a")
    with pytest.raises(FusebenchError, match=r"cannot name a folder, however: 's3://bucket/\[a\]'"):
        open_folder("s3://bucket/[a]")
    with pytest.raises(FusebenchError, match="There is no folder 's3://nowhere/run'"):
        read_records("s3://nowhere/run")
    with pytest.raises(StorageError, match=r"Cannot write s3://nowhere/run/.*bucket does not exist"):
        Store("s3://nowhere/run").check_writable()
    monkeypatch.setitem(sys.modules, "upath", None)
    with pytest.raises(FusebenchError, match=r'pip install "fusebench\[remote\]"'):
        open_folder("s3://bucket/run")


def test_features_stay_on_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path))
    remote = open_folder("memory://run")
    assert is_remote(remote)
    assert find_features(remote, None) == tmp_path / "features"
    assert find_features(remote, tmp_path / "own") == tmp_path / "own"
    assert find_features(tmp_path / "run", None) == tmp_path / "run" / "features"
    assert find_features(tmp_path / "run", tmp_path / "own") == tmp_path / "own"


def await_timers():
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()


def test_lines_of_two_journals_are_kept_in_parts(monkeypatch):
    monkeypatch.setattr(journal, "_PART_BYTES", 20)
    monkeypatch.setattr(journal, "_DELAY_SECONDS", 0.01)
    path = open_folder("memory://parts/events.jsonl")
    both = [open_journal(path), open_journal(path)]
    expected = [f"line {number}\n".encode() for number in range(40)]
    for number, line in enumerate(expected):
        both[number % 2].append(line)
        if number % 8 == 7:  # each has put more than a part since the last time
            await_timers()
    for one in both:
        one.close()
    assert sorted(line + b"\n" for line in read_lines(path)) == sorted(expected)
    assert len(list(path.with_suffix("").iterdir())) >= 10
    own = [line for line in read_lines(path) if int(line.split()[1]) % 2 == 0]
    assert own == sorted(own, key=lambda line: int(line.split()[1]))


def test_a_line_is_there_soon_though_no_other_comes(monkeypatch):
    monkeypatch.setattr(journal, "_DELAY_SECONDS", 0.01)
    path = open_folder("memory://soon/events.jsonl")
    one = open_journal(path)
    one.append(b"alone\n")
    await_timers()
    assert read_lines(path) == [b"alone"]
    one.append(b"second\n")
    one.close()
    assert read_lines(path) == [b"alone", b"second"]


def test_lines_that_cannot_be_put_are_told_with_the_next(monkeypatch):
    monkeypatch.setattr(journal, "_DELAY_SECONDS", 0)

    def refuse(path, content):
        raise StorageError("no room")

    one = open_journal(open_folder("memory://refused/events.jsonl"))
    monkeypatch.setattr(journal, "write_atomically", refuse)
    one.append(b"first\n")
    await_timers()
    with pytest.raises(StorageError, match="no room"):
        one.append(b"second\n")


def test_the_order_of_events_is_that_of_time():
    folder = open_folder("memory://order")
    for name, times in (("b", "13"), ("a", "24")):
        lines = [json.dumps({"time": time, "run": name, "event": "begin"}) for time in times]
        write_atomically(folder / "events" / f"{name}-00000.jsonl", "\n".join([*lines, '{"torn']).encode())
    assert [event["time"] for event in read_events(folder)] == ["1", "2", "3", "4"]


@pytest.mark.slow
def test_a_url_is_no_local_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke(
        "run",
        "-d",
        "synth-xor",
        "-f",
        "late-mean",
        "-s",
        "clean",
        "--seeds",
        "1",
        "--quick",
        "-j",
        "1",
        "--out",
        "memory://typed/run",
        "--cache",
        "features",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["features"]
    assert len(read_records("memory://typed/run")) > 0
