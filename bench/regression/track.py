"""Measuring one environment, for the record."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ...results.tables.formatting import count_noun
from ..store.provenance import collect_provenance
from .document import Document
from .environments import Environment
from .measure import Selection, Timing, hash_workload, refuse_nothing, refuse_unknown, score, time_once

__all__ = ["Effort", "Tell", "describe_machine", "say_round", "time_rounds", "track"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Parameters
    ----------
    rounds : int
        Processes that time every benchmark; none measures no times.
    seeds : int
        Seeds that every strategy is scored with; none measures no scores.
    jobs : int
        Worker processes for scores. Times are measured one after the other.
    """

    rounds: int = 8
    seeds: int = 5
    jobs: int = 1


def track(environment: Environment, selection: Selection, effort: Effort, tell: Tell) -> Document:
    """Measure times and scores.

    Parameters
    ----------
    environment : Environment
        That of this process: what is recorded of the libraries is read here.
    selection : Selection
        What.
    effort : Effort
        How much.
    tell : callable
        Told what is done, in one line at a time.

    Raises
    ------
    UnknownNameError
        If there is no strategy of a name that is selected.
    """
    refuse_unknown(selection)
    timing = time_rounds(environment, selection, effort.rounds, tell)
    if effort.rounds:
        refuse_nothing(timing)
    scores = list(timing.scores)
    if effort.seeds:
        tell(f"scores: {count_noun(effort.seeds, 'seed')}")
        scores += score(environment, selection, seeds=effort.seeds, jobs=effort.jobs)
    provenance = collect_provenance()
    return Document(
        created=datetime.now(UTC).replace(microsecond=0),
        **environment.source,
        version=provenance["version"],
        python=provenance["python"],
        packages=provenance["packages"],
        machine=describe_machine(),
        workload=hash_workload(selection),
        benchmarks=list(timing.benchmarks),
        scores=scores,
        failed=timing.failed,
    )


def time_rounds(
    environment: Environment, selection: Selection, rounds: int, tell: Tell, only: Sequence[str] | None = None
) -> Timing:
    """Time in one process after the other."""
    timing = Timing()
    for number in range(1, rounds + 1):
        tell(f"times ({environment.name}): {say_round(number, rounds, only)}")
        timing = timing.join(time_once(environment, selection, only))
    return timing


def say_round(number: int, rounds: int, only: Sequence[str] | None) -> str:
    """Say which round it is."""
    return f"round {number} of {rounds}" + ("" if only is None else f", {count_noun(len(only), 'suspect')}")


def describe_machine() -> dict[str, Any]:
    """Tell machines apart whose times must not be compared."""
    hardware: dict[str, Any] = collect_provenance()["hardware"]
    return {"host": platform.node(), **hardware}
