"""The main job: what it leaves, how it resumes, and what a failure does to it."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

import fusebench
from fusebench.bench.planning.plan import PROTOCOL_VERSION, make_plan
from fusebench.bench.run import QUICK_NOTICE, Listener, run_plan
from fusebench.bench.store.cells import Store
from fusebench.bench.store.index import INDEX
from fusebench.bench.suite import Suite, load_suite
from fusebench.errors import DivergedError
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions, register_fusion

SUITE = Suite(
    name="tiny",
    datasets=("synth-xor",),
    fusions=("late-mean", "early-logistic"),
    scenarios=("missing-modality", "missing-rate", "noise-vector-gaussian"),
    seeds=2,
    dataset_options={"synth-xor": {"n_train": 120, "n_validation": 60, "n_test": 80}},
)
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]


def run(out, suite=SUITE, **options):
    return run_plan(suite, make_plan(suite), out=out, **options)


def numbers(summary):
    """All that a run found out, without what it cost."""
    return summary.records.drop(columns=COSTS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A folder of a finished run, with its summary."""
    return run(tmp_path_factory.mktemp("finished") / "run")


@pytest.fixture
def copy(finished, tmp_path):
    """A copy of the finished folder to do things to."""
    return shutil.copytree(finished.folder, tmp_path / "run")


def cell_files(folder):
    return sorted((folder / "cells").rglob("*.json"))


def test_a_run_leaves_every_file(finished):
    names = {path.name for path in finished.folder.iterdir()}
    assert names >= {
        "results.parquet",
        "results.csv",
        "leaderboard.csv",
        "leaderboard.md",
        "report.html",
        "run.json",
    }
    table = pd.read_csv(finished.folder / "results.csv")
    assert set(table.columns) >= {
        "dataset",
        "fusion",
        "family",
        "scenario",
        "modality",
        "severity",
        "seed",
        "metric",
        "value",
        "status",
        "fit_seconds",
        "predict_seconds",
    }
    assert set(table["fusion"]) == {
        "majority",
        "unimodal-a",
        "unimodal-b",
        "best-unimodal",
        "late-mean",
        "early-logistic",
    }
    assert len(cell_files(finished.folder)) == 6 * 2
    conditions = 1 + 2 + 5 + 2 * 5
    assert len(table) == 6 * 2 * conditions * 5
    assert table["value"].notna().all()
    assert finished.ran == 12
    assert finished.failed == 0


def test_records_say_who_handles_absence(tmp_path):
    suite = SUITE.model_copy(
        update={"fusions": ("late-mean", "early-logistic", "translate-ridge"), "scenarios": (), "seeds": 1}
    )
    records = run(tmp_path / "run", suite).records
    told = records.groupby("fusion")["absence"].unique().map(list)
    assert told["late-mean"] == ["native"]
    assert told["early-logistic"] == ["mean"]
    assert told["translate-ridge"] == ["ridge"]


def test_provenance_tells_what_was_run(finished):
    provenance = json.loads((finished.folder / "run.json").read_text())
    assert provenance["version"] == fusebench.__version__
    assert provenance["packages"]["scikit-learn"]
    assert provenance["hardware"]["cores"] >= 1
    assert provenance["suite"]["seeds"] == 2
    assert set(provenance) >= {"commit", "dirty", "command", "started"}
    assert set(provenance["data"]) == set(finished.records["dataset"])
    assert all(told["protocol"] == PROTOCOL_VERSION for told in provenance["data"].values())


def test_predictions_are_kept_and_give_the_scores(finished):
    cell = next(cell for cell in make_plan(SUITE) if cell.fusion == "late-mean" and cell.seed == 0)
    store = Store(finished.folder)
    with np.load(store.path(cell, "predictions", ".npz"), allow_pickle=False) as kept:
        predicted = kept["clean-0"].argmax(axis=1)
        assert len(kept.files) == len(cell.bundle.conditions)
    labels = cell.bundle.dataset.load(0).test.labels
    assert np.mean(predicted == labels) == pytest.approx(store.load(cell).scores[0]["accuracy"], abs=0.02)


def test_the_second_run_runs_nothing_and_rewrites_nothing(copy, finished):
    def times():
        """When files were written; what the index knows is no result."""
        files = (path for path in copy.rglob("*") if path.is_file() and path.name != INDEX)
        return {path: path.stat().st_mtime_ns for path in files}

    before = times()
    again = run(copy)
    assert again.ran == 0
    pd.testing.assert_frame_equal(again.records, finished.records)
    assert times() == before


def test_a_removed_cell_is_run_again_alone(copy, finished):
    removed = cell_files(copy)[5]
    others = {path: path.stat().st_mtime_ns for path in cell_files(copy) if path != removed}
    removed.unlink()
    again = run(copy)
    assert again.ran == 1
    assert removed.exists()
    assert {path: path.stat().st_mtime_ns for path in others} == others
    pd.testing.assert_frame_equal(numbers(again), numbers(finished))


