"""``fusebench leaderboard`` and ``fusebench report``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["leaderboard", "print_results", "report"]

FolderArgument = Annotated[Path, typer.Argument(help="Folder of a run.")]
MetricOption = Annotated[
    str | None, typer.Option("--metric", "-m", help="Metric to rank by; the suite's own when left out.")
]


def leaderboard(folder: FolderArgument, metric: MetricOption = None) -> None:
    """Show the leaderboard of a run and write leaderboard.csv and leaderboard.md."""
    from ...results.leaderboard import write_leaderboard
    from ...results.records import read_records
    from ..provenance import read_provenance

    records = read_records(folder)
    chosen = metric or _metric_of(read_provenance(folder))
    write_leaderboard(records, folder, metric=chosen)
    print_results(records, metric=chosen)


def report(folder: FolderArgument, metric: MetricOption = None) -> None:
    """Write report.html of a run: one file that opens offline."""
    from ...results.records import read_records
    from ...results.report import write_report
    from ..provenance import read_provenance

    provenance = read_provenance(folder)
    chosen = metric or _metric_of(provenance)
    write_report(read_records(folder), provenance, folder / "report.html", metric=chosen)
    typer.echo(f"Report: {(folder / 'report.html').resolve()}")


def print_results(records: "pd.DataFrame", *, metric: str) -> None:
    """Print the leaderboard on the screen."""
    from rich.console import Console

    from ...results.render import print_leaderboard

    print_leaderboard(records, Console(), metric=metric)


def _metric_of(provenance: dict[str, Any]) -> str:
    metric = provenance.get("metric")
    return metric if isinstance(metric, str) else "accuracy"
