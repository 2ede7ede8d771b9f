import numpy as np
import pandas as pd
import pytest

from fusebench.results.figures.predictions import draw_confusion, draw_reliability
from fusebench.results.outcomes import OUTCOME_COLUMNS, confusion, reliability
from fusebench.results.tables.leaderboard import build_leaderboard
from fusebench.seeding import make_generator


def make_outcomes(fusions=("late-mean", "best-unimodal"), n_classes=3, n=300):
    """Right with the probability that is told."""
    rng = make_generator("outcomes")
    label = rng.integers(n_classes, size=n)
    parts = []
    for name in fusions:
        confidence = rng.uniform(0.4, 1, size=n)
        wrong = (label + rng.integers(1, n_classes, size=n)) % n_classes
        predicted = np.where(rng.uniform(size=n) < confidence, label, wrong)
        told = {"label": label, "predicted": predicted, "confidence": confidence}
        parts.append(pd.DataFrame({"dataset": "fake-posts", "fusion": name, "seed": 0, **told}))
    return pd.concat(parts)[list(OUTCOME_COLUMNS)]


@pytest.fixture(scope="module")
def board(whole):
    return build_leaderboard(whole[(whole["dataset"] == "fake-posts") & (whole["severity"] == 0)])


def test_shares_are_of_the_true_class():
    matrix = confusion(pd.DataFrame({"label": [0, 0, 0, 0, 2], "predicted": [0, 0, 0, 2, 1]}))
    assert matrix.loc[0].to_list() == [0.75, 0, 0.25]
    assert matrix.loc[2].to_list() == [0, 1, 0]
    assert matrix.loc[1].isna().all()  # predicted, and never true


def test_bins_give_the_expected_calibration_error():
    outcomes = make_outcomes(fusions=["late-mean"])
    table = reliability(outcomes)
    error = np.average((table["confidence"] - table["accuracy"]).abs(), weights=table["samples"])
    confidence = outcomes["confidence"].to_numpy()
    right = (outcomes["label"] == outcomes["predicted"]).to_numpy()
    inside = [(confidence >= low) & (confidence < low + 0.1) for low in np.arange(0, 1, 0.1)]
    expected = sum(abs(confidence[each].sum() - right[each].sum()) for each in inside) / len(right)
    assert error == pytest.approx(expected)
    assert table["samples"].sum() == 300


def test_full_certainty_is_in_the_last_bin():
    frame = pd.DataFrame({"label": [1, 1], "predicted": [1, 0], "confidence": [1.0, 0.95]})
    table = reliability(frame)
    assert table.to_dict("list") == {"confidence": [0.975], "accuracy": [0.5], "samples": [2]}


def test_figures_name_what_they_show(board):
    outcomes = make_outcomes(fusions=["late-weighted", board["fusion"].iloc[0], "best-unimodal"])
    curve = draw_reliability(outcomes, board, "fake-posts", "best-unimodal")
    matrix = draw_confusion(outcomes, board, "fake-posts", "best-unimodal")
    for drawing in (curve, matrix):
        assert f">{board['fusion'].iloc[0]}</text>" in drawing.svg
        assert ">best-unimodal</text>" in drawing.svg
    share = confusion(outcomes[outcomes["fusion"] == "best-unimodal"]).to_numpy()
    assert all(f">{100 * value:.0f}</text>" in matrix.svg for value in share.ravel())
    assert curve.csv.startswith("confidence,accuracy,samples,fusion\n")


def test_nothing_is_drawn_without_predictions_or_with_too_many_classes(board):
    nothing = make_outcomes().iloc[:0]
    assert draw_reliability(nothing, board, "fake-posts", "best-unimodal") is None
    assert draw_confusion(nothing, board, "fake-posts", "best-unimodal") is None
    assert draw_confusion(make_outcomes(n_classes=30), board, "fake-posts", "best-unimodal") is None
