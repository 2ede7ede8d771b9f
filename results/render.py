"""The leaderboard as text: in the terminal and in Markdown."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd

from .cells import group_unfinished, unfinished_cells
from .columns import show_columns
from .intervals import NEW_SEEDS
from .leaderboard import BASELINE, build_leaderboard
from .records import collect_notices, validate
from .training import label_training, note_training

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["make_table", "print_leaderboard", "render_markdown"]

_NARROW = ("rank", "tie", "fusion", "score", "gain", "beats_unimodal", "mra_missing", "mra_noise", "worst")
_LEFT_OUT_FIRST = ("worst", "beats_unimodal", "mra_noise", "mra_missing", "coverage")
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
        Where to print; standard output when left out. A narrow one is shown fewer columns.
    notice : sequence of str
        Lines shown above, beside those that the records carry.
    """
    from rich.console import Console
    from rich.text import Text

    records = validate(records)
    console = console or Console()
    board = build_leaderboard(records, metric=metric, baseline=baseline)
    for line in [*collect_notices(records, notice), *note_training(records)]:
        console.print(Text(f"! {line}", style="bold yellow"))
    console.print(make_table(board, console.width))
    console.print(Text(_explain(board), style="dim"))
    for group in group_unfinished(unfinished_cells(label_training(records))):
        console.print(Text(group.line, style="yellow"))


def make_table(board: pd.DataFrame, width: int = 100) -> "Table":
    """Make a table of the most important columns.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.leaderboard.build_leaderboard`.
    width : int
        Columns of the terminal; with fewer than 100 some columns of the table are left out.

    Returns
    -------
    rich.table.Table
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    names = [*_NARROW, "coverage"] if (board["coverage"] < 1).any() else list(_NARROW)
    shown = {name: column for name, column in show_columns(board).items() if name in names}
    rows = board.to_dict("records")
    texts = {name: [column.text(row) for row in rows] for name, column in shown.items()}
    for name in _LEFT_OUT_FIRST:
        # Two spaces between columns, and at the ends of the table.
        if 2 + sum(max(map(len, [shown[key].heading, *texts[key]])) + 2 for key in texts) > width:
            texts.pop(name, None)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in texts:
        column = shown[name]
        justify: Literal["left", "right"] = "right" if column.numeric else "left"
        table.add_column(column.heading, justify=justify, no_wrap=name != "fusion", overflow="fold")
    for cells in zip(*texts.values(), strict=True):
        # Text, not markup: a name with brackets is shown as it is.
        table.add_row(*(Text(text, style=_STYLES.get(text, "")) for text in cells))
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
