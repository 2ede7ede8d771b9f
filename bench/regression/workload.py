"""What is timed: fit and predict of every strategy, planning, faults and features, on embedded data.

This is a file of benchmarks for pytest-benchmark. A copy of it is run wherever something is measured, so that
two revisions of Fusebench do the same work whatever their own copies say. Therefore it imports by absolute
names, and only what any revision has.
"""

from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import numpy as np
import pytest

from fusebench import FusionStrategy, Splits, load_dataset
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.scenarios.registry import Condition, find_conditions
from fusebench.bench.suite import load_suite
from fusebench.errors import FusebenchError
from fusebench.fusions.registry import fusions

DATASET = "avdigits"
SIZES = (150, 80, 500)  # training, validation, test: a whole fit of every strategy would take minutes
EPOCHS = 4
ROUNDS = 3  # the fastest of them counts


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a benchmark for each strategy that was asked for, each kind of fault, each raw data set."""
    if "fusion" in metafunc.fixturenames:
        patterns = metafunc.config.getoption("fusebench_fusion", default=None) or ["*"]
        names = [name for name in fusions if any(fnmatchcase(name, pattern) for pattern in patterns)]
        metafunc.parametrize("fusion", names)
    if "condition" in metafunc.fixturenames:
        dataset = load_dataset(DATASET)
        found = find_conditions(dataset.card.modalities, severities=dataset.severities)
        chosen = {c.slug: c for c in found if c.severity == 3}
        metafunc.parametrize("condition", chosen.values(), ids=chosen)


def test_fit(benchmark: Any, fusion: str) -> None:
    """Fit a strategy."""
    estimator = make_estimator(fusion)
    data = _views(fusion, tuple(estimator.views))
    describe(benchmark, "fit", fusion)
    time_fit(benchmark, estimator, data)


def test_predict(benchmark: Any, fusion: str) -> None:
    """Predict 500 samples."""
    estimator = make_estimator(fusion)
    data = _views(fusion, tuple(estimator.views))
    describe(benchmark, "predict", fusion)
    time_predict(benchmark, estimator.fit(data.train, data.validation), data)


def test_plan(benchmark: Any) -> None:
    """Plan the default suite."""
    benchmark.group = "harness"
    assert len(benchmark.pedantic(make_plan, (load_suite("default"),), rounds=ROUNDS, warmup_rounds=1)) > 100


def test_corrupt(benchmark: Any, condition: Condition) -> None:
    """Damage raw test data."""
    benchmark.group = "harness"
    splits = _load()
    changed = benchmark.pedantic(
        condition.apply,
        (splits.test,),
        {"train": splits.train, "dataset": DATASET, "seed": 0},
        rounds=ROUNDS,
        warmup_rounds=1,
    )
    assert changed is not splits.test


def test_featurise(benchmark: Any) -> None:
    """Turn raw test data into features."""
    benchmark.group = "harness"
    splits = _load()
    featurizer = load_dataset(DATASET).featurizer().fit(splits.train)
    made = benchmark.pedantic(featurizer.transform, (splits.test,), rounds=ROUNDS, warmup_rounds=1)
    assert made.present.all()


def time_fit(benchmark: Any, estimator: FusionStrategy, data: Splits) -> FusionStrategy:
    """Time a fit; what a first fit loads is not timed."""
    fitted: FusionStrategy = benchmark.pedantic(
        estimator.fit, (data.train, data.validation), rounds=ROUNDS, warmup_rounds=1
    )
    return fitted


def time_predict(benchmark: Any, fitted: FusionStrategy, data: Splits) -> None:
    """Time the prediction of the whole test split."""
    outputs = benchmark.pedantic(fitted.predict_proba, (data.test,), rounds=5 * ROUNDS, warmup_rounds=1)
    assert len(outputs) == len(data.test)


def describe(benchmark: Any, stage: str, fusion: str) -> None:
    """Say in the results what was timed, of which strategy."""
    family = fusions[fusion].family if fusion in fusions else "custom"
    benchmark.group = stage
    benchmark.extra_info.update(fusion=fusion, family=family)


def make_estimator(name: str) -> FusionStrategy:
    """Make a strategy that does the same work in every round: few epochs, always the same seed."""
    info = fusions[name]
    estimator = info.make(modality="audio") if info.per_modality else info.make()
    known = estimator.get_params(deep=False)
    changes = {"max_epochs": EPOCHS, "random_state": 0}
    estimator.set_params(**{key: value for key, value in changes.items() if key in known})
    return estimator


@cache
def _load() -> Splits:
    return load_dataset(DATASET).load(0)


@cache
def _featurise(views: tuple[str, ...]) -> Splits:
    splits = load_dataset(DATASET).features(views)
    cut = [
        data.take(np.arange(min(size, len(data))))
        for data, size in zip((splits.train, splits.validation, splits.test), SIZES, strict=True)
    ]
    return Splits(*cut)


def _views(fusion: str, views: tuple[str, ...]) -> Splits:
    try:
        return _featurise(views)
    except FusebenchError as error:  # a plugin may take views that these data do not offer
        pytest.skip(f"{fusion} does not take {DATASET}: {error}")
