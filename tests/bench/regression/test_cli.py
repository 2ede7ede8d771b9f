"""The commands, in a project of their own, with as little to measure as there can be."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from projects import BENCHMARK, commit, git, make_project, replace
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.bench.regression import compare as comparing
from fusebench.bench.regression.document import read_document
from fusebench.bench.regression.verdict import Broken, Found, reach_verdict
from fusebench.errors import FusebenchError

OTHER = """
from planted.work import N

def test_other(benchmark):
    assert benchmark(int) == 0 and N < 4_000
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Of two commits the second is a hundred times as slow, and one of its benchmarks fails."""
    project = make_project(tmp_path_factory.mktemp("cli") / "project")
    replace(project, "planted/work.py", "60_000", "3_000")
    commit(project, "Do little")
    git(project, "tag", "--force", "good")
    (project / "test_own.py").write_text(BENCHMARK + OTHER)
    commit(project, "Time it")
    git(project, "tag", "fast")
    replace(project, "planted/work.py", "3_000", "300_000")
    commit(project, "Do much")
    return project


def fusebench(project, *words):
    words = [sys.executable, "-P", "-m", "fusebench", *map(str, words)]
    variables = {**os.environ, "NO_COLOR": "1", "COLUMNS": "160", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    variables["PYTEST_PLUGINS"] = "pytest_benchmark.plugin"  # others take seconds to import
    return subprocess.run(words, capture_output=True, text=True, cwd=project, env=variables)


@pytest.mark.slow
def test_a_slow_head_has_exit_code_3(project):
    done = fusebench(project, "regress", "--base", "fast", "test_own.py", "--rounds", 1, "--format", "json")
    assert done.returncode == 3, done.stderr
    verdict = json.loads(done.stdout)
    slower = [row["benchmark"] for row in verdict["times"] if row["slower"]]
    assert slower == ["test_own.py::test_work"]
    assert [broken["what"] for broken in verdict["broken"]] == ["test_own.py::test_other"]
    assert verdict["base"] == git(project, "rev-parse", "fast")[:9]
    assert "times (base): round 1 of 1" in done.stderr
    assert git(project, "worktree", "list").count("\n") == 0
    assert not git(project, "status", "--porcelain")


@pytest.mark.slow
def test_the_same_revision_has_exit_code_0_and_markdown_says_so(project):
    words = ("--base", "fast", "--head", "fast", "test_own.py", "--rounds", 1, "-k", "test_other")
    done = fusebench(project, "regress", *words, "--format", "github")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("### :white_check_mark: No regression")
    assert "::error" not in done.stderr


TINY = ("--fusion", "majority", "-k", "test_fit", "-d", "synth-xor", "-j", 1)


@pytest.fixture(scope="module")
def tracked(project):
    """What `track` stores of a tiny selection of the packaged workload."""
    out = project.parent / "first.json"
    done = fusebench(project, "track", *TINY, "--rounds", 1, "--no-scores", "--out", out)
    assert done.returncode == 0, done.stderr
    return out


def test_times_are_stored_with_their_origin(tracked):
    document = read_document(tracked)
    assert [one.name for one in document.benchmarks] == ["test_fit[majority]"]
    assert (document.benchmarks[0].group, document.benchmarks[0].family) == ("fit", "control")
    assert not document.scores
    assert document.machine["host"]
    assert document.packages["numpy"]


@pytest.mark.slow
def test_scores_are_stored_and_compared(project):
    out = project.parent / "scores.json"
    done = fusebench(project, "track", *TINY, "--no-times", "--seeds", 2, "--out", out)
    assert done.returncode == 0, done.stderr
    scores = read_document(out).scores
    assert {row.fusion for row in scores} == {"majority", "unimodal-a", "unimodal-b", "best-unimodal"}
    assert {row.seed for row in scores} == {0, 1}
    done = fusebench(project, "regress", "--base", out, *TINY, "--no-times")
    assert done.returncode == 0, done.stderr
    assert "4 scores were compared with the 2 seeds of the file; none looked worse." in done.stdout


def test_a_history_is_written(project, tracked, tmp_path):
    shutil.copy(tracked, tmp_path / "second.json")
    out = tmp_path / "page.html"
    result = CliRunner().invoke(app, ["history", str(tracked), str(tmp_path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "2 measurements" in result.stdout
    assert "majority: fit" in out.read_text()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("regress", "--base", "nowhere", "--no-scores"), "nowhere"),
        (("regress", "--base", "mine.py"), "is no measurement"),
        (("track", "nowhere.py"), "There is no file or folder of benchmarks 'nowhere.py'"),
        (("track", "--no-times", "--no-scores"), "nothing is left to measure"),
        (("track", "test_own.py", "--no-times"), "nothing is left to measure"),
        (("track", "--fusion", "majorty"), "There is no fusion named 'majorty'"),
        (("track", "--out", "."), "'.' is a folder; name a file"),
        (("track", "--out", "mine.py/times.json"), "'mine.py' is a file"),
        (("history", "mine.py"), "is no measurement"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(project, monkeypatch, words, problem):
    monkeypatch.chdir(project)
    error = CliRunner().invoke(app, words).exception
    assert isinstance(error, FusebenchError)
    assert problem in str(error)


def test_revisions_need_a_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    error = CliRunner().invoke(app, ["regress", "--base", "main"]).exception
    assert "is in no git checkout" in str(error)


@pytest.mark.parametrize("form", ["rich", "github", "json"])
@pytest.mark.parametrize("regressed", [True, False])
def test_the_exit_code_is_that_of_the_verdict(project, tracked, monkeypatch, form, regressed):
    broken = [Broken("test_fit[mine]", "it is not there")] * regressed
    verdict = reach_verdict("aaa", "bbb", [Found(broken=broken)])
    monkeypatch.setattr(comparing, "compare", lambda *given: verdict)
    monkeypatch.chdir(project)
    result = CliRunner().invoke(app, ["regress", "--base", str(tracked), "--format", form])
    assert result.exit_code == (3 if regressed else 0)
    assert ("1 broken" if regressed else "No regression") in result.stdout
    assert ("::error" in result.stderr) == (form == "github" and regressed)
