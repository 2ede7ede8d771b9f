"""Plugins as a user meets them: a package that ``fusebench new`` wrote, a file, and a broken one."""

import json
import os
import shlex
import subprocess
import sys
from itertools import pairwise

import pandas as pd
import pytest

from fusebench.bench.planning.plan import make_plan
from fusebench.bench.plugin_files import load_plugin_files, loaded_plugin_files
from fusebench.bench.scaffold import PluginKind, write_package
from fusebench.bench.store.planned import write_plan
from fusebench.bench.store.status import repeat_cell
from fusebench.bench.store.why import explain
from fusebench.bench.suite import load_suite
from fusebench.errors import FusebenchError
from fusebench.fusions.registry import fusions

NAMES = {"fusion": "my-fusion", "dataset": "my-data", "scenario": "my-fault"}
COSTS = ["fit_seconds", "predict_seconds", "fit_bytes"]

STRATEGY = '''
import fusebench

from fusebench.fusions.late import LateMean


@fusebench.register_fusion("mine")
class Mine(LateMean):
    """The mean, but surer."""

    def _predict_outputs(self, data):
        return super()._predict_outputs(data) ** {power}
'''

METRIC = '''
import fusebench


@fusebench.register_metric("my-error", direction="minimize")
def my_error(y, probabilities):
    """Share of wrong predictions."""
    return float((probabilities.argmax(axis=1) != y).mean())
'''


