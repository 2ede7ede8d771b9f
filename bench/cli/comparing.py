"""``fusebench compare``: two runs, or two strategies of one run."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import FusebenchError
from ...results.location import open_folder
from .reporting import Interval, IntervalOption, MetricOption, common_metric

if TYPE_CHECKING:
    from ...results.tables.compare import Comparison

__all__ = ["compare"]


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="Folder of a run; with --run, a strategy.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What it is compared with.")],
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="DIR", parser=open_folder, help="Compare two strategies of this run."),
    ] = None,
    metric: MetricOption = None,
    interval: IntervalOption = Interval.SEEDS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what differs between two runs or strategies, by how much, and whether it is more than noise."""
    from ...results.records import read_records
    from ...results.tables.compare import compare_fusions, compare_runs
    from ..store.predictions import read_samples
    from ..store.provenance import read_provenance

    if interval is Interval.SAMPLES and run is None:
        raise FusebenchError("--interval samples is for two strategies of one run; name it with --run DIR.")
    if run is not None:
        chosen = metric or common_metric([run])
        told = read_provenance(run).get("strategies")
        records, samples = read_records(run), None
        if interval is Interval.SAMPLES:
            samples = read_samples(run, records[records["fusion"].isin([first, second])], chosen)
        found = compare_fusions(records, first, second, metric=chosen, parameters=told, samples=samples)
    else:
        folders = [open_folder(first), open_folder(second)]
        if not any(folder.is_dir() for folder in folders):
            raise FusebenchError(
                f"There is no folder {first!r} and no {second!r}; to compare two strategies, say of which "
                "run with --run DIR."
            )
        a, b = map(read_records, folders)
        chosen = metric or common_metric(folders)
        told = read_provenance(folders[0]), read_provenance(folders[1])
        found = compare_runs(a, b, metric=chosen, provenance=told)
    if as_json:
        import json

        from ...results.tables.markup import records_of

        document = {
            "metric": found.metric,
            "notices": found.notices,
            "differences": [difference._asdict() for difference in found.differences],
            "table": records_of(found.table),
            "interval": found.interval,
            "basis": found.basis,
            "summary": found.summarise(),
        }
        typer.echo(json.dumps(document, indent=1, allow_nan=False))
    else:
        _print(found, first, second)


def _print(found: "Comparison", first: str, second: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ...results.tables.compare import ALL
    from ...results.tables.formatting import format_interval, format_number

    console = Console()
    for line in found.notices:
        console.print(Text(f"! {line}", style="bold yellow"))
    if found.differences:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in ("differs", f"A: {first}", f"B: {second}"):
            table.add_column(Text(name))
        for difference in found.differences:
            table.add_row(*map(Text, difference))
        console.print(table)
    different = found.table[found.table["verdict"] != "same"]
    if not different.empty:
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in ("", "data set", "A", "B", "B over A", "seeds", "B is"):
            table.add_column(name, justify="right" if name in ("A", "B", "B over A", "seeds") else "left")
        for row in different.to_dict("records"):
            gap = format_interval(row["difference"], row["low"], row["high"], signed=True)
            numbers = [format_number(row["first"]), format_number(row["second"]), gap, str(row["seeds"])]
            style = {"better": "green", "worse": "red"}.get(row["verdict"], "")
            table.add_row(
                Text(row["part"]), Text(row["dataset"]), *numbers, Text(row["verdict"], style=style)
            )
        console.print(table)
        note = (
            f"{found.metric}, A beside B on the same data sets and seeds; ± is half a 95 % interval of the "
            f"paired difference ({found.interval}), positive if B is better."
        )
        if (different["dataset"] == ALL).any():
            note += f" {ALL}: {found.basis}."
        console.print(Text(note, style="dim"))
    console.print(Text(found.summarise()))
