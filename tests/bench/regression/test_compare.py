"""The course of a comparison, with measurements that are made up."""

import numpy as np
import pytest

from fusebench.bench.regression import compare as comparing
from fusebench.bench.regression import measure, scores, times, track
from fusebench.bench.regression.document import Benchmark, Document, Score
from fusebench.bench.regression.environments import Environment
from fusebench.bench.regression.measure import Selection, Timing
from fusebench.bench.regression.track import Effort, describe_machine
from fusebench.bench.regression.verdict import Limits
from fusebench.errors import FusebenchError

NAMES = ("a", "b", "c", "d")


class Machine:
    """Answers in place of processes; remembers who was asked for what."""

    def __init__(self, monkeypatch):
        self.rng = np.random.default_rng(0)
        self.asked = []
        self.factors, self.losses, self.failing = {}, {}, {}
        self.names = dict.fromkeys(("base", "head", "here"), NAMES)
        for module in (times, track):
            monkeypatch.setattr(module, "time_once", self.time_once)
        monkeypatch.setattr(scores, "score", self.score)
        monkeypatch.setattr(track, "score", self.score)

    def time_once(self, environment, selection, only=None):
        self.asked.append((environment.name, None if only is None else tuple(only)))
        head = environment.name != "base"
        made = []
        for name in self.names[environment.name]:
            noise = 0.02 * self.rng.random()  # drawn for all, whoever is asked for
            if (only is None or name in only) and not (head and name in self.failing):
                seconds = (self.factors.get(name, 1) if head else 1) * (1 + noise)
                made.append(Benchmark(name=name, rounds=[[seconds, 2 * seconds]]))
        return Timing(tuple(made), self.failing if head else {})

    def score(self, environment, selection, *, seeds, jobs, fusions=()):
        self.asked.append((environment.name, seeds, tuple(fusions)))
        rows = []
        for name in self.names[environment.name]:
            for seed in range(seeds):
                rng = np.random.default_rng([seed, NAMES.index(name)])
                value = 0.9 + 0.01 * rng.standard_normal()
                if environment.name != "base" and name in self.losses:
                    value -= self.losses[name] + 0.004 * rng.standard_normal()
                failing = environment.name != "base" and name in self.failing
                status = (
                    {"value": None, "status": "failed", "reason": "oops"} if failing else {"value": value}
                )
                rows.append(Score(dataset="d", fusion=name, seed=seed, metric="accuracy", **status))
        return [row for row in rows if not fusions or row.fusion in fusions]


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def compare(tmp_path, base=None, effort=Effort(3, 3)):  # noqa: B008  (it cannot be changed)
    sides = [Environment(name, tmp_path, tmp_path) for name in ("base", "head")]
    return comparing.compare(base or sides[0], sides[1], Selection(), effort, Limits(), lambda text: None)


def test_nothing_has_changed(machine, tmp_path):
    verdict = compare(tmp_path)
    assert verdict.n_regressed == 0
    assert not any(only for _, only, *_ in machine.asked if isinstance(only, tuple))  # no second stage


@pytest.mark.parametrize("stored", [False, True])
def test_a_name_of_nothing_that_was_scored_is_no_pass(machine, tmp_path, stored):
    base, head = (Environment(name, tmp_path, tmp_path) for name in ("base", "head"))
    before = track.track(base, Selection(), Effort(0, 2), lambda text: None) if stored else base
    for name, known in {
        "a": True,
        "late-mean": True,
        "late-maen": False,
    }.items():  # of another revision, of this
        selection, effort = Selection(fusions=(name,)), Effort(0, 2)
        if known:
            comparing.compare(before, head, selection, effort, Limits(), lambda text: None)
        else:
            with pytest.raises(FusebenchError, match="did you mean late-mean"):
                comparing.compare(before, head, selection, effort, Limits(), lambda text: None)


