"""The order in which tasks are given out."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from fusebench.bench.engines.waiting import Waiting
from fusebench.bench.engines.workers import Task

KINDS = st.lists(st.integers(0, 4), max_size=30)


def fill(kinds):
    waiting = Waiting()
    for number, kind in enumerate(kinds):
        waiting.add(Task(print, (), about=number, kind=kind))
    return waiting


@given(KINDS, st.sets(st.integers(0, 29)), st.dictionaries(st.integers(0, 29), st.floats(0, 1e6)))
def test_every_task_comes_once_and_those_of_a_kind_in_order(kinds, lost, times):
    waiting, taken = fill(kinds), []
    while waiting:
        task = waiting.take()
        if task.about in lost:  # its worker dies
            lost.remove(task.about)
            waiting.put_back(task)
            continue
        taken.append(task.about)
        if task.about in times:
            waiting.learn(task.kind, times[task.about])
    assert sorted(taken) == list(range(len(kinds)))
    for kind in set(kinds):
        own = [number for number in taken if kinds[number] == kind]
        assert own == sorted(own)


@given(KINDS)
def test_what_was_never_tried_comes_first(kinds):
    waiting = fill(kinds)
    first = [waiting.take().about for _ in set(kinds)]
    assert first == [kinds.index(kind) for kind in dict.fromkeys(kinds)]


def test_of_what_is_known_the_longest_comes_first_and_what_is_being_tried_last():
    waiting = fill([0, 1, 2, 0, 1, 2])
    for _ in range(3):
        waiting.take()
    waiting.learn(0, 1.0)
    waiting.learn(1, 5.0)
    assert [waiting.take().kind for _ in range(3)] == [1, 0, 2]


def simulate(take, seconds, n_workers, learn):
    """Time until the last worker has finished."""
    busy = [(0.0, worker, None) for worker in range(n_workers)]
    end = 0.0
    while busy:
        now, worker, kind = heapq.heappop(busy)
        if kind is not None:
            learn(kind, seconds[kind])
        task = take()
        if task is not None:
            end = max(end, now + seconds[task.kind])
            heapq.heappush(busy, (now + seconds[task.kind], worker, task.kind))
    return end


def test_workers_finish_closer_together_than_in_the_order_of_submission():
    """Ten kinds, three seeds, the slowest submitted last, as plans have it; two workers."""
    seconds = [0.1, 0.7, 0.3, 0.9, 0.2, 0.5, 0.4, 0.8, 0.6, 10.0]
    kinds = [kind for _ in range(3) for kind in range(10)]
    least = 3 * sum(seconds) / 2

    waiting = fill(kinds)
    learnt = simulate(lambda: waiting.take() if waiting else None, seconds, 2, waiting.learn)
    line = iter([Task(print, (), about=None, kind=kind) for kind in kinds])
    in_line = simulate(lambda: next(line, None), seconds, 2, lambda kind, seconds: None)
    assert in_line > 1.15 * least
    assert learnt < 1.1 * least
