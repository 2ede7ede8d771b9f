"""Problems whose answer is known: what must be solved, what must not, and who is hurt by noise."""

import re

import pytest

import fusebench
from fusebench.bench.suite import load_suite
from fusebench.results.tables.leaderboard import build_leaderboard

MULTIPLICATIVE = ["tensor-fusion", "low-rank-fusion"]
ADDITIVE = ["late-mean", "late-weighted", "late-stacking", "hybrid-stacking", "early-logistic"]


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    """The strategies of the default suite on three generated data sets, clean, with three seeds."""
    return fusebench.run(
        datasets=["synth-redundant", "synth-xor", "synth-noise"],
        scenarios=["clean"],
        out=tmp_path_factory.mktemp("known"),
    )


def board_of(summary, dataset):
    """The leaderboard of one data set."""
    own = summary.records[summary.records["dataset"] == dataset]
    return build_leaderboard(own).set_index("fusion").drop(index="multistream-hmm")


def test_exclusive_or_is_solved_by_multiplying_and_by_no_sum(summary):
    score = board_of(summary, "synth-xor")["score"]
    bayes = fusebench.load_dataset("synth-xor").card.bayes_accuracy
    assert (score[MULTIPLICATIVE] > bayes - 0.05).all()
    assert (score[ADDITIVE] < 0.56).all()


def test_nobody_falls_below_the_best_single_modality_where_modalities_are_redundant(summary):
    board = board_of(summary, "synth-redundant").drop(
        index=["majority", "unimodal-a", "unimodal-b", "best-unimodal"]
    )
    assert set(load_suite("default").fusions) - {"multistream-hmm"} == set(board.index)
    assert (board["gain"] > -0.01).all()
    assert (board["beats_unimodal"] != "no").all()


def test_nobody_is_better_than_can_be(summary):
    for dataset in ("synth-redundant", "synth-xor", "synth-noise"):
        bayes = fusebench.load_dataset(dataset).card.bayes_accuracy
        board = board_of(summary, dataset)
        assert (board["score"] < bayes + 0.02).all()


def test_the_report_names_who_is_hurt_by_noise(summary):
    board = board_of(summary, "synth-noise")
    hurt = set(board.index[board["beats_unimodal"] == "no"]) - {"majority", "unimodal-b"}
    assert board.loc["early-logistic", "gain"] < -0.005
    assert hurt
    page = re.sub(r"<[^>]+>|\s+", " ", summary.report.read_text(encoding="utf-8"))
    answer = page.split("Who is hurt by fusing?")[1].split("How far does this reach?")[0]
    assert "synth-noise" in answer
    assert all(name in answer for name in hurt)
