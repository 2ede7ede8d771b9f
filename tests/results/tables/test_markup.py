"""The formats that people paste and programs read."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from fusebench.results.tables.leaderboard import build_leaderboard
from fusebench.results.tables.markup import to_csv, to_html, to_json, to_latex, to_markdown
from fusebench.results.tables.page import Heading, Page
from fusebench.results.tables.view import make_view

HOSTILE = r"[a]_b\c {d} <e> & 50% #1 ~^ $x$ |*`"


@pytest.fixture(scope="module")
def view(records):
    few = records[records["dataset"].isin(["fake-digits", "fake-posts"])]
    return make_view(few.replace({"fusion": {"late-mean": HOSTILE}}), notice=["QUICK MODE & more"])


class Reader(HTMLParser):
    """Rows of cells, and the tags that are not closed."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.open, self.words = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_html_is_a_plain_table_with_every_text_as_it_is(view):
    text = to_html(view.page, explain=True)
    assert text.isascii()
    read = Reader(text)
    assert read.open == []
    assert read.rows == [[heading.text for heading in view.page.headings], *view.page.rows]
    assert "QUICK MODE & more" in read.words
    assert view.page.headings[0].meaning in read.words
    assert "<script" not in text
    assert view.page.headings[0].meaning not in Reader(to_html(view.page)).words


def rows_of_latex(text):
    body = text.split("\\midrule\n")[1].split("\\bottomrule")[0]
    return [re.split(r"(?<!\\) & ", line.removesuffix(" \\\\")) for line in body.splitlines()]


def test_latex_has_booktabs_and_escapes_what_means_something(view):
    text = to_latex(view.page, explain=True)
    for command in ("\\toprule", "\\midrule", "\\bottomrule", "\\end{tabular}"):
        assert text.count(command) == 1
    rows = rows_of_latex(text)
    assert {len(row) for row in rows} == {len(view.page.headings)}
    assert len(re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1]) == len(view.page.headings)
    place = [heading.name for heading in view.page.headings].index("fusion")
    written = {row[place] for row in rows}
    escaped = (
        r"{[}a]\_b\textbackslash{}c \{d\} \textless{}e\textgreater{} \& 50\% \#1 "
        r"\textasciitilde{}\textasciicircum{} \$x\$ \textbar{}*`"
    )
    assert escaped in written
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert body.isascii()
    assert r"\textbf{QUICK MODE \& more}" in body
    assert r"{@{}p{\linewidth}@{}}" in body  # with the space beside columns it would be wider than the text
    assert f"% tie: {view.page.headings[1].meaning[:20]}" in text


def test_latex_has_minus_signs_before_numbers_only():
    page = Page([Heading("a", "late-1", "")], [["-0.5 ± 0.1"], ["a -b"]], (), "", ())
    assert rows_of_latex(to_latex(page)) == [[r"$-$0.5 $\pm$ 0.1"], ["a -b"]]
    assert r"late-1 \\" in to_latex(page)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs LaTeX")
def test_latex_compiles(view, tmp_path):
    page = to_latex(view.page)
    document = f"\\documentclass{{article}}\\usepackage{{booktabs}}\\begin{{document}}{page}\\end{{document}}"
    (tmp_path / "a.tex").write_text(document)
    command = ["pdflatex", "-halt-on-error", "a.tex"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_markdown_explains_when_asked(view):
    plain, explained = to_markdown(view.page), to_markdown(view.page, explain=True)
    assert "## Columns" not in plain
    assert "- **tie**: Number of the tie group." in explained
    widths = {len(re.findall(r"(?<!\\)\|", line)) for line in plain.splitlines() if line.startswith("|")}
    assert widths == {len(view.page.headings) + 1}
    assert "> **QUICK MODE & more**" in plain


def test_csv_has_full_precision_and_carries_the_caution(view, whole):
    csv = pd.read_csv(StringIO(to_csv(view)), keep_default_na=False, na_values={"score": ""})
    np.testing.assert_array_equal(csv["score"], view.frame["score"])
    assert csv["fusion"].to_list() == view.frame["fusion"].to_list()
    assert set(csv["note"]) == {"QUICK MODE & more"}
    assert "note" not in pd.read_csv(StringIO(to_csv(make_view(whole)))).columns


def test_json_has_full_precision_and_null_for_what_is_missing(view):
    document = json.loads(to_json(view), parse_constant=pytest.fail)
    assert document["metric"] == "accuracy"
    assert document["notices"] == ["QUICK MODE & more"]
    rows = pd.DataFrame(document["rows"])
    assert list(rows.columns) == list(view.frame.columns)
    np.testing.assert_array_equal(rows["score"].astype(float), view.frame["score"])
    unranked = rows[rows["fusion"] == "tensor-fusion"].iloc[0]
    assert unranked["rank"] is None or np.isnan(unranked["rank"])
    assert set(document["columns"]) <= set(rows.columns)
    assert any("tensor-fusion" in line for line in document["unfinished"])


@pytest.mark.parametrize("by", ["dataset", "scenario", "family"])
def test_every_part_has_every_format(whole, by):
    view = make_view(whole, by=by, filters=["family=late,control"])
    for write in (to_markdown, to_html, to_latex):
        assert "late-weighted" in write(view.page)
    csv, rows = pd.read_csv(StringIO(to_csv(view))), json.loads(to_json(view))["rows"]
    assert len(csv) == len(rows) == len(view.frame)
    board = build_leaderboard(whole).set_index("fusion")
    if by == "family":
        assert csv["score"].iloc[0] == pytest.approx(board.loc["late-weighted", "score"])
