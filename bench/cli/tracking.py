"""``fusebench track``, ``regress`` and ``history``: what a change made slower or worse."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import FusebenchError
from ...results.tables.formatting import count_noun
from .running import CORES, JobsOption

if TYPE_CHECKING:
    from contextlib import ExitStack

    from ..regression.document import Document
    from ..regression.environments import Environment
    from ..regression.measure import Selection
    from ..regression.track import Effort, Tell

__all__ = ["history", "regress", "track"]

REGRESSED = 3
"""Exit code of `regress`."""

FOLDER = Path("track")

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[PATH]...", help="Files of benchmarks of your own, for pytest-benchmark."),
]
KeywordOption = Annotated[
    str, typer.Option("-k", metavar="EXPRESSION", help="Choose benchmarks as pytest's -k does.")
]
FusionOption = Annotated[
    list[str] | None, typer.Option("--fusion", "-f", help="Strategy or glob; repeatable. All when left out.")
]
DatasetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset",
        "-d",
        help="Data set, glob or path to score on; repeatable.",
        show_default="embedded ones",
    ),
]
TimesOption = Annotated[bool, typer.Option("--times/--no-times", help="Whether to time benchmarks.")]
ScoresOption = Annotated[
    bool | None,
    typer.Option(
        "--scores/--no-scores",
        help="Whether to score strategies.",
        show_default="yes, but with a PATH only if --fusion names some",
    ),
]


class Form(StrEnum):
    """What the verdict is printed as."""

    RICH = "rich"
    GITHUB = "github"
    JSON = "json"


def track(
    path: PathsArgument = None,
    keyword: KeywordOption = "",
    fusion: FusionOption = None,
    dataset: DatasetOption = None,
    times: TimesOption = True,
    scores: ScoresOption = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Processes that time each benchmark.")] = 8,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds that strategies are scored with.")] = 5,
    jobs: JobsOption = CORES,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The measurement, as JSON; in track/ when left out."
        ),
    ] = None,
) -> None:
    """Time benchmarks and score strategies, and store it with machine and commit."""
    from tempfile import TemporaryDirectory

    from ..plugin_files import loaded_plugin_files
    from ..regression.document import write_document
    from ..regression.environments import open_here
    from ..regression.track import Effort
    from ..regression.track import track as measure
    from ..store.cells import Store

    selection, scores = _select(path, keyword, fusion, dataset, scores)
    effort = Effort(rounds if times else 0, seeds if scores else 0, jobs)
    _check(effort)
    if out is not None:  # measuring takes minutes, and is not to be lost at its end
        if out.is_dir():
            raise FusebenchError(f"{str(out)!r} is a folder; name a file.")
        Store(out.parent).check_writable()
    with TemporaryDirectory(prefix="fusebench-") as folder, _progress() as tell:
        here = open_here(Path(folder) / "here", loaded_plugin_files(), selection.paths)
        document = measure(here, selection, effort, tell)
    place = out or FOLDER / f"{document.created:%Y%m%dT%H%M%S}-{document.commit[:9] or 'unknown'}.json"
    write_document(document, place)
    measured = count_noun(len(document.benchmarks), "time"), count_noun(len(document.scores), "score")
    typer.echo(f"{' and '.join(measured)}: {place}")
    for name, reason in document.failed.items():
        typer.secho(f"failed: {name}: {reason}", fg=typer.colors.YELLOW, err=True)
    if document.failed:
        raise typer.Exit(1)


def regress(
    base: Annotated[
        str, typer.Option("--base", metavar="REV|FILE", help="A git revision, or a file that track wrote.")
    ],
    path: PathsArgument = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="REV", help="A git revision; the files as they are when left out."),
    ] = None,
    keyword: KeywordOption = "",
    fusion: FusionOption = None,
    dataset: DatasetOption = None,
    times: TimesOption = True,
    scores: ScoresOption = None,
    factor: Annotated[
        float, typer.Option("--factor", min=1, help="How many times as long is slower, if the test agrees.")
    ] = 1.25,
    margin: Annotated[
        float, typer.Option("--margin", min=0, help="Which loss of score is worse, if the test agrees.")
    ] = 0.01,
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Rounds of everything; suspects get more.")
    ] = 3,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="Seeds of everything; suspects get more.")] = 3,
    jobs: JobsOption = CORES,
    form: Annotated[
        Form, typer.Option("--format", help="github: Markdown for a pull request, and annotations.")
    ] = Form.RICH,
) -> None:
    """Say what became slower, worse or broken between two revisions; exit code 3 if anything has."""
    from contextlib import ExitStack
    from tempfile import TemporaryDirectory

    from ..regression import show
    from ..regression.compare import compare
    from ..regression.track import Effort
    from ..regression.verdict import Limits

    selection, scores = _select(path, keyword, fusion, dataset, scores)
    effort = Effort(rounds if times else 0, seeds if scores else 0, jobs)
    _check(effort)
    with TemporaryDirectory(prefix="fusebench-") as folder, _progress() as tell, ExitStack() as stack:
        sides = _open(Path(folder), base, head, stack, tell)
        verdict = compare(*sides, selection, effort, Limits(factor, margin), tell)
    if form is Form.JSON:
        typer.echo(show.to_json(verdict))
    elif form is Form.GITHUB:
        typer.echo(show.to_markdown(verdict))
        for line in show.annotations(verdict):
            typer.echo(line, err=True)  # where Actions reads it, too, and it spoils no summary
    else:
        from rich.console import Console

        show.print_verdict(verdict, Console())
    if verdict.n_regressed:
        raise typer.Exit(REGRESSED)


def history(
    places: Annotated[
        list[Path], typer.Argument(metavar="PLACE...", help="Files that track wrote, or folders of such.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page.")] = Path("history.html"),
) -> None:
    """Draw time and score of each strategy over commits: one page that opens offline."""
    from ...results.report.history import write_history
    from ..regression.past import read_past

    times, scores, entries = read_past(places)
    write_history(times, scores, entries, out)
    typer.echo(f"{count_noun(len(entries), 'measurement')}: {out.resolve()}")


def _select(
    paths: list[Path] | None,
    keyword: str,
    fusions: list[str] | None,
    datasets: list[str] | None,
    scores: bool | None,
) -> "tuple[Selection, bool]":
    """Make the selection, and decide whether strategies are scored."""
    from ..regression.measure import DATASETS, Selection

    for path in paths or ():
        if not path.exists():
            raise FusebenchError(f"There is no file or folder of benchmarks {str(path)!r}.")
    selection = Selection(
        tuple(path.resolve() for path in paths or ()),
        keyword,
        tuple(fusions or ()),
        tuple(datasets or DATASETS),
    )
    wanted = scores if scores is not None else bool(fusions) or not paths
    return selection, wanted


def _check(effort: "Effort") -> None:
    from ..regression.measure import require_pytest

    if effort.rounds:
        require_pytest()
    elif not effort.seeds:
        raise FusebenchError("With --no-times and without scores nothing is left to measure.")


def _open(
    folder: Path, base: str, head: str | None, stack: "ExitStack", tell: "Tell"
) -> "tuple[Environment | Document, Environment]":
    """Read or install what is compared."""
    from ..plugin_files import loaded_plugin_files
    from ..regression.document import read_document
    from ..regression.environments import open_here, open_revision
    from ..regression.git import find_project

    plugins = loaded_plugin_files()
    project = find_project(Path.cwd())

    def install(name: str, revision: str | None) -> "Environment":
        if project is None:
            raise FusebenchError(
                f"{Path.cwd()} is in no git checkout, so it has no revision {revision or base!r}."
            )
        tell(f"installing the {name}: {revision or 'the files as they are'}")
        return stack.enter_context(open_revision(name, folder / name, project, revision, plugins))

    if Path(base).is_file():
        stored = read_document(base)
        return stored, (open_here(folder / "here", plugins) if head is None else install("head", head))
    return install("base", base), install("head", head)


@contextmanager
def _progress() -> "Iterator[Tell]":
    """Show what is done: in a terminal on one line that goes away, elsewhere line by line."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: console.print(text, markup=False, highlight=False)
        return
    with console.status("") as status:
        yield status.update