@pytest.mark.parametrize("content", [b"", b'{"result": ', None])
def test_a_damaged_cell_is_said_and_run_again(copy, finished, content):
    damaged = cell_files(copy)[3]
    # None: a number changed by hand, in a file that is otherwise whole.
    damaged.write_bytes(
        damaged.read_bytes().replace(b'"accuracy": 0.', b'"accuracy": 1.') if content is None else content
    )
    messages = []

    class Notes(Listener):
        def warn(self, message):
            messages.append(message)

    again = run(copy, listener=Notes())
    assert again.ran == 1
    assert len(messages) == 1
    assert damaged.name in messages[0]
    assert "damaged" in messages[0]
    pd.testing.assert_frame_equal(numbers(again), numbers(finished))


def test_two_workers_give_the_numbers_of_one(finished, tmp_path):
    suite = SUITE.model_copy(update={"fusions": ("late-mean", "early-logistic", "early-mlp")})
    alone, together = run(tmp_path / "1", suite), run(tmp_path / "2", suite, jobs=2)
    pd.testing.assert_frame_equal(numbers(alone), numbers(together))
    # ... and a strategy more changed nothing for the others.
    shared = numbers(alone)[numbers(alone)["fusion"] != "early-mlp"].reset_index(drop=True)
    pd.testing.assert_frame_equal(shared, numbers(finished))


def test_other_options_are_other_cells(copy):
    changed = SUITE.model_copy(update={"fusion_options": {"early-logistic": {"width": 3}}})
    with pytest.raises(fusebench.FusebenchError, match="has no parameter 'width'"):
        run(copy, changed)
    smaller = SUITE.model_copy(update={"dataset_options": {"synth-xor": {"n_train": 100}}})
    assert run(copy, smaller).ran == 12


def test_quick_marks_every_output(tmp_path):
    summary = fusebench.run(
        datasets=["synth-xor"], fusions=["late-mean"], scenarios=["clean"], quick=True, out=tmp_path
    )
    for name in ("results.csv", "leaderboard.csv", "leaderboard.md", "report.html", "run.json"):
        assert QUICK_NOTICE in (tmp_path / name).read_text(), name
    assert set(summary.records["n_test"]) == {200}
    assert set(summary.records["seed"]) == {0, 1}


@pytest.fixture
def broken_strategies():
    """Three strategies that go wrong, each in its own way."""

    @register_fusion("raises", family="custom")
    class Raises(LateMean):
        def _fit(self, train, validation):
            raise ValueError("no luck\nat all")

    @register_fusion("diverges", family="custom")
    class Diverges(LateMean):
        def _predict_outputs(self, data):
            raise DivergedError("the loss is not finite")

    @register_fusion("wants-sequences", family="custom")
    class WantsSequences(LateMean):
        views = ("sequence",)

    names = ("raises", "diverges", "wants-sequences")
    yield names
    for name in names:
        fusions.remove(name)


def test_a_failure_is_a_record_and_the_run_goes_on(broken_strategies, tmp_path):
    suite = SUITE.model_copy(update={"fusions": (*broken_strategies, "late-mean"), "seeds": 1})
    summary = run(tmp_path, suite)
    records = summary.records.set_index("fusion")
    assert summary.failed == 2
    assert records.loc["raises", "status"] == "failed"
    assert records.loc["raises", "reason"].startswith("ValueError: no luck\n")
    assert "Traceback" in records.loc["raises", "reason"]
    assert records.loc["diverges", "status"] == "diverged"
    assert records.loc["wants-sequences", "status"] == "skipped"
    assert "takes sequence views; a offers vector" in records.loc["wants-sequences", "reason"]
    assert np.isnan(records.loc["raises", "value"])
    assert set(records.loc["late-mean", "status"]) == {"done"}
    again = run(tmp_path, suite)
    assert (again.ran, again.failed) == (0, 2)
    assert run(tmp_path, suite, retry_failed=True).ran == 2


def test_data_that_cannot_be_loaded_fail_their_cells_only(tmp_path, monkeypatch):
    from fusebench.datasets.registry import datasets

    def load(self, seed=0):
        raise OSError("the disk is gone")

    suite = SUITE.model_copy(update={"datasets": ("synth-xor", "synth-unique"), "seeds": 1})
    cells = make_plan(suite)
    monkeypatch.setattr(datasets["synth-unique"], "load", load)
    summary = run_plan(suite, cells, out=tmp_path)
    status = summary.records.groupby("dataset")["status"].unique()
    assert list(status["synth-unique"]) == ["failed"]
    assert list(status["synth-xor"]) == ["done"]


