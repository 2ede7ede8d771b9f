from io import StringIO

import pytest
from rich.console import Console

from fusebench.results.tables.leaderboard import build_leaderboard
from fusebench.results.tables.markup import to_markdown
from fusebench.results.tables.page import make_board_page
from fusebench.results.tables.render import print_leaderboard, print_page
from fusebench.results.tables.view import make_view

from ..fixtures import make_records


def printed(records, width=100, **options) -> list[str]:
    console = Console(file=StringIO(), width=width)
    print_leaderboard(records, console, **options)
    return console.file.getvalue().splitlines()


def test_the_table_fits_100_columns_without_folding(records):
    lines = printed(records)
    assert max(map(len, lines)) <= 100
    rows = [line for line in lines if line.split()[:1] == ["3"]]
    assert rows[0].split()[:6] == ["3", "2", "early-mlp", "0.837", "±", "0.006"]
    assert sum(line.split()[2:3] == ["cross-attention"] for line in lines) == 1


@pytest.mark.parametrize("width", [60, 80, 90])
def test_a_narrow_terminal_is_shown_fewer_columns_rather_than_folded_names(records, width):
    lines = printed(records, width)
    assert max(map(len, lines)) <= width
    heading = next(line for line in lines if "fusion" in line).split()
    assert heading[:5] == ["#", "tie", "fusion", "accuracy", "gain"]
    assert "worst" not in heading
    assert ("missing" in heading) == (width >= 80)
    assert sum(line.split()[2:3] == ["multistream-hmm"] for line in lines) == 1


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_table_of_families_names_them_at_any_width(records, width):
    console = Console(file=StringIO(), width=width)
    print_page(make_view(records, by="family").page, console)
    heading = next(line for line in console.file.getvalue().splitlines() if "fusion" in line).split()
    assert {"#", "fusion", "family", "accuracy"} <= set(heading)


def test_notices_stand_on_top(records):
    lines = printed(records.assign(note="QUICK MODE: not a measurement"), notice=["a copy"])
    assert lines[:2] == ["! a copy", "! QUICK MODE: not a measurement"]


def test_what_is_not_done_is_said(records):
    text = "\n".join(printed(records))
    assert "3 cells skipped: multistream-hmm on fake-recipes: no sequence view" in text
    assert "1 cell failed: tensor-fusion on fake-posts: ValueError" in text


def test_one_seed_is_shown_as_unknown_never_as_zero():
    lines = printed(make_records(seeds=[0], datasets=["fake-digits"]))
    row = next(line for line in lines if "early-mlp" in line)
    assert "± ?" in row
    assert "± 0.000" not in row


def test_the_basis_is_named(whole):
    assert "Gain and ties: new data sets" in " ".join(" ".join(printed(whole)).split())
    single = whole[whole["dataset"] == "fake-digits"]
    assert "Gain and ties: same data sets, new seeds" in " ".join(" ".join(printed(single)).split())


@pytest.mark.parametrize("name", ["[red]x[/red]", "a|b", "<script>alert(1)</script>", "*bold*_"])
def test_hostile_names_are_shown_as_they_are(whole, name):
    records = whole[whole["dataset"] == "fake-digits"].replace({"fusion": {"late-mean": name}})
    assert any(name in line for line in printed(records))
    text = to_markdown(make_board_page(build_leaderboard(records)))
    widths = {line.replace("\\|", "").count("|") for line in text.splitlines() if line.startswith("|")}
    assert len(widths) == 1
    assert "<script" not in text.replace("\\<script", "")


def test_markdown_leaves_out_columns_that_hold_nothing(whole):
    clean = whole[(whole["mechanism"] == "clean") & (whole["metric"] == "accuracy")]
    heading = to_markdown(make_board_page(build_leaderboard(clean))).splitlines()[2]
    assert "| accuracy |" in heading
    assert "noise" not in heading
    assert "ECE" not in heading
