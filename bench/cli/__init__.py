"""The ``fusebench`` command."""

import sys
from typing import Annotated, NoReturn

import typer

from ...errors import FusebenchError
from . import calibrating, catalogue, comparing, fetching, folders, inspect, reporting, running, sharing

__all__ = ["app", "main"]

app = typer.Typer(
    name="fusebench",
    help="Which multimodal fusion strategy to use, and what it does when a modality is missing or noisy.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 all done, 1 some cells failed, 2 wrong use.",
)
app.command("run")(running.run)
app.command("plan")(running.plan)
app.command("inspect")(inspect.inspect)
app.command("calibrate")(calibrating.calibrate)
app.command("list")(catalogue.list_names)
app.command("show")(catalogue.show)
app.command("check")(catalogue.check)
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
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """Run the command line; a user's error is one sentence and exit code 2."""
    # Taken out here, so that it may stand anywhere in the command.
    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(arguments, obj=debug)
    except FusebenchError as error:
        if debug:
            raise
        typer.secho(f"Error: {error}", fg=typer.colors.RED, err=True)
        sys.exit(2)
    sys.exit(0)
