import re
import shutil
import subprocess

import pandas as pd
import pytest

from fusebench.errors import FusebenchError
from fusebench.results.report import paper
from fusebench.results.report.paper import write_paper
from fusebench.results.tables.columns import SHOWN
from fusebench.results.tables.leaderboard import build_leaderboard


@pytest.fixture(scope="module")
def two(records):
    return records[records["dataset"].isin(["fake-posts", "fake-scenes"])]


@pytest.fixture(scope="module")
def folder(two, tmp_path_factory):
    folder = tmp_path_factory.mktemp("paper") / "new"
    assert sorted(write_paper(two, folder, notice=["100 % a copy"])) == sorted(folder.iterdir())
    return folder


def test_tables_and_figures_are_written(folder):
    tables = {"leaderboard", "robustness", "cost", "by-dataset", "by-scenario", "by-scenario-2", "by-family"}
    assert {path.stem for path in folder.glob("*.tex")} == tables
    figures = {path.stem for path in folder.glob("*.pdf")}
    assert figures >= {"figure-gain", "figure-clean", "figure-cost", "figure-severity-fake-posts"}
    assert {path.stem for path in folder.glob("*.csv")} == figures


def test_every_column_of_a_leaderboard_is_in_a_table():
    in_tables = {name for names in paper._PARTS.values() for name in names} | set(paper._FAMILY)
    # A gain not shown to be above 0 is marked, and an article has no published scores in its tables.
    assert in_tables == SHOWN.keys() - {"beats_unimodal", "source"}


def test_what_is_too_wide_goes_on_in_another_table(whole, tmp_path):
    names = {path.name for path in write_paper(whole, tmp_path)}
    parts = ["by-dataset.tex", "by-dataset-2.tex"]
    assert names >= {*parts}
    heads = [
        re.search(r"toprule\n(.*) \\\\\n", (tmp_path / part).read_text())[1].split(" & ") for part in parts
    ]
    assert [head[0] for head in heads] == ["fusion", "fusion"]
    assert sorted(heads[0][1:] + heads[1][1:]) == sorted(whole["dataset"].unique())


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_tables_fit_an_article(whole, tmp_path):
    write_paper(whole, tmp_path, notice=["This is a caution that is longer than a line of an article. " * 3])
    inputs = "".join(
        f"\\noindent\\input{{{path.name}}}\\newpage\n" for path in sorted(tmp_path.glob("*.tex"))
    )
    preamble = r"\documentclass{article}\usepackage{booktabs}\usepackage[textwidth=5.5in]{geometry}"
    (tmp_path / "all.tex").write_text(f"{preamble}\\begin{{document}}\\small\n{inputs}\\end{{document}}")
    command = ["pdflatex", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    beyond = [float(points) for points in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert max(beyond, default=0) < 13  # the space at either side of a caution as wide as the text


def test_figures_over_data_sets_are_among_them(whole, tmp_path):
    some = whole[whole["fusion"].isin(["late-mean", "early-mlp", "best-unimodal", "majority"])]
    names = {path.name for path in write_paper(some[some["severity"].isin([0, 5])], tmp_path)}
    assert names >= {"figure-ranks.pdf", "figure-wins.pdf", "figure-wins.csv"}


def test_every_row_of_a_table_has_as_many_cells_as_columns(folder):
    for path in folder.glob("*.tex"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("%")]
        columns = re.fullmatch(r"\\begin{tabular}{([lr]+)}", lines[0])[1]
        rows = [line for line in lines if line.endswith("\\\\") and "multicolumn" not in line]
        assert len(rows) > 5
        assert {len(re.findall(r"(?<!\\)&", row)) + 1 for row in rows} == {len(columns)}
        assert "\\textbf{100 \\% a copy}" in path.read_text()


def test_the_leaderboard_is_that_of_the_records(folder, two):
    text = (folder / "leaderboard.tex").read_text()
    board = build_leaderboard(two)
    places = [text.index(f"& {name} &") for name in board["fusion"]]
    assert places == sorted(places)
    assert f"{board['score'].iloc[0]:.3f}" in text


def test_figures_are_vector_graphics_with_fonts_that_journals_accept(folder):
    for path in folder.glob("*.pdf"):
        content = path.read_bytes()
        assert content.startswith(b"%PDF-")
        assert b"/Type3" not in content
        assert b"/CreationDate" not in content
        assert not pd.read_csv(path.with_suffix(".csv")).empty


def test_nothing_is_written_for_a_metric_that_there_is_not(two, tmp_path):
    with pytest.raises(FusebenchError, match="did you mean accuracy"):
        write_paper(two, tmp_path / "new", metric="acuracy")
    assert not (tmp_path / "new").exists()


def test_what_latex_would_take_for_a_command_is_escaped(two, tmp_path):
    name = r"a_b & 50% of #1 {x} $y^2 ~z\\end"
    write_paper(two.replace({"fusion": {"late-mean": name}}), tmp_path)
    text = (tmp_path / "leaderboard.tex").read_text()
    assert r"a\_b \& 50\% of \#1 \{x\} \$y" in text
    assert name not in text
    for path in tmp_path.glob("*.tex"):
        lines = [line for line in path.read_text().splitlines() if not line.startswith("%")]
        body = "\n".join(lines)
        assert re.findall(r"\\begin{(\w+)}", body) == re.findall(r"\\end{(\w+)}", body) == ["tabular"]
        plain = re.sub(r"\\[{}]", "", body)
        assert plain.count("{") == plain.count("}")
        assert [line for line in lines if len(re.findall(r"(?<!\\)\$", line)) % 2] == []
        assert lines.count(r"\toprule") == lines.count(r"\bottomrule") == 1
