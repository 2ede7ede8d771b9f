"""A table of texts with all that must stand around it, before it has a format."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import pandas as pd

from ..statistics.intervals import NEW_SEEDS
from .columns import show_columns
from .formatting import format_interval

__all__ = [
    "Heading",
    "Page",
    "make_board_page",
    "make_pivot_page",
    "measure_columns",
    "pick_columns",
    "split_columns",
]


class Heading(NamedTuple):
    """Head of a column: its name in the data, its text, what it means, and whether it holds numbers."""

    name: str
    text: str
    meaning: str
    numeric: bool = True


class Page(NamedTuple):
    """What people read.

    Parameters
    ----------
    headings : list of Heading
        Columns.
    rows : list of list of str
        A text for each column.
    notices : sequence of str
        Cautions, to be seen first.
    note : str
        What the numbers are about.
    unfinished : sequence of str
        What is not done.
    """

    headings: list[Heading]
    rows: list[list[str]]
    notices: Sequence[str]
    note: str
    unfinished: Sequence[str]


def make_board_page(board: pd.DataFrame, notices: Sequence[str] = (), unfinished: Sequence[str] = ()) -> Page:
    """Make the page of a leaderboard, of the columns that say something.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.tables.leaderboard.build_leaderboard`.
    notices, unfinished : sequence of str
        See `Page`.
    """
    columns = show_columns(board)
    note = (
        f"± is half a 95 % interval, each on its own. Score: {NEW_SEEDS}. "
        f"Gain and ties: {board['gain_basis'].iloc[0]}. “?”: one seed, no interval. "
        "“!”: not shown to be above 0."
    )
    headings = [Heading(name, c.heading, c.meaning, c.numeric) for name, c in columns.items()]
    rows = [[column.text(row) for column in columns.values()] for row in board.to_dict("records")]
    return Page(headings, rows, notices, note, unfinished)


def make_pivot_page(
    scores: pd.DataFrame,
    by: str,
    metric: str,
    notices: Sequence[str] = (),
    unfinished: Sequence[str] = (),
    basis: str = NEW_SEEDS,
) -> Page:
    """Make the page of scores with a row for each fusion and a column for each data set or scenario.

    Parameters
    ----------
    scores : pandas.DataFrame
        From `fusebench.results.tables.breakdown.score_by`; rows and columns keep its order.
    by : str
        The column of `scores` that becomes the columns.
    metric : str
        Name of the score.
    notices, unfinished : sequence of str
        See `Page`.
    basis : str
        What the intervals cover.
    """
    names = list(dict.fromkeys(scores[by]))
    meaning = f"{metric} on the {by} {{}}, as a mean, ± half its 95 % interval."
    headings = [Heading("fusion", "fusion", "Name of the fusion strategy or control.", numeric=False)]
    headings += [Heading(name, name, meaning.format(name)) for name in names]
    rows = []
    for fusion, own in scores.groupby("fusion", sort=False):
        texts = {row[by]: format_interval(row["score"], row["low"], row["high"]) for _, row in own.iterrows()}
        rows.append([str(fusion), *(texts[name] for name in names)])
    note = f"{metric}. ± is half a 95 % interval: {basis}. “?”: one seed, no interval."
    if by == "scenario":
        note += " Each mean is over the data sets that have the scenario."
    return Page(headings, rows, notices, note, unfinished)


def measure_columns(page: Page) -> dict[str, int]:
    """Count the characters of the longest text of each column, by its name.

    Examples
    --------
    >>> headings = [Heading("rank", "#", ""), Heading("score", "accuracy", "")]
    >>> measure_columns(Page(headings, [["10", ".9"]], (), "", ()))
    {'rank': 2, 'score': 8}
    """
    texts = zip(*([heading.text for heading in page.headings], *page.rows), strict=True)
    return {heading.name: max(map(len, column)) for heading, column in zip(page.headings, texts, strict=True)}


def pick_columns(page: Page, names: Collection[str]) -> Page:
    """Keep the columns of these names, in the order of the page; names that it lacks are passed over.

    Examples
    --------
    >>> headings = [Heading(name, name, "") for name in ("fusion", "score")]
    >>> page = Page(headings, [["late-mean", "1"]], (), "", ())
    >>> pick_columns(page, {"score", "gain"}).rows
    [['1']]
    """
    kept = [place for place, heading in enumerate(page.headings) if heading.name in names]
    return page._replace(
        headings=[page.headings[place] for place in kept],
        rows=[[row[place] for place in kept] for row in page.rows],
    )


def split_columns(page: Page, characters: int) -> list[Page]:
    """Split a wide page into pages that repeat its first column.

    Parameters
    ----------
    page : Page
        What to split.
    characters : int
        How wide a page may be, at two characters between columns. One of two columns may be wider.

    Returns
    -------
    list of Page
        At least one.

    Examples
    --------
    >>> headings = [Heading(name, name, "") for name in ("fusion", "digits", "scenes")]
    >>> page = Page(headings, [["late-mean", ".9", ".8"]], (), "", ())
    >>> [part.rows for part in split_columns(page, 20)]
    [[['late-mean', '.9']], [['late-mean', '.8']]]
    """
    (first, own), *others = measure_columns(page).items()
    parts: list[list[str]] = []
    room = 0
    for name, width in others:
        if not parts or width + 2 > room:
            parts.append([first])
            room = characters - own
        parts[-1].append(name)
        room -= width + 2
    return [pick_columns(page, names) for names in parts] or [page]
