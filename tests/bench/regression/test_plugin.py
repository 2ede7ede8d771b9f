"""The pytest plugin, in sessions of its own."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from fusebench.bench.regression.document import read_document, write_document
from fusebench.bench.regression.environments import open_here
from fusebench.bench.regression.measure import Selection
from fusebench.bench.regression.track import Effort, track

# By name, since an installation may be older than the entry point.
PLUGINS = ("-p", "pytest_benchmark.plugin", "-p", "fusebench.bench.regression.plugin")
CPU_TIME = ("--benchmark-timer", "time.process_time")  # whatever else the machine does

TEST = """
from fusebench.fusions.late import LateMean

class Mine(LateMean):
    def _fit(self, train, validation):
        for _ in range({fits}):
            super()._fit(train, validation)
    def _predict_outputs(self, data):
        outputs = super()._predict_outputs(data)
        outputs[::{every}] = outputs[::{every}, ::-1]
        return outputs

def test_mine(fusion_benchmark):
    fusion_benchmark(Mine(), dataset="synth-redundant")

def test_by_name(fusion_benchmark):
    fusion_benchmark("majority", seeds=1)
"""


def run(folder, *words, **environment):
    # In a worker of xdist nothing is timed.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *PLUGINS, *map(str, words)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**inherited, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environment},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mine")
    (folder / "pytest.ini").write_text("[pytest]\n")
    return folder


@pytest.fixture(scope="module")
def reference(folder):
    """The file of benchmarks as it was when it was good, measured in one process."""
    (folder / "test_mine.py").write_text(TEST.format(fits=1, every=10_000))
    times = folder / "times.json"
    done = run(folder, "--benchmark-json", times, *CPU_TIME)
    assert done.returncode == 0, done.stdout
    from fusebench.bench.regression.measure import _benchmark  # what `track` does with the file

    rows = json.loads(times.read_text())["benchmarks"]
    here = open_here(folder / "here", [])
    document = track(here, Selection(), Effort(0, 0), lambda text: None)
    scores = [score for row in rows for score in row["extra_info"].get("scores", ())]
    document = document.model_validate(
        {
            **document.model_dump(),
            "benchmarks": [_benchmark(row).model_dump() for row in rows],
            "scores": scores,
        }
    )
    write_document(document, folder / "reference.json")
    return folder / "reference.json"


def test_the_plugin_imports_nothing_that_is_heavy(tmp_path):
    (tmp_path / "test_nothing.py").write_text(
        "import sys\n"
        "def test_nothing():\n"
        "    heavy = {'torch', 'numpy', 'pandas', 'sklearn', 'scipy', 'pydantic', 'typer', 'rich'}\n"
        "    assert not heavy & set(sys.modules)\n"
        "    assert 'fusebench.bench.regression.plugin' in sys.modules\n"
    )
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_entry_point_leads_to_the_plugin():
    settings = Path(__file__).parents[3] / "pyproject.toml"
    if not settings.is_file():
        pytest.skip("the tests are not in a checkout")
    import tomllib

    points = tomllib.loads(settings.read_text())["project"]["entry-points"]["pytest11"]
    assert import_module(points["fusebench"]).fusion_benchmark is not None


@pytest.mark.slow
def test_each_stage_is_timed_and_fits_are_scored(reference):
    document = read_document(reference)
    groups = {one.name: (one.group, one.fusion) for one in document.benchmarks}
    assert groups["test_mine.py::test_mine[fit]"] == ("fit", "Mine")
    assert groups["test_mine.py::test_by_name[predict]"] == ("predict", "majority")
    assert [len(one.rounds[0]) for one in document.benchmarks] == [6] * 4
    values = [score.value for score in document.scores if score.fusion == "Mine"]
    assert len(values) == 5


@pytest.mark.slow
def test_a_fusion_that_is_slower_or_worse_fails(folder, reference):
    (folder / "test_mine.py").write_text(TEST.format(fits=5, every=10_000))
    done = run(folder, "--fusebench-reference", reference, "-k", "test_mine and fit", *CPU_TIME)
    assert done.returncode == 1, done.stdout
    assert "test_mine.py::test_mine[fit] has become slower" in done.stdout
    (folder / "test_mine.py").write_text(TEST.format(fits=1, every=9))
    done = run(folder, "--fusebench-reference", reference, "-k", "test_mine and fit", "--benchmark-disable")
    assert done.returncode == 1, done.stdout
    assert "Mine has become worse on synth-redundant" in done.stdout


@pytest.mark.slow
def test_a_fusion_that_scores_the_same_passes(folder, reference):
    (folder / "test_mine.py").write_text(TEST.format(fits=1, every=10_000))
    done = run(folder, "--fusebench-reference", reference, "--benchmark-disable")
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_a_reference_of_other_tests_is_refused(folder, reference):
    (folder / "test_mine.py").write_text(
        TEST.format(fits=1, every=10_000).replace("test_by_name", "test_new")
    )
    done = run(folder, "--fusebench-reference", reference, "-k", "test_new", "--benchmark-disable")
    assert done.returncode == 1
    assert "The reference has no benchmark 'test_mine.py::test_new[fit]'" in done.stdout
