"""Tasks that wait for a worker: what takes long goes first, so that none waits for the last one alone."""

from collections import deque
from collections.abc import Hashable
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .workers import Task

__all__ = ["Waiting"]


class Waiting:
    """A queue of tasks that learns how long each kind of them takes.

    First come kinds of which none was given out yet, in the order of submission; then those that took
    longest; then those of which nothing is known so far, as their first has not come back. Tasks of one
    kind come in the order in which they were added.

    Examples
    --------
    >>> from fusebench.bench.engines.workers import Task
    >>> waiting = Waiting()
    >>> for name in ("fast 1", "slow 1", "fast 2", "slow 2"):
    ...     waiting.add(Task(print, (), about=name, kind=name[:4]))
    >>> first = [waiting.take().about for _ in range(2)]
    >>> waiting.learn("fast", seconds=1)
    >>> waiting.learn("slow", seconds=9)
    >>> first, waiting.take().about, len(waiting)
    (['fast 1', 'slow 1'], 'slow 2', 1)
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, deque[Task]] = {}
        self._seconds: dict[Hashable, float] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, task: "Task") -> None:
        """Add a task behind those of its kind."""
        self._tasks.setdefault(task.kind, deque()).append(task)
        self._size += 1

    def put_back(self, task: "Task") -> None:
        """Add a task before those of its kind."""
        self._tasks.setdefault(task.kind, deque()).appendleft(task)
        self._size += 1

    def take(self) -> "Task":
        """Remove the task that is to be done next; there must be one."""
        kind = max(self._tasks, key=lambda known: self._seconds.get(known, inf))  # the first of equals
        self._seconds.setdefault(kind, 0.0)
        task = self._tasks[kind].popleft()
        if not self._tasks[kind]:
            del self._tasks[kind]
        self._size -= 1
        return task

    def learn(self, kind: Hashable, seconds: float) -> None:
        """Note how long a task of a kind took."""
        self._seconds[kind] = seconds
