"""Which engine is chosen, and what they say when they cannot do what was asked."""

import signal
import sys
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from fusebench.bench.engines import clusters, elsewhere
from fusebench.bench.engines.base import Place, SerialEngine
from fusebench.bench.engines.workers import Limits, Loss, Task, WorkerPool
from fusebench.bench.execute import execute
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.store.cells import Store
from fusebench.bench.suite import Suite
from fusebench.errors import FusebenchError


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "serial"),
        ({"jobs": 2}, "process"),
        ({"limits": Limits(seconds=1)}, "process"),
        ({"jobs": 2, "debug": True}, "serial"),
        ({"jobs": 2, "engine": "serial"}, "serial"),
        ({"engine": "process"}, "process"),
        ({"engine": "dask"}, "dask"),
    ],
)
def test_one_rule_chooses_the_engine(asked, name):
    place = Place(**asked)
    assert place.name == name
    if name != "dask":
        assert isinstance(place.open(print), SerialEngine if name == "serial" else WorkerPool)


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"jobs": 0}, "at least 1, however: 0"),
        ({"engine": "dusk"}, "There is no engine 'dusk'; did you mean dask?"),
        ({"engine": "dask", "cluster": "slum"}, "There is no cluster 'slum'; did you mean slurm?"),
        ({"engine": "dask", "cluster": "slurm", "scheduler": "tcp://a:1"}, r"\(tcp://a:1\).*exclude each"),
        ({"scheduler": "tcp://a:1"}, "add --engine dask"),
        ({"engine": "process", "cluster": "slurm"}, "add --engine dask"),
        ({"engine": "serial", "limits": Limits(seconds=1)}, "take --engine process"),
        ({"engine": "dask", "debug": True}, "leave the limits out, and --engine"),
        ({"limits": Limits(seconds=1), "debug": True}, "leave the limits out, and --engine"),
    ],
)
def test_what_contradicts_itself_is_refused(asked, sentence):
    with pytest.raises(FusebenchError, match=sentence):
        Place(**asked)


def test_what_a_result_brings_is_done_before_the_rest():
    engine, done = SerialEngine(), []
    for name in ("a", "b"):
        engine.submit(Task(str.upper, (name,), about=name))
    for task, result in engine.finish():
        done.append(result)
        if len(task.about) == 1:
            for number in "12":
                engine.submit(Task(str.upper, (task.about + number,), about=task.about + number))
    assert done == ["A", "A1", "A2", "B", "B1", "B2"]


class LosesFeatures(SerialEngine):
    """An engine in which making features takes too long."""

    def finish(self):
        lost = deque(task for task in self._waiting if isinstance(task.about, list))
        for task in lost:
            self._waiting.remove(task)
        for task in lost:
            yield task, Loss("timeout", "It took more than the limit of 9 s.")
        yield from super().finish()


def test_features_that_are_lost_are_the_reason_of_their_cells(tmp_path, monkeypatch):
    suite = Suite(name="tiny", datasets=("synth-xor",), fusions=("late-mean",), scenarios=(), seeds=1)
    cells = make_plan(suite)
    monkeypatch.setattr(Place, "open", lambda place, prepare: LosesFeatures())
    told = []
    observer = SimpleNamespace(
        begin=lambda cell: None,
        featurise=lambda bundle, seconds: told.append(seconds),
        advance=lambda cell, result, seconds: told.append(seconds),
    )
    assert execute([[replace(cell) for cell in cells]], tmp_path, place=Place(), observer=observer) == 1
    assert told[0] == 0  # of what was killed nothing is known
    assert len(told) == 1 + len(cells)
    assert {(result.status, result.reason) for result in map(Store(tmp_path).load, cells)} == {
        ("timeout", "Its features could not be made. It took more than the limit of 9 s.")
    }


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "fusebench.bench.engines.dask", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(FusebenchError, match=r'pip install "fusebench\[dask\]"'):
        Place("dask").open(print)


