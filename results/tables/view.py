"""A leaderboard as it was asked for: filtered, sorted, taken apart."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import pandas as pd

from ..cells import group_unfinished, unfinished_cells
from ..records import collect_notices, validate
from ..statistics.intervals import NEW_SEEDS
from ..statistics.stats import find_sign
from ..training import label_training, note_training, select_ranked
from ..tuning import note_tuning
from .breakdown import SampleReader, best_of_families, cover_samples, score_by
from .leaderboard import BASELINE, build_leaderboard
from .page import Page, make_board_page, make_pivot_page
from .selection import Filter, describe, select_records, select_rows, sort_board

__all__ = ["View", "make_view"]


class View(NamedTuple):
    """The same table for people and for programs.

    Parameters
    ----------
    metric : str
        What is ranked by.
    page : Page
        Texts.
    frame : pandas.DataFrame
        All columns in full precision.
    """

    metric: str
    page: Page
    frame: pd.DataFrame


def make_view(
    records: pd.DataFrame,
    *,
    metric: str = "accuracy",
    baseline: str = BASELINE,
    by: str | None = None,
    sort: str | None = None,
    filters: Sequence[str] = (),
    notice: Sequence[str] = (),
    published: Collection[str] = (),
    read_samples: SampleReader | None = None,
) -> View:
    """Rank, then show what was asked for.

    Parameters
    ----------
    records, metric, baseline
        As for `fusebench.results.tables.leaderboard.build_leaderboard`.
    by : {"dataset", "scenario", "family"}, optional
        Scores in a column for each data set or scenario, or the best-ranked member of each family.
    sort : str
        Column that rows are sorted by; or another metric, which then ranks.
    filters : sequence of str
        See `fusebench.results.tables.selection.Filter`.
    notice : sequence of str
        Cautions beside those that the records carry.
    published : collection of str
        Fusions to mark as published, see `fusebench.results.placing.place_among`.
    read_samples : callable, optional
        Gives the scores of single samples of the records and metric that it is called with; the intervals
        by data set or scenario then cover test samples, too. See `fusebench.results.statistics.paired`.

    Returns
    -------
    View

    Raises
    ------
    FusebenchError
        If a name is unknown or nothing is left.

    Examples
    --------
    >>> records = pd.DataFrame({"fusion": ["late-mean", "early-mlp"], "value": [0.92, 0.81]}).assign(
    ...     dataset="digits", seed=0, metric="accuracy", direction="maximize")
    >>> make_view(records, filters=["fusion=early-*"]).frame[["rank", "fusion", "score"]]
       rank     fusion  score
    0     2  early-mlp   0.81
    """
    chosen = [Filter.parse(text) for text in filters]
    records = select_records(validate(records), chosen)
    if sort in set(records["metric"].unique()) - {""}:
        metric, sort = str(sort), None
    board = build_leaderboard(records, metric=metric, baseline=baseline)
    if published:
        board["source"] = board["fusion"].isin(published).map({True: "published", False: "this run"})
    board = select_rows(board, chosen)
    if by == "family":
        board = best_of_families(board)
    if sort is not None:
        board = sort_board(board, sort, find_sign(records, metric))
    notices = [*collect_notices(records, notice), *note_training(records), *note_tuning(records)]
    shown = records[records["fusion"].isin(board["fusion"])]
    unfinished = [group.line for group in group_unfinished(unfinished_cells(label_training(shown)))]
    if by in ("dataset", "scenario"):
        ranked, basis = select_ranked(records), NEW_SEEDS
        scores = score_by(ranked, metric, str(by))
        if read_samples is not None:
            scores, basis = cover_samples(scores, ranked, metric, str(by), read_samples)
        order = {fusion: place for place, fusion in enumerate(board["fusion"])}
        scores = scores[scores["fusion"].isin(order)]
        frame = scores.sort_values("fusion", key=lambda names: names.map(order), kind="stable")
        frame = frame.reset_index(drop=True).assign(metric=metric)
        if marked := [fusion for fusion in order if fusion in published]:
            notices.append(f"Published: {', '.join(marked)}.")
        page = make_pivot_page(frame, str(by), metric, notices, unfinished, basis)
    else:
        frame, page = board, make_board_page(board, notices, unfinished)
    note = " ".join(filter(None, [page.note, describe(chosen)]))
    return View(metric, page._replace(note=note), frame)
