"""``fusebench new``: a package to start a plugin from."""

from pathlib import Path
from typing import Annotated

import typer

from ..scaffold import PluginKind, write_package

__all__ = ["new"]


def new(
    kind: Annotated[PluginKind, typer.Argument(help="What the plugin adds.")],
    name: Annotated[str, typer.Argument(help="Under which name, such as late-median.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the folder of the package is made.")
    ] = Path(),
) -> None:
    """Write an installable package with a working strategy, data set or scenario, and its test."""
    for path in write_package(kind, name, out):
        typer.echo(path)
    folder = out / name
    typer.echo(f"Next: pip install -e {folder}, pytest {folder}, fusebench show {name}")
