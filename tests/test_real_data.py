"""The main job on real files: MNIST images beside recordings of spoken digits."""

import pytest

import fusebench
from fusebench.errors import DataNotFoundError
from fusebench.results.tables.leaderboard import build_leaderboard


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """The leaderboard of avmnist, three seeds, modalities missing."""
    try:
        fusebench.load_dataset("avmnist").fingerprint()
    except DataNotFoundError as error:
        pytest.skip(f"needs real files: {error}")
    summary = fusebench.run(
        datasets=["avmnist"],
        fusions=["late-mean", "late-stacking", "early-logistic"],
        scenarios=["missing-*"],
        out=tmp_path_factory.mktemp("avmnist"),
    )
    assert summary.failed == 0
    return build_leaderboard(summary.records).set_index("fusion")


def test_fusion_beats_the_best_single_modality(board):
    assert (board.loc[["late-mean", "late-stacking", "early-logistic"], "beats_unimodal"] == "yes").all()


def test_neither_modality_saturates(board):
    assert board.loc[["unimodal-image", "unimodal-audio"], "score"].between(0.7, 0.95).all()


def test_late_fusion_degrades_gracefully(board):
    assert board.loc["late-mean", "mra_missing"] > 0.85
    assert board.loc["late-mean", "worst"] > 0.75
    assert board.loc["majority", "score"] == pytest.approx(0.1, abs=0.03)