def test_the_plan_puts_controls_first_and_names_each_modality_once():
    names = [cell.fusion for cell in make_plan(SUITE) if cell.seed == 0]
    assert names[:4] == ["majority", "unimodal-a", "unimodal-b", "best-unimodal"]
    assert len(names) == len(set(names))


def test_every_cell_of_the_default_suite_has_its_own_key():
    cells = make_plan(load_suite("default"))
    assert len({cell.key for cell in cells}) == len(cells) > 100


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"datasets": ("synth-xr",)}, "no data set named 'synth-xr'; did you mean synth-xor"),
        ({"fusions": ("late-maen",)}, "no fusion named 'late-maen'; did you mean late-mean"),
        ({"scenarios": ("missing",)}, "no scenario named 'missing'"),
        ({"metric": "acuracy"}, "no metric named 'acuracy'; did you mean accuracy"),
        ({"dataset_options": {"synth-xor": {"ntrain": 3}}}, "no option 'ntrain'; did you mean n_train"),
        ({"fusion_options": {"late-maen": {}}}, "did you mean late-mean"),
    ],
)
def test_an_unknown_name_gets_a_suggestion(change, message):
    with pytest.raises(fusebench.FusebenchError, match=message):
        make_plan(SUITE.model_copy(update=change))


@pytest.mark.parametrize(
    "what", ["noise-vector-gaussian-a-5.a.vector.npy", "missing-modality-a-5.present.npy"]
)
@pytest.mark.parametrize("damage", ["lost", "torn"])
def test_damaged_features_are_made_again(copy, finished, what, damage):
    for path in (copy / "features").rglob(what):
        path.unlink() if damage == "lost" else path.write_bytes(path.read_bytes()[:40])
    for path in (copy / "cells").rglob("seed*.json"):
        path.unlink()
    again = run(copy)
    assert again.ran == 12
    pd.testing.assert_frame_equal(numbers(again), numbers(finished))


@pytest.mark.parametrize("name", ["results.csv", "leaderboard.md", "report.html", "run.json"])
def test_damaged_outputs_are_written_again(copy, name):
    before = (copy / name).read_text()
    (copy / name).write_text("not what was written")
    assert run(copy).ran == 0
    after = (copy / name).read_text()
    assert after == before if name.startswith(("results", "leaderboard")) else after[:9] == before[:9]


def test_outputs_of_another_plan_are_replaced(copy):
    table = (copy / "results.csv").read_text()
    run(copy, SUITE.model_copy(update={"fusions": ("late-mean",)}))
    assert (copy / "results.csv").read_text() != table
    assert run(copy).ran == 0
    assert (copy / "results.csv").read_text() == table


def test_a_run_of_which_nothing_is_done_leaves_its_reasons(tmp_path, monkeypatch):
    from fusebench.datasets.registry import datasets

    def load(self, seed=0):
        raise OSError("the disk is gone")

    monkeypatch.setattr(datasets["synth-xor"], "load", load)
    summary = run(tmp_path)
    assert (summary.done, summary.failed) == (0, 12)
    assert "the disk is gone" in (tmp_path / "results.csv").read_text()
    assert not (tmp_path / "report.html").exists()
    assert json.loads((tmp_path / "run.json").read_text())["cells"]["failed"] == 12


def test_a_metric_that_is_not_finite_fails_its_cells_only(tmp_path, monkeypatch):
    from fusebench.bench.metrics import metrics, register_metric

    @register_metric("endless", direction="minimize")
    def endless(y, probabilities):
        return float("inf") if probabilities[0, 0] != probabilities[1, 0] else 0.0

    try:
        summary = run(tmp_path, SUITE.model_copy(update={"fusions": ("late-mean",), "seeds": 1}))
    finally:
        metrics.remove("endless")
    status = summary.records.groupby("fusion")["status"].first()
    assert status["late-mean"] == "failed"
    assert status["majority"] == "done"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fusion_options": {"early-mlp": {"random_state": 7}}}, "'random_state' of 'early-mlp' is given by"),
        (
            {"fusion_options": {"unimodal": {"modality": "zz"}}},
            "'modality' of 'unimodal' is given by the plan",
        ),
        ({"dataset_options": {"synth-xor": {"data_dir": "/"}}}, "'data_dir' of 'synth-xor' is given by"),
        ({"dataset_options": {"synth-xor": {"separation": "big"}}}, "separation must be a number"),
        ({"dataset_options": {"synth-xor": {"n_train": True}}}, "n_train must be an integer"),
        ({"fusion_options": {"late-mean": {"x": 3}}}, "no parameter 'x'; there are none"),
    ],
)
def test_an_option_that_cannot_be_set_is_refused(change, message):
    with pytest.raises(fusebench.FusebenchError, match=message):
        make_plan(SUITE.model_copy(update=change))
