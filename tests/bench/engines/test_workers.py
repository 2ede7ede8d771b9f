"""Workers that are lost: to a limit, to a signal, when they start."""

import os
import sys
import threading
import time
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from fusebench.bench.engines.threads import pinned_environment
from fusebench.bench.engines.workers import Limits, Loss, Task, WorkerPool, _work
from fusebench.errors import FusebenchError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")


# Workers find functions by their module; tests have none that can be imported.
sys.path.append(str(Path(__file__).parents[1] / "in_workers"))
from memory_tasks import look_through  # noqa: E402
from worker_tasks import (  # noqa: E402
    await_file,
    break_down,
    die_once,
    double,
    doze,
    grow,
    kill_self,
    leave,
    nothing,
    refuse,
)


def do(tasks, *, jobs=2, limits=Limits(), prepare=nothing):  # noqa: B008
    """Results by what each task is about."""
    with WorkerPool(jobs, limits, prepare) as pool:
        for task in tasks:
            pool.submit(task)
        return {task.about: outcome for task, outcome in pool.finish()}


def test_tasks_get_their_own_results_and_may_bring_more():
    with WorkerPool(2, Limits(), nothing) as pool:
        pool.submit(Task(double, (1,), about=1))
        found = {}
        for task, outcome in pool.finish():
            found[task.about] = outcome
            if len(found) < 5:
                pool.submit(Task(double, (len(found) + 1,), about=len(found) + 1))
    assert found == {1: 2, 2: 4, 3: 6, 4: 8, 5: 10}


@pytest.mark.parametrize("how", [kill_self, os.abort, sys.exit])
def test_a_task_whose_worker_died_is_done_by_another(how, tmp_path):
    starts = []
    task = Task(die_once, (tmp_path / "marker", how), about="dying", on_start=lambda: starts.append(1))
    others = [Task(double, (n,), about=n) for n in range(4)]
    assert do([task, *others]) == {"dying": "survived", 0: 0, 1: 2, 2: 4, 3: 6}
    assert len(starts) == 2


def test_a_task_that_kills_two_workers_is_lost_alone():
    found = do(
        [Task(kill_self, (), about="deadly"), *(Task(double, (n,), about=n) for n in range(3))], jobs=1
    )
    assert found.pop("deadly") == Loss(
        "failed", "The worker process died, as did a second one, which was killed by SIGKILL."
    )
    assert found == {0: 0, 1: 2, 2: 4}


def test_a_slow_task_is_killed_and_others_are_not():
    tasks = [Task(time.sleep, (60,), about="slow"), *(Task(double, (n,), about=n) for n in range(3))]
    found = do(tasks, limits=Limits(seconds=5))
    assert found.pop("slow") == Loss("timeout", "It took more than the limit of 5 s.")
    assert found == {0: 0, 1: 2, 2: 4}


def test_preparing_is_not_timed():
    assert do([Task(double, (1,), about=1)], limits=Limits(seconds=5), prepare=doze) == {1: 2}


def test_a_greedy_task_is_killed_and_others_are_not():
    tasks = [Task(grow, (2**30,), about="greedy"), *(Task(double, (n,), about=n) for n in range(3))]
    found = do(tasks, limits=Limits(memory=2**29))
    assert found.pop("greedy") == Loss("out-of-memory", "It took more than the limit of 0.5 GiB.")
    assert found == {0: 0, 1: 2, 2: 4}


@pytest.mark.skipif(sys.platform != "linux", reason="needs a system that tells whose pages are whose")
def test_pages_of_mapped_files_do_not_count(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**29)
    found = do([Task(look_through, (path,), about="mapped")], limits=Limits(memory=2**28))
    assert found == {"mapped": 0}


def test_what_a_task_raises_ends_all():
    with pytest.raises(FusebenchError, match="ValueError: planted"):
        do([Task(break_down, (), about=1)])
    with pytest.raises(FusebenchError, match=r"^no more room$"):
        do([Task(refuse, (), about=1)])


def test_what_cannot_be_sent_is_said():
    with pytest.raises(FusebenchError, match="cannot be sent to a worker process"):
        do([Task(double, (lambda: 1,), about=1)])


def test_workers_that_cannot_start_are_not_started_forever():
    with pytest.raises(FusebenchError, match=r"die when they start \(ended with exit code 3\)"):
        do([Task(double, (1,), about=1)], jobs=1, prepare=leave)


def has_ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_leaving_ends_workers_and_what_they_started(tmp_path):
    mark = tmp_path / "mark"
    with WorkerPool(2, Limits(), nothing) as pool:
        pool.submit(Task(await_file, (mark,), about=1))
        pool.submit(Task(os.system, (f"touch '{mark}' && exec sleep 300",), about=2))
        next(pool.finish())
        family = [psutil.Process(worker.process.pid) for worker in pool._workers]
        family += [child for worker in family for child in worker.children(recursive=True)]
    assert len(family) == 3
    psutil.wait_procs(family, timeout=30)
    assert all(map(has_ended, family))


def test_threads_that_start_processes_leave_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("NUMEXPR_NUM_THREADS", raising=False)
    inside = threading.Event()

    def enter():
        with pinned_environment():
            inside.set()

    other = threading.Thread(target=enter)
    with pinned_environment():
        other.start()
        assert os.environ["NUMEXPR_NUM_THREADS"] == "1"
        assert not inside.wait(0.1)
    other.join()
    assert inside.is_set()
    assert "NUMEXPR_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("wrong", [{"seconds": 0}, {"memory": -1}, {"seconds": float("nan")}])
def test_a_limit_that_is_no_limit_is_refused(wrong):
    with pytest.raises(FusebenchError, match="must be a positive number"):
        Limits(**wrong)


def test_a_worker_that_nobody_speaks_to_ends_without_a_word(capfd):
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, nothing))
    process.start()
    theirs.close()
    assert ours.recv()[0]
    ours.close()
    process.join()
    assert (process.exitcode, capfd.readouterr().err) == (0, "")
