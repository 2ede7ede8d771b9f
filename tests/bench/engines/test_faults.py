"""Whatever happens to a run, its table is in the end that of one to which nothing happened."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import pandas as pd
import pytest

from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import Listener, run_plan
from fusebench.bench.store.events import read_events
from fusebench.bench.suite import Suite
from fusebench.errors import CellFailedError, FusebenchError, StorageError
from fusebench.fusions.registry import fusions, register_fusion

# Workers find classes by their module; tests have none that can be imported.
sys.path.append(str(Path(__file__).parents[1] / "in_workers"))
from faulty_strategies import FAULT, Faulty, NotFinite

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor", "synth-unique"),
    fusions=("faulty", "late-mean"),
    scenarios=("missing-modality",),
    seeds=1,
    dataset_options={
        name: {"n_train": 60, "n_validation": 40, "n_test": 40} for name in ("synth-xor", "synth-unique")
    },
)
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]


def run(out, **options):
    return run_plan(SUITE, make_plan(SUITE), out=out, **options)


def numbers(summary):
    return summary.records.drop(columns=COSTS)


def assert_same(summary, undisturbed, without=None):
    """The same table, but for the rows of one fusion on one data set."""
    tables = [numbers(summary), numbers(undisturbed)]
    if without is not None:
        tables = [t[(t["fusion"] != without[0]) | (t["dataset"] != without[1])] for t in tables]
        assert 0 < len(tables[0]) < len(undisturbed.records)
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in tables))


@pytest.fixture(scope="module", autouse=True)
def faults(tmp_path_factory):
    """The folder in which a test plans a fault."""
    folder = tmp_path_factory.mktemp("faults")
    register_fusion("faulty", family="custom")(Faulty)
    register_fusion("not-finite", family="custom")(NotFinite)
    os.environ[FAULT] = str(folder)
    yield folder
    del os.environ[FAULT]
    fusions.remove("faulty")
    fusions.remove("not-finite")


@pytest.fixture(scope="module")
def undisturbed(faults, tmp_path_factory):
    summary = run(tmp_path_factory.mktemp("undisturbed"))
    assert (summary.ran, summary.failed) == (12, 0)
    return summary


@pytest.mark.parametrize("fault", ["kill", pytest.param("crash", marks=pytest.mark.slow)])
def test_a_worker_that_dies_costs_nothing_but_time(fault, faults, undisturbed, tmp_path):
    (faults / fault).touch()
    summary = run(tmp_path, jobs=2)
    assert not list(faults.iterdir())
    assert (summary.ran, summary.failed) == (12, 0)
    assert_same(summary, undisturbed)
    begun = [event["key"] for event in read_events(tmp_path) if event["event"] == "begin"]
    assert len(begun) == len(set(begun)) + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "limits", "status"),
    [("sleep", {"timeout": 15}, "timeout"), ("grow", {"memory": 1.5}, "out-of-memory")],
)
def test_a_cell_over_a_limit_is_recorded_alone(fault, limits, status, faults, undisturbed, tmp_path):
    (faults / fault).touch()
    summary = run(tmp_path, **limits)
    assert summary.failed == 1
    lost = summary.records[summary.records["status"] != "done"].iloc[0]
    assert (lost["fusion"], lost["status"]) == ("faulty", status)
    assert "more than the limit of" in lost["reason"]
    assert_same(summary, undisturbed, without=("faulty", lost["dataset"]))
    assert run(tmp_path).ran == 0
    again = run(tmp_path, retry_failed=True)
    assert (again.ran, again.failed) == (1, 0)
    assert_same(again, undisturbed)


def set_quota(limit):
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most if limit is None else limit, most))


class Quota(Listener):
    """No file may be larger than so many bytes, from the start of the run on."""

    def __init__(self, limit):
        self.limit = limit

    def start(self, total, there):
        set_quota(self.limit)


@pytest.fixture
def restore_quota(monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python 3.11 keeps a file that was cut off
    yield
    set_quota(None)


# Reached by features; by a cell; by the report, after all cells.
@pytest.mark.parametrize(("limit", "least", "most"), [(400, 0, 0), (4_000, 1, 11), (60_000, 12, 12)])
def test_a_quota_that_is_reached_loses_nothing(limit, least, most, restore_quota, undisturbed, tmp_path):
    with pytest.raises(StorageError, match="Cannot write"):
        run(tmp_path, listener=Quota(limit))
    set_quota(None)
    assert not list(tmp_path.rglob(".*.tmp"))
    kept = len(list((tmp_path / "cells").rglob("*.json")))
    assert least <= kept <= most
    summary = run(tmp_path)
    assert (summary.ran, summary.failed) == (12 - kept, 0)
    assert_same(summary, undisturbed)


def test_features_that_do_not_fit_are_not_the_fault_of_cells(restore_quota, tmp_path):
    # The file of a cell, with a traceback, would fit.
    options = {"datasets": ("synth-xor",), "dataset_options": {"synth-xor": {"n_train": 5000}}}
    large = SUITE.model_copy(update=options)
    with pytest.raises(StorageError, match=r"Cannot write .*features.*(File too large|is the disk full\?)"):
        run_plan(large, make_plan(large), out=tmp_path, listener=Quota(50_000))
    assert not list((tmp_path / "cells").rglob("*.json"))


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", disk],  # noqa: S607
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # noqa: S607  (a file may still be open)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_disk_that_fills_up_loses_nothing(jobs, small_disk, undisturbed):
    class Filler(Listener):
        """Leaves little after the look at the disk before the run."""

        def start(self, total, there):
            free = shutil.disk_usage(small_disk).free
            (small_disk / "other").write_bytes(bytes(free - 200_000))

    with pytest.raises(StorageError, match="Cannot write"):
        run(small_disk / "run", jobs=jobs, listener=Filler())
    with pytest.raises(StorageError, match="Cannot write"):  # now before the run
        run(small_disk / "run", jobs=jobs)
    kept = len(list((small_disk / "run" / "cells").rglob("*.json")))
    assert kept < 12
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)  # noqa: S607
    summary = run(small_disk / "run", jobs=jobs)
    assert (summary.ran, summary.failed) == (12 - kept, 0)
    assert_same(summary, undisturbed)


def test_a_clock_that_jumps_changes_nothing(undisturbed, tmp_path, monkeypatch):
    jumps = count()

    def jump():
        return timedelta(days=365 * (-1) ** (n := next(jumps)) * (n % 1000) / 100)

    class Jumping(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + jump()

    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + jump().total_seconds())
    for module in ("store.events", "run"):
        monkeypatch.setattr(f"fusebench.bench.{module}.datetime", Jumping)
    summary = run(tmp_path, timeout=120)
    assert next(jumps) > 12
    assert (summary.ran, summary.failed) == (12, 0)
    assert_same(summary, undisturbed)


@pytest.mark.slow
def test_two_runs_may_write_the_same_folder_at_once(tmp_path):
    command = [sys.executable, "-P", "-m", "fusebench", "run", "-d", "synth-xor", "-f", "late-*"]
    command += ["-s", "missing-modality", "--seeds", "2", "--quick", "--jobs"]
    both = [
        subprocess.Popen([*command, jobs, "--out", "both"], cwd=tmp_path, stdout=subprocess.DEVNULL)
        for jobs in ("1", "2")
    ]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    subprocess.run([*command, "1", "--out", "alone"], cwd=tmp_path, check=True, capture_output=True)
    tables = [pd.read_csv(tmp_path / name / "results.csv").drop(columns=COSTS) for name in ("both", "alone")]
    assert set(tables[0]["status"]) == {"done"}
    pd.testing.assert_frame_equal(*tables)
    assert not list((tmp_path / "both").rglob(".*.tmp"))
    events = read_events(tmp_path / "both")
    assert len({event["run"] for event in events}) == 2
    lines = (tmp_path / "both" / "events.jsonl").read_text().splitlines()
    assert len(lines) == len(events)


def test_failing_fast_stops_at_the_first_failure(faults, undisturbed, tmp_path):
    (faults / "fail").touch()
    with pytest.raises(CellFailedError, match=r"faulty on synth-unique, seed 0, is failed\."):
        run(tmp_path, fail_fast=True)
    assert not (tmp_path / "results.csv").exists()
    assert read_events(tmp_path)[-1]["error"].startswith("CellFailedError")
    assert run(tmp_path, fail_fast=True).failed == 1  # what failed before stops nothing
    assert_same(run(tmp_path, retry_failed=True), undisturbed)


def test_debugging_raises_what_went_wrong(faults, undisturbed, tmp_path):
    (faults / "fail").touch()
    with pytest.raises(ValueError, match="planted"):
        run(tmp_path, debug=True, jobs=2)
    assert_same(run(tmp_path), undisturbed)
    with pytest.raises(FusebenchError, match="leave the limits out"):
        run(tmp_path, debug=True, timeout=1)


def test_a_strategy_that_ends_the_process_fails_alone(faults, undisturbed, tmp_path):
    (faults / "leave").touch()
    summary = run(tmp_path)
    assert (summary.ran, summary.failed) == (12, 1)
    lost = summary.records[summary.records["status"] == "failed"].iloc[0]
    assert (lost["fusion"], lost["reason"].splitlines()[0]) == ("faulty", "SystemExit: 0")
    assert_same(summary, undisturbed, without=("faulty", lost["dataset"]))


def test_what_is_not_finite_has_diverged(tmp_path):
    suite = SUITE.model_copy(update={"fusions": ("not-finite",), "datasets": ("synth-xor",)})
    records = run_plan(suite, make_plan(suite), out=tmp_path).records
    assert dict(records.groupby("fusion")["status"].first())["not-finite"] == "diverged"
    assert (records["status"] == "diverged").sum() == 1


def test_ctrl_c_is_heard_while_a_library_computes(tmp_path):
    # Python acts on signals between its own instructions: one call of C is not interrupted.
    (tmp_path / "sitecustomize.py").write_text(
        "import signal, time\n"
        "from hashlib import pbkdf2_hmac\n"
        "from pathlib import Path\n"
        "from fusebench.fusions.registry import fusions\n"
        "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
        "def compute(self, train, validation):\n"
        "    signal.raise_signal(signal.SIGUSR1)  # means nothing\n"
        "    time.sleep(3)  # after a Ctrl-C it would be over by now\n"
        "    Path('computing').touch()\n"
        "    pbkdf2_hmac('sha256', b'', b'', 2**31 - 1)\n"
        "fusions['late-mean'].estimator._fit = compute\n"
    )
    command = [
        sys.executable,
        "-P",
        "-m",
        "fusebench",
        "run",
        "-d",
        "synth-xor",
        "-f",
        "late-mean",
        "-s",
        "clean",
    ]
    with subprocess.Popen(
        [*command, "--seeds", "1", "--jobs", "1", "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's "&" has it ignored
    ) as process:
        try:
            while process.poll() is None and not (tmp_path / "computing").exists():
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130
    assert (tmp_path / "computing").exists()
    assert "Finished cells are kept" in said
    assert len(list((tmp_path / "run" / "cells").rglob("*.json"))) == 4
