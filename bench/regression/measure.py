"""Measuring in an environment: one process that times benchmarks, one that scores strategies."""

import json
import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from ...errors import FusebenchError
from .document import Benchmark, Score
from .environments import Environment

__all__ = [
    "DATASETS",
    "Selection",
    "Timing",
    "hash_workload",
    "refuse_nothing",
    "refuse_unknown",
    "require_pytest",
    "score",
    "time_once",
]

DATASETS = ("avdigits", "synth-redundant")
"""Scored when no others are named: sequences and vectors, embedded or generated."""

_HERE = Path(__file__).parent
_NONE_COLLECTED = 5
_WORKLOAD = "test_workload.py::"


@dataclass(frozen=True)
class Selection:
    """What is measured.

    Parameters
    ----------
    paths : tuple of Path
        Files or folders of benchmarks; the workload that comes with Fusebench if there are none.
    keyword : str
        Expression of pytest's ``-k``, by which benchmarks are chosen.
    fusions : tuple of str
        Names or globs of strategies.
    datasets : tuple of str
        Names, globs or paths of data sets that strategies are scored on.
    """

    paths: tuple[Path, ...] = ()
    keyword: str = ""
    fusions: tuple[str, ...] = ()
    datasets: tuple[str, ...] = DATASETS

    @property
    def expression(self) -> str:
        """With strategies named, of the packaged workload only theirs; the harness is of none."""
        if self.keyword or self.paths or not self.fusions:
            return self.keyword
        return "test_fit or test_predict"


@dataclass(frozen=True)
class Timing:
    """What one process has timed.

    Parameters
    ----------
    benchmarks : tuple of Benchmark
        Each with one round.
    failed : dict of str to str
        Those that raised, with the first line of the error.
    scores : tuple of Score
        What `fusion_benchmark` has scored; the same in every process.
    """

    benchmarks: tuple[Benchmark, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)
    scores: tuple[Score, ...] = ()

    def join(self, other: "Timing") -> "Timing":
        """Add the rounds of another process."""
        mine = {benchmark.name: benchmark for benchmark in self.benchmarks}
        for benchmark in other.benchmarks:
            known = mine.get(benchmark.name)
            rounds = [*(known.rounds if known else []), *benchmark.rounds]
            mine[benchmark.name] = benchmark.model_copy(update={"rounds": rounds})
        return Timing(tuple(mine.values()), {**self.failed, **other.failed}, other.scores or self.scores)

    def times(self) -> dict[str, list[float]]:
        """Give the fastest timing of each process, by benchmark, in seconds."""
        return {benchmark.name: benchmark.fastest for benchmark in self.benchmarks}


def require_pytest() -> None:
    """Raise a `FusebenchError` if what times benchmarks is not installed."""
    if any(find_spec(name) is None for name in ("pytest", "pytest_benchmark")):
        raise FusebenchError(
            "Timing needs pytest and pytest-benchmark, which are not installed; "
            'pip install "fusebench[track]" brings them.'
        )


def refuse_nothing(*timings: Timing) -> None:
    """Raise a `FusebenchError` if nothing at all was timed or tried."""
    if not any(timing.benchmarks or timing.failed for timing in timings):
        raise FusebenchError("No benchmark is selected; `--fusion` and `-k` must leave some.")


def refuse_unknown(selection: Selection, measured: Collection[str] = ()) -> None:
    """Raise an `UnknownNameError` for a strategy that is neither known here nor among those measured.

    Else a misspelt name would leave the controls alone, in which nothing can get worse.
    """
    from ...fusions.registry import fusions

    for pattern in selection.fusions:
        if not any(fnmatchcase(name, pattern) for name in measured):
            fusions.match([pattern])


