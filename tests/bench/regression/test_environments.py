"""A revision is what is measured, whatever else is installed."""

import sys
from pathlib import Path

import pytest
from projects import commit, git, make_project, replace, write

from fusebench.bench.regression.environments import open_here, open_revision
from fusebench.bench.regression.git import check_out, describe_commit, find_project
from fusebench.bench.regression.measure import Selection, Timing, time_once
from fusebench.errors import FusebenchError


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Two commits, "good" and "bad", then files that differ from the last one."""
    project = make_project(tmp_path_factory.mktemp("git") / "project")
    replace(project, "planted/work.py", "60_000", "84_000")
    commit(project, "Work more")
    git(project, "tag", "bad")
    replace(project, "planted/work.py", "84_000", "99_000")
    write(project, "planted/new.py", "NEW = True")
    write(project, ".gitignore", "ignored.py")
    write(project, "ignored.py", "")
    (project / "mine.py").unlink()
    return project


def test_a_commit_is_described(project):
    described = describe_commit(project, "good")
    assert described["subject"] == "Do good work"
    assert described["commit"] == git(project, "rev-parse", "good")
    assert not described["dirty"]
    assert describe_commit(project)["dirty"]
    assert find_project(project / "planted").resolve() == project.resolve()


def test_files_are_those_of_the_revision_and_nothing_stays(project, tmp_path):
    with check_out(project, "good", tmp_path / "tree") as tree:
        assert "60_000" in (tree / "planted/work.py").read_text()
        assert not (tree / "planted/new.py").exists()
    assert not (tmp_path / "tree").exists()
    assert len(git(project, "worktree", "list").splitlines()) == 1


def test_files_as_they_are_include_new_ones_and_lack_those_that_are_gone(project, tmp_path):
    before = git(project, "status", "--porcelain")
    with check_out(project, None, tmp_path / "tree") as tree:
        assert "99_000" in (tree / "planted/work.py").read_text()
        assert (tree / "planted/new.py").is_file()
        assert not (tree / "mine.py").exists()
        assert not (tree / "ignored.py").exists()
    assert git(project, "status", "--porcelain") == before


def test_an_unknown_revision_is_named(project, tmp_path):
    with pytest.raises(FusebenchError, match="nowhere"), check_out(project, "nowhere", tmp_path / "tree"):
        pass


@pytest.mark.parametrize(("revision", "n"), [("good", 60_000), (None, 99_000)])
def test_the_revision_wins_over_what_is_installed_outside(project, tmp_path, monkeypatch, revision, n):
    """Something of the same name is on the path of this process, as an editable install would be."""
    write(tmp_path / "outer", "planted/__init__.py", "")
    write(tmp_path / "outer", "planted/work.py", "N = 1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "outer"))
    monkeypatch.syspath_prepend(tmp_path / "outer")
    with open_revision("base", tmp_path / "base", project, revision, []) as environment:
        done = environment.execute(["-c", "from planted.work import N; print(N)"], tmp_path)
        libraries = environment.execute(["-c", "import numpy, pytest, pytest_benchmark"], tmp_path)
    assert done.stdout.split() == [str(n)]
    assert libraries.returncode == 0, libraries.stderr
    assert environment.label == (describe_commit(project, revision)["commit"][:9] + "+" * (revision is None))


def test_what_would_be_imported_from_elsewhere_is_refused(project, tmp_path, monkeypatch):
    """Were the libraries searched before what was installed, the base would be the head."""
    from fusebench.bench.regression import environments

    write(tmp_path / "outer", "planted/__init__.py", "")

    def first(folder):
        python, site = real(folder)
        (site / "first.pth").write_text(f"import sys; sys.path.insert(0, {str(tmp_path / 'outer')!r})\n")
        return python, site

    real = environments._make_venv
    monkeypatch.setattr(environments, "_make_venv", first)
    with (
        pytest.raises(FusebenchError, match=r"base imports 'planted' from .*outer"),
        open_revision("base", tmp_path / "base", project, "good", []),
    ):
        pass


def test_plugins_are_those_of_the_revision(project, tmp_path):
    plugin, elsewhere = project / "mine.py", Path(__file__)
    with open_revision("base", tmp_path / "base", project, "good", [plugin, elsewhere]) as environment:
        inside, outside = environment.plugins
        assert "register_fusion" in inside.read_text()
        assert outside == elsewhere.resolve()
    with (
        pytest.raises(FusebenchError, match=r"new\.py does not exist in the revision good"),
        open_revision("base", tmp_path / "again", project, "good", [project / "planted" / "new.py"]),
    ):
        pass


def test_here_is_this_interpreter_and_the_commit_of_ones_own_files(project, tmp_path):
    here = open_here(tmp_path / "here", [], [project / "planted"])
    assert here.python == Path(sys.executable)
    assert here.source["subject"] == "Work more"
    assert here.source["dirty"]


def test_a_workload_of_no_strategy_times_nothing(tmp_path):
    here = open_here(tmp_path / "here", ())
    assert time_once(here, Selection(fusions=("nothing-*",))) == Timing()
