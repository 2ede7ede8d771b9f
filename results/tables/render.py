"""The leaderboard in the terminal."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd

from .leaderboard import BASELINE
from .page import Page, measure_columns, pick_columns
from .view import make_view

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["make_table", "print_leaderboard", "print_page"]

_IMPORTANT: tuple[str, ...] = (
    *("rank", "tie", "fusion", "score", "gain", "members", "coverage", "mra_missing", "mra_noise"),
    *("beats_unimodal", "worst", "family", "ece", "fit_seconds", "latency", "n_parameters", "fit_bytes"),
)
"""Columns of a leaderboard that a narrow terminal shows, the first five always; others need more room."""

_OF_FAMILIES: tuple[str, ...] = ("rank", "fusion", "family", "score")
"""Those that a table of families shows first, and always."""

_STYLES = {"yes": "green", "no": "red"}


def print_leaderboard(
    records: pd.DataFrame,
    console: "Console | None" = None,
    *,
    metric: str = "accuracy",
    baseline: str = BASELINE,
    notice: Sequence[str] = (),
) -> None:
    """Print the leaderboard, what it is, and what is not done.

    Parameters
    ----------
    records, metric, baseline
        As for `fusebench.results.tables.leaderboard.build_leaderboard`.
    console : rich.console.Console, optional
        Where to print; standard output when left out. A narrow one is shown fewer columns.
    notice : sequence of str
        Lines shown above, beside those that the records carry.
    """
    print_page(make_view(records, metric=metric, baseline=baseline, notice=notice).page, console)


def print_page(page: Page, console: "Console | None" = None, *, explain: bool = False) -> None:
    """Print a page, and, if asked, what each of its columns means, those that do not fit included."""
    from rich.console import Console
    from rich.text import Text

    console = console or Console()
    for line in page.notices:
        console.print(Text(f"! {line}", style="bold yellow"))
    names = _fit(page, console.width)
    console.print(make_table(page, names))
    left_out = [heading.text for heading in page.headings if heading.name not in names]
    more = f" Not shown at this width: {', '.join(left_out)}; --format md has all." if left_out else ""
    console.print(Text(page.note + more, style="dim"))
    if explain:
        for heading in page.headings:
            console.print(Text.assemble((heading.text, "bold"), f"  {heading.meaning}"))
    for line in page.unfinished:
        console.print(Text(line, style="yellow"))


def make_table(page: Page, names: Sequence[str]) -> "Table":
    """Make a table of some columns of a page, by name."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    page = pick_columns(page, names)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in page.headings:
        justify: Literal["left", "right"] = "right" if heading.numeric else "left"
        no_wrap = heading.name != "fusion"
        table.add_column(Text(heading.text), justify=justify, no_wrap=no_wrap, overflow="fold")
    for row in page.rows:
        # Text, not markup: a name with brackets is shown as it is.
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in row))
    return table


def _fit(page: Page, width: int) -> list[str]:
    """Choose the columns that fit: of a leaderboard the important ones, of other tables the first ones."""
    needed = measure_columns(page)
    if "members" in needed:
        first, always = (*_OF_FAMILIES, *_IMPORTANT), len(_OF_FAMILIES)
    elif "rank" in needed:
        first, always = _IMPORTANT, 5
    else:
        first, always = tuple(needed)[:2], 2
    important = [name for name in dict.fromkeys(first) if name in needed]
    others = [name for name in needed if name not in important]
    for name in reversed([*important[always:], *others]):
        # Two spaces between columns, and at the ends of the table.
        if 2 + sum(length + 2 for length in needed.values()) > width:
            needed.pop(name, None)
    return list(needed)
