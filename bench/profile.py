"""Where the time of a run goes: work that was asked for, and what the harness adds to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from .store.cells import CellResult

__all__ = ["Profile"]


@dataclass
class Profile:
    """Seconds of a run by stage, and those of its workers by kind of work.

    Parameters
    ----------
    workers : int
        How many tasks ran at once, at most.
    stages : dict of str to float
        Wall time, in order.
    work : dict of str to float
        ``features``, ``fit``, ``predict``, and ``other``: what the tasks of workers do beside, such as
        loading features and saving results. Added over workers. What was killed is not known.

    Examples
    --------
    >>> profile = Profile(workers=2, stages={"start": 1.0, "run": 8.0, "write": 1.0})
    >>> profile.work |= {"features": 1.0, "fit": 12.0, "predict": 2.0, "other": 0.2}
    >>> profile.total, round(profile.busy, 2), round(profile.overhead, 2)
    (10.0, 0.95, 0.25)
    """

    workers: int = 0
    stages: dict[str, float] = field(default_factory=dict)
    work: dict[str, float] = field(
        default_factory=lambda: dict.fromkeys(("features", "fit", "predict", "other"), 0.0)
    )

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside."""
        start = perf_counter()
        try:
            yield
        finally:
            self.stages[name] = perf_counter() - start

    def add_features(self, seconds: float) -> None:
        """Count a task that made features."""
        self.work["features"] += seconds

    def add_cell(self, result: CellResult, seconds: float) -> None:
        """Count the task of a cell."""
        fit = result.fit_seconds if result.status == "done" else 0.0
        predict = sum(score["predict_seconds"] for score in result.scores)
        self.work["fit"] += fit
        self.work["predict"] += predict
        self.work["other"] += seconds - fit - predict

    @property
    def total(self) -> float:
        """Seconds of all stages."""
        return sum(self.stages.values())

    @property
    def busy(self) -> float:
        """Share of the time of the workers that they worked, while cells ran."""
        return sum(self.work.values()) / (self.workers * self.stages["run"]) if self.workers else 0.0

    @property
    def overhead(self) -> float:
        """Share of the run that would be left if its features, fits and predictions cost nothing.

        The work is taken to be spread evenly over the workers, so that waiting for the last one counts.
        """
        asked = sum(self.work[kind] for kind in ("features", "fit", "predict"))
        return 1 - asked / self.workers / self.total if self.workers else 1.0
