"""What comes of a comparison, and what counts in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ...results.tables.formatting import count_noun
from .decide import FACTOR, MARGIN, judge_scores, judge_times

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Broken", "Found", "Limits", "Verdict", "reach_verdict", "say_suspects"]


@dataclass(frozen=True)
class Limits:
    """What counts; see `fusebench.bench.regression.decide`.

    Parameters
    ----------
    factor : float
        Ratio of times above which something is slower.
    margin : float
        Loss of score above which something is worse.
    """

    factor: float = FACTOR
    margin: float = MARGIN


class Broken(NamedTuple):
    """Something that the base can do and the head cannot."""

    what: str
    reason: str


@dataclass(frozen=True)
class Found:
    """What was found out by one kind of measurement.

    Parameters
    ----------
    times : pandas.DataFrame, optional
        From `judge_times`, of the suspects.
    scores : pandas.DataFrame, optional
        From `judge_scores`, of the suspects.
    broken : sequence of Broken
        What the head lacks.
    notes : sequence of str
        How it was compared, and what was not, in sentences.
    """

    times: "pd.DataFrame | None" = None
    scores: "pd.DataFrame | None" = None
    broken: Sequence[Broken] = ()
    notes: Sequence[str] = ()


class Verdict(NamedTuple):
    """What came of a comparison.

    Parameters
    ----------
    base, head : str
        What was compared.
    times : pandas.DataFrame
        From `judge_times`, of the suspects.
    scores : pandas.DataFrame
        From `judge_scores`, of the suspects.
    broken : list of Broken
        Benchmarks and scores that the head lacks.
    notes : list of str
        How it was compared, and what was not, in sentences.
    """

    base: str
    head: str
    times: "pd.DataFrame"
    scores: "pd.DataFrame"
    broken: list[Broken]
    notes: list[str]

    @property
    def n_regressed(self) -> int:
        """Number of things that are slower, worse or broken."""
        return int(self.times["slower"].sum() + self.scores["worse"].sum()) + len(self.broken)


def reach_verdict(base: str, head: str, parts: Sequence[Found]) -> Verdict:
    """Put together what was found, of the revisions with these names."""
    import pandas as pd

    def join(tables: "list[pd.DataFrame | None]", empty: "pd.DataFrame") -> "pd.DataFrame":
        filled = [table for table in tables if table is not None and not table.empty]
        return pd.concat(filled, ignore_index=True) if filled else empty

    return Verdict(
        base,
        head,
        join([part.times for part in parts], judge_times({}, {})),
        join([part.scores for part in parts], judge_scores([], [])),
        [broken for part in parts for broken in part.broken],
        [note for part in parts for note in part.notes],
    )


def say_suspects(n_suspects: int, n_compared: int, what: str, how: str) -> str:
    """Say how many of how many looked worse at first."""
    were = "was" if n_compared == 1 else "were"
    return f"{count_noun(n_compared, what)} {were} compared with {how}; {n_suspects or 'none'} looked worse."
