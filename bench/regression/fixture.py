"""What the fixture `fusion_benchmark` does when it is called."""

import platform
from typing import Any, Literal

from sklearn.base import clone

from ...datasets.registry import Dataset, load_dataset
from ...fusions.base import FusionStrategy
from ...fusions.registry import fusions, make_fusion
from ...seeding import derive_seed
from ..cell import predict_outputs
from ..metrics import PRIMARY, metrics
from .decide import judge_scores, judge_times
from .document import Document, Score
from .track import describe_machine

__all__ = ["compare_with", "time_and_score"]

ROUNDS = 6


def time_and_score(
    benchmark: Any,
    stage: Literal["fit", "predict"],
    fusion: FusionStrategy | str,
    dataset: Dataset | str,
    seeds: int,
) -> list[Score]:
    """Time a stage; of "fit", score the fusion, too.

    Parameters
    ----------
    benchmark : pytest_benchmark.fixture.BenchmarkFixture
        Times, and keeps what is measured.
    stage : {"fit", "predict"}
        What is timed.
    fusion : FusionStrategy or str
        Left unfitted.
    dataset : Dataset or str
        Featurised in the views that the fusion prefers.
    seeds : int
        Number of seeds that it is scored with.

    Returns
    -------
    list of Score
        Empty of "predict".
    """
    name = fusion if isinstance(fusion, str) else type(fusion).__name__
    estimator = make_fusion(fusion) if isinstance(fusion, str) else fusion
    source = load_dataset(dataset) if isinstance(dataset, str) else dataset
    views = tuple(estimator.views)
    family = fusions[name].family if name in fusions else "custom"
    benchmark.group = stage
    benchmark.extra_info.update(fusion=name, family=family, dataset=source.name)
    data = source.features(views, 0)
    seeded = _with_seed(estimator, source.name, name, 0)
    rounds: dict[str, int] = {"rounds": ROUNDS, "warmup_rounds": 1}
    if stage == "predict":
        fitted = seeded.fit(data.train, data.validation)
        benchmark.pedantic(fitted.predict_proba, (data.test,), **rounds)
        return []
    benchmark.pedantic(seeded.fit, (data.train, data.validation), **rounds)
    metric = metrics[PRIMARY[source.card.task]]
    scores = []
    for seed in range(seeds):
        data = source.features(views, seed)
        fitted = _with_seed(estimator, source.name, name, seed).fit(data.train, data.validation)
        outputs = predict_outputs(fitted, data.test, len(source.card.classes))
        scores.append(
            Score(
                dataset=source.name,
                fusion=name,
                family=family,
                seed=seed,
                metric=metric.name,
                direction=metric.direction,
                value=float(metric.score(data.test.labels, outputs)),
            )
        )
    benchmark.extra_info["scores"] = [score.model_dump() for score in scores]
    return scores


def compare_with(reference: Document, benchmark: Any, scores: list[Score]) -> str:
    """Say what is slower or worse than in a stored measurement, in one sentence; empty if nothing is."""
    name = benchmark.fullname
    # All timings, not the fastest of each process: here is one process, of which one value is no sample.
    timings = {known.name: [one for own in known.rounds for one in own] for known in reference.benchmarks}
    known = timings.get(name)
    if known is None:
        return (
            f"The reference has no benchmark {name!r}; store it anew with `fusebench track` on this file, or "
            "leave --fusebench-reference out."
        )
    if benchmark.stats is not None and _is_comparable(reference):
        now = list(benchmark.stats.stats.data)
        row = judge_times({name: known}, {name: now}).iloc[0]
        if row["slower"]:
            return (
                f"{name} has become slower: {row['head']:.3g} s, {row['ratio']:.2f} times the "
                f"{row['base']:.3g} s of {reference.label} (p = {row['p_holm']:.2g})."
            )
    for own in judge_scores(reference.scores, scores).to_dict("records"):
        if own["worse"]:
            return (
                f"{own['fusion']} has become worse on {own['dataset']}: {own['head']:.3f}, {own['loss']:.3f} "
                f"below the {own['base']:.3f} of {reference.label} (p = {own['p_holm']:.2g}, {own['seeds']} "
                "seeds)."
            )
    return ""


def _is_comparable(reference: Document) -> bool:
    return reference.machine == describe_machine() and reference.python == platform.python_version()


def _with_seed(estimator: FusionStrategy, dataset: str, name: str, seed: int) -> FusionStrategy:
    """Clone with the seed that a run would give it."""
    own: FusionStrategy = clone(estimator)
    if "random_state" in own.get_params():
        own.set_params(random_state=derive_seed(dataset, name, seed))
    return own
