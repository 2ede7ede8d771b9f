import json
import shutil
import warnings

import pytest

from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.cells import Store
from fusebench.bench.store.fits import find_history, read_fits
from fusebench.bench.suite import Suite
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.calibration import TemperatureScaled
from fusebench.fusions.early_mlp import EarlyMLP
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions, register_fusion
from fusebench.results.curves import CURVE_COLUMNS
from fusebench.results.logs import LOG_COLUMNS

SMALL = {"n_train": 60, "n_validation": 30, "n_test": 20}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run with a network, and one that fails after it has warned."""

    @register_fusion("complains", family="custom")
    class Complains(LateMean):
        """Warns, then fails."""

        def _fit(self, train, validation):
            warnings.warn("this will end badly", UserWarning, stacklevel=1)
            raise ValueError("as was said")

    try:
        suite = Suite(
            name="fits",
            datasets=("synth-xor",),
            fusions=("early-mlp", "late-mean", "complains"),
            scenarios=("missing-modality",),
            seeds=1,
            dataset_options={"synth-xor": SMALL},
        )
        plan = make_plan(suite)
        folder = tmp_path_factory.mktemp("fits") / "run"
        summary = run_plan(suite, plan, out=folder)
        results = {cell.fusion: Store(folder).load(cell) for cell in plan}
    finally:
        fusions.remove("complains")
    return summary, results


def test_the_losses_of_a_network_are_kept(finished):
    history = finished[1]["early-mlp"].history
    assert history["max_epochs"] == EarlyMLP().max_epochs
    assert 1 < len(history["train"]) == len(history["validation"]) <= history["max_epochs"]
    assert min(history["validation"]) < history["validation"][0]
    assert finished[1]["late-mean"].history == {}


def test_a_network_inside_another_strategy_is_found():
    data = load_dataset("synth-xor", **SMALL).features(seed=0)
    fusion = TemperatureScaled(EarlyMLP(max_epochs=3)).fit(data.train, data.validation)
    assert find_history(fusion) == find_history(fusion.fusion_)
    assert len(find_history(fusion)["train"]) == 3


def test_warnings_of_a_fit_that_fails_are_kept(finished):
    result = finished[1]["complains"]
    assert result.status == "failed"
    assert result.warnings == ["UserWarning: this will end badly"]


def test_losses_and_warnings_are_read_from_the_files_of_cells(finished):
    summary, results = finished
    curves, logs = read_fits(summary.folder, summary.records)
    assert tuple(curves.columns) == CURVE_COLUMNS
    assert set(curves["fusion"]) == {"early-mlp"}
    for part in ("train", "validation"):
        own = curves[curves["part"] == part]
        assert own["loss"].to_list() == results["early-mlp"].history[part]
        assert own["epoch"].to_list() == list(range(1, len(own) + 1))
    assert tuple(logs.columns) == LOG_COLUMNS
    told = logs[logs["fusion"] == "complains"]
    assert told[["condition", "message"]].to_numpy().tolist() == [["", "UserWarning: this will end badly"]]


def test_files_that_are_older_or_not_there_are_no_trouble(finished, tmp_path):
    summary = finished[0]
    folder = shutil.copytree(summary.folder, tmp_path / "run")
    shutil.rmtree(folder / "cells" / "synth-xor" / "complains")
    [path] = (folder / "cells" / "synth-xor" / "early-mlp").iterdir()
    document = json.loads(path.read_bytes())
    del document["result"]["history"]
    document["result"]["not_scored"] = {"missing-modality-a-5": "It cannot be."}
    path.write_text(json.dumps(document), encoding="utf-8")
    curves, logs = read_fits(folder, summary.records)
    assert curves.empty
    assert "complains" not in set(logs["fusion"])
    told = logs[logs["condition"] != ""]
    assert told[["fusion", "condition", "message"]].to_numpy().tolist() == [
        ["early-mlp", "missing-modality-a-5", "It cannot be."]
    ]
    assert read_fits(tmp_path, summary.records).logs.empty
