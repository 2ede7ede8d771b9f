"""Sequential stopping: a data set gets no further seeds once every gain on it is decided.

Seeds are run in groups. After each the gains of all fusions over the best single modality are looked at, by
the rule of `fusebench.results.statistics.repeated`; all fusions of a data set stop together, so that their
means are of the same seeds. What is decided follows from the results alone, not from their order or time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ..results.figures.palette import CONTROL
from ..results.statistics.repeated import ERROR, VERDICTS, decide, find_looks
from ..results.tables.formatting import count_noun
from .metrics import metrics
from .planning.plan import Cell
from .store.cells import Named
from .store.index import Finished

__all__ = ["Stop", "describe_stops", "find_stops", "run_stages", "select_needed"]

AnyCell = TypeVar("AnyCell", bound=Named)


@dataclass(frozen=True)
class Stop:
    """A data set that got fewer seeds than were asked for.

    Parameters
    ----------
    dataset : str
        Its name.
    after, planned : int
        Seeds that it got, and that were asked for.
    because : str
        What was decided.
    """

    dataset: str
    after: int
    planned: int
    because: str

    def __str__(self) -> str:
        return f"stopped after {self.after} of {self.planned} seeds on {self.dataset}, because {self.because}"


def find_stops(cells: Sequence[Cell], results: Mapping[str, Finished], metric: str) -> dict[str, Stop]:
    """Find the data sets that need no further seeds.

    Results are all that matters, not when they came: the looks are taken again, one after the other, up to
    the first that lacks a cell.

    Parameters
    ----------
    cells : sequence of Cell
        The plan, with all seeds.
    results : mapping of str to Finished
        Of the cells that are finished, by key.
    metric : str
        Whose gains on clean test data are decided on, after every training that is planned.

    Returns
    -------
    dict of str to Stop
        By the name of the data set.
    """
    n_seeds = 1 + max(cell.seed for cell in cells)
    by_dataset: dict[str, list[Cell]] = {}
    for cell in cells:
        by_dataset.setdefault(cell.dataset, []).append(cell)
    stops = {}
    for dataset, own in by_dataset.items():
        for n in find_looks(n_seeds)[:-1]:
            seen = [cell for cell in own if cell.seed < n]
            if any(cell.key not in results for cell in seen):
                break
            because = _judge(seen, results, metric, n_seeds)
            if because:
                stops[dataset] = Stop(dataset, n, n_seeds, because)
                break
    return stops


def _judge(cells: Sequence[Cell], results: Mapping[str, Finished], metric: str, n_seeds: int) -> str:
    """Say what was decided on a data set, if that is every gain; else nothing.

    A fusion that failed with any seed will have no mean, and is not waited for.
    """
    from ..results.tables.leaderboard import BASELINE

    scores: dict[tuple[str, str], dict[int, float]] = {}
    planned = set()
    for cell in cells:
        name = cell.training, cell.fusion
        if cell.family != CONTROL and not cell.skip:
            planned.add(name)
        result = results[cell.key]
        if result.status == "done":
            scores.setdefault(name, {})[cell.seed] = result.clean[metric]
    seeds = sorted({cell.seed for cell in cells})
    baselines = {training: scores.get((training, BASELINE), {}) for training, _ in planned}
    complete = [name for name in sorted(planned) if len(scores.get(name, {})) == len(seeds)]
    if not complete or any(len(baseline) < len(seeds) for baseline in baselines.values()):
        return ""
    sign = 1 if metrics[metric].direction == "maximize" else -1
    gains = np.array(
        [[sign * (scores[name][seed] - baselines[name[0]][seed]) for name in complete] for seed in seeds]
    )
    decided = decide(gains, n_seeds, len(planned))
    if not all(decided):
        return ""
    counts = [f"{decided.count(kind)} {said}" for kind, said in VERDICTS.items() if kind in decided]
    return f"every gain over {BASELINE} is decided: {', '.join(counts)}"


def select_needed(cells: Sequence[AnyCell], stops: Mapping[str, Stop]) -> list[AnyCell]:
    """Leave out the cells of seeds that a data set does not get."""
    return [cell for cell in cells if cell.dataset not in stops or cell.seed < stops[cell.dataset].after]


def run_stages(
    cells: Sequence[Cell],
    results: Mapping[str, Finished],
    metric: str,
    stops: Mapping[str, Stop],
    tell: Callable[[Stop], object],
) -> Iterator[list[Cell]]:
    """Give what is to be run, look by look; when the next is asked for, `results` must hold that of the last.

    Parameters
    ----------
    cells, results, metric
        As of `find_stops`.
    stops : mapping of str to Stop
        Those known by now, by data set.
    tell : callable
        Is given every other one, and adds it to `stops`.
    """
    for n in find_looks(1 + max(cell.seed for cell in cells)):
        needed = select_needed(cells, stops)
        yield [cell for cell in needed if cell.seed < n and cell.key not in results]
        for dataset, stop in find_stops(cells, results, metric).items():
            if dataset not in stops:
                tell(stop)


def describe_stops(stops: Mapping[str, Stop], n_seeds: int) -> str:
    """Say for a notice by which rule seeds were stopped, and where."""
    where = "; ".join(map(str, stops.values())) or f"no data set stopped before its {n_seeds} seeds"
    looks = count_noun(len(find_looks(n_seeds)), "look")
    return (
        f"Sequential stopping: {where}. With a probability of at least {1 - ERROR:g} all decisions on a data "
        f"set are right (repeated confidence intervals, error spent over {looks}). "
        "The intervals in tables are for numbers of seeds fixed beforehand: they do not make up for looks."
    )
