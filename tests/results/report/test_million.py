"""A million records become a leaderboard and a report."""

import pandas as pd
import pytest

from fusebench.results.records import read_records, write_records
from fusebench.results.report.report import write_report
from fusebench.results.tables.leaderboard import write_leaderboard

from ..large import FAILED, make_million


@pytest.mark.slow
def test_a_million_records_give_leaderboard_and_report(tmp_path):
    write_records(make_million(), tmp_path)
    records = read_records(tmp_path)
    assert len(records) > 1_000_000
    write_leaderboard(records, tmp_path)
    board = pd.read_csv(tmp_path / "leaderboard.csv").set_index("fusion")
    assert len(board) == 66
    assert board["rank"].dropna().is_monotonic_increasing
    assert board.index[0] == "majority"  # the better, the earlier: the first of the table
    assert pd.isna(board.loc[FAILED[0], "rank"])
    assert board.loc[FAILED[0], "coverage"] == pytest.approx(0.9)
    # By hand, of the records themselves.
    clean = records.query("fusion == 'strategy-20' and metric == 'accuracy' and scenario == 'clean'")
    assert board.loc["strategy-20", "score"] == pytest.approx(clean["value"].mean())
    write_report(records, {"command": "fusebench run"}, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") >= 2 * 10
    for name in ("strategy-60", "data-9", "noise-10", f"5 cells failed: {FAILED[0]} on {FAILED[1]}"):
        assert name in page
