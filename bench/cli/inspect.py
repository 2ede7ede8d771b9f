"""``fusebench inspect``: what was understood of one's own data, and what looks wrong in them."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .running import DataDirOption, EncoderOption, LabelOption

if TYPE_CHECKING:
    from ...datasets.inspection import Inspection

__all__ = ["inspect"]

SHOWN = 20
"""Classes and patterns of absence that are printed; JSON has all of them."""


def inspect(
    data: Annotated[
        str, typer.Argument(metavar="PATH", help="An .npz, .csv or .parquet file, a folder, or a data set.")
    ],
    label: LabelOption = None,
    encoder: EncoderOption = None,
    data_dir: DataDirOption = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the split, where none is given.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say what was understood of one's own data, what looks wrong, and how well each modality alone does."""
    from threadpoolctl import threadpool_limits

    from ...datasets.inspection import inspect_dataset
    from ...datasets.registry import load_dataset
    from ..alone import score_alone

    given = {"label": label, "encoder": encoder}
    options = {option: value for option, value in given.items() if value is not None}
    dataset = load_dataset(data, data_dir=data_dir, **options)
    found = inspect_dataset(dataset, seed)
    with threadpool_limits(limits=1):
        metric, scores = score_alone(dataset, seed)
    if as_json:
        import json

        alone = {"metric": metric, "validation": scores}
        typer.echo(json.dumps({"name": dataset.name, **asdict(found), "alone": alone}, indent=2))
    else:
        _print(found, metric, scores)


def _print(found: "Inspection", metric: str, scores: dict[str, float]) -> None:
    from rich.console import Console

    console = Console()

    def say(text: str, style: str | None = None) -> None:
        console.print(text, style=style, markup=False, highlight=False)

    say(found.title, "bold")
    say(found.description)
    say(
        f"Task: {found.task}. Samples: "
        + ", ".join(f"{n} {split}" for split, n in found.samples.items())
        + "."
    )
    _print_table(
        console,
        ["modality", "kind", "one sample (training)", "present", f"{metric} alone"],
        [
            [name, facts.kind, facts.size, f"{facts.present:.1%}", f"{scores[name]:.3f}"]
            for name, facts in found.modalities.items()
        ],
    )
    say(f"Alone: fitted to training, scored on validation; knowing no modality {scores['majority']:.3f}.")
    _print_table(console, ["present together", "samples"], [[k, str(v)] for k, v in found.patterns.items()])
    _print_table(
        console,
        ["label", *found.samples],
        [[name, *(f"{value:g}" for value in values)] for name, values in found.labels.items()],
    )
    say("Look at:" if found.suspicions else "Nothing looks wrong.", "bold")
    for sentence in found.suspicions:
        say(f"- {sentence}", "yellow")


def _print_table(console: Any, columns: list[str], rows: list[list[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows[:SHOWN]:
        table.add_row(*map(Text, row))
    if len(rows) > SHOWN:
        table.add_row(f"and {len(rows) - SHOWN} more")
    console.print(table)