def hash_workload(selection: Selection) -> str:
    """Hash the files of benchmarks: times are of the same work only if it is the same."""
    digest = sha256()
    for path in selection.paths or (_HERE / "workload.py",):
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def time_once(environment: Environment, selection: Selection, only: Sequence[str] | None = None) -> Timing:
    """Time each benchmark in one fresh process.

    Parameters
    ----------
    environment : Environment
        Where.
    selection : Selection
        What.
    only : sequence of str, optional
        Names of benchmarks, of those.

    Returns
    -------
    Timing
        Empty if nothing is selected: of two revisions one may lack a strategy.

    Raises
    ------
    FusebenchError
        If pytest cannot start.
    """
    desk = environment.folder / "times"
    desk.mkdir(exist_ok=True)
    shutil.copyfile(_HERE / "probe.py", desk / "fusebench_probe.py")
    shutil.copyfile(_HERE / "workload.py", desk / "test_workload.py")
    (desk / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")  # no settings from a folder above
    task, told, out = desk / "task.json", desk / "failed.json", desk / "times.json"
    for path in (told, out):
        path.unlink(missing_ok=True)
    prefix = "" if selection.paths else _WORKLOAD
    wanted = None if only is None else [prefix + name for name in only]
    _write_task(task, environment, selection, only=wanted, packages=environment.packages, out=told)
    words: list[str | Path] = [
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "fusebench_probe"),
        *("--benchmark-only", "--benchmark-disable-gc", "--benchmark-json", out),
        *("--fusebench-probe", task, "-k", selection.expression),
    ]
    variables = {"PYTHONPATH": str(desk)}
    if selection.paths:
        cwd = Path.cwd()
        # The folder of the benchmarks may hold the package that they measure: it must not get in front.
        words += ["--import-mode=importlib", "-o", "pythonpath=", *selection.paths]
    else:
        cwd = desk
        words += ["-c", desk / "pytest.ini", "-p", "pytest_benchmark.plugin", "test_workload.py"]
        variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing them takes seconds
        variables["PYTEST_ADDOPTS"] = ""
    done = environment.execute([*words, "--rootdir", cwd], cwd, variables)
    if done.returncode == _NONE_COLLECTED:
        return Timing()
    story = _read(told, done)
    environment.check_places(story["places"])
    failed = {name.removeprefix(_WORKLOAD): reason for name, reason in story["failed"].items()}
    # Without a file pytest went to its end all the same, unless its exit code is above 1: nothing was timed.
    measured = _read(out, done)["benchmarks"] if out.is_file() or done.returncode > 1 else []
    scores = [Score.model_validate(one) for row in measured for one in row["extra_info"].get("scores", ())]
    benchmarks = [one for one in map(_benchmark, measured) if one.name not in failed]
    return Timing(tuple(benchmarks), failed, tuple(scores))


def score(
    environment: Environment, selection: Selection, *, seeds: int, jobs: int, fusions: Sequence[str] = ()
) -> list[Score]:
    """Fit and score strategies as ``fusebench run`` does, on clean data.

    Parameters
    ----------
    environment : Environment
        Where. What was scored in it before is not scored again.
    selection : Selection
        What.
    seeds : int
        Number of seeds: 0, 1, ...
    jobs : int
        Worker processes, one thread each.
    fusions : sequence of str, optional
        In place of those of the selection.
    """
    desk = environment.folder / "scores"
    desk.mkdir(exist_ok=True)
    task, out = desk / "task.json", desk / "scores.json"
    out.unlink(missing_ok=True)
    asked = replace(selection, fusions=tuple(fusions) or selection.fusions or ("*",))
    more = {"datasets": list(selection.datasets), "folder": str(desk / "run"), "seeds": seeds, "jobs": jobs}
    _write_task(task, environment, asked, out=out, **more)
    script = shutil.copyfile(_HERE / "score.py", desk / "fusebench_score.py")
    done = environment.execute([script, task], desk)
    return [Score.model_validate(row) for row in _read(out, done)]


def _write_task(path: Path, environment: Environment, selection: Selection, **more: Any) -> None:
    task = {"fusions": list(selection.fusions), "plugins": list(environment.plugins), **more}
    path.write_text(json.dumps(task, default=str), encoding="utf-8")


def _read(path: Path, done: CompletedProcess[str]) -> Any:
    """Read what a process was to write; without it, say how the process ended."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        lines = [line for line in (done.stderr + "\n" + done.stdout).strip().splitlines() if line.strip()]
        last = lines[-1] if lines else "it says nothing"
        raise FusebenchError(
            f"The process that measures has failed (exit code {done.returncode}): {last}"
        ) from error


def _benchmark(row: dict[str, Any]) -> Benchmark:
    extra = row["extra_info"]
    return Benchmark(
        name=row["fullname"].removeprefix(_WORKLOAD),
        group=row["group"] or "",
        fusion=str(extra.get("fusion", "")),
        family=str(extra.get("family", "")),
        rounds=[row["stats"]["data"]],
    )
