"""The engine dask: tasks go to the workers of a cluster, where processes like those of a pool do them."""

import signal
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, suppress
from multiprocessing import current_process
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlparse
from uuid import uuid4

from distributed import Client, Future, KilledWorker, Worker, WorkerPlugin, get_worker

from ...errors import FusebenchError
from .clusters import connect
from .workers import Loss, Task, WorkerPool, do_packed

if TYPE_CHECKING:
    from .base import Place

__all__ = ["DaskEngine"]

_LOOK_SECONDS = 1.0  # between looks at which workers there are, at most
_FETCH_SECONDS = 10  # for a result; longer if its worker died after it was done

# What a client raises without its scheduler; the last of them once it has given up looking for it.
_GONE = OSError, TimeoutError, RuntimeError


class DaskEngine:
    """Sends a task to a worker that has a thread free, so that one that is sent is one that starts.

    In the threads of dask only waits happen: tasks are done by processes that the workers start, like those
    of `WorkerPool`. So limits can be enforced, a crash costs a worker nothing, and a library that keeps
    Python from running does not silence a worker.

    Parameters
    ----------
    place : Place
        Which cluster, and the limits of a task.
    prepare : callable
        What such a process does before its first task.
    """

    def __init__(self, place: "Place", prepare: Callable[[], object]) -> None:
        self._place = place
        self._plugin = _Processes(place, prepare)
        self._name = f"fusebench-{uuid4().hex[:8]}"
        self._stack = ExitStack()
        self._waiting: dict[str, deque[Task]] = {}  # by group
        self._hosts: dict[str, set[str]] = {}  # of a group: where it has been worked on
        self._running: dict[str, tuple[Future, Task, str]] = {}  # by key, with the worker
        self._done: SimpleQueue[Future] = SimpleQueue()
        self._slots: dict[str, int] = {}
        self._need: Future | None = None
        self.workers = 0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._client: Client = stack.enter_context(connect(self._place))
            stack.callback(self._leave)
            try:
                self._client.register_plugin(self._plugin, self._name)
            except ImportError as error:
                raise FusebenchError(
                    f"The workers of dask have no Fusebench ({error}); install there what is installed here."
                ) from error
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _leave(self) -> None:
        """End the processes on the workers, which ends what still runs in them."""
        # The scheduler is gone, or a worker has just come and has none; a run that is over does not fail.
        with suppress(*_GONE, KeyError, ValueError):
            self._client.unregister_worker_plugin(self._name)

    def submit(self, task: Task) -> None:
        """Add a task, also while results are awaited."""
        self._waiting.setdefault(task.group, deque()).append(task)

    def finish(self) -> Iterator[tuple[Task, Any]]:
        """Give each task with its result or `Loss`, as they come, until none is left.

        Raises
        ------
        FusebenchError
            If a task or the preparation raises, a task cannot be sent, or the scheduler is gone.
        """
        while self._waiting or self._running:
            yield from self._look()
            self._hand_out()
            with suppress(Empty):
                future = self._done.get(timeout=_LOOK_SECONDS)
                if future.key in self._running:
                    yield from self._take(future)

    def _look(self) -> Iterator[tuple[Task, Loss]]:
        """See which workers there are, and what those that are gone have left."""
        try:
            threads = self._client.nthreads()
        except _GONE as error:
            raise _lost() from error
        self._slots = dict(threads)
        if threads:
            self._need = None
        elif self._need is None:  # a cluster that grows by need is shown one
            self._need = self._client.submit(int, pure=False)
        self.workers = max(self.workers, sum(threads.values()))
        for future, _, worker in list(self._running.values()):
            if worker not in threads:
                yield from self._bury(future)

    def _hand_out(self) -> None:
        busy = Counter(worker for _, _, worker in self._running.values())
        for worker, slots in self._slots.items():
            for _ in range(slots - busy[worker]):
                if self._waiting:
                    self._send(self._choose(worker), worker)

    def _choose(self, worker: str) -> Task:
        """Take a task whose files are on that machine; else one of a group without any; else any."""
        host = _host_of(worker)
        mine = (group for group in self._waiting if host in self._hosts.get(group, ()))
        new = (group for group in self._waiting if group not in self._hosts)
        group = next(mine, None) or next(new, None) or next(iter(self._waiting))
        task = self._waiting[group].popleft()
        if not self._waiting[group]:
            del self._waiting[group]
        return task

    def _send(self, task: Task, worker: str) -> None:
        # Nowhere else: a worker that dies costs it one try, and dask can forget a task that may move.
        key = f"{self._name}-{uuid4().hex}"
        future = self._client.submit(_do, self._name, task.pack(), key=key, workers=worker)
        self._running[key] = future, task, worker
        task.on_start()
        future.add_done_callback(self._done.put)

    def _take(self, future: Future) -> Iterator[tuple[Task, Any]]:
        try:
            worker, outcome = future.result(timeout=_FETCH_SECONDS)
        except (KilledWorker, TimeoutError):
            yield from self._bury(future)
        except CancelledError as error:
            raise _lost() from error
        except FusebenchError:
            raise
        except Exception as error:
            raise FusebenchError(f"A worker of dask failed: {type(error).__name__}: {error}") from error
        else:
            _, task, _ = self._running.pop(future.key)
            self._hosts.setdefault(task.group, set()).add(_host_of(worker))
            yield task, outcome

    def _bury(self, future: Future) -> Iterator[tuple[Task, Loss]]:
        """Give the task of a worker that is gone to another, once."""
        _, task, _ = self._running.pop(future.key)
        future.cancel()
        task.deaths += 1
        if task.deaths == 1:
            self._waiting.setdefault(task.group, deque()).appendleft(task)
        else:
            yield task, Loss("failed", "The worker of dask died, as did a second one.")


class _Processes(WorkerPlugin):
    """At a worker: a pool of one process for each thread that is at work."""

    def __init__(self, place: "Place", prepare: Callable[[], object]) -> None:
        self._limits, self._prepare = place.limits, prepare
        self._is_of_command = place.scheduler is None and place.cluster is None
        self._all: list[WorkerPool] = []
        self._idle: list[WorkerPool] = []

    def setup(self, worker: Worker) -> None:  # noqa: ARG002
        """Let the worker have processes, of which it has none yet.

        Dask makes its workers daemons, and Python lets these have no children, who might outlive them; those
        of a `WorkerPool` do not.
        """
        current_process().daemon = False
        if self._is_of_command:  # Ctrl-C reaches both; the command ends its workers
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002
        """End them, and with them what they do."""
        for pool in self._all:
            pool.close()

    def do(self, message: bytes) -> Any:
        """Do a packed task; gives its result or `Loss`."""
        try:
            pool = self._idle.pop()
        except IndexError:
            pool = WorkerPool(1, self._limits, self._prepare)
            self._all.append(pool)
        pool.submit(Task(do_packed, (message,), about=None))
        for _, outcome in pool.finish():
            self._idle.append(pool)
            return outcome
        raise FusebenchError("The run was ended.")


def _do(plugin: str, message: bytes) -> tuple[str, Any]:
    """Do a packed task at a worker; gives its address, too."""
    worker = get_worker()
    return worker.address, worker.plugins[plugin].do(message)


def _host_of(worker: str) -> str:
    return urlparse(worker).hostname or ""


def _lost() -> FusebenchError:
    return FusebenchError("The dask scheduler is gone. Finished cells are kept: repeat the command to go on.")
