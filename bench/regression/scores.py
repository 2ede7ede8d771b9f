"""Comparing scores: a few seeds of everything, then other seeds of what looked worse."""

from collections.abc import Sequence

from ...results.tables.formatting import count_noun
from .decide import judge_scores, screen_scores
from .document import Document, Score
from .environments import Environment
from .measure import Selection, refuse_unknown, score
from .track import Effort, Tell
from .verdict import Broken, Found, Limits, say_suspects

__all__ = ["CONFIRMING_SEEDS", "compare_scores", "find_broken"]

CONFIRMING_SEEDS = 10


def compare_scores(
    base: Environment | Document,
    head: Environment,
    selection: Selection,
    effort: Effort,
    limits: Limits,
    tell: Tell,
) -> Found:
    """Find the suspects among the strategies, and score them with other seeds; see `compare`."""
    if isinstance(base, Document):
        return _compare_with_stored(base, head, selection, effort, limits, tell)
    before, now = (_score(side, selection, effort.seeds, effort, tell) for side in (base, head))
    refuse_unknown(selection, {row.fusion for row in [*before, *now]})
    broken = find_broken(before, now, gone=True)
    suspects = screen_scores(before, now, limits.margin)
    notes = [say_suspects(len(suspects), _count(now), "score", count_noun(effort.seeds, "seed"))]
    if not suspects:
        return Found(broken=broken, notes=notes)
    more = effort.seeds + CONFIRMING_SEEDS
    names = sorted({fusion for _, fusion in suspects})
    fresh = [
        [
            row
            for row in _score(side, selection, more, effort, tell, names)
            if row.seed >= effort.seeds and (row.dataset, row.fusion) in suspects
        ]
        for side in (base, head)
    ]
    notes.append(f"The suspects were scored with {CONFIRMING_SEEDS} more seeds.")
    return Found(None, judge_scores(*fresh, margin=limits.margin), broken, notes)


def find_broken(before: Sequence[Score], now: Sequence[Score], *, gone: bool) -> list[Broken]:
    """Find the scores that there were and are not.

    Parameters
    ----------
    before, now : sequence of Score
        Of the base and the head.
    gone : bool
        Whether the same was asked of both, so that a score which is not there at all is broken, too.
    """
    cells = {(row.dataset, row.fusion, row.seed): row for row in now}
    found: dict[str, str] = {}
    for row in before:
        other = cells.get((row.dataset, row.fusion, row.seed))
        if row.value is None or (other is not None and other.value is not None):
            continue
        if other is not None:
            found.setdefault(f"{row.fusion} on {row.dataset}", f"{other.status}: {other.reason}")
        elif gone:
            found.setdefault(f"{row.fusion} on {row.dataset}", "it is not there")
    return [Broken(*item) for item in found.items()]


def _compare_with_stored(
    base: Document, head: Environment, selection: Selection, effort: Effort, limits: Limits, tell: Tell
) -> Found:
    """Compare with the seeds of the file: there are no others to confirm with, so these decide at once."""
    seeds = 1 + max((row.seed for row in base.scores), default=-1)
    if not seeds:
        return Found(notes=["Scores were not compared: the file has none."])
    now = _score(head, selection, seeds, effort, tell)
    refuse_unknown(selection, {row.fusion for row in now})
    table = judge_scores(base.scores, now, margin=limits.margin)
    suspects = screen_scores(base.scores, now, limits.margin)
    notes = [say_suspects(len(suspects), len(table), "score", f"the {count_noun(seeds, 'seed')} of the file")]
    if seeds < 2:
        notes.append("With one seed no loss can be told from chance: track with --seeds 5 or more.")
    return Found(None, table[table["p_holm"] < 1], find_broken(base.scores, now, gone=False), notes)


def _score(
    side: Environment,
    selection: Selection,
    seeds: int,
    effort: Effort,
    tell: Tell,
    fusions: Sequence[str] = (),
) -> list[Score]:
    of = f" of {count_noun(len(fusions), 'suspect')}" if fusions else ""
    tell(f"scores ({side.name}): {count_noun(seeds, 'seed')}{of}")
    return score(side, selection, seeds=seeds, jobs=effort.jobs, fusions=fusions)


def _count(scores: Sequence[Score]) -> int:
    return len({(row.dataset, row.fusion) for row in scores})
