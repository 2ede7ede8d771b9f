"""Tables and figures for an article."""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from ..figures.drawings import boards_of_datasets, draw_all, draw_evidence
from ..files import write_atomically
from ..location import open_folder
from ..records import validate
from ..statistics.evidence import weigh_evidence
from ..statistics.stats import clean_scores, condition_scores, find_sign
from ..tables.leaderboard import BASELINE, build_leaderboard
from ..tables.markup import to_latex
from ..tables.page import pick_columns, split_columns
from ..tables.view import make_view
from ..training import label_training, select_ranked

__all__ = ["write_paper"]

_PARTS = {
    "leaderboard": ("rank", "tie", "fusion", "score", "gain", "mean_rank", "ece"),
    "robustness": (
        "fusion",
        "mra_missing",
        "mra_noise",
        "mra_misalignment",
        "severity_area",
        "fault_gain",
        "worst",
    ),
    "cost": (
        "fusion",
        "absence",
        "fit_seconds",
        "latency",
        "n_parameters",
        "fit_bytes",
        "coverage",
    ),
}
"""Columns of the leaderboard by the file that holds them."""

_BY = (None, "family", "dataset", "scenario")

_FAMILY = ("rank", "fusion", "family", "members", "score", "gain")

_CHARACTERS = 86  # about as many as fit into 5.5 inches of \small type, a usual width of text


def write_paper(
    records: pd.DataFrame,
    folder: str | Path,
    *,
    metric: str = "accuracy",
    baseline: str = BASELINE,
    notice: Sequence[str] = (),
    outcomes: pd.DataFrame | None = None,
    curves: pd.DataFrame | None = None,
) -> list[Path]:
    r"""Write LaTeX tables for ``\input`` and PDF figures for ``\includegraphics``.

    Parameters
    ----------
    records, metric, baseline
        As for `fusebench.results.tables.leaderboard.build_leaderboard`.
    folder : str or pathlib.Path
        Made if it does not exist. Each file is replaced as a whole.
    notice : sequence of str
        Cautions put on top of every table, beside those that the records carry.
    outcomes, curves : pandas.DataFrame, optional
        As for `fusebench.results.report.report.write_report`.

    Returns
    -------
    list of pathlib.Path
        The leaderboard as ``leaderboard.tex``, ``robustness.tex`` and ``cost.tex``, then ``by-dataset.tex``,
        ``by-scenario.tex`` and ``by-family.tex``, each a ``tabular`` with rules of booktabs and its notes as
        comments. In ``\small`` type they fit a text of 5.5 inches: what would be wider goes on in
        ``by-dataset-2.tex`` and so on. The figures of the report as ``figure-*.pdf``, each with its data
        beside it as CSV.

    Raises
    ------
    FusebenchError
        If the records are not valid or do not hold the metric, or a file cannot be written.
    """
    records = validate(records)
    folder = open_folder(folder)
    files: dict[str, bytes] = {}
    pages = {
        by: make_view(records, metric=metric, by=by, baseline=baseline, notice=notice).page for by in _BY
    }
    tables = {name: pick_columns(pages[None], names) for name, names in _PARTS.items()}
    tables["by-family"] = pick_columns(pages["family"], _FAMILY)
    for by in ("dataset", "scenario"):
        for number, part in enumerate(split_columns(pages[by], _CHARACTERS), start=1):
            tables[f"by-{by}" if number == 1 else f"by-{by}-{number}"] = part
    for name, page in tables.items():
        files[f"{name}.tex"] = to_latex(page, explain=True).encode()
    labelled = label_training(records)
    ranked = select_ranked(labelled)
    board = build_leaderboard(ranked, metric=metric, baseline=baseline)
    boards = boards_of_datasets(labelled, metric, baseline)
    clean = clean_scores(condition_scores(ranked, metric))
    evidence = weigh_evidence(clean, find_sign(records, metric), baseline)
    drawings = draw_all(labelled, board, boards, metric, baseline, outcomes, curves)
    for drawing in chain(draw_evidence(evidence, board, baseline), *drawings.values()):
        files[f"{drawing.name}.pdf"] = drawing.pdf
        files[f"{drawing.name}.csv"] = drawing.csv.encode()
    for name, content in files.items():
        write_atomically(folder / name, content)
    return [folder / name for name in files]
