"""``fusebench run`` and ``fusebench plan``."""

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ...errors import CellFailedError, FusebenchError
from ...results.location import open_folder

if TYPE_CHECKING:
    from ..planning.plan import Cell
    from ..suite import Suite

__all__ = ["plan", "run"]

SuiteOption = Annotated[str, typer.Option("--suite", help="A built-in suite, or a TOML file of your own.")]
DatasetOption = Annotated[
    list[str] | None,
    typer.Option("--dataset", "-d", help="Data set, glob or path, in place of the suite's; repeatable."),
]
FusionOption = Annotated[
    list[str] | None,
    typer.Option("--fusion", "-f", help="Strategy or glob; repeatable. The controls are always run."),
]
ScenarioOption = Annotated[
    list[str] | None,
    typer.Option("--scenario", "-s", help="Scenario or glob; repeatable. Clean is always scored."),
]
TrainingOption = Annotated[
    list[str] | None,
    typer.Option(
        "--training",
        "-t",
        help="Fault of the training data, such as label-noise-3, or glob; repeatable. Clean is always run.",
    ),
]
SeedsOption = Annotated[int | None, typer.Option("--seeds", min=1, help="Number of seeds.")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        parser=open_folder,
        help="Folder of the run, or a URL such as s3://bucket/run; under runs/ when left out.",
    ),
]
DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="FUSEBENCH_DATA", help="Where files of data sets are."),
]
LabelOption = Annotated[
    str | None,
    typer.Option("--label", metavar="COLUMN", help="Column of the labels in tables of one's own."),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="TEXT=LIBRARY:MODEL",
        help="Pretrained model for the texts of one's own data: text=sentence-transformers:MODEL.",
    ),
]
TuneOption = Annotated[
    int | None,
    typer.Option(
        "--tune",
        metavar="N",
        min=1,
        help="Tune every strategy on validation with N trials, the defaults first.",
    ),
]
TemperOption = Annotated[
    bool, typer.Option("--temper", help="Temper the class probabilities of every strategy on validation.")
]
SequentialOption = Annotated[
    bool | None,
    typer.Option(
        "--sequential/--no-sequential",
        help="Give a data set no further seeds when every gain is decided, by an error-spending rule.",
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Smoke test on a few samples; its numbers measure nothing.")
]
JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=1, help="Worker processes, one thread each.", show_default="cores")
]
CORES = os.cpu_count() or 1

_GRACE_SECONDS = 1.5


def plan(
    suite: SuiteOption = "default",
    dataset: DatasetOption = None,
    fusion: FusionOption = None,
    scenario: ScenarioOption = None,
    training: TrainingOption = None,
    seeds: SeedsOption = None,
    out: OutOption = None,
    data_dir: DataDirOption = None,
    label: LabelOption = None,
    encoder: EncoderOption = None,
    jobs: JobsOption = CORES,
    tune: TuneOption = None,
    sequential: SequentialOption = None,
    temper: TemperOption = False,
    quick: QuickOption = False,
) -> None:
    """Show what a run would do: cells, those already done, and the time that is to be expected."""
    from ..planning.plan import make_plan
    from ..progress import print_plan

    asked, cells = _make(
        suite,
        data_dir,
        {"label": label, "encoder": encoder},
        datasets=dataset,
        fusions=fusion,
        scenarios=scenario,
        training=training,
        seeds=seeds,
        tune=tune,
        sequential=sequential,
        temper=temper,
        quick=quick,
    )
    untuned = make_plan(asked.model_copy(update={"tune": 0}), data_dir) if asked.tune else ()
    folder = out or _default_folder(suite, asked)
    print_plan(asked, cells, folder, jobs=jobs, untuned=untuned)


