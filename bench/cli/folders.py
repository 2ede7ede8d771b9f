"""``fusebench status``, ``why``, ``repro`` and ``clean``: questions about the folder of a run."""

import json
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from ...results.tables.formatting import count_noun
from .reporting import FolderArgument

__all__ = ["clean", "repro", "status", "why"]

_SHOWN = 10  # failures that are named
_WIDTH = 100  # characters of a value


def status(
    folder: FolderArgument,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how far a run is: done, failed and why, running, and the time that is to be expected."""
    from ..progress import estimate_seconds, say_seconds
    from ..store.status import read_status

    found = read_status(folder)
    counts = Counter(result.status for result in found.results.values())
    seconds = estimate_seconds(found.cells, found.results, [cell for cell in found.todo if not cell.skip])
    expected = None if seconds is None or not found.todo else seconds / found.jobs
    names = {cell.key: cell.name for cell in found.cells}
    failures = {names[key]: result for key, result in found.results.items() if result.failed}
    if as_json:
        document = {
            "cells": len(found.cells),
            "cached": found.cached,
            **counts,
            "todo": len(found.todo),
            "stopped": [asdict(stop) for stop in found.stops],
            "going": found.going,
            "running": [names[key] for key in found.running if key in names],
            "expected_seconds": expected,
            "failures": {name: [result.status, result.reason] for name, result in failures.items()},
        }
        typer.echo(json.dumps(document, indent=1))
        return
    done = f"{counts.pop('done', 0)} done ({found.cached} of them before the last command)"
    others = "".join(f", {count} {name}" for name, count in sorted(counts.items()))
    typer.echo(f"{len(found.cells)} cells: {done}{others}, {len(found.todo)} to run.")
    for stop in found.stops:
        typer.echo(f"{stop}.")
    for name, result in list(failures.items())[:_SHOWN]:
        typer.echo(f"{result.status}: {name}: {result.reason}")
    if len(failures) > _SHOWN:
        typer.echo(f"and {len(failures) - _SHOWN} more; results.csv has them all, in the column reason")
    for key, since in found.running.items():
        typer.echo(f"running: {names.get(key, key)}, since {since}")
    if found.todo:
        typer.echo("A command is at work." if found.going else "Nothing runs: repeat the command to go on.")
        how_long = "not known yet" if expected is None else f"about {say_seconds(expected)}"
        typer.echo(f"Expected time with {count_noun(found.jobs, 'job')}: {how_long}.")


def why(
    folder: FolderArgument,
    cell: Annotated[str, typer.Argument(metavar="CELL", help="A file of cells/, or DATASET/FUSION/seedN.")],
) -> None:
    """Say which ingredient of a cell's key has changed since it was run."""
    from ..store.why import explain

    for path, changes in explain(folder, cell).items():
        if changes is None:
            typer.echo(f"{path.name}: the plan of this folder no longer has this cell.")
        elif not changes:
            typer.echo(f"{path.name}: nothing has changed, it is not run again.")
        for change in changes or ():
            typer.echo(
                f"{path.name}: {change.ingredient}: {_shorten(change.before)} -> {_shorten(change.now)}"
            )


def repro(
    folder: FolderArgument,
    dataset: Annotated[str, typer.Argument(help="Its name in the tables.")],
    fusion: Annotated[str, typer.Argument(help="Its name in the tables.")],
    seed: Annotated[int, typer.Argument(min=0)],
) -> None:
    """Print the command that runs a cell again, in a folder of its own, and gives the same numbers."""
    from ..store.status import repeat_cell

    typer.echo(repeat_cell(folder, dataset, fusion, seed))


def clean(
    folder: FolderArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be removed.")] = False,
) -> None:
    """Remove features, half-written files, and cells that the last plan does not name."""
    from ..store.status import clean as remove
    from ..store.status import find_leftovers

    leftovers = find_leftovers(folder)
    for path in leftovers:
        typer.echo(str(path))
    if dry_run:
        typer.echo(f"{count_noun(len(leftovers), 'path')} would be removed.")
    else:
        typer.echo(f"{remove(leftovers) / 2**20:.1f} MiB freed.")


def _shorten(value: object) -> str:
    text = "nothing" if value is None else json.dumps(value)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 4]} ..."
