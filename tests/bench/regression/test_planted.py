"""On real processes: what is planted is found, and what is the same stays silent."""

import json
from contextlib import ExitStack
from dataclasses import replace as change

import pytest
from projects import BENCHMARK, commit, git, make_project, replace

from fusebench.bench.regression.compare import compare
from fusebench.bench.regression.environments import open_revision
from fusebench.bench.regression.measure import Selection
from fusebench.bench.regression.track import Effort
from fusebench.bench.regression.verdict import Limits

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A project whose head takes 40 % longer and is wrong on three more samples of a hundred."""
    folder = tmp_path_factory.mktemp("planted")
    project = make_project(folder / "project")
    replace(project, "planted/work.py", "60_000", "84_000")
    replace(project, "mine.py", "WRONG = 0.0", "WRONG = 0.0333")
    commit(project, "Do it with more care")
    git(project, "tag", "bad")
    (folder / "test_planted_work.py").write_text(BENCHMARK)
    return folder


@pytest.fixture(scope="module")
def open_sides(planted, tmp_path_factory):
    """Give two environments, of two revisions."""
    with ExitStack() as stack:

        def open_both(base, head):
            plugin = [planted / "project" / "mine.py"]
            desk = tmp_path_factory.mktemp("sides")
            return [
                stack.enter_context(open_revision(name, desk / name, planted / "project", revision, plugin))
                for name, revision in (("base", base), ("head", head))
            ]

        yield open_both


@pytest.fixture
def selection(planted, monkeypatch):
    monkeypatch.chdir(planted)
    return Selection((planted / "test_planted_work.py",), fusions=("mine",), datasets=("synth-redundant",))


def test_a_slowdown_of_40_percent_and_a_loss_of_three_points_are_found(open_sides, selection):
    told = []
    verdict = compare(*open_sides("good", "bad"), selection, Effort(3, 3), Limits(), told.append)
    slower = verdict.times[verdict.times["slower"]]
    worse = verdict.scores[verdict.scores["worse"]]
    assert slower["benchmark"].tolist() == ["test_planted_work.py::test_work"], verdict
    assert 1.25 < slower["ratio"].item() < 1.6
    assert worse["fusion"].tolist() == ["mine"], verdict
    assert 0.015 < worse["loss"].item() < 0.045
    assert verdict.n_regressed == 2


def test_twenty_identical_repetitions_stay_silent(open_sides, selection):
    sides = open_sides("good", "good")
    for _ in range(20):
        verdict = compare(*sides, selection, Effort(2, 0), Limits(), lambda text: None)
        assert verdict.n_regressed == 0, verdict


def test_identical_repetitions_of_scores_stay_silent(open_sides, selection):
    """Each with a folder of its own, so that nothing is taken from an earlier one."""
    base, head = open_sides("good", "good")
    for repetition in range(4):
        sides = []
        for side in (base, head):
            folder = side.folder / f"repetition-{repetition}"
            folder.mkdir()
            sides.append(change(side, folder=folder))
        verdict = compare(*sides, selection, Effort(0, 2), Limits(), lambda text: None)
        assert verdict.n_regressed == 0
        assert json.dumps(verdict.notes).count("none looked worse") == 1
