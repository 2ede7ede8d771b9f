"""Which records a table is made of, which of its rows are shown, and in which order."""

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, Self

import pandas as pd

from ...errors import FusebenchError, did_you_mean
from .columns import SHOWN

__all__ = ["Filter", "describe", "select_records", "select_rows", "sort_board"]

OF_RECORDS = ("dataset", "training", "seed", "scenario", "mechanism", "modality", "severity")
"""Filters by these choose the scores that a table is made of."""

OF_ROWS = ("fusion", "family", "absence", "rank", "tie", "beats_unimodal")
"""Filters by these choose rows of a finished table, so that ranks, ties and gains stay those among all."""

_OF_CONDITIONS = ("scenario", "mechanism", "modality", "severity")


class Filter(NamedTuple):
    """A condition such as ``fusion=late-*``: a column and globs, of which one must match, or none must."""

    column: str
    globs: tuple[str, ...]
    wanted: bool = True

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``COLUMN=GLOB[,GLOB...]`` or ``COLUMN!=GLOB[,GLOB...]``.

        Raises
        ------
        FusebenchError
            If it is neither, or there is no such column.

        Examples
        --------
        >>> Filter.parse("family!=control,late")
        Filter(column='family', globs=('control', 'late'), wanted=False)
        >>> Filter.parse("famly=late")
        Traceback (most recent call last):
        ...
        fusebench.errors.FusebenchError: No column to filter by is called 'famly'; did you mean family?
        """
        parts = re.fullmatch(r"\s*([^!=]+?)\s*(!?=)\s*(.*?)\s*", text)
        if parts is None or not parts[3]:
            raise FusebenchError(f"A filter is COLUMN=VALUE or COLUMN!=VALUE, however: {text!r}.")
        known = (*OF_RECORDS, *OF_ROWS)
        if parts[1] not in known:
            raise FusebenchError(
                f"No column to filter by is called {parts[1]!r}; {did_you_mean(parts[1], known)}"
            )
        return cls(parts[1], tuple(glob.strip() for glob in parts[3].split(",")), parts[2] == "=")

    def __str__(self) -> str:
        return f"{self.column}{'=' if self.wanted else '!='}{','.join(self.globs)}"

    def keep(self, values: pd.Series) -> "pd.Series[bool]":
        """Tell which values pass.

        Raises
        ------
        FusebenchError
            If a glob matches none of them.
        """
        texts = values.astype(object).where(values.notna(), "").astype(str)
        known = set(texts)
        matched = set()
        for glob in self.globs:
            found = {text for text in known if fnmatchcase(text, glob)}
            if not found:
                raise FusebenchError(f"No {self.column} is {glob!r}; {did_you_mean(glob, known - {''})}")
            matched |= found
        return texts.isin(matched) == self.wanted


def select_records(records: pd.DataFrame, filters: Iterable[Filter]) -> pd.DataFrame:
    """Keep the scores that a table shall be made of.

    Filters by scenario, mechanism, modality or severity leave clean scores, which the others are compared
    with, and cells that are not done.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records.
    filters : iterable of Filter
        All must hold; those by the rows of a table are passed over.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    FusebenchError
        If a value does not occur, or nothing is left.
    """
    for chosen in filters:
        if chosen.column in OF_RECORDS:
            free = (records["status"] != "done") | (records["mechanism"] == "clean")
            if chosen.column not in _OF_CONDITIONS:
                free &= False
            records = records[chosen.keep(records[chosen.column].astype(object).mask(free)) | free]
            if records.empty:
                raise FusebenchError(f"No record is left by {chosen}.")
    return records


def select_rows(board: pd.DataFrame, filters: Iterable[Filter]) -> pd.DataFrame:
    """Keep the rows of a leaderboard that shall be shown, see `select_records`."""
    for chosen in filters:
        if chosen.column in OF_ROWS:
            board = board[chosen.keep(board[chosen.column])]
            if board.empty:
                raise FusebenchError(f"No row is left by {chosen}.")
    return board.reset_index(drop=True)


def sort_board(board: pd.DataFrame, column: str, sign: int) -> pd.DataFrame:
    """Put the best of a column first; rows without a value come last, equal ones stay in their order.

    Parameters
    ----------
    board : pandas.DataFrame
        From `fusebench.results.tables.leaderboard.build_leaderboard`.
    column : str
        Its name, as in ``leaderboard.csv``, or its heading.
    sign : int
        From `fusebench.results.statistics.stats.find_sign`.

    Raises
    ------
    FusebenchError
        If there is no such column.
    """
    names = {shown.heading: name for name, shown in SHOWN.items()}
    names |= {name: name for name in SHOWN} | {board["metric"].iloc[0]: "score"}
    names = {heading: name for heading, name in names.items() if name in board}
    if column not in names:
        raise FusebenchError(f"No column to sort by is called {column!r}; {did_you_mean(column, names)}")
    name = names[column]
    better = SHOWN[name].better
    descending = better == "higher" or (better == "metric" and sign > 0)
    return board.sort_values(
        name, ascending=not descending, kind="stable", na_position="last", ignore_index=True
    )


def describe(filters: Sequence[Filter]) -> str:
    """Say in a sentence what was left out; empty if nothing was."""
    shown = ", ".join(map(str, filters))
    return f"Only {shown}; ranks, ties and gains are those among all fusions." if shown else ""
