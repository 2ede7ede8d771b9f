"""The history: what is drawn, and the page."""

import re

import numpy as np
import pandas as pd
import pytest

from fusebench.errors import FusebenchError
from fusebench.results.report.history import (
    ENTRY_COLUMNS,
    OTHERS,
    SCORE_COLUMNS,
    TIME_COLUMNS,
    tabulate_history,
    write_history,
)
from fusebench.results.statistics.intervals import mean_interval


@pytest.fixture
def times():
    rows = [
        (entry, f"test_{group}[{name}]", group, name, family, (entry + 1) * seconds)
        for entry in range(4)
        for group in ("fit", "predict")
        for name, family in (("late-mean", "late"), ("gmu", "gating"), ("<mine>", "custom"))
        for seconds in (0.1, 0.4, 0.2)
    ]
    rows += [(entry, "test_plan", "harness", "", "", 0.1) for entry in range(4)]
    return pd.DataFrame(rows, columns=list(TIME_COLUMNS))


@pytest.fixture
def scores():
    rows = [
        (entry, dataset, "late-mean", "late", seed, "accuracy", 0.8 + 0.01 * seed - 0.1 * (dataset == "b"))
        for entry in (1, 2, 3)
        for dataset in ("a", "b")
        for seed in range(3)
    ]
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS))


@pytest.fixture
def entries():
    rows = [
        (entry, f"c{entry}", f"2026-01-0{entry + 1}", f"Change <{entry}>", "m1" if entry < 3 else "m2", "0.1")
        for entry in range(4)
    ]
    return pd.DataFrame(rows, columns=list(ENTRY_COLUMNS))


def test_times_have_their_median_and_spread(times, scores):
    drawn = tabulate_history(times, scores).set_index(["name", "quantity", "entry"])
    row = drawn.loc[("late-mean", "fit", 1)]
    assert (row["mean"], row["low"], row["high"]) == (0.4, 0.2, 0.8)
    assert drawn.loc[("test_plan", "time", 0), "family"] == OTHERS


def test_scores_have_the_interval_of_the_leaderboard(times, scores):
    drawn = tabulate_history(times, scores).set_index(["name", "quantity", "entry"])
    expected = mean_interval([np.array([[0.8], [0.81], [0.82]]), np.array([[0.7], [0.71], [0.72]])])
    row = drawn.loc[("late-mean", "accuracy", 2)]
    assert row["family"] == "late"
    assert (row["mean"], row["low"], row["high"]) == pytest.approx([end.item() for end in expected])


def test_a_score_that_lacks_is_not_averaged_away(times, scores):
    scores.loc[0, "value"] = np.nan
    drawn = tabulate_history(times, scores).set_index(["name", "quantity", "entry"])
    assert np.isnan(drawn.loc[("late-mean", "accuracy", 1), "mean"])
    assert not np.isnan(drawn.loc[("late-mean", "accuracy", 2), "mean"])


def test_the_page_opens_offline_and_is_the_same_each_time(times, scores, entries, tmp_path):
    for name in ("a.html", "b.html"):
        write_history(times, scores, entries, tmp_path / name)
    text = (tmp_path / "a.html").read_text()
    assert text == (tmp_path / "b.html").read_text()
    assert "default-src 'none'" in text
    assert not re.search(r'(src|href)="(?!#|data:)', text)
    assert "Change &lt;0&gt;" in text
    assert "<0>" not in text
    assert text.count("<svg") == 4
    assert text.index("family-late") < text.index("family-gating")
    for family in ("late", "gating", "custom"):
        assert f"var(--{family})" in text


def test_times_of_two_machines_are_not_joined(times, scores, entries, tmp_path):
    """The last measurement is of another machine: the line of the fits ends before it."""
    alone = entries.assign(machine="m1")
    lines = []
    for given in (entries, alone):
        write_history(times[times["fusion"] == "gmu"], scores.head(0), given, tmp_path / "page.html")
        svg = (tmp_path / "page.html").read_text().partition("<svg")[2].partition("</svg>")[0]
        drawn = re.findall(r'<path d="([^"]*)"[^>]*style="fill: ?none;[^"]*stroke: ?var\(--gating\)', svg)
        lines.append([path.count("L") + 1 for path in drawn])
    assert lines[1] == [4, 4]
    assert lines[0] == [3, 1, 3, 1]


def test_without_scores_or_times_the_page_is_written(times, scores, entries, tmp_path):
    write_history(times, scores.head(0), entries, tmp_path / "times.html")
    write_history(times.head(0), scores, entries, tmp_path / "scores.html")
    assert "accuracy" not in (tmp_path / "times.html").read_text().partition("<svg")[2].partition("</svg>")[0]
    assert (tmp_path / "scores.html").read_text().count("<svg") == 1


def test_no_measurement_is_an_error(times, scores, entries, tmp_path):
    with pytest.raises(FusebenchError, match="no measurement to draw"):
        write_history(times, scores, entries.head(0), tmp_path / "page.html")