def run(
    context: typer.Context,
    suite: SuiteOption = "default",
    dataset: DatasetOption = None,
    fusion: FusionOption = None,
    scenario: ScenarioOption = None,
    training: TrainingOption = None,
    seeds: SeedsOption = None,
    out: OutOption = None,
    data_dir: DataDirOption = None,
    label: LabelOption = None,
    encoder: EncoderOption = None,
    jobs: JobsOption = CORES,
    tune: TuneOption = None,
    sequential: SequentialOption = None,
    temper: TemperOption = False,
    quick: QuickOption = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run cells again that failed before.")
    ] = False,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop at the first cell that fails, with exit code 1.")
    ] = False,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", help="Kill and record a cell that takes longer."),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option("--memory", metavar="GIB", help="Kill and record a cell whose process gets larger."),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            metavar="NAME",
            help="Where cells run: serial (in this process), process (in workers), dask (on a cluster).",
            show_default="process; serial for one job without limits",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler", metavar="ADDRESS", help="A dask scheduler that is there: address, or its file."
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster", metavar="NAME", help="Where dask is to start so many jobs: slurm or kubernetes."
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", help="Where features go, in place of the folder of the run."),
    ] = None,
    profile: Annotated[
        bool, typer.Option("--profile", help="Show where the time went, and what of it is overhead.")
    ] = False,
) -> None:
    """Run what is not done yet, then show the leaderboard and write the report."""
    from ..progress import Progress
    from ..run import run_plan
    from .profiling import print_profile, seconds_since_start
    from .reporting import print_results

    asked, cells = _make(
        suite,
        data_dir,
        {"label": label, "encoder": encoder},
        datasets=dataset,
        fusions=fusion,
        scenarios=scenario,
        training=training,
        seeds=seeds,
        tune=tune,
        sequential=sequential,
        temper=temper,
        quick=quick,
    )
    _watch_interrupts()
    before = seconds_since_start()
    try:
        with Progress() as progress:
            summary = run_plan(
                asked,
                cells,
                out=out or _default_folder(suite, asked),
                jobs=jobs,
                timeout=timeout,
                memory=memory,
                retry_failed=retry_failed,
                fail_fast=fail_fast,
                debug=bool(context.obj),
                engine=engine,
                scheduler=scheduler,
                cluster=cluster,
                cache=cache,
                listener=progress,
            )
    except KeyboardInterrupt:
        _leave()
    except CellFailedError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from error
    if summary.done and summary.written is None:  # the records may be very many, and are not read
        typer.echo((summary.folder / "leaderboard.md").read_text(encoding="utf-8"))
    elif summary.done:
        print_results(summary.records, metric=summary.metric)
    saved = f", {summary.not_needed} not needed" if asked.sequential else ""
    typer.echo(f"{summary.ran} of {len(cells)} cells run now, {summary.failed} failed{saved}.")
    if summary.done:
        typer.echo(f"Report: {summary.report.resolve()}")
    else:
        typer.echo(f"Nothing to rank. Why: {summary.folder.resolve() / 'results.csv'}, the column reason.")
    if profile:
        print_profile(replace(summary.profile, stages={"start": before, **summary.profile.stages}))
    if summary.failed:
        raise typer.Exit(1)


def _watch_interrupts() -> None:
    """Leave soon after Ctrl-C even if a library computes on and Python cannot act."""
    heard, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell)

    def leave_after_interrupt() -> None:
        while signal.SIGINT not in os.read(heard, 64):  # other signals that Python handles come here, too
            pass
        time.sleep(_GRACE_SECONDS)
        _leave()

    threading.Thread(target=leave_after_interrupt, daemon=True).start()


def _leave() -> NoReturn:
    typer.echo("Stopped. Finished cells are kept: repeat the command to go on.", err=True)
    sys.stderr.flush()
    os._exit(130)  # at once: nothing is open, every file is whole


def _make(
    suite: str, data_dir: Path | None, own: dict[str, str | None], **asked_for: Any
) -> "tuple[Suite, list[Cell]]":
    """Load the suite with what was asked for beside it; what was not, None or empty, changes nothing."""
    from ..planning.plan import make_plan
    from ..suite import load_suite

    changes = {field: value or None for field, value in asked_for.items()}
    changes["sequential"] = asked_for["sequential"]  # it can be asked for not to be so
    given = {option: value for option, value in own.items() if value is not None}
    if given:
        changes["dataset_options"] = _with_own(suite, asked_for["datasets"] or [], given)
    asked = load_suite(suite, **changes)
    return asked, make_plan(asked, data_dir)


def _with_own(suite: str, names: list[str], given: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Add options of one's own data to those of the suite, for each file that was named."""
    from ...datasets.registry import is_path
    from ..suite import load_suite

    paths = [name for name in names if is_path(name)]
    if not paths:
        what = "--label is for a table" if "label" in given else "--encoder is for data"
        raise FusebenchError(f"{what} of your own; name its file with --dataset.")
    options = load_suite(suite).dataset_options
    return {**options, **{path: {**options.get(path, {}), **given} for path in paths}}


def _default_folder(suite: str, asked: "Suite") -> Path:
    """Choose a folder for what was asked, so that a small try never replaces the tables of a whole run."""
    from ..planning.fingerprint import hash_json
    from ..suite import load_suite

    name = asked.name
    if asked.model_copy(update={"quick": False}) != load_suite(suite).model_copy(update={"quick": False}):
        name += f"-{hash_json(asked.model_dump(mode='json', exclude={'quick'}))[:6]}"
    return Path("runs") / (f"{name}-quick" if asked.quick else name)
