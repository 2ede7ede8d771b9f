"""Comparing two revisions, or one with a stored measurement: what became slower, worse, or broke."""

from .document import Document
from .environments import Environment
from .measure import Selection
from .scores import compare_scores
from .times import compare_times
from .track import Effort, Tell
from .verdict import Limits, Verdict, reach_verdict

__all__ = ["compare"]


def compare(
    base: Environment | Document,
    head: Environment,
    selection: Selection,
    effort: Effort,
    limits: Limits,
    tell: Tell,
) -> Verdict:
    """Measure the head, and the base unless it is stored, and decide.

    Parameters
    ----------
    base : Environment or Document
        A stored one has times that are compared only if they are of this machine and this workload.
    head : Environment
        What may have become slower or worse.
    selection : Selection
        What is measured.
    effort : Effort
        Rounds and seeds of the first look; the suspects get as many as it takes.
    limits : Limits
        What counts.
    tell : callable
        Told what is done, in one line at a time.
    """
    parts = []
    if effort.rounds:
        parts.append(compare_times(base, head, selection, effort, limits, tell))
    if effort.seeds:
        parts.append(compare_scores(base, head, selection, effort, limits, tell))
    return reach_verdict(base.label, head.label, parts)
