"""``fusebench fetch``: download the files of a data set."""

from pathlib import Path
from typing import Annotated

import typer

from .running import DataDirOption

__all__ = ["fetch"]


def fetch(
    name: Annotated[str, typer.Argument(help="Name of a data set.")], data_dir: DataDirOption = None
) -> None:
    """Download the files of a data set into the data folder, where its licence allows that."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    from ...datasets.fetching import fetch_dataset
    from ...datasets.registry import load_dataset

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns) as progress:
        bars = {}

        def report(url: str, have: int, total: int | None) -> None:
            if url not in bars:
                bars[url] = progress.add_task(Path(url).name)
            progress.update(bars[url], completed=have, total=total)

        fetched = fetch_dataset(load_dataset(name, data_dir=data_dir), report)
    for path in fetched:
        typer.echo(path)
    if not fetched:
        typer.echo("All files are there.")
