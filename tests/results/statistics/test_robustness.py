import numpy as np
import pandas as pd
import pytest

from fusebench.results.statistics.robustness import (
    gain_under_fault,
    mean_under,
    relative_scores,
    severity_area,
    worst_case,
)
from fusebench.results.statistics.stats import condition_scores


def scores(*rows) -> pd.DataFrame:
    """Table of one data set, two fusions: rows (scenario, mechanism, modality, severity, a, b, [seed])."""
    frame = pd.DataFrame(
        [(*row, 0)[:7] for row in rows],
        columns=["scenario", "mechanism", "modality", "severity", "a", "b", "seed"],
    )
    index = ["dataset", "scenario", "mechanism", "modality", "severity", "seed"]
    return frame.assign(dataset="d").set_index(index).sort_index()


CLEAN = ("clean", "clean", "", 0)


def test_relative_accuracy_is_the_quotient_of_means_over_seeds():
    table = scores(
        (*CLEAN, 0.6, 0.5, 0),
        (*CLEAN, 1.0, 0.5, 1),
        ("missing-rate", "missing", "", 1, 0.2, 0.5, 0),
        ("missing-rate", "missing", "", 1, 0.6, 0.5, 1),
    )
    assert relative_scores(table, 1).to_numpy() == pytest.approx(np.array([[0.5, 1.0]]))


def test_losses_are_turned_round():
    table = scores((*CLEAN, 0.2, 0.5), ("noise", "noise", "a", 1, 0.4, 0.5))
    assert relative_scores(table, -1).to_numpy() == pytest.approx(np.array([[0.5, 1.0]]))


def test_nothing_is_divided_by_zero():
    table = scores((*CLEAN, 0.0, 0.5), ("noise", "noise", "a", 1, 0.4, 0.25))
    assert relative_scores(table, 1).to_numpy() == pytest.approx(np.array([[np.nan, 0.5]]), nan_ok=True)


def test_of_a_score_below_zero_there_is_no_share():
    table = scores((*CLEAN, -0.2, 0.5), ("noise", "noise", "a", 1, -0.6, -0.1))
    assert relative_scores(table, 1).to_numpy() == pytest.approx(np.array([[np.nan, -0.2]]), nan_ok=True)


def test_scenarios_weigh_the_same_whatever_their_number_of_conditions():
    table = scores(
        (*CLEAN, 1.0, 1.0),
        ("missing-modality", "missing", "audio", 5, 0.2, 1.0),
        ("missing-modality", "missing", "video", 5, 0.4, 1.0),
        *(("missing-rate", "missing", "", severity, 0.9, 0.8) for severity in range(1, 6)),
        ("noise", "noise", "audio", 1, 0.0, 0.0),
    )
    relative = relative_scores(table, 1)
    assert mean_under(relative, "missing").to_list() == pytest.approx([(0.3 + 0.9) / 2, (1.0 + 0.8) / 2])
    assert mean_under(relative, "noise").to_list() == [0, 0]
    assert mean_under(relative, "misalignment").isna().all()


def test_data_sets_without_the_fault_are_left_out_for_all():
    rows = scores((*CLEAN, 1.0, 1.0), ("noise", "noise", "a", 1, 0.5, 0.7))
    other = scores((*CLEAN, 1.0, 1.0)).rename(index={"d": "e"}, level="dataset")
    relative = relative_scores(pd.concat([rows, other]), 1)
    assert mean_under(relative, "noise").to_list() == pytest.approx([0.5, 0.7])


def test_a_hole_is_not_averaged_away():
    table = scores(
        (*CLEAN, 1.0, 1.0), ("noise", "noise", "a", 1, np.nan, 0.7), ("noise", "noise", "a", 2, 0.5, 0.5)
    )
    assert mean_under(relative_scores(table, 1), "noise").to_list() == pytest.approx(
        [np.nan, 0.6], nan_ok=True
    )
    assert worst_case(table, 1).to_list() == pytest.approx([np.nan, 0.5], nan_ok=True)


def test_the_worst_case_is_the_lowest_score_and_the_highest_loss():
    table = scores(
        (*CLEAN, 0.1, 0.9), ("noise", "noise", "a", 1, 0.5, 0.7), ("noise", "noise", "a", 2, 0.4, 0.8)
    )
    assert worst_case(table, 1).to_list() == pytest.approx([0.1, 0.7])
    assert worst_case(table, -1).to_list() == pytest.approx([0.5, 0.9])


def test_planted_losses_are_found(whole):
    """Accuracy falls by a planted amount, the same on each data set and seed, so the quotient is known."""
    table = condition_scores(whole, "accuracy")
    relative = relative_scores(table, 1).xs(
        ("fake-digits", "missing-modality"), level=("dataset", "scenario")
    )
    clean = table.loc[("fake-digits", "clean"), "early-logistic"].mean()
    expected = [1 - 0.22 * weight / clean for weight in (1.3, 0.7)]  # audio, video
    assert relative["early-logistic"].to_list() == pytest.approx(expected, abs=0.01)
    assert relative["unimodal-audio"].iloc[1] == 1.0


def test_the_area_is_that_of_the_trapezoids_from_clean_on():
    table = scores(
        (*CLEAN, 1.0, 0.5),
        *(("noise", "noise", "a", severity, 1 - severity / 10, 0.5) for severity in (1, 2, 3, 4, 5)),
        ("missing-modality", "missing", "a", 5, 0.0, 0.0),  # a point, not a curve
    )
    assert severity_area(table).to_list() == pytest.approx([0.75, 0.5])
    late = scores((*CLEAN, 1.0, 0.5), ("n", "noise", "a", 4, 0.0, 0.5), ("n", "noise", "a", 5, 0.0, 0.5))
    assert severity_area(late).to_list() == pytest.approx([2 / 5, 0.5])


def test_scenarios_weigh_the_same_in_the_area():
    flat = [("x", "noise", m, s, 1.0, 1.0) for m in "abc" for s in (1, 5)]
    table = scores((*CLEAN, 1.0, 1.0), *flat, *(("y", "missing", "", s, 0.0, 1.0) for s in (1, 5)))
    assert severity_area(table).to_list() == pytest.approx([(1 + 0.1) / 2, 1.0])


def test_there_is_no_area_without_curves_and_none_where_a_score_lacks():
    assert severity_area(scores((*CLEAN, 1.0, 1.0))).isna().all()
    table = scores((*CLEAN, 1.0, 1.0), *(("n", "noise", "a", s, 0.5, np.nan) for s in (1, 2)))
    assert severity_area(table).isna().to_list() == [False, True]


def test_gain_under_fault_is_the_difference_in_the_same_condition():
    table = scores(
        (*CLEAN, 0.9, 0.1),
        ("missing-modality", "missing", "a", 5, 0.5, 0.3),
        ("missing-modality", "missing", "b", 5, 0.7, 0.8),
        ("noise", "noise", "a", 1, 0.6, 0.3),
    )
    gain = gain_under_fault(table, 1, "b")
    assert gain["a"] == pytest.approx(((0.2 - 0.1) / 2 + 0.3) / 2)
    assert np.isnan(gain.get("b", np.nan))
    assert gain_under_fault(table, -1, "b")["a"] == pytest.approx(-gain["a"])
    assert gain_under_fault(table, 1, "nobody").isna().all()
