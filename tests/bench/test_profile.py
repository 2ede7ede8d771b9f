"""Where the time of a run went."""

import json

import pytest

from fusebench.bench.profile import Profile
from fusebench.bench.run import run
from fusebench.bench.store.cells import CellResult

ASKED = {"datasets": ["synth-xor"], "fusions": ["late-mean"], "scenarios": ["clean"], "seeds": 1}


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    return run(**ASKED, quick=True, out=tmp_path_factory.mktemp("profile"))


def test_the_work_is_that_of_the_cells(summary):
    cells = summary.records.drop_duplicates("key")
    clean = summary.records[summary.records["metric"] == "accuracy"]
    assert summary.profile.work["fit"] == pytest.approx(cells["fit_seconds"].sum())
    assert summary.profile.work["predict"] == pytest.approx(clean["predict_seconds"].sum())
    assert all(seconds > 0 for seconds in summary.profile.work.values())


def test_work_and_stages_fit_into_one_another(summary):
    assert list(summary.profile.stages) == ["look", "run", "write"]
    assert 0 < sum(summary.profile.work.values()) < summary.profile.stages["run"]
    assert 0 < summary.profile.busy < 1
    assert 0 < summary.profile.overhead < 1


def test_events_tell_how_long_features_and_cells_took(summary):
    events = [json.loads(line) for line in (summary.folder / "events.jsonl").read_text().splitlines()]
    features = [event for event in events if event["event"] == "features"]
    cells = [event for event in events if event["event"] == "end"]
    assert [event["dataset"] for event in features] == ["synth-xor"]
    assert len(cells) == 5
    assert all(event["seconds"] >= event["fit_seconds"] for event in cells)
    told = sum(event["seconds"] for event in [*features, *cells])
    assert told == pytest.approx(sum(summary.profile.work.values()), abs=1e-3)


def test_a_run_of_nothing_is_all_overhead(summary):
    again = run(**ASKED, quick=True, out=summary.folder)
    assert again.ran == 0
    assert "run" not in again.profile.stages
    assert (again.profile.busy, again.profile.overhead) == (0.0, 1.0)


def test_a_failed_fit_is_other_work():
    profile = Profile(workers=1)
    profile.add_cell(CellResult("failed", "ValueError: no"), 2.0)
    assert profile.work == {"features": 0.0, "fit": 0.0, "predict": 0.0, "other": 2.0}
