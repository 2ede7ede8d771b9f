"""The engine dask on workers of this machine: the same as worker processes, and workers that are lost."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import pandas as pd
import psutil
import pytest
from distributed.comm import CommClosedError

from fusebench.bench.engines.base import Place
from fusebench.bench.engines.clusters import connect
from fusebench.bench.engines.dask import DaskEngine
from fusebench.bench.engines.workers import Limits, Loss, Task
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.events import read_events
from fusebench.bench.store.provenance import read_provenance
from fusebench.bench.suite import Suite
from fusebench.errors import FusebenchError

# Workers find functions by their module; tests have none that can be imported.
sys.path.append(str(Path(__file__).parents[1] / "in_workers"))
from worker_tasks import die_once, double, kill_parent, kill_parent_once, kill_self, nothing, refuse

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor", "synth-unique"),
    fusions=("late-mean",),
    scenarios=("missing-modality",),
    seeds=1,
    dataset_options={
        name: {"n_train": 60, "n_validation": 40, "n_test": 40} for name in ("synth-xor", "synth-unique")
    },
)
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]


@pytest.fixture(scope="module")
def cluster():
    """Two workers with one thread each."""
    with connect(Place("dask", jobs=2)) as client:
        yield client.cluster


def find_descendants():
    """Processes that this one has started, less the one that Python itself keeps."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it is gone
            if "resource_tracker" not in " ".join(process.cmdline()):
                found.add(process)
    return found


def do(tasks, cluster, *, limits=Limits()):  # noqa: B008
    """Results by what each task is about."""
    place = Place("dask", limits=limits, scheduler=cluster.scheduler_address)
    with DaskEngine(place, nothing) as engine:
        for task in tasks:
            engine.submit(task)
        return {task.about: outcome for task, outcome in engine.finish()}


def test_tasks_are_done_and_what_did_them_is_gone(cluster):
    before = find_descendants()
    assert do([Task(double, (n,), about=n) for n in range(5)], cluster) == {n: 2 * n for n in range(5)}
    _, left = psutil.wait_procs(find_descendants() - before, timeout=60)
    assert not left


def test_tasks_may_bring_more(cluster):
    with DaskEngine(Place("dask", scheduler=cluster.scheduler_address), nothing) as engine:
        engine.submit(Task(double, (1,), about=1))
        found = {}
        for task, outcome in engine.finish():
            found[task.about] = outcome
            if len(found) < 4:
                engine.submit(Task(double, (len(found) + 1,), about=len(found) + 1))
        assert engine.workers == 2
    assert found == {1: 2, 2: 4, 3: 6, 4: 8}


def test_what_exceeds_a_limit_or_crashes_costs_no_worker(cluster, tmp_path):
    starts = []
    tasks = [
        Task(time.sleep, (60,), about="slow"),
        Task(die_once, (tmp_path / "marker", kill_self), about="dying", on_start=lambda: starts.append(1)),
        Task(kill_self, (), about="deadly"),
        *(Task(double, (n,), about=n) for n in range(3)),
    ]
    workers = set(cluster.scheduler.workers)  # its `scheduler_info` is told of them later
    found = do(tasks, cluster, limits=Limits(seconds=5))
    assert found.pop("slow") == Loss("timeout", "It took more than the limit of 5 s.")
    assert found.pop("deadly").reason.startswith("The worker process died, as did a second one")
    assert found == {"dying": "survived", 0: 0, 1: 2, 2: 4}
    assert starts == [1]
    assert set(cluster.scheduler.workers) == workers
    assert len(workers) == 2


def test_a_task_whose_worker_is_killed_is_done_by_another(cluster, tmp_path):
    tasks = [Task(kill_parent_once, (tmp_path / "marker",), about="dying")]
    tasks += [Task(double, (n,), about=n) for n in range(3)]
    assert do(tasks, cluster) == {"dying": "survived", 0: 0, 1: 2, 2: 4}


def test_a_task_that_kills_two_workers_is_lost_alone(cluster):
    tasks = [Task(kill_parent, (), about="deadly"), *(Task(double, (n,), about=n) for n in range(3))]
    found = do(tasks, cluster)
    assert found.pop("deadly") == Loss("failed", "The worker of dask died, as did a second one.")
    assert found == {0: 0, 1: 2, 2: 4}


def test_what_a_task_or_the_preparation_raises_ends_all(cluster):
    with pytest.raises(FusebenchError, match=r"^no more room$"):
        do([Task(refuse, (), about=1)], cluster)
    place = Place("dask", scheduler=cluster.scheduler_address)
    with DaskEngine(place, refuse) as engine:
        engine.submit(Task(double, (1,), about=1))
        with pytest.raises(FusebenchError, match=r"^no more room$"):
            list(engine.finish())


def test_a_worker_that_has_just_come_is_no_obstacle_to_leaving(cluster):
    with DaskEngine(Place("dask", scheduler=cluster.scheduler_address), nothing) as engine:
        name = engine._name
        engine._client.run(lambda dask_worker: dask_worker.plugins.pop(name) and None)
    assert do([Task(double, (1,), about=1)], cluster) == {1: 2}