def execute(*words, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-P", "-m", *map(str, words)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A package of each kind, as ``fusebench new`` writes them."""
    folder = tmp_path_factory.mktemp("packages")
    for kind, name in NAMES.items():
        done = execute("fusebench", "new", kind, name, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def site(packages, tmp_path_factory):
    """A folder into which pip has installed the packages, without network."""
    pytest.importorskip("pip")
    target = tmp_path_factory.mktemp("site")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target]
    done = execute("pip", "install", *options, *(packages / name for name in NAMES.values()), cwd=packages)
    assert done.returncode == 0, done.stderr
    return target


def test_the_new_packages_pass_their_own_tests(packages, site):
    done = execute(
        "pytest", "-q", "-p", "no:cacheprovider", *NAMES.values(), cwd=packages, PYTHONPATH=str(site)
    )
    assert done.returncode == 0, done.stdout
    assert "7 passed" in done.stdout


@pytest.mark.parametrize("kind", NAMES)
def test_an_installed_plugin_is_listed(site, tmp_path, kind):
    done = execute("fusebench", "list", f"{kind}s", "--json", cwd=tmp_path, PYTHONPATH=str(site))
    assert done.stderr == ""
    assert NAMES[kind] in [entry["name"] for entry in json.loads(done.stdout)]


def test_installed_plugins_are_checked_and_run(site, tmp_path):
    checked = execute("fusebench", "check", "my-fusion", "my-data", cwd=tmp_path, PYTHONPATH=str(site))
    assert checked.returncode == 0, checked.stdout
    assert "failed" not in checked.stdout
    arguments = ["-d", "my-data", "-f", "my-fusion", "-s", "my-fault", "--seeds", "1", "-j", "2", "-o", "run"]
    done = execute("fusebench", "run", *arguments, cwd=tmp_path, PYTHONPATH=str(site))
    assert done.returncode == 0, done.stderr
    records = pd.read_csv(tmp_path / "run" / "results.csv")
    mine = records[records["fusion"] == "my-fusion"]
    assert set(mine["dataset"]) == {"my-data"}
    assert set(mine["scenario"]) == {"clean", "my-fault"}
    assert set(mine["status"]) == {"done"}


def test_a_broken_plugin_warns_and_all_else_works(site, tmp_path):
    (tmp_path / "broken_thing.py").write_text("import no_such_library\n")
    info = tmp_path / "broken_thing-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-thing\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text("[fusebench.fusions]\nshiny = broken_thing\n")
    path = os.pathsep.join([str(tmp_path), str(site)])
    done = execute("fusebench", "list", "fusions", "--json", cwd=tmp_path, PYTHONPATH=path)
    assert done.stderr.splitlines() == [
        "Warning: The plugin 'shiny' (broken_thing) of the package 'broken-thing' is left out: "
        "ModuleNotFoundError: No module named 'no_such_library'"
    ]
    assert {"my-fusion", "late-mean"} <= {entry["name"] for entry in json.loads(done.stdout)}


def test_a_file_gives_the_same_numbers_in_any_number_of_workers(tmp_path):
    arguments = ["-d", "synth-xor", "-f", "mine", "-s", "clean", "--seeds", "1", "--quick"]
    tables = []
    plugins = ["--plugin", "my own.py", "--plugin=score.py"]
    (tmp_path / "my own.py").write_text(STRATEGY.format(power=2))
    (tmp_path / "score.py").write_text(METRIC)
    for jobs in (1, 2):
        run = ["run", *arguments, "-j", jobs, "-o", f"run{jobs}", *plugins]
        done = execute("fusebench", *run, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        tables.append(pd.read_csv(tmp_path / f"run{jobs}" / "results.csv").drop(columns=COSTS))
    pd.testing.assert_frame_equal(*tables)
    mine = tables[0][tables[0]["fusion"] == "mine"]
    assert set(mine["status"]) == {"done"}
    assert "my-error" in set(mine["metric"])
    (tmp_path / "my own.py").write_text(STRATEGY.format(power=3))
    plan = execute("fusebench", *plugins, "plan", *arguments, "-o", "run1", cwd=tmp_path)
    assert "5 cells, 4 done, 1 to run" in plan.stdout
    again = shlex.split(repeat_cell(tmp_path / "run1", "synth-xor", "mine", 0))
    named = [path for word, path in pairwise(again) if word == "--plugin"]
    assert named == [str(tmp_path / "my own.py"), str(tmp_path / "score.py")]


@pytest.fixture
def forget():
    """Take back what a file registers."""
    from fusebench.bench import plugin_files
    from fusebench.bench.metrics import metrics

    before = {registry: set(registry) for registry in (fusions, metrics)}
    yield
    for registry, names in before.items():
        for name in set(registry) - names:
            registry.remove(name)
    for name in plugin_files._loaded:
        del sys.modules[name]
    plugin_files._loaded.clear()


def test_a_file_is_loaded_once(tmp_path, forget):
    path = tmp_path / "mine.py"
    path.write_text(STRATEGY.format(power=2))
    load_plugin_files([path, path])
    load_plugin_files([str(path)])
    assert loaded_plugin_files() == [path]
    assert fusions["mine"].estimator.__module__ == "fusebench_plugin_mine"


def test_a_broken_file_warns_and_leaves_nothing(tmp_path, forget):
    from fusebench.bench.metrics import metrics
    from fusebench.plugins import PluginWarning

    path = tmp_path / "mine.py"
    path.write_text(STRATEGY.format(power=2) + METRIC + "\n\nraise ValueError('not today')\n")
    with pytest.warns(PluginWarning, match=r"mine\.py is left out: ValueError: not today"):
        load_plugin_files([path])
    assert loaded_plugin_files() == []
    assert "mine" not in fusions
    assert "my-error" not in metrics
    path.write_text(STRATEGY.format(power=2).replace('"mine"', '"late-max"'))
    with pytest.warns(PluginWarning, match="The fusion 'late-max' is registered twice"):
        load_plugin_files([path])
    assert fusions["late-max"].estimator.__module__ == "fusebench.fusions.late"


def test_why_asks_for_the_plugins_of_the_run(tmp_path, forget, monkeypatch):
    path = tmp_path / "mine.py"
    path.write_text(METRIC)
    load_plugin_files([path])
    suite = load_suite("default", datasets=["synth-xor"], fusions=["late-mean"], scenarios=["clean"], seeds=1)
    write_plan(tmp_path / "run", suite, make_plan(suite))
    with pytest.raises(FusebenchError, match="No cell in"):  # it was only planned
        explain(tmp_path / "run", "synth-xor/late-mean/seed0")
    monkeypatch.setattr("fusebench.bench.plugin_files._loaded", {})
    with pytest.raises(FusebenchError, match=r"add --plugin \S+mine\.py\.$"):
        explain(tmp_path / "run", "synth-xor/late-mean/seed0")


def test_two_files_of_one_name_are_refused(tmp_path, forget):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text("")
    with pytest.raises(FusebenchError, match="have the same name; rename one"):
        load_plugin_files([tmp_path / "a" / "mine.py", tmp_path / "b" / "mine.py"])


@pytest.mark.parametrize(
    "words", [["--plugin"], ["--plugin="], ["--plugin", "nowhere.py"], ["--plugin=list"]]
)
def test_a_file_that_is_not_there_is_one_sentence(tmp_path, words):
    done = execute("fusebench", "list", "metrics", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert "Python file" in done.stderr


@pytest.mark.parametrize(
    "name", ["My-Fusion", "my_fusion", "my--fusion", "-my", "2my", "my fusion", "../my", ""]
)
def test_a_name_that_is_not_in_kebab_case_is_refused(tmp_path, name):
    with pytest.raises(FusebenchError, match="is not in kebab-case"):
        write_package(PluginKind.FUSION, name, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("kind", "taken"), [("fusion", "majority"), ("dataset", "avdigits"), ("scenario", "clean")]
)
def test_a_name_that_is_taken_is_refused(tmp_path, kind, taken):
    with pytest.raises(FusebenchError, match=f"named '{taken}' already"):
        write_package(PluginKind(kind), taken, tmp_path)


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    with pytest.raises(FusebenchError, match="exists already"):
        write_package(PluginKind.DATASET, "mine", tmp_path)
    assert not list((tmp_path / "mine").iterdir())


def test_a_keyword_is_a_good_name(tmp_path):
    for path in write_package(PluginKind.FUSION, "none", tmp_path):
        if path.suffix == ".py":
            compile(path.read_text(), path, "exec")
