"""Time of what the harness itself does: planning, corrupting, featurising."""

import pytest

import fusebench
from fusebench.bench.plan import make_plan
from fusebench.bench.scenarios.registry import find_conditions
from fusebench.bench.suite import load_suite

RAW = {name: fusebench.load_dataset(name) for name in ("avdigits", "shapes-text", "synth-xor")}
CONDITIONS = [
    pytest.param(name, condition, id=f"{name}-{condition.slug}")
    for name, dataset in RAW.items()
    for condition in find_conditions(dataset.card.modalities, severities=dataset.severities)
    if condition.severity in (3, 5)
]


def test_plan_the_default_suite(benchmark):
    suite = load_suite("default")
    assert len(benchmark(make_plan, suite)) > 100


@pytest.mark.parametrize(("name", "condition"), CONDITIONS)
def test_corrupt(benchmark, name, condition):
    splits = RAW[name].load(0)
    changed = benchmark(condition.apply, splits.test, train=splits.train, dataset=name, seed=0)
    assert changed is not splits.test


@pytest.mark.parametrize("name", ["avdigits", "shapes-text"])
def test_featurise(benchmark, name):
    splits = RAW[name].load(0)
    featurizer = RAW[name].featurizer().fit(splits.train)
    assert benchmark(featurizer.transform, splits.test).present.all()
