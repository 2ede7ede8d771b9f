"""A verdict in the terminal, as Markdown for a pull request, and as JSON."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ...results.tables.formatting import format_interval, format_number, format_seconds
from ...results.tables.markup import escape_markdown, records_of

if TYPE_CHECKING:
    from rich.console import Console

    from .verdict import Verdict

__all__ = ["annotations", "print_verdict", "summarise", "to_json", "to_markdown"]

_HEADINGS = ("", "what", "base", "head", "change", "p (Holm)")
_MAX_ANNOTATIONS = 10  # GitHub shows no more of one step


class Line(NamedTuple):
    """A row of the table: whether it is a regression, and five texts."""

    regressed: bool
    kind: str
    what: str
    base: str
    head: str
    change: str
    evidence: str


def summarise(verdict: "Verdict") -> str:
    """Say in one sentence what came of it.

    Examples
    --------
    >>> from fusebench.bench.regression.decide import judge_scores, judge_times
    >>> from fusebench.bench.regression.verdict import Verdict
    >>> summarise(Verdict("a1b2c3d4e", "f6a7b8c9d", judge_times({}, {}), judge_scores([], []), [], []))
    'No regression from a1b2c3d4e to f6a7b8c9d.'
    """
    counts = {
        "slower": int(verdict.times["slower"].sum()),
        "worse": int(verdict.scores["worse"].sum()),
        "broken": len(verdict.broken),
    }
    between = f"from {verdict.base} to {verdict.head}"
    if not verdict.n_regressed:
        return f"No regression {between}."
    parts = [f"{count} {kind}" for kind, count in counts.items() if count]
    return f"Regressions {between}: {', '.join(parts)}."


def print_verdict(verdict: "Verdict", console: "Console") -> None:
    """Print the regressions and the suspects that were cleared as a table, then how it was found."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    lines = _lines(verdict)
    if lines:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for place, heading in enumerate(_HEADINGS):
            table.add_column(heading, justify="left" if place < 2 else "right", overflow="fold")
        for line in lines:
            style = "bold red" if line.regressed else "dim"
            table.add_row(*(Text(text, style=style) for text in line[1:]))
        console.print(table)
    for note in verdict.notes:
        console.print(Text(note, style="dim"))
    style = "bold red" if verdict.n_regressed else "bold green"
    console.print(Text(summarise(verdict), style=style))


def to_markdown(verdict: "Verdict") -> str:
    """Write Markdown for a comment or summary on GitHub: regressions in sight, the rest folded."""
    lines = _lines(verdict)
    worse, cleared = ([line for line in lines if line.regressed is kind] for kind in (True, False))
    mark = ":x:" if verdict.n_regressed else ":white_check_mark:"
    text = [f"### {mark} {escape_markdown(summarise(verdict))}", "", *_table(worse)]
    text += ["<details><summary>How this was found</summary>", "", *_table(cleared)]
    text += [*(f"- {escape_markdown(note)}" for note in verdict.notes), "", "</details>", ""]
    return "\n".join(text)


def annotations(verdict: "Verdict") -> list[str]:
    """Give commands by which GitHub Actions marks a step with errors, one for each regression.

    Of more than ten the last one counts the rest.
    """
    found = [line for line in _lines(verdict) if line.regressed]
    shown = found if len(found) <= _MAX_ANNOTATIONS else found[: _MAX_ANNOTATIONS - 1]
    told = [_say(line) for line in shown]
    if len(shown) < len(found):
        told.append(f"and {len(found) - len(shown)} more regressions")
    return [f"::error title=fusebench regress::{_escape_command(text)}" for text in told]


def to_json(verdict: "Verdict") -> str:
    """Write everything in full precision, for programs."""
    document: dict[str, Any] = {
        "base": verdict.base,
        "head": verdict.head,
        "regressed": verdict.n_regressed > 0,
        "summary": summarise(verdict),
        "times": records_of(verdict.times),
        "scores": records_of(verdict.scores),
        "broken": [broken._asdict() for broken in verdict.broken],
        "notes": verdict.notes,
    }
    return json.dumps(document, indent=1, allow_nan=False)


def _lines(verdict: "Verdict") -> list[Line]:
    """Give all rows, regressions first."""
    lines = [
        Line(True, "broken", broken.what, "", "", " ".join(broken.reason.split()), "")
        for broken in verdict.broken
    ]
    lines += [_time_line(row) for row in verdict.times.to_dict("records")]
    lines += [_score_line(row) for row in verdict.scores.to_dict("records")]
    return sorted(lines, key=lambda line: not line.regressed)


def _time_line(row: Mapping[Any, Any]) -> Line:
    return Line(
        bool(row["slower"]),
        "slower" if row["slower"] else "not clearly slower",
        row["benchmark"],
        format_seconds(row["base"]),
        format_seconds(row["head"]),
        f"× {row['ratio']:.2f}",
        f"{row['p_holm']:.2g}",
    )


def _score_line(row: Mapping[Any, Any]) -> Line:
    return Line(
        bool(row["worse"]),
        "worse" if row["worse"] else "not clearly worse",
        f"{row['fusion']} on {row['dataset']}",
        format_number(row["base"]),
        format_number(row["head"]),
        # A loss is positive; the change of the score is then negative.
        format_interval(-row["loss"], -row["high"], -row["low"], signed=True),
        f"{row['p_holm']:.2g}",
    )


def _table(lines: list[Line]) -> list[str]:
    if not lines:
        return []
    rows = [_HEADINGS, ("---", "---", "---:", "---:", "---:", "---:")]
    texts = [f"| {' | '.join(row)} |" for row in rows]
    texts += [f"| {' | '.join(map(escape_markdown, line[1:]))} |" for line in lines]
    return [*texts, ""]


def _say(line: Line) -> str:
    if line.kind == "broken":
        return f"{line.what} is broken: {line.change}"
    return f"{line.what} is {line.kind}: {line.base} -> {line.head} ({line.change}, p = {line.evidence})"


def _escape_command(text: str) -> str:
    return text.replace("%", "%25")  # no text here holds a line break
