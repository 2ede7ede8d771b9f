"""The report: one HTML file that opens offline and asks the network for nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..cells import group_unfinished, unfinished_cells
from ..figures.drawings import boards_of_datasets, draw_all, draw_evidence
from ..figures.palette import CONTROL, FAMILY_COLOURS, family_of
from ..figures.svg import slug
from ..files import write_atomically
from ..location import open_folder
from ..logs import LOG_COLUMNS, describe_not_scored, group_messages
from ..records import CELL, collect_notices, validate
from ..statistics.evidence import tabulate_evidence, weigh_evidence
from ..statistics.patterns import modality_values
from ..statistics.stats import clean_scores, condition_scores, find_sign
from ..tables.columns import show_columns
from ..tables.formatting import format_interval
from ..tables.leaderboard import BASELINE, build_leaderboard
from ..training import label_training, note_training, select_ranked
from ..tuning import note_tuning
from .details import describe_fusions, identify, list_headings
from .findings import find_findings
from .jinja import make_environment
from .protocol import describe_metrics, describe_runs, describe_scenarios, flatten

__all__ = ["write_report"]


def write_report(
    records: pd.DataFrame,
    provenance: Mapping[str, Any],
    path: str | Path,
    *,
    metric: str = "accuracy",
    baseline: str = BASELINE,
    notice: Sequence[str] = (),
    outcomes: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None,
    logs: pd.DataFrame | None = None,
) -> None:
    """Write the report. The same input gives the same bytes.

    Parameters
    ----------
    records : pandas.DataFrame
        One row a score; see `fusebench.results.records.COLUMNS`.
    provenance : mapping
        Where the numbers come from: version, commit, packages, hardware, command, time. Shown as it is.
    path : str or pathlib.Path
        The HTML file; replaced as a whole.
    metric : str
        Which score to rank by.
    baseline : str
        The fusion that gains are over.
    notice : sequence of str
        Cautions shown on top, beside those that the records carry.
    outcomes : pandas.DataFrame, optional
        What was predicted for clean samples, for reliability diagrams and confusion matrices; see
        `fusebench.results.outcomes.OUTCOME_COLUMNS`.
    curves : pandas.DataFrame, optional
        How networks were trained; see `fusebench.results.curves.CURVE_COLUMNS`.
    logs : pandas.DataFrame, optional
        What fits warned of, and conditions that could not be scored; see
        `fusebench.results.logs.LOG_COLUMNS`.

    Raises
    ------
    FusebenchError
        If the records are not valid or do not hold the metric.
    """
    records = label_training(validate(records))
    messages = pd.DataFrame(columns=list(LOG_COLUMNS)) if logs is None else logs
    ranked = select_ranked(records)
    sign = find_sign(records, metric)
    scores = condition_scores(records, metric)
    board = build_leaderboard(ranked, metric=metric, baseline=baseline)
    boards = boards_of_datasets(records, metric, baseline)
    of_ranked = set(ranked["dataset"].unique())
    ranked_boards = {name: own for name, own in boards.items() if name in of_ranked}
    values = modality_values(scores, sign)
    unfinished = unfinished_cells(records)
    drawings = draw_all(records, board, boards, metric, baseline, outcomes, curves)
    evidence = weigh_evidence(clean_scores(condition_scores(ranked, metric)), sign, baseline)
    page = (
        make_environment()
        .get_template("report.html.j2")
        .render(
            notices=[*collect_notices(records, notice), *note_training(records), *note_tuning(records)],
            findings=find_findings(condition_scores(ranked, metric), sign, board, ranked_boards, baseline),
            facts=_count(records),
            metric=metric,
            higher_is_better=sign > 0,
            baseline=baseline,
            board=_tabulate(board, unfinished[unfinished["dataset"].isin(of_ranked)]),
            drawings=drawings[""],
            statistics={
                "verdict": evidence.test.describe(),
                **tabulate_evidence(evidence, baseline),
                "drawings": draw_evidence(evidence, board, baseline),
            },
            datasets=[
                {
                    "name": name,
                    "id": f"dataset-{slug(name)}",
                    "board": _tabulate(
                        own.drop(columns="mean_rank"), unfinished[unfinished["dataset"] == name]
                    ),
                    "drawings": drawings[name],
                    "values": _tabulate_values(values[values["dataset"] == name], own),
                }
                for name, own in boards.items()
            ],
            unfinished=[
                {**group._asdict(), "id": f"not-done-{number}"}
                for number, group in enumerate(group_unfinished(unfinished), start=1)
            ],
            not_scored=describe_not_scored(messages),
            runs=describe_runs(records),
            scenarios=describe_scenarios(records),
            metrics=describe_metrics(records),
            strategies=describe_fusions(
                records, board["fusion"], provenance, metric, group_messages(messages)
            ),
            headings=list_headings(records),
            logged=logs is not None,
            provenance=flatten({key: value for key, value in provenance.items() if key != "strategies"}),
            colours=FAMILY_COLOURS,
        )
    )
    write_atomically(open_folder(path), page.encode())


def _count(records: pd.DataFrame) -> dict[str, int]:
    cells = records.drop_duplicates(CELL)
    return {
        "data sets": select_ranked(records)["dataset"].nunique(),
        "fusions and controls": records["fusion"].nunique(),
        "seeds": records["seed"].nunique(),
        "cells done": int((cells["status"] == "done").sum()),
        "cells not done": len(unfinished_cells(records)),
    }


def _tabulate(board: pd.DataFrame, unfinished: pd.DataFrame) -> dict[str, Any]:
    """Turn a leaderboard into headings and cells for the template; "order" is what a click sorts by."""
    columns = show_columns(board)
    if len(unfinished):  # then how much is done is what one has to know first
        first = ("rank", "tie", "fusion", "coverage")
        columns = {name: columns[name] for name in [*first, *(name for name in columns if name not in first)]}
    lacking: dict[str, list[str]] = {}
    counts = unfinished.groupby(["fusion", "status"], sort=False).size().reset_index(name="count")
    for row in counts.to_dict("records"):
        lacking.setdefault(row["fusion"], []).append(f"{row['count']} {row['status']}")
    rows = [
        [
            {
                "name": name,
                "text": shown.text(row),
                "note": ", ".join(lacking.get(row["fusion"], ())) if name == "coverage" else "",
                "order": _order(row[name]),
                "numeric": shown.numeric,
                "family": family_of(row["family"]),
                "link": identify(row["fusion"]),
            }
            for name, shown in columns.items()
        ]
        for row in board.to_dict("records")
    ]
    return {"columns": columns, "rows": rows, "basis": board["gain_basis"].iloc[0]}


def _order(value: Any) -> str:
    """Write what a column is sorted by; "" if there is nothing."""
    if isinstance(value, str):
        return value
    return "" if pd.isna(value) else f"{value:.6g}"


def _tabulate_values(values: pd.DataFrame, board: pd.DataFrame) -> dict[str, Any]:
    """Turn the modality values of one data set into names and rows, in the order of its leaderboard."""
    quantities = list(dict.fromkeys(values["modality"]))
    rows = []
    for fusion, family in zip(board["fusion"], board["family"], strict=True):
        own = values[values["fusion"] == fusion].to_dict("records")
        if own and family != CONTROL:
            cells = [
                (format_interval(v["mean"], v["low"], v["high"], signed=True), _order(v["mean"])) for v in own
            ]
            rows.append((fusion, family_of(family), cells))
    return {"quantities": quantities, "rows": rows}
