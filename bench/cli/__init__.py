"""The ``fusebench`` command."""

import sys
import warnings
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from ...errors import FusebenchError
from ...plugins import PluginWarning
from ...results.location import explain_failure
from . import (
    calibrating,
    catalogue,
    comparing,
    creating,
    fetching,
    folders,
    inspect,
    reporting,
    running,
    sharing,
    tracking,
)

__all__ = ["app", "main"]

app = typer.Typer(
    name="fusebench",
    help="Which multimodal fusion strategy to use, and what it does when a modality is missing or noisy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all done, 1 some cells failed, 2 wrong use, 3 something regressed.",
)
app.command("run")(running.run)
app.command("plan")(running.plan)
app.command("inspect")(inspect.inspect)
app.command("calibrate")(calibrating.calibrate)
app.command("list")(catalogue.list_names)
app.command("show")(catalogue.show)
app.command("check")(catalogue.check)
app.command("new")(creating.new)
app.command("fetch")(fetching.fetch)
app.command("status")(folders.status)
app.command("why")(folders.why)
app.command("repro")(folders.repro)
app.command("clean")(folders.clean)
app.command("leaderboard")(reporting.leaderboard)
app.command("report")(reporting.report)
app.command("compare")(comparing.compare)
app.command("merge")(sharing.merge)
app.command("export")(sharing.export)
app.command("publish")(sharing.publish)
app.command("track")(tracking.track)
app.command("regress")(tracking.regress)
app.command("history")(tracking.history)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("fusebench"))
        raise typer.Exit


@app.callback()
def _main(
    debug: Annotated[
        bool, typer.Option("--debug", help="Raise what goes wrong at once, with its traceback.")
    ] = False,
    plugin: Annotated[
        list[Path] | None,
        typer.Option(
            "--plugin",
            metavar="FILE",
            help="Python file that registers strategies, data sets, scenarios or metrics; repeatable.",
        ),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; a user's error is one sentence and exit code 2."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="replace")  # "?" for what a terminal of another encoding lacks
    # Taken out here, so that they may stand anywhere in the command.
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    warnings.showwarning = partial(_show_warning, warnings.showwarning)
    try:
        files, arguments = _take_plugins(arguments)
        if files:
            from ..plugin_files import load_plugin_files

            load_plugin_files(files)
        app(arguments, obj=debug)
    except Exception as error:
        said = str(error) if isinstance(error, FusebenchError) else explain_failure(error, arguments)
        if debug or said is None:
            raise
        typer.secho(f"Error: {said}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    sys.exit(0)


def _take_plugins(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate the files of ``--plugin FILE`` and ``--plugin=FILE`` from the other arguments."""
    files, others = [], []
    rest = iter(arguments)
    for argument in rest:
        option, equals, file = argument.partition("=")
        if option != "--plugin":
            others.append(argument)
            continue
        file = file if equals else next(rest, "")
        if not file:
            raise FusebenchError("--plugin needs the path of a Python file.")
        files.append(file)
    return files, others


def _show_warning(
    show: Callable[..., None], message: Warning | str, category: type[Warning], *where: Any, **more: Any
) -> None:
    """Show a warning about a plugin as a sentence, without the place in the code."""
    if issubclass(category, PluginWarning):
        typer.secho(f"Warning: {message}", fg=typer.colors.YELLOW, err=True)
    else:
        show(message, category, *where, **more)
