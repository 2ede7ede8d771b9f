"""``fusebench leaderboard`` and ``fusebench report``."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import FusebenchError
from ...results.location import open_folder

if TYPE_CHECKING:
    import pandas as pd

    from ...results.placing import Placed

__all__ = [
    "FolderArgument",
    "Interval",
    "IntervalOption",
    "MetricOption",
    "common_metric",
    "leaderboard",
    "print_results",
    "report",
]

FolderArgument = Annotated[
    Path, typer.Argument(metavar="DIR", parser=open_folder, help="Folder or URL of a run.")
]
MetricOption = Annotated[
    str | None, typer.Option("--metric", "-m", help="Metric to rank by; the suite's own when left out.")
]


class Format(StrEnum):
    """What a leaderboard is printed as."""

    RICH = "rich"
    MD = "md"
    CSV = "csv"
    HTML = "html"
    LATEX = "latex"
    JSON = "json"


class Part(StrEnum):
    """What a leaderboard is taken apart by."""

    DATASET = "dataset"
    SCENARIO = "scenario"
    FAMILY = "family"


class Interval(StrEnum):
    """What an interval covers."""

    SEEDS = "seeds"
    SAMPLES = "samples"


IntervalOption = Annotated[
    Interval,
    typer.Option(
        "--interval", help="New seeds; or new seeds and test samples, from the kept predictions of the run."
    ),
]


def leaderboard(
    folder: FolderArgument,
    metric: MetricOption = None,
    form: Annotated[Format, typer.Option("--format", help="Programs read csv and json.")] = Format.RICH,
    by: Annotated[
        Part | None,
        typer.Option("--by", help="A column for each data set or scenario; or the best of each family."),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option("--sort", metavar="COLUMN", help="Best first; another metric than the suite's ranks."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="COLUMN=GLOB",
            help="Such as fusion=late-*, family!=control or dataset=avdigits; repeatable.",
        ),
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say in words what each column means.")] = False,
    interval: IntervalOption = Interval.SEEDS,
    with_published: Annotated[
        bool,
        typer.Option(
            "--with-published",
            help="Beside the published results of a suite, as far as they can be compared.",
        ),
    ] = False,
) -> None:
    """Show the leaderboard of a run; asked for whole, also write leaderboard.csv and leaderboard.md."""
    from ...results.records import read_records
    from ...results.tables import markup
    from ...results.tables.leaderboard import write_leaderboard
    from ...results.tables.render import print_page
    from ...results.tables.view import make_view
    from ..store.predictions import read_samples

    if explain and form is Format.CSV:
        raise FusebenchError("CSV has no place for explanations; use another --format.")
    if interval is Interval.SAMPLES and (by not in (Part.DATASET, Part.SCENARIO) or with_published):
        raise FusebenchError(
            "Test samples are those of one data set of one's own run: --interval samples is for --by dataset "
            "or --by scenario, and not beside published results."
        )
    records = read_records(folder)
    chosen = metric or common_metric([folder])
    placed = _place_among_published(folder, records) if with_published else None
    view = make_view(
        records if placed is None else placed.records,
        metric=chosen,
        by=by,
        sort=sort,
        filters=only or (),
        notice=() if placed is None else placed.notices,
        published=() if placed is None else placed.fusions,
        read_samples=partial(read_samples, folder) if interval is Interval.SAMPLES else None,
    )
    if form is Format.RICH:
        print_page(view.page, explain=explain)
    elif form in (Format.CSV, Format.JSON):
        typer.echo(markup.to_csv(view) if form is Format.CSV else markup.to_json(view), nl=False)
    else:
        write = {Format.MD: markup.to_markdown, Format.HTML: markup.to_html, Format.LATEX: markup.to_latex}
        typer.echo(write[form](view.page, explain=explain), nl=False)
    if form is Format.RICH and not (by or sort or only or with_published):
        write_leaderboard(records, folder, metric=chosen)


def _place_among_published(folder: Path, records: "pd.DataFrame") -> "Placed":
    from ...results.placing import place_among
    from ...results.publications import find_publications, read_publication
    from ..store.provenance import read_provenance

    return place_among(records, read_provenance(folder), map(read_publication, find_publications()))


def report(
    folder: FolderArgument,
    metric: MetricOption = None,
    paper: Annotated[
        Path | None,
        typer.Option("--paper", metavar="FOLDER", help="Write LaTeX tables and PDF figures there instead."),
    ] = None,
) -> None:
    """Write report.html of a run: one file that opens offline."""
    from ...results.records import read_records
    from ...results.report.paper import write_paper
    from ...results.report.report import write_report
    from ..store.fits import read_fits
    from ..store.predictions import read_outcomes
    from ..store.provenance import read_provenance

    chosen = metric or common_metric([folder])
    records = read_records(folder)
    outcomes = read_outcomes(folder, records)
    fits = read_fits(folder, records)
    if paper is not None:
        written = write_paper(records, paper, metric=chosen, outcomes=outcomes, curves=fits.curves)
        typer.echo(f"{len(written)} files: {paper.resolve()}")
        return
    path = folder / "report.html"
    told = {"outcomes": outcomes, **fits._asdict()}
    write_report(records, read_provenance(folder), path, metric=chosen, **told)
    typer.echo(f"Report: {path.resolve()}")


def print_results(records: "pd.DataFrame", *, metric: str) -> None:
    """Print the leaderboard on the screen."""
    from rich.console import Console

    from ...results.tables.render import print_leaderboard

    print_leaderboard(records, Console(), metric=metric)


def common_metric(folders: Sequence[Path]) -> str:
    """Find what runs are ranked by; accuracy where their provenance does not say.

    Raises
    ------
    FusebenchError
        If they are ranked by different metrics.
    """
    from ..store.provenance import read_provenance

    told = [read_provenance(folder).get("metric") for folder in folders]
    metrics = list(dict.fromkeys(metric for metric in told if isinstance(metric, str)))
    if len(metrics) > 1:
        raise FusebenchError(f"The runs are ranked by {' and '.join(metrics)}; choose one with --metric.")
    return metrics[0] if metrics else "accuracy"
