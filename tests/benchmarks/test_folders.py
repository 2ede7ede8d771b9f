"""Time of what grows with the number of cells: planning, keys, finding what is there, tabulating results."""

import os

import pytest

from fusebench.bench.features import FeatureCache
from fusebench.bench.planning.fingerprint import forget_sources, hash_source
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.records import make_records
from fusebench.bench.store.cells import CellResult, Store
from fusebench.bench.store.index import Index, find_todo
from fusebench.bench.suite import Suite
from fusebench.fusions.registry import fusions

OLD = 1_000_000_000  # long ago, in nanoseconds
LARGE = Suite(datasets=("synth-*",), seeds=37)
SMALL = Suite(datasets=("synth-xor",), fusions=("late-*",), seeds=20)


@pytest.fixture(scope="module")
def cells():
    return make_plan(SMALL)


@pytest.fixture(scope="module")
def store(cells, tmp_path_factory):
    """A folder in which all cells are finished and known to the index."""
    store = Store(tmp_path_factory.mktemp("run"))
    for cell in cells:
        scores = [
            {"scenario": c.scenario.name, "modality": c.modality, "severity": c.severity}
            | {"predict_seconds": 0.1}
            | {metric.name: 0.5 for metric in cell.metrics}
            for c in cell.bundle.conditions
        ]
        store.save(cell, CellResult("done", scores=scores, fit_seconds=1.0), {})
        os.utime(store.path(cell), ns=(OLD, OLD))
    index = Index(store)
    find_todo(cells, index, pytest.fail)
    index.save()
    return store


def test_plan_ten_thousand_cells(benchmark):
    assert len(benchmark(make_plan, LARGE)) > 10_000


def test_hash_the_keys_of_ten_thousand_cells(benchmark):
    keys = benchmark.pedantic(
        lambda cells: {cell.key for cell in cells}, setup=lambda: ((make_plan(LARGE),), {}), rounds=5
    )
    assert len(keys) > 10_000


@pytest.mark.parametrize("state", ["cold", "warm"])
def test_hash_a_source(benchmark, state):
    strategy = fusions["cross-modal-attention"].estimator
    expected = hash_source(strategy)
    setup = forget_sources if state == "cold" else None
    assert benchmark.pedantic(hash_source, (strategy,), setup=setup, rounds=10) == expected


@pytest.mark.parametrize("state", ["indexed", "unknown"])
def test_find_finished_cells(benchmark, cells, store, state):
    def find():
        index = Index(store)
        if state == "unknown":
            return [index.load(cell) for cell in cells]
        return list(find_todo(cells, index, pytest.fail)[0])

    assert len(benchmark(find)) == len(cells)


def test_tabulate_results(benchmark, cells, store):
    records = benchmark(lambda: make_records((cell, store.load(cell)) for cell in cells))
    assert len(records) == sum(len(cell.bundle.conditions) * len(cell.metrics) for cell in cells)


def test_make_features(benchmark, tmp_path):
    bundle = make_plan(Suite(datasets=("avdigits",), scenarios=("missing-*",), seeds=1))[0].bundle
    folders = iter(range(1000))

    def make():
        cache = FeatureCache(tmp_path / str(next(folders)))
        cache.make(bundle)
        return cache

    assert benchmark.pedantic(make, rounds=3).has(bundle)


@pytest.mark.parametrize("views", [("vector",), ("sequence", "vector")], ids="-".join)
def test_load_features(benchmark, tmp_path, views):
    bundle = make_plan(Suite(datasets=("avdigits",), scenarios=("missing-*",), seeds=1))[0].bundle
    cache = FeatureCache(tmp_path)
    cache.make(bundle)
    assert len(benchmark(cache.load, bundle, "train", views)) > 100