def test_only_suspects_are_measured_again_in_turn_and_with_other_seeds(machine, tmp_path):
    machine.factors, machine.losses = {"b": 1.4}, {"c": 0.03}
    verdict = compare(tmp_path)
    assert verdict.times.loc[verdict.times["slower"], "benchmark"].tolist() == ["b"]
    assert verdict.scores.loc[verdict.scores["worse"], "fusion"].tolist() == ["c"]
    assert verdict.scores["seeds"].tolist() == [10]  # none of the three that made it a suspect
    timed = [asked for asked in machine.asked if len(asked) == 2]
    again = [name for name, only in timed if only == ("b",)]
    assert len(timed) == 6 + len(again)
    assert again.count("base") == again.count("head") == 10
    assert again[::2].count("base") == 5  # each goes first equally often
    assert ("base", 13, ("c",)) in machine.asked


def test_what_is_slower_by_less_than_the_factor_is_measured_again_and_cleared(machine, tmp_path):
    machine.factors = {"b": 1.2}
    verdict = compare(tmp_path)
    assert verdict.times["benchmark"].tolist() == ["b"]
    assert verdict.n_regressed == 0


def test_what_fails_or_is_gone_is_a_regression(machine, tmp_path):
    machine.failing = {"a": "ValueError: oops"}
    machine.names["head"] = ("a", "b", "c")
    broken = dict(compare(tmp_path).broken)
    assert broken == {
        "a": "ValueError: oops",
        "d": "it is not there",
        "a on d": "failed: oops",
        "d on d": "it is not there",
    }


def test_what_is_new_is_told(machine, tmp_path):
    machine.names["base"] = ("a", "b")
    verdict = compare(tmp_path)
    assert verdict.n_regressed == 0
    assert "New, with nothing to be compared with: 2 benchmarks." in verdict.notes


def test_an_empty_selection_is_refused(machine, tmp_path):
    machine.names.update(base=(), head=())
    with pytest.raises(FusebenchError, match="No benchmark is selected"):
        compare(tmp_path)


@pytest.fixture
def stored(machine, tmp_path):
    base = Environment("base", tmp_path, tmp_path)
    return track.track(base, Selection(), Effort(8, 5), lambda text: None)


def test_a_stored_measurement_of_this_machine_is_compared(machine, stored, tmp_path):
    machine.factors, machine.losses = {"b": 1.4}, {"c": 0.04}
    machine.asked.clear()
    verdict = compare(tmp_path, stored)
    assert verdict.times.loc[verdict.times["slower"], "benchmark"].tolist() == ["b"]
    assert verdict.scores.loc[verdict.scores["worse"], "fusion"].tolist() == ["c"]
    assert verdict.times["p_holm"].item() == pytest.approx(4 * verdict.times["p_value"].item())  # of all four
    assert {name for name, *_ in machine.asked} == {"head"}
    assert any("another hour" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"machine": {"host": "elsewhere"}}, "they are of another machine (elsewhere)"),
        ({"python": "2.7"}, "they are of Python 2.7"),
        ({"workload": "other"}, "the benchmarks have changed since"),
        ({"benchmarks": []}, "there are none"),
    ],
)
def test_times_of_elsewhere_are_not_compared_but_scores_are(machine, stored, tmp_path, change, reason):
    machine.factors, machine.losses = {"b": 1.4}, {"c": 0.04}
    verdict = compare(tmp_path, stored.model_copy(update=change))
    assert verdict.times.empty
    assert verdict.scores["worse"].any()
    assert f"Times were not compared with the stored ones: {reason}." in verdict.notes


def test_too_few_stored_rounds_decide_nothing_and_it_is_said(machine, stored, tmp_path):
    machine.factors = {"b": 1.4}
    few = [one.model_copy(update={"rounds": one.rounds[:2]}) for one in stored.benchmarks]
    verdict = compare(tmp_path, stored.model_copy(update={"benchmarks": few}))
    assert verdict.n_regressed == 0
    assert any("2 stored rounds cannot decide" in note for note in verdict.notes)


def test_a_file_without_scores_says_so(machine, stored, tmp_path):
    verdict = compare(tmp_path, stored.model_copy(update={"scores": []}))
    assert "Scores were not compared: the file has none." in verdict.notes


def test_what_is_tracked_tells_where_it_comes_from(stored):
    assert stored.machine == describe_machine()
    assert stored.workload == measure.hash_workload(Selection())
    assert [len(one.rounds) for one in stored.benchmarks] == [8] * 4
    assert len(stored.scores) == 20
    assert isinstance(stored, Document)
