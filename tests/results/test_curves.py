from io import StringIO

import numpy as np
import pandas as pd
import pytest

from fusebench.results.curves import CURVE_COLUMNS, average_curves, describe_limits, find_kept
from fusebench.results.figures.learning import draw_curves


def make_curves(fits, dataset="fake-posts"):
    """Validation losses of each (fusion, seed), training losses half of that; 40 epochs allowed."""
    rows = [
        (dataset, fusion, seed, epoch, part, loss * (1 if part == "validation" else 0.5), 40)
        for (fusion, seed), losses in fits.items()
        for epoch, loss in enumerate(losses, start=1)
        for part in ("train", "validation")
    ]
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


@pytest.fixture
def curves():
    falling = list(1 / np.arange(1, 41))
    return make_curves({("gmu", 0): [1.0, 0.5, 0.6], ("gmu", 1): [0.8, 0.9], ("film", 0): falling})


@pytest.fixture
def board():
    return pd.DataFrame({"fusion": ["film", "late-mean", "gmu"], "family": ["gating", "late", "gating"]})


def test_means_are_over_the_seeds_that_reached_an_epoch(curves):
    means = average_curves(curves).query("fusion == 'gmu' and part == 'validation'").set_index("epoch")
    assert means["mean"].to_list() == pytest.approx([0.9, 0.7, 0.6])
    assert means["low"].to_list() == pytest.approx([0.8, 0.5, 0.6])
    assert means["high"].to_list() == pytest.approx([1.0, 0.9, 0.6])
    assert means["fits"].to_list() == [2, 2, 1]


def test_the_epoch_of_the_least_validation_loss_is_kept(curves):
    kept = find_kept(curves).set_index(["fusion", "seed"])
    assert kept["epoch"].to_dict() == {("film", 0): 40, ("gmu", 0): 2, ("gmu", 1): 1}
    assert kept["at_limit"].to_dict() == {("film", 0): True, ("gmu", 0): False, ("gmu", 1): False}
    assert kept.loc[("gmu", 0), "loss"] == 0.5


def test_fits_that_ran_out_of_epochs_are_named(curves):
    assert describe_limits(find_kept(curves)).endswith("not by the validation loss: film (1 of 1 fits).")
    stopped = find_kept(curves[curves["fusion"] == "gmu"])
    assert describe_limits(stopped).startswith("Every fit ended because")


def test_a_panel_for_each_network_in_the_order_of_the_leaderboard(curves, board):
    drawing = draw_curves(curves, board, "fake-posts")
    assert drawing.svg.index(">film<") < drawing.svg.index(">gmu<")
    assert "late-mean" not in drawing.svg
    assert "film (1 of 1 fits)" in drawing.note
    assert drawing.name == "figure-curves-fake-posts"
    assert draw_curves(curves, board, "fake-posts") == drawing
    assert draw_curves(curves, board, "fake-digits") is None


def test_long_curves_are_thinned_and_keep_the_epochs_that_matter(board):
    losses = [1.0] * 500
    losses[332] = 0.1
    drawing = draw_curves(make_curves({("gmu", 0): losses}), board, "fake-posts")
    data = pd.read_csv(StringIO(drawing.csv))
    epochs = data["epoch"]
    assert len(epochs) <= 21
    row = data.set_index("epoch").loc[333]
    assert row[["validation_mean", "train_mean"]].to_list() == [0.1, 0.05]
    assert {1, 333, 500} <= set(epochs)


def test_of_many_networks_the_best_are_drawn_and_all_are_told():
    names = [f"network-{number:02d}" for number in range(30)]
    board = pd.DataFrame({"fusion": names, "family": "joint"})
    drawing = draw_curves(make_curves({(name, 0): [1.0, 0.5] for name in names}), board, "fake-posts")
    assert "network-19" in drawing.svg
    assert "network-20" not in drawing.svg
    assert "the best 20 of 30" in drawing.note
    assert "network-29" in drawing.csv
