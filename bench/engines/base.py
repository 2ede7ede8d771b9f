"""Where cells run: the interface of engines, the simplest of them, and the choice."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from ...errors import FusebenchError, did_you_mean
from .threads import pin_threads
from .workers import Limits, Task, WorkerPool

__all__ = ["CLUSTERS", "ENGINES", "Engine", "Place", "SerialEngine"]

ENGINES = ("serial", "process", "dask")
CLUSTERS = ("slurm", "kubernetes")


class Engine(Protocol):
    """Does tasks somewhere. It is a context; leaving it ends what still runs."""

    @property
    def workers(self) -> int:
        """How many tasks run at once, at most; what comes and goes counts at its highest."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def submit(self, task: Task) -> None:
        """Add a task, also while results are awaited."""

    def finish(self) -> Iterator[tuple[Task, Any]]:
        """Give each task with its result or `Loss`, as they come, until none is left."""


class SerialEngine:
    """Does tasks in this process, with one thread; what a result brings in comes before the rest."""

    workers = 1

    def __init__(self) -> None:
        self._waiting: deque[Task] = deque()

    def __enter__(self) -> Self:
        self._undo = pin_threads()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo()

    def submit(self, task: Task) -> None:
        """Add a task."""
        self._waiting.append(task)

    def finish(self) -> Iterator[tuple[Task, Any]]:
        """Do the tasks."""
        while self._waiting:
            task = self._waiting.popleft()
            later, self._waiting = self._waiting, deque()
            task.on_start()
            yield task, task.function(*task.arguments)
            self._waiting += later


@dataclass(frozen=True)
class Place:
    """Where cells are to run, and what each may take.

    Parameters
    ----------
    engine : {"serial", "process", "dask"}, optional
        In this process; in worker processes; on the workers of dask. When left out, ``serial`` for one job
        without limits, else ``process``.
    jobs : int
        Number of workers. ``serial`` has one; those of a `scheduler` are all used.
    limits : Limits
        Of each task.
    scheduler : str, optional
        Address, or file, of a dask scheduler that is there.
    cluster : {"slurm", "kubernetes"}, optional
        Where dask is to start workers; on this machine if there is no `scheduler` either.
    debug : bool
        Let what goes wrong be raised, for which all must run in this process.

    Raises
    ------
    FusebenchError
        If a name is not known, or two of them contradict each other.

    Examples
    --------
    >>> Place().name, Place(jobs=4).name, Place(limits=Limits(seconds=60)).name
    ('serial', 'process', 'process')
    """

    engine: str | None = None
    jobs: int = 1
    limits: Limits = Limits()  # noqa: RUF009  (immutable)
    scheduler: str | None = None
    cluster: str | None = None
    debug: bool = False

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise FusebenchError(f"The number of jobs must be at least 1, however: {self.jobs}.")
        for what, name, known in (("engine", self.engine, ENGINES), ("cluster", self.cluster, CLUSTERS)):
            if name is not None and name not in known:
                raise FusebenchError(f"There is no {what} {name!r}; {did_you_mean(name, known)}")
        if self.scheduler is not None and self.cluster is not None:
            raise FusebenchError(
                f"A scheduler that is there ({self.scheduler}) and a cluster to be made ({self.cluster}) "
                "exclude each other; name one of them."
            )
        if (self.scheduler or self.cluster) and self.name != "dask":
            raise FusebenchError("A scheduler or cluster is for the engine dask; add --engine dask.")
        if self.debug and (self.limits or self.name != "serial"):
            raise FusebenchError(
                "Debugging runs in this process, which no limit can end; leave the limits out, and --engine."
            )
        if self.name == "serial" and self.limits:
            raise FusebenchError("The engine serial cannot end what exceeds a limit; take --engine process.")

    @property
    def name(self) -> str:
        """The engine."""
        if self.engine is not None:
            return self.engine
        return "serial" if self.debug or (self.jobs == 1 and not self.limits) else "process"

    def open(self, prepare: Callable[[], object]) -> Engine:
        """Make the engine, to be entered; `prepare` is what a new process does first."""
        if self.name == "serial":
            return SerialEngine()
        if self.name == "process":
            return WorkerPool(self.jobs, self.limits, prepare)
        try:
            from .dask import DaskEngine
        except ImportError as error:
            raise FusebenchError(
                'The engine dask needs another package: pip install "fusebench[dask]".'
            ) from error
        return DaskEngine(self, prepare)

    def describe(self, workers: int) -> dict[str, Any]:
        """Say for the record where cells ran, on how many workers, under which limits."""
        return {
            "name": self.name,
            "workers": workers,
            "scheduler": self.scheduler,
            "cluster": self.cluster,
            "limits": asdict(self.limits),
        }