@pytest.mark.parametrize("name", ["scheduler.json", "scheduler"])
def test_a_scheduler_is_found_by_its_file(cluster, tmp_path, name):
    (tmp_path / name).write_text(json.dumps({"type": "Scheduler", "address": cluster.scheduler_address}))
    with connect(Place("dask", scheduler=str(tmp_path / name))) as client:
        assert client.scheduler.address == cluster.scheduler_address


class Machines(DaskEngine):
    """An engine of which only the choice of tasks is asked."""

    def __init__(self):
        super().__init__(Place("dask"), nothing)


def test_tasks_go_where_their_files_are():
    engine, near, far = Machines(), "tcp://10.0.0.1:1", "tcp://10.0.0.2:2"
    for group in ("a", "b", "c"):
        engine.submit(Task(double, (), about=f"{group}1", group=group))
        engine.submit(Task(double, (), about=f"{group}2", group=group))
    engine._hosts = {"a": {"10.0.0.2"}, "b": {"10.0.0.1"}}
    asked = [near, far, near, near, near, near]
    assert [engine._choose(worker).about for worker in asked] == ["b1", "a1", "b2", "c1", "c2", "a2"]
    assert not engine._waiting


def run(out, **options):
    return run_plan(SUITE, make_plan(SUITE), out=out, **options)


def numbers(summary):
    return summary.records.drop(columns=COSTS)


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    summary = run(tmp_path_factory.mktemp("serial"), engine="serial")
    assert (summary.ran, summary.failed) == (10, 0)
    assert read_provenance(summary.folder)["engine"] == {
        "name": "serial",
        "workers": 1,
        "scheduler": None,
        "cluster": None,
        "limits": {"seconds": None, "memory": None},
    }
    return summary


@pytest.mark.parametrize("engine", ["dask", pytest.param("process", marks=pytest.mark.slow)])
def test_every_engine_gives_the_same_numbers(engine, serial, tmp_path):
    summary = run(tmp_path, engine=engine, jobs=2, timeout=300)
    assert (summary.ran, summary.failed) == (10, 0)
    pd.testing.assert_frame_equal(numbers(summary), numbers(serial))
    told = read_provenance(tmp_path)["engine"]
    assert (told["name"], told["workers"], told["limits"]["seconds"]) == (engine, 2, 300)
    assert not list(tmp_path.glob(".*"))
    events = read_events(tmp_path)
    assert [sum(event["event"] == kind for event in events) for kind in ("begin", "end")] == [10, 10]


class KillsAWorker:
    """Told of cells, it kills a worker of dask while the third runs."""

    def __init__(self, cluster):
        self.cluster, self.begun = cluster, 0

    def __getattr__(self, name):
        return lambda *told: None

    def begin(self, cell):
        self.begun += 1
        if self.begun == 3:
            worker = psutil.Process(next(iter(self.cluster.workers.values())).pid)
            worker.kill()


@pytest.mark.slow
def test_a_killed_worker_changes_nothing(cluster, serial, tmp_path):
    listener = KillsAWorker(cluster)
    summary = run(tmp_path, engine="dask", scheduler=cluster.scheduler_address, listener=listener)
    assert listener.begun in (10, 11)  # the worker had a cell, or made features
    assert (summary.ran, summary.failed) == (10, 0)
    pd.testing.assert_frame_equal(numbers(summary), numbers(serial))


@pytest.mark.parametrize("error", [CommClosedError("in <TCP>"), RuntimeError("ConnectionPool is closed")])
def test_a_scheduler_that_is_gone_is_one_sentence(error):
    class Lost:
        def __getattr__(self, name):
            raise error

    engine = DaskEngine(Place("dask"), nothing)
    engine._client = Lost()
    engine.submit(Task(double, (1,), about="task"))
    with pytest.raises(FusebenchError, match=r"The dask scheduler is gone\. Finished cells are kept"):
        next(engine.finish())
    engine._leave()  # has nothing more to end


@pytest.mark.slow
def test_ctrl_c_leaves_a_folder_that_can_go_on_and_no_process(tmp_path):
    command = [sys.executable, "-P", "-m", "fusebench", "run", "-d", "synth-xor", "-f", "late-*"]
    command += ["-s", "clean", "--seeds", "2", "--quick", "--engine", "dask", "--jobs", "2", "--out", "run"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # a shell's "&" has it ignored
    )
    while process.poll() is None and not any(e["event"] == "end" for e in read_events(tmp_path / "run")):
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped. Finished cells are kept: repeat the command to go on." in said
    _, left = psutil.wait_procs(family, timeout=10)
    assert not left
    kept = len(list((tmp_path / "run" / "cells").rglob("*.json")))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    total = len(list((tmp_path / "run" / "cells").rglob("*.json")))
    assert 0 < kept < total
    assert f"{total - kept} of {total} cells run now, 0 failed." in done.stdout
