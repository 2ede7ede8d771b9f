"""``fusebench merge``, ``export`` and ``publish``: results of several machines, for programs, for all."""

from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer

from ...errors import FusebenchError
from ...results.location import open_folder
from ...results.tables.formatting import count_noun
from .reporting import FolderArgument, MetricOption, common_metric

__all__ = ["export", "merge", "publish"]


class ExportFormat(StrEnum):
    """What results are written as."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"
    LATEX = "latex"


def merge(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", parser=open_folder, help="Folders or URLs of runs.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="DIR", parser=open_folder, help="A new folder for the whole."),
    ],
    metric: MetricOption = None,
) -> None:
    """Put runs of several machines together; refused where two of them contradict each other."""
    from ..store.merge import merge_runs

    n_cells = merge_runs(folders, out, metric or common_metric(folders))
    typer.echo(f"{n_cells} cells of {count_noun(len(folders), 'run')}.")
    if (out / "report.html").is_file():
        typer.echo(f"Report: {(out / 'report.html').resolve()}")


def export(
    folder: FolderArgument,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="One row a score; latex: the leaderboard, for booktabs.")
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", parser=open_folder, help="The file to write.")
    ],
    metric: MetricOption = None,
) -> None:
    """Write the results of a run into one file for other programs."""
    import json

    from ...results.files import write_atomically
    from ...results.records import COLUMNS, read_records
    from ...results.tables.markup import records_of, to_latex
    from ...results.tables.view import make_view

    records = read_records(folder)
    if form is ExportFormat.PARQUET:
        buffer = BytesIO()
        records.to_parquet(buffer, index=False)
        content = buffer.getvalue()
    elif form is ExportFormat.CSV:
        content = records.to_csv(index=False, lineterminator="\n").encode()
    elif form is ExportFormat.JSON:
        columns = {name: column.meaning for name, column in COLUMNS.items()}
        content = json.dumps({"columns": columns, "rows": records_of(records)}, allow_nan=False).encode()
    else:
        content = to_latex(make_view(records, metric=metric or common_metric([folder])).page).encode()
    write_atomically(out, content)
    typer.echo(f"{form}: {out.resolve()}")


def publish(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders of runs of built-in suites.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write to; that of the package when left out."),
    ] = None,
) -> None:
    """Make the reference results that ship with the package; for maintainers."""
    from ...results.publications import SHIPPED, write_publication
    from ...results.records import CELL, read_records
    from ..store.provenance import read_provenance
    from ..suite import find_suites, load_suite

    for folder in folders:
        records, provenance = read_records(folder), read_provenance(folder)
        suite = provenance.get("suite", {})
        if (name := suite.get("name")) not in find_suites():
            other = f", but of {name!r}" if name else ": its run.json does not name one"
            raise FusebenchError(f"{str(folder)!r} is no run of a built-in suite{other}.")
        publication = write_publication(records, provenance, out or SHIPPED)
        declared = load_suite(name).model_dump(mode="json")
        if changed := [field for field, value in declared.items() if suite.get(field) != value]:
            _warn(f"{name} was run with another {' and '.join(changed)} than it declares.")
        if provenance["commit"] is None or provenance["dirty"]:
            _warn(f"{name} was run from files that are of no commit.")
        cells = publication.records.drop_duplicates(CELL)
        undone = int((cells["status"] != "done").sum())
        typer.echo(f"{publication.describe()}: {len(cells)} cells, {undone} of them not done.")


def _warn(message: str) -> None:
    typer.secho(f"Warning: {message}", fg=typer.colors.YELLOW, err=True)
