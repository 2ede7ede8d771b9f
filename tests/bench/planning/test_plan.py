"""Keys of cells: made from parts that are shared, yet the hash of all that the scores depend on."""

import pytest

from fusebench.bench.metrics import metrics
from fusebench.bench.planning import entry, plan
from fusebench.bench.planning.entry import find_entries
from fusebench.bench.planning.fingerprint import hash_json
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.suite import Suite
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions, register_fusion

SMALL = {"datasets": ("synth-xor",), "fusions": ("late-*", "early-mlp", "multistream-hmm"), "seeds": 3}


@pytest.mark.parametrize(
    "asked",
    [{}, {"temper": True}, {"tune": 4}, {"tune": 4, "temper": True}, {"training": ("label-noise-3",)}],
    ids=str,
)
def test_a_key_is_the_hash_of_the_whole(asked):
    cells = make_plan(Suite(**SMALL, **asked))
    for cell in cells:
        parameters = {name: repr(value) for name, value in cell.estimator.get_params().items()}
        assert cell.ingredients["parameters"] == parameters
        assert cell.key == hash_json(cell.ingredients)
        assert set(cell.ingredients) == {
            "features",
            "fusion",
            "fusion source",
            "metrics",
            "parameters",
            "skip",
        }
    assert len({cell.key for cell in cells}) == len(cells)


@pytest.mark.parametrize("asked", [{}, {"temper": True}, {"tune": 4, "temper": True}], ids=str)
def test_parameters_are_described_as_the_estimator_shows_them(asked):
    suite = Suite(**SMALL, **asked)
    infos = [fusions[name] for name in ("late-mean", "early-mlp", "unimodal")]
    for found in find_entries(infos, load_dataset("synth-xor").card, suite):
        for seed in (0, 7, 10, 99, 100, 12345, 54321, 2**31 - 1, 2**31 - 2):
            parameters = found.seeded(seed).get_params()
            assert found.parameters(seed) == {name: repr(value) for name, value in parameters.items()}


def test_the_estimator_of_a_cell_is_its_own():
    cells = [cell for cell in make_plan(Suite(**SMALL)) if cell.fusion == "early-mlp"]
    assert cells[0].estimator is not cells[0].estimator
    assert len({cell.estimator.random_state for cell in cells}) == 3
    assert cells[0].estimator.random_state == cells[0].estimator.random_state
    assert cells[0].entry is cells[1].entry
    assert cells[0].entry.estimator.random_state == 0


@pytest.fixture
def pinned(monkeypatch):
    """A strategy, and everything that may change elsewhere held fixed."""

    @register_fusion("pinned", family="custom")
    class Pinned(LateMean):
        def __init__(self, width=3, random_state=0):
            self.width, self.random_state = width, random_state

    monkeypatch.setattr(plan, "hash_source", lambda _: "source")
    monkeypatch.setattr(entry, "hash_source", lambda _: "source")
    monkeypatch.setattr(entry, "metrics_of", lambda _: (metrics["accuracy"],))
    monkeypatch.setattr(plan, "PROTOCOL_VERSION", 2)
    monkeypatch.setattr(type(load_dataset("synth-xor")), "fingerprint", lambda _: "data")
    yield
    fusions.remove("pinned")


def test_keys_are_those_of_before(pinned):
    """What is finished would be run again if they changed: raise PROTOCOL_VERSION if that is meant."""
    suite = Suite(datasets=("synth-xor",), fusions=("pinned",), scenarios=(), seeds=2)
    keys = {(c.fusion, c.seed): c.key for c in make_plan(suite) if c.fusion in ("pinned", "majority")}
    assert keys == {
        ("majority", 0): "b7b2ce75b935d5b6",
        ("pinned", 0): "a33b6e0fa9bdbb5d",
        ("majority", 1): "0fa2861d73ffe24b",
        ("pinned", 1): "25981d75c71036a9",
    }
    tempered = make_plan(suite.model_copy(update={"temper": True}))
    assert [c.key for c in tempered if c.fusion == "pinned"] == ["5d891b96d3c777d8", "75fa396c7b7abca5"]
