"""What is said of a run: rows of running cells on a terminal, one line a cell in a log."""

from io import StringIO

import pytest
from rich.console import Console

from fusebench.bench.planning.plan import make_plan
from fusebench.bench.progress import Progress
from fusebench.bench.store.cells import CellResult
from fusebench.bench.suite import Suite

SUITE = Suite(datasets=("synth-xor",), fusions=("late-mean",), scenarios=("clean",), seeds=4)


@pytest.fixture(scope="module")
def cells():
    return make_plan(SUITE)


def test_a_log_has_one_line_a_cell(cells):
    log = StringIO()
    with Progress(Console(file=log, width=120)) as progress:
        progress.start(len(cells), 2)
        progress.begin(cells[3])
        progress.advance(cells[3], CellResult("done", fit_seconds=0.5))
        progress.begin(cells[4])
        progress.advance(cells[4], CellResult("timeout", "It took too long."))
    assert log.getvalue().splitlines() == [
        "2 of 20 cells are done already.",
        "[3/20] synth-xor / best-unimodal / seed 0: done, fit in 0.50 s",
        "timeout: synth-xor / late-mean / seed 0: It took too long.",
    ]


def test_a_terminal_has_a_row_for_each_cell_that_runs(cells):
    progress = Progress(Console(file=StringIO(), force_terminal=True, width=120))
    progress.start(len(cells), 0)
    for cell in cells:
        progress.begin(cell)
    progress.advance(cells[0], CellResult("done", fit_seconds=0.5))
    progress.advance(cells[1], CellResult("diverged", "no number"))
    drawn = StringIO()
    Console(file=drawn, width=120).print(progress._draw())
    text = drawn.getvalue()
    assert "2/20" in text
    assert "1 diverged, 1 done" in text
    rows = [line for line in text.splitlines() if line.startswith("synth-xor / ")]
    assert len(rows) == 16
    assert rows[0].split("  ")[0] == "synth-xor / unimodal-b / seed 0"
    assert "and 2 more" in text


def test_leaving_gives_the_terminal_back(cells):
    screen = StringIO()
    with Progress(Console(file=screen, force_terminal=True)) as progress:
        progress.start(len(cells), 0)
    assert screen.getvalue().endswith("\x1b[?25h")  # shows the cursor