@pytest.mark.parametrize(
    ("cluster", "module"), [("slurm", "dask_jobqueue"), ("kubernetes", "dask_kubernetes")]
)
def test_the_extra_of_a_cluster_is_named(cluster, module, monkeypatch):
    for name in (module, f"{module}.operator"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(FusebenchError, match=rf"--cluster {cluster} needs .*fusebench\[{cluster}\]"):
        clusters._make(Place("dask", cluster=cluster))


class FakeCluster:
    """Notes what is asked of it."""

    def __init__(self, **asked):
        self.asked = asked

    def adapt(self, **asked):
        self.asked = asked


def test_clusters_are_asked_for_as_many_workers_as_jobs(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=FakeCluster))
    monkeypatch.setitem(sys.modules, "dask_kubernetes", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "dask_kubernetes.operator", SimpleNamespace(KubeCluster=FakeCluster))
    slurm = clusters._make(Place("dask", jobs=7, cluster="slurm"))
    assert slurm.asked == {"minimum": 7, "maximum": 7}
    assert clusters._make(Place("dask", jobs=7, cluster="kubernetes")).asked == {"n_workers": 7}


def test_a_cluster_that_lacks_its_settings_is_told(monkeypatch):
    def refuse():
        raise ValueError("You must specify how many cores to use per job")

    monkeypatch.setitem(sys.modules, "dask_jobqueue", SimpleNamespace(SLURMCluster=refuse))
    with pytest.raises(
        FusebenchError,
        match=r"cannot be made: You must specify .* stand in \S*/jobqueue.yaml, under jobqueue",
    ):
        clusters._make(Place("dask", cluster="slurm"))


def test_a_library_does_not_change_what_ctrl_c_does(tmp_path, monkeypatch):
    source = "import signal, sys\nsignal.signal(signal.SIGINT, lambda *_: sys.exit())\nSLURMCluster = None\n"
    (tmp_path / "dask_jobqueue.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "dask_jobqueue", raising=False)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(FusebenchError, match="cannot be made"):
        clusters._make(Place("dask", cluster="slurm"))
    assert "dask_jobqueue" in sys.modules
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.delitem(sys.modules, "dask_jobqueue")


def _connect(scheduler, sentence, monkeypatch):
    monkeypatch.setattr(clusters, "_SECONDS", 1)
    with (
        pytest.raises(FusebenchError, match=sentence),
        clusters.connect(Place("dask", scheduler=scheduler)),
    ):
        pass


@pytest.mark.parametrize("scheduler", ["tcp://127.0.0.1:9", "nowhere", "tcp://[", "nothing.json"])
def test_a_scheduler_that_is_not_there_is_told(scheduler, monkeypatch):
    threads = set(threading.enumerate())
    _connect(scheduler, r"No dask scheduler answers|There is no file 'nothing.json'", monkeypatch)
    assert set(threading.enumerate()) <= threads  # what is left of a client can block the next one


@pytest.mark.parametrize("text", ["", "[]", "{}", '"tcp://127.0.0.1:9"', "\xff"])
def test_a_file_that_names_no_scheduler_is_told(text, tmp_path, monkeypatch):
    (tmp_path / "scheduler.json").write_bytes(text.encode("latin-1"))
    _connect(str(tmp_path / "scheduler.json"), "scheduler.json names no address", monkeypatch)


def test_a_worker_must_see_the_folder_and_have_the_same_code(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prepared = []
    with elsewhere.checked_elsewhere(lambda: prepared.append(Path.cwd()), tmp_path) as prepare:
        monkeypatch.chdir("/")
        prepare()
        assert prepared == [tmp_path]  # where relative paths begin
        with monkeypatch.context() as other:
            other.setattr(elsewhere, "describe_installation", lambda: {"numpy": "1.0"})
            with pytest.raises(FusebenchError, match=r"has \w+ .*, and \S+ where the run was started"):
                prepare()
        for mark in tmp_path.iterdir():
            mark.unlink()
        with pytest.raises(FusebenchError, match=f"does not see the folder '{tmp_path}'"):
            prepare()
    assert not list(tmp_path.iterdir())
    assert len(prepared) == 1


def test_the_source_of_every_part_tells(tmp_path, monkeypatch):
    (tmp_path / "fusebench_probe").mkdir()
    source = tmp_path / "fusebench_probe" / "__init__.py"
    source.write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    before = elsewhere._hash_source("fusebench_probe")
    assert elsewhere._hash_source("fusebench_probe") == before
    source.write_text("x = 2\n")
    assert elsewhere._hash_source("fusebench_probe") != before
    told = elsewhere.describe_installation()
    assert {"numpy", "Python", "the source of fusebench.fusions", "the source of fusebench"} <= told.keys()
    hashes = [value for name, value in told.items() if name.startswith("the source")]
    assert len(set(hashes)) == len(hashes)
