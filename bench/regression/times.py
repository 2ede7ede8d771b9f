"""Comparing times: rounds of everything, then rounds of what looked slower."""

import platform
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...results.tables.formatting import count_noun
from ...seeding import make_generator
from .decide import judge_scores, judge_times, rounds_needed, screen_times
from .document import Document, Score
from .environments import Environment
from .measure import Selection, Timing, hash_workload, refuse_nothing, time_once
from .track import Effort, Tell, describe_machine, say_round, time_rounds
from .verdict import Broken, Found, Limits, say_suspects

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compare_times"]


def compare_times(
    base: Environment | Document,
    head: Environment,
    selection: Selection,
    effort: Effort,
    limits: Limits,
    tell: Tell,
) -> Found:
    """Find the suspects among the benchmarks, and time them until the test can decide; see `compare`.

    What `fusion_benchmark` scores on the way is judged, too.
    """
    if isinstance(base, Document):
        return _compare_with_stored(base, head, selection, effort, limits, tell)
    before, now = _alternate([base, head], selection, effort.rounds, tell)
    refuse_nothing(before, now)
    suspects = screen_times(before.times(), now.times(), limits.factor)
    missing = sorted(before.times().keys() - now.times().keys())
    broken = [Broken(name, now.failed.get(name, "it is not there")) for name in missing]
    how = count_noun(effort.rounds, "alternating round")
    notes = [say_suspects(len(suspects), len(before.times()), "time", how)]
    if new := len(now.times().keys() - before.times().keys()):
        notes.append(f"New, with nothing to be compared with: {count_noun(new, 'benchmark')}.")
    if failing := sorted(before.failed.keys() & now.failed.keys()):
        notes.append(f"Not measured, failing in both: {', '.join(failing)}.")
    scores = _judge_fixture(before.scores, now.scores, limits)
    if not suspects:
        return Found(None, scores, broken, notes)
    rounds = rounds_needed(len(suspects)) or 0  # always enough: the base gets as many as the head
    before, now = _alternate([base, head], selection, rounds, tell, suspects)
    table = judge_times(*_shared(before.times(), now.times(), suspects), factor=limits.factor)
    notes.append(f"The suspects were timed in {rounds} more alternating rounds.")
    return Found(table, scores, broken, notes)


def _judge_fixture(before: Sequence[Score], now: Sequence[Score], limits: Limits) -> "pd.DataFrame":
    """Judge scores by the seeds that there are: there is one look at them, and so nothing to confirm."""
    table = judge_scores(before, now, margin=limits.margin)
    return table[table["p_holm"] < 1]


def _compare_with_stored(
    base: Document, head: Environment, selection: Selection, effort: Effort, limits: Limits, tell: Tell
) -> Found:
    known = base.times()
    why_not = _why_incomparable(base, selection)
    if why_not:
        return Found(notes=[f"Times were not compared with the stored ones: {why_not}."])
    now = time_rounds(head, selection, effort.rounds, tell)
    refuse_nothing(now)
    scores = _judge_fixture(base.scores, now.scores, limits)
    shared = known.keys() & now.times().keys()
    suspects = screen_times(known, now.times(), limits.factor)
    broken = [Broken(name, reason) for name, reason in now.failed.items() if name in known]
    notes = [
        say_suspects(len(suspects), len(shared), "time", count_noun(effort.rounds, "round")),
        "The stored times are of this machine, but of another hour: a revision as base is fairer.",
    ]
    if not suspects:
        return Found(None, scores, broken, notes)
    n_base = min(len(known[name]) for name in suspects)
    # The stored rounds have chosen the suspects, too, so the correction is for all that could have been.
    rounds = rounds_needed(len(shared), n_base)
    if rounds is None:
        notes.append(f"{count_noun(n_base, 'stored round')} cannot decide: track with --rounds 8 or more.")
        return Found(None, scores, broken, notes)
    again = time_rounds(head, selection, rounds, tell, suspects).times()
    table = judge_times(*_shared(known, again, suspects), factor=limits.factor, n_tests=len(shared))
    notes.append(f"The suspects were timed in {rounds} more rounds.")
    return Found(table, scores, broken, notes)


def _why_incomparable(base: Document, selection: Selection) -> str:
    if not base.benchmarks:
        return "there are none"
    if base.machine != describe_machine():
        return f"they are of another machine ({base.machine.get('host')})"
    if base.python != platform.python_version():
        return f"they are of Python {base.python}"
    if base.workload != hash_workload(selection):
        return "the benchmarks have changed since"
    return ""


def _alternate(
    sides: Sequence[Environment],
    selection: Selection,
    rounds: int,
    tell: Tell,
    only: Sequence[str] | None = None,
) -> tuple[Timing, Timing]:
    """Time two sides in turn; each goes first equally often, in an order that no drift can follow."""
    timings = [Timing(), Timing()]
    first = make_generator("alternating-rounds", rounds).permutation([turn % 2 for turn in range(rounds)])
    for number, start in enumerate(first, 1):
        for side in (start, 1 - start):
            tell(f"times ({sides[side].name}): {say_round(number, rounds, only)}")
            timings[side] = timings[side].join(time_once(sides[side], selection, only))
    return timings[0], timings[1]


def _shared(
    before: Mapping[str, list[float]], now: Mapping[str, list[float]], names: Sequence[str]
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    both = [name for name in names if name in before and name in now]
    return {name: before[name] for name in both}, {name: now[name] for name in both}
