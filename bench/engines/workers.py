"""Worker processes of which each may be lost, to a limit or to itself, at no cost to the others."""

import os
import signal
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from multiprocessing import connection, get_context, parent_process
from multiprocessing.reduction import ForkingPickler
from pickle import PicklingError
from time import monotonic
from types import TracebackType
from typing import Any, Self

import psutil

from ...errors import FusebenchError
from .threads import pinned_environment
from .waiting import Waiting

__all__ = ["Limits", "Loss", "Task", "WorkerPool", "do_packed"]

_LOOK_SECONDS = 0.2  # between looks at the memory of the workers
_END_SECONDS = 10  # in which a process that ends, or is killed, is gone, at most
_STARTS = 3  # workers that may die in a row before they have started


@dataclass(frozen=True)
class Limits:
    """What a task may take before its worker is killed.

    Parameters
    ----------
    seconds : float, optional
        Wall time, counted from when the worker gets the task.
    memory : float, optional
        Bytes that the process holds for itself, libraries included; pages of mapped files are not, which
        the system takes back when it is short of memory. It is looked at five times a second, so a faster
        rise gets higher before it is seen.
    """

    seconds: float | None = None
    memory: float | None = None

    def __post_init__(self) -> None:
        for name, value in (("timeout", self.seconds), ("memory", self.memory)):
            if value is not None and not 0 < value < inf:
                raise FusebenchError(f"The limit {name} must be a positive number, however: {value}.")

    def __bool__(self) -> bool:
        return self.seconds is not None or self.memory is not None


@dataclass(frozen=True)
class Loss:
    """Why a task has no result: ``timeout``, ``out-of-memory`` or ``failed``, and a sentence."""

    status: str
    reason: str


