"""What a fit costs beside its time."""

import json
import math
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from fusebench.bench import cell as cell_module
from fusebench.bench import cost
from fusebench.bench.cost import count_parameters, read_peak, reset_peak
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.cells import Store, _checksum
from fusebench.bench.store.index import Index, find_todo
from fusebench.bench.suite import Suite
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.registry import make_fusion


@pytest.fixture(scope="module")
def data():
    return load_dataset("synth-xor", n_train=60, n_validation=40, n_test=20).features(seed=0)


def test_a_network_counts_its_parameters_and_the_class_frequencies(data):
    fusion = make_fusion("tensor-fusion", random_state=0)
    fusion.set_params(max_epochs=1).fit(data.train, data.validation)
    expected = sum(parameter.numel() for parameter in fusion.network_.parameters())
    assert expected > 1000
    assert count_parameters(fusion) == expected + 2


def test_a_constant_counts_its_frequencies_alone(data):
    fusion = make_fusion("majority").fit(data.train, data.validation)
    assert fusion._standardizer.mean_
    assert count_parameters(fusion) == 2


def test_trees_count_their_nodes():
    from xgboost import XGBClassifier

    X = np.arange(8.0)[:, None]
    model = XGBClassifier(n_estimators=3, max_depth=1, min_child_weight=0, n_jobs=1).fit(X, X[:, 0] > 3)
    assert count_parameters(model) == 3 * 3  # a split and two leaves each


class Holder:
    def __init__(self, **attributes):
        vars(self).update(attributes)


def test_an_array_counts_once_and_integers_and_parameters_do_not():
    weights = np.ones((2, 3))
    thing = Holder(a=weights, b=[weights, {"c": (weights, np.ones(4, np.float32))}], classes=np.arange(9))
    thing.itself = thing
    assert count_parameters(thing) == 6 + 4
    assert count_parameters(LogisticRegression(class_weight={0: np.ones(50)})) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can forget a peak")
def test_the_peak_is_that_since_the_reset():
    held = np.ones(16_000_000)
    before = reset_peak()
    temporary = np.ones(8_000_000)
    del temporary
    grown = read_peak() - before
    assert 50e6 < grown < 96e6  # the system counts pages roughly where there are many processors
    assert reset_peak() <= before + 24e6
    assert held.sum() == 16_000_000


def test_where_the_system_cannot_forget_nothing_is_claimed(monkeypatch, tmp_path):
    monkeypatch.setattr(cost, "_RESET", tmp_path / "no" / "such" / "file")
    assert math.isnan(reset_peak())
    monkeypatch.setattr(cost, "_STATUS", tmp_path / "nothing")
    assert math.isnan(read_peak())


@pytest.mark.parametrize(("peak", "grown"), [(90.0, 0.0), (150.0, 50.0), (math.nan, math.nan)])
def test_no_fit_takes_less_memory_than_none(monkeypatch, tmp_path, peak, grown):
    monkeypatch.setattr(cell_module, "reset_peak", lambda: 100.0)
    monkeypatch.setattr(cell_module, "read_peak", lambda: peak)
    suite = Suite(name="tiny", datasets=("synth-xor",), fusions=(), scenarios=(), seeds=1)
    records = run_plan(suite, make_plan(suite), out=tmp_path).records
    assert set(records["status"]) == {"done"}
    np.testing.assert_array_equal(records["fit_bytes"], grown)


def test_costs_are_recorded_and_cells_of_older_versions_lack_them(tmp_path):
    suite = Suite(name="tiny", datasets=("synth-xor",), fusions=("late-mean",), scenarios=(), seeds=1)
    cells = make_plan(suite)
    records = run_plan(suite, cells, out=tmp_path).records
    counts = records.groupby("fusion")["n_parameters"].first()
    assert counts["majority"] == 2
    assert counts["late-mean"] > counts["unimodal-a"] > 2
    assert (records["fit_bytes"] >= 0).all() or sys.platform != "linux"
    path = Store(tmp_path).path(cells[0])
    document = json.loads(path.read_text())
    for name in ("fit_bytes", "n_parameters"):
        assert name in document["result"]
        del document["result"][name]
    document.pop("checksum")
    path.write_text(json.dumps({**document, "checksum": _checksum(document)}))
    assert find_todo(cells, Index(Store(tmp_path)), pytest.fail)[1] == []
    assert math.isnan(Store(tmp_path).load(cells[0]).n_parameters)
