import re
from base64 import b64decode
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise
from urllib.parse import unquote

import pandas as pd
import pytest

from fusebench.errors import FusebenchError
from fusebench.results.report.report import write_report
from fusebench.results.statistics.patterns import modality_values
from fusebench.results.statistics.stats import condition_scores
from fusebench.results.tables.leaderboard import build_leaderboard

from ..fixtures import make_records

PROVENANCE = {
    "version": "0.1.0",
    "commit": None,
    "dirty": True,
    "packages": {"numpy": "2.4.6"},
    "command": "fusebench run <default> --seeds 3",
    "suite": {"datasets": ["fake-*"]},
}
VOID = {"meta", "input", "link", "br", "img", "path", "use", "rect"}
LOADING = {"src", "href", "xlink:href", "action", "data", "poster", "srcset"}


class Page(HTMLParser):
    """What a test needs to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.rows: dict[str, list[list[str]]] = {}
        self.text = ""
        self.scripts = ""
        self._table = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)
        if tag == "table":
            self._table = dict(attrs).get("id") or "plain"
            self.rows.setdefault(self._table, [])
        if tag == "tr":
            self.rows[self._table].append([])
        if tag in ("td", "th"):
            self.rows[self._table][-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "script" in self.open:
            self.scripts += data
        elif "style" not in self.open:
            self.text += data
            if {"td", "th"} & set(self.open):
                self.rows[self._table][-1][-1] += data


@pytest.fixture(scope="module")
def html(records, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    noted = records.assign(note="QUICK MODE: a smoke test, not a measurement")
    write_report(noted, PROVENANCE, path, notice=["A copy of a run"])
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(html):
    return Page(html)


def test_nothing_is_loaded_from_anywhere(html, page):
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base"), tag
        for name in LOADING & set(attributes):
            own = "data:" if "download" in attributes else "#"
            assert attributes[name].startswith(own), (tag, name, attributes[name][:80])
    assert "http:" not in html.replace('http-equiv="Content', "")
    assert "https:" not in html
    assert "@import" not in html
    assert "url(" not in re.sub(r"url\(#", "", html)
    policy = [a["content"] for tag, a in page.tags if "http-equiv" in a]
    allowed = "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    assert policy == [f"default-src 'none'; {allowed}"]


def test_links_lead_to_sections_that_exist(page):
    identifiers = [a["id"] for _, a in page.tags if "id" in a]
    assert len(identifiers) == len(set(identifiers))
    links = {a["href"][1:] for tag, a in page.tags if tag == "a" and "download" not in a}
    sections = {
        "summary",
        "leaderboard",
        "figures",
        "datasets",
        "strategies",
        "failures",
        "protocol",
        "provenance",
        "definitions",
    }
    assert links >= sections
    assert links <= set(identifiers)


def test_headings_descend_one_level_at_a_time(page):
    levels = [int(tag[1]) for tag in page.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes(page):
    tags = [tag for tag, _ in page.tags]
    assert (
        tags.count("caption") == tags.count("table") == 32
    )  # all, statistics, two of each data set, two of the protocol
    assert all(a.get("scope") in ("col", "row") for tag, a in page.tags if tag == "th")


def test_the_statistics_say_what_was_tested(page, records):
    n_fusions = build_leaderboard(records)["mean_rank"].notna().sum()
    assert f"Friedman's test over 6 data sets and {n_fusions} fusions" in page.text
    assert "are needed before the first can be separated" in page.text
    assert {"figure-ranks", "figure-wins"} < {attributes.get("id") for _, attributes in page.tags}


def test_every_row_of_the_leaderboard_is_there(page, records):
    board = build_leaderboard(records)
    rows = page.rows["leaderboard-table"][1:]
    assert [row[2].strip() for row in rows] == board["fusion"].to_list()
    assert rows[0][:8] == [
        "1",
        "1",
        "cross-attention",
        "100 %",
        "attention",
        "native",
        "0.882 ± 0.006",
        "+0.103 ± 0.011",
    ]
    assert rows[-1][0] == "–"
    done = {row[2].strip(): row[3].split() for row in rows}
    assert done["tensor-fusion"] == ["94", "%", "1", "failed"]
    assert done["gated-unit"] == ["94", "%", "1", "missing"]
    assert done["multistream-hmm"] == ["83", "%", "3", "skipped"]
    assert set(page.rows) >= {f"dataset-{name}-table" for name in records["dataset"].unique()}


def test_numbers_can_be_sorted(page):
    cells = [a for tag, a in page.tags if tag in ("td", "th") and "data-order" in a]
    numeric = [a["data-order"] for a in cells if a.get("class") == "number"]
    assert all(order == "" or float(order) is not None for order in numeric)
    assert "aria-sort" in page.scripts


def test_a_name_leads_to_how_it_was_run(page):
    links = {a["href"][1:] for tag, a in page.tags if tag == "a" and a["href"].startswith("#fusion-")}
    folded = {a["id"] for tag, a in page.tags if tag == "details" and "id" in a}
    assert links == folded
    assert len(folded) == 16
    command = "fusebench run '<default>' --seeds 3 --fusion late-mean --out repeat-late-mean"
    assert command in page.text


def test_columns_can_be_chosen_by_name(page):
    """What the script looks for: the table that a chooser belongs to, and a name on every heading."""
    names = [
        a["data-column"] for tag, a in page.tags if tag == "th" and a.get("scope") == "col" and "title" in a
    ]
    assert names.count("fusion") == names.count("gain") == 7
    assert [a["data-table"] for _, a in page.tags if a.get("class") == "columns"] == ["leaderboard-table"]
    assert page.tags.count(("fieldset", {})) == 1


def test_the_page_opens_with_notices_and_findings(page):
    start = page.text[: page.text.index("Leaderboard", page.text.index("Which one leads?"))]
    assert start.index("A copy of a run") < start.index("QUICK MODE: a smoke test, not a measurement")
    assert start.index("QUICK MODE") < start.index("Which one leads?")
    assert "cross-attention leads with accuracy 0.882 ± 0.006" in start


def test_modality_values_are_told_for_each_data_set(page, records):
    rows = page.rows["dataset-fake-posts-values"]
    assert rows[0] == ["fusion", "image", "text", "synergy"]
    values = modality_values(condition_scores(records, "accuracy"), 1)
    own = values[(values["dataset"] == "fake-posts") & (values["fusion"] == "late-mean")].set_index(
        "modality"
    )
    shown = next(row for row in rows if row[0] == "late-mean")
    assert [float(text.split(" ± ")[0]) for text in shown[1:]] == pytest.approx(
        own.loc[["image", "text", ""], "mean"].to_list(), abs=0.0006
    )
    names = {row[0] for row in rows}
    assert "tensor-fusion" not in names  # a cell of it failed
    assert "majority" not in names


def test_every_figure_can_be_taken_away_with_its_data(page, records):
    figures = [a["id"] for tag, a in page.tags if tag == "figure"]
    files = {a["download"]: a["href"] for tag, a in page.tags if tag == "a" and "download" in a}
    assert set(files) == {f"{name}.{ending}" for name in figures for ending in ("csv", "pdf")}
    for name, address in files.items():
        kind, _, content = address.partition(",")
        if name.endswith(".pdf"):
            assert kind == "data:application/pdf;base64"
            assert b64decode(content).startswith(b"%PDF-")
        else:
            assert not pd.read_csv(StringIO(unquote(content))).empty, name
    table = pd.read_csv(StringIO(unquote(files["figure-gain.csv"].partition(",")[2]))).set_index("fusion")
    board = build_leaderboard(records).set_index("fusion")
    assert table["gain"].to_list() == pytest.approx(board.loc[table.index, "gain"].to_list(), rel=1e-4)
    curves = pd.read_csv(StringIO(unquote(files["figure-severity-fake-posts.csv"].partition(",")[2])))
    assert set(curves["severity"]) == {0, 1, 2, 3, 4, 5}
    assert "late-mean" in set(curves["fusion"])


def test_what_is_not_done_is_there_with_its_traceback_as_text(html, page):
    assert "3 cells skipped: multistream-hmm on fake-recipes: no sequence view" in page.text
    assert 'File "x.py", line 3' in page.text
    assert '<script>alert("trace")</script>' in page.text
    assert "<script>alert" not in html


def test_provenance_and_protocol_are_told(page):
    for words in ("numpy: 2.4.6", "fusebench run <default> --seeds 3", "datasets: fake-*", "not given"):
        assert words in page.text
    plain = page.rows["plain"]
    assert ["fake-posts", "0, 1, 2", "400"] in plain
    levels = "1: 20, 2: 10, 3: 5, 4: 0, 5: -5 (signal-to-noise ratio in dB)"
    assert ["noise-audio-white", "noise", "audio", levels] in plain
    assert "accuracy (higher is better), ece (lower is better)" in page.text


def test_every_column_is_defined(page):
    headings = page.rows["leaderboard-table"][0]
    definitions = page.text[page.text.index("Definitions", page.text.index("Provenance", 900)) :]
    assert all(heading in definitions for heading in headings)


def test_the_same_input_gives_the_same_bytes(tmp_path):
    frame = make_records(datasets=["fake-posts"])
    write_report(frame, PROVENANCE, tmp_path / "a.html")
    write_report(frame.sample(frac=1, random_state=0), PROVENANCE, tmp_path / "b.html")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_hostile_names_are_shown_as_text(tmp_path):
    hostile = "<img src=x onerror=alert(1)>\"'&{{ 7 * 7 }}"
    frame = make_records(datasets=["fake-posts"]).replace({"fusion": {"late-mean": hostile}})
    frame = frame.replace({"dataset": {"fake-posts": hostile}})
    write_report(frame, {hostile: hostile}, tmp_path / "a.html", notice=[hostile])
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "<img" not in text
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert hostile in page.text
    assert [row[2].strip() for row in page.rows["leaderboard-table"]].count(hostile) == 1


def test_a_single_fusion_and_seed_without_scenarios_still_make_a_page(tmp_path):
    frame = make_records(datasets=["fake-posts"], fusions=["majority"], seeds=[0], unimodal=False)
    write_report(frame[frame["mechanism"] == "clean"], {}, tmp_path / "a.html")
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert "majority (a control) is the only one that is ranked: accuracy " in page.text
    assert " ± ?." in page.text
    assert "Nothing is known of where these records come from." in page.text
    assert "Every planned cell is done." in page.text


def test_a_data_set_on_which_nothing_is_done_is_left_to_the_failures(tmp_path, records):
    failed = records[(records["dataset"] != "fake-posts") | (records["status"] == "failed")]
    some = failed[failed["dataset"].isin(["fake-posts", "fake-digits"])]
    write_report(some, {}, tmp_path / "a.html")
    page = Page((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert "dataset-fake-posts-table" not in page.rows
    assert "1 cell failed: tensor-fusion on fake-posts" in page.text


def test_an_unknown_metric_is_named_and_nothing_is_written(tmp_path, records):
    with pytest.raises(FusebenchError, match=r"did you mean accuracy?"):
        write_report(records, {}, tmp_path / "a.html", metric="acuracy")
    assert not list(tmp_path.iterdir())