@dataclass(eq=False)
class Task:
    """A call to be made in a worker.

    Parameters
    ----------
    function : callable
        Of a module, since only its name travels.
    arguments : tuple
        They are pickled.
    about : object
        Stays here, for whoever gets the result.
    group : str
        Tasks of one group use the same files, of which each machine may have its own.
    kind : hashable
        Tasks of one kind take about equally long.
    on_start : callable
        Called when a worker gets the task.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    about: Any
    group: str = ""
    kind: Hashable = None
    on_start: Callable[[], None] = lambda: None
    deaths: int = 0

    def pack(self) -> bytes:
        """Make the message that `do_packed` understands.

        Raises
        ------
        FusebenchError
            If the call cannot be sent to another process.
        """
        try:
            return bytes(ForkingPickler.dumps((self.function, self.arguments)))
        except (PicklingError, AttributeError, TypeError) as error:
            raise FusebenchError(
                f"This cannot be sent to a worker process ({error}); run it with one job and without limits."
            ) from error


def do_packed(message: bytes) -> Any:
    """Make the call that a task was packed into."""
    function, arguments = ForkingPickler.loads(message)
    return function(*arguments)


class WorkerPool:
    """Processes that do tasks, those that are likely to take longest first; see `Waiting`.

    A worker that exceeds a limit is killed. A task whose worker dies by itself is given to another, once.
    Leaving the context kills what still runs.

    Parameters
    ----------
    jobs : int
        Largest number of processes.
    limits : Limits
        For every task.
    prepare : callable
        What a worker does before its first task; no limit applies to it.
    """

    def __init__(self, jobs: int, limits: Limits, prepare: Callable[[], object]) -> None:
        self._jobs, self._limits, self._prepare = jobs, limits, prepare
        self._waiting = Waiting()
        self._workers: list[_Worker] = []
        self._failed_starts = 0
        self._next_look = 0.0
        self._closed = False

    @property
    def workers(self) -> int:
        """Largest number of processes."""
        return self._jobs

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill what runs. Another thread may do so while `finish` waits, which then ends."""
        self._closed = True
        for worker in list(self._workers):
            worker.kill()

    def submit(self, task: Task) -> None:
        """Add a task, also while results are awaited."""
        self._waiting.add(task)

    def finish(self) -> Iterator[tuple[Task, Any]]:
        """Give each task with its result or `Loss`, as they come, until none is left.

        Raises
        ------
        FusebenchError
            If a task or the preparation raises, a task cannot be sent, or no worker can start.
        """
        while not self._closed and (self._waiting or any(worker.task for worker in self._workers)):
            self._hand_out()
            pipes = [worker.pipe for worker in self._workers]
            sentinels = [worker.process.sentinel for worker in self._workers]
            heard = connection.wait([*pipes, *sentinels], self._patience())
            for worker in list(self._workers):
                if worker.pipe in heard or worker.process.sentinel in heard:
                    yield from self._listen(worker)
            yield from self._enforce_limits()
        if self._closed:
            self.close()  # what was just being started when it was closed before

    def _hand_out(self) -> None:
        idle = [worker for worker in self._workers if worker.ready and worker.task is None]
        for worker in idle[: len(self._waiting)]:
            task = self._waiting.take()
            task.on_start()
            worker.give(task, self._limits.seconds)
        coming = sum(not worker.ready for worker in self._workers)
        for _ in range(min(self._jobs - len(self._workers), len(self._waiting) - coming)):
            self._workers.append(_Worker(self._prepare))

    def _patience(self) -> float | None:
        """Seconds until a limit has to be looked at."""
        busy = [worker for worker in self._workers if worker.task]
        times = [worker.deadline for worker in busy]
        if busy and self._limits.memory is not None:
            times.append(self._next_look)
        soonest = min(times, default=inf)
        return None if soonest == inf else max(0.0, soonest - monotonic())

    def _listen(self, worker: "_Worker") -> Iterator[tuple[Task, Any]]:
        """Take what a worker sent; if it is gone, its task goes to another."""
        try:
            fine, value = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._bury(worker)
            return
        if not fine:
            raise value
        if not worker.ready:
            worker.ready, self._failed_starts = True, 0
            return
        task, worker.task, worker.deadline = worker.task, None, inf
        if task is not None:
            self._waiting.learn(task.kind, monotonic() - worker.since)
            yield task, value

    def _bury(self, worker: "_Worker") -> Iterator[tuple[Task, Loss]]:
        worker.process.join(_END_SECONDS)  # the pipe closes before there is an exit code
        how = self._remove(worker)
        task = worker.task
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts == _STARTS:
                raise FusebenchError(
                    f"Worker processes die when they start ({how}). A script that runs more than one job, "
                    'or sets limits, must do so under `if __name__ == "__main__":`.'
                )
        elif task is not None:
            task.deaths += 1
            if task.deaths == 1:
                self._waiting.put_back(task)
            else:
                yield task, Loss("failed", f"The worker process died, as did a second one, which {how}.")

    def _enforce_limits(self) -> Iterator[tuple[Task, Loss]]:
        now, memory = monotonic(), self._limits.memory
        looking = memory is not None and now >= self._next_look
        if looking:
            self._next_look = now + _LOOK_SECONDS
        for worker in list(self._workers):
            task = worker.task
            if task is None:
                continue
            if now >= worker.deadline:
                loss = Loss("timeout", f"It took more than the limit of {self._limits.seconds:g} s.")
            elif memory is not None and looking and worker.measure_memory() > memory:
                loss = Loss("out-of-memory", f"It took more than the limit of {memory / 2**30:g} GiB.")
            else:
                continue
            self._remove(worker)
            yield task, loss

    def _remove(self, worker: "_Worker") -> str:
        """Make sure that a worker is gone, and tell how it ended."""
        worker.kill()
        self._workers.remove(worker)
        code = worker.process.exitcode
        if code is None or code >= 0:
            return f"ended with exit code {code}"
        try:
            return f"was killed by {signal.Signals(-code).name}"
        except ValueError:
            return f"was killed by signal {-code}"


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, prepare: Callable[[], object]) -> None:
        # "spawn": a fork would inherit locks and threads of libraries that are already loaded.
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, prepare))
        self.ready = False
        self.task: Task | None = None
        self.since, self.deadline = 0.0, inf
        # Ctrl-C is for this process, which ends the workers; one that is just starting would complain.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with pinned_environment():
                self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        theirs.close()

    def give(self, task: Task, seconds: float | None) -> None:
        self.task = task
        message = task.pack()
        with suppress(OSError):  # it is gone, which is found out where results are awaited
            self.pipe.send_bytes(message)
        self.since = monotonic()
        self.deadline = inf if seconds is None else self.since + seconds

    def measure_memory(self) -> float:
        """Resident bytes, without those of files where the system tells them (Linux); 0 if it is gone."""
        try:
            used = psutil.Process(self.process.pid).memory_info()
        except psutil.Error:
            return 0
        own: int = used.rss - getattr(used, "shared", 0)
        return own

    def kill(self) -> None:
        """End the process and those that it started."""
        try:
            family = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.Error:
            family = []
        self.process.kill()
        for process in family:
            with suppress(psutil.Error):
                process.kill()
        self.process.join(_END_SECONDS)
        self.pipe.close()


def _work(pipe: "connection.Connection", prepare: Callable[[], object]) -> None:
    """Do tasks until killed, or until nobody is there to give them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    with suppress(EOFError, OSError):  # of the pipe; those of tasks are answers
        pipe.send(_call(prepare))
        while True:
            message = pipe.recv_bytes()
            pipe.send(_call(do_packed, message))


def _call(function: Callable[..., Any], *arguments: Any) -> tuple[bool, Any]:
    """Give whether all went well, and the result or the error."""
    try:
        return True, function(*arguments)
    except FusebenchError as error:
        return False, error
    except Exception as error:
        return False, FusebenchError(f"A worker process failed: {type(error).__name__}: {error}")


def _follow(sentinel: int) -> None:
    """End this worker when its parent is gone, however that ended."""
    connection.wait([sentinel])
    os._exit(1)
