"""The leaderboard as text: in the terminal and in Markdown."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from .cells import group_unfinished, unfinished_cells
from .columns import show_columns
from .intervals import NEW_SEEDS
from .leaderboard import BASELINE, build_leaderboard
from .records import collect_notices, validate

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["make_table", "print_leaderboard", "render_markdown"]

_NARROW = ("rank", "tie", "fusion", "score", "gain", "beats_unimodal", "mra_missing", "mra_noise", "worst")
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
        As for `fusebench.results.leaderboard.build_leaderboard`.
    console : rich.console.Console, optional
        Where to print; standard output when left out. The table fits 100 columns.
    notice : sequence of str
        Lines shown above, beside those that the records carry.
    """
    from rich.console import Console
    from rich.text import Text

    records = validate(records)
    console = console or Console()
    board = build_leaderboard(records, metric=metric, baseline=baseline)
    for line in collect_notices(records, notice):
        console.print(Text(f"! {line}", style="bold yellow"))
    console.print(make_table(board))
    console.print(Text(_explain(board), style="dim"))
    for group in group_unfinished(unfinished_cells(records)):
        console.print(Text(group.line, style="yellow"))


def make_table(board: pd.DataFrame) -> "Table":
    """Make a table that fits 100 columns.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.leaderboard.build_leaderboard`.

    Returns
    -------
    rich.table.Table
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    names = [*_NARROW, "coverage"] if (board["coverage"] < 1).any() else _NARROW
    columns = {name: shown for name, shown in show_columns(board).items() if name in names}
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name, shown in columns.items():
        table.add_column(
            shown.heading,
            justify="right" if shown.numeric else "left",
            overflow="fold",
            no_wrap=name != "fusion",
        )
    for row in board.to_dict("records"):
        texts = [shown.text(row) for shown in columns.values()]
        # Text, not markup: a name with brackets is shown as it is.
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in texts))
    return table


def render_markdown(board: pd.DataFrame, notice: Sequence[str] = (), unfinished: Sequence[str] = ()) -> str:
    """Write the leaderboard as a Markdown document.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.leaderboard.build_leaderboard`.
    notice : sequence of str
        Cautions, shown above.
    unfinished : sequence of str
        What is not done, shown below.

    Returns
    -------
    str
        Ends with a newline.
    """
    columns = show_columns(board)
    lines = ["# Leaderboard", ""]
    for line in notice:
        lines += [f"> **{_escape(line)}**", ""]
    lines.append(_line(shown.heading for shown in columns.values()))
    lines.append(_line("---:" if shown.numeric else "---" for shown in columns.values()))
    lines += [_line(shown.text(row) for shown in columns.values()) for row in board.to_dict("records")]
    lines += ["", _explain(board), ""]
    if unfinished:
        lines += ["## Not done", "", *(f"- {_escape(line)}" for line in unfinished), ""]
    return "\n".join(lines)


def _explain(board: pd.DataFrame) -> str:
    return (
        f"± is half a 95 % interval, each on its own. Score: {NEW_SEEDS}. "
        f"Gain and ties: {board['gain_basis'].iloc[0]}. “?”: one seed, no interval."
    )


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_escape(cell) for cell in cells)} |"


def _escape(text: str) -> str:
    for character in "\\|<>*_`[]":
        text = text.replace(character, f"\\{character}")
    return text
