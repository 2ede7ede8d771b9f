"""The script of the report, in a headless Chromium where there is one."""

import pytest

from fusebench.results.report.report import write_report

from ..fixtures import make_records
from .browser import CHROMIUM, open_browser

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]

# Everything that a reader may do, once, and what it leads to.
ACTIONS = """(async () => {
const seen = { violations: 0 };
document.addEventListener("securitypolicyviolation", () => { seen.violations += 1; });
const table = document.getElementById("leaderboard-table");
const column = (name) => table.querySelector(`th[data-column=${name}]`).cellIndex;
const names = () => [...table.tBodies[0].rows].filter((row) => !row.hidden)
  .map((row) => row.cells[column("fusion")].textContent);
const sort = (name) => {
  const heading = table.querySelector(`th[data-column=${name}]`);
  heading.querySelector("button").click();
  return [heading.getAttribute("aria-sort"), names()];
};
seen.start = names();
seen.fit = [sort("fit_seconds"), sort("fit_seconds")];
seen.fusion = sort("fusion");
seen.sorted = table.querySelectorAll("[aria-sort]").length;
const filter = document.querySelector("input[type=search]");
filter.value = "LATE mean";
filter.dispatchEvent(new Event("input"));
seen.filtered = [names(), document.querySelector("[role=status]").textContent];
filter.value = "";
filter.dispatchEvent(new Event("input"));
const gain = () => [...document.querySelectorAll("table.leaderboard")]
  .filter((each) => each.querySelector("th[data-column=gain]"))
  .map((each) => each.rows[1].cells[each.querySelector("th[data-column=gain]").cellIndex].hidden);
const box = [...document.querySelectorAll(".columns label")]
  .find((label) => label.textContent.trim() === "gain").querySelector("input");
box.click();
seen.without = gain();
box.click();
seen.with = gain();
table.querySelector("a[href='#fusion-late-mean']").click();
seen.unfolded = [...document.querySelectorAll("details.strategy[open]")].map((each) => each.id);
const files = [];
URL.createObjectURL = (blob) => { files.push(blob); return "#"; };
const figures = [...document.querySelectorAll("figure")];
for (const button of document.querySelectorAll("figure .downloads button")) button.click();
while (files.length < 2 * figures.length) await new Promise((resolve) => setTimeout(resolve, 10));
const ofType = (type) => files.filter((blob) => blob.type === type);
seen.figures = figures.length;
seen.svgs = await Promise.all(ofType("image/svg+xml").map((blob) => blob.text()));
const image = (text) => new DOMParser().parseFromString(text, "image/svg+xml");
seen.damaged = seen.svgs.filter((text) => image(text).querySelector("parsererror")).length;
const pictures = await Promise.all(ofType("image/png").map((blob) => createImageBitmap(blob)));
seen.pngs = pictures.map((each) => each.width).sort();
seen.widths = figures.map((each) => 2 * each.querySelector("svg").width.baseVal.value).sort();
return seen;
})()"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What the page did."""
    folder = tmp_path_factory.mktemp("browser")
    path = folder / "report.html"
    write_report(make_records(datasets=["fake-posts", "fake-digits"], damaged=False), {}, path)
    with open_browser(folder) as tab:
        tab.open(path)
        return tab.run(ACTIONS)


def test_a_heading_sorts_up_and_down_and_says_so(seen):
    (up, rising), (down, falling) = seen["fit"]
    assert (up, down, seen["sorted"]) == ("ascending", "descending", 1)
    assert rising[0] == "majority"
    assert rising[-1].startswith("unimodal-")  # without a mean time: missing numbers stay last
    assert falling[0] == "cross-attention"
    assert falling[-1].startswith("unimodal-")
    assert sorted(rising) == sorted(falling) == sorted(seen["start"])
    assert seen["fusion"] == ["ascending", sorted(seen["start"])]


def test_words_filter_rows_and_the_number_is_told(seen):
    names, told = seen["filtered"]
    assert names == ["late-mean"]
    assert told == f"1 of {len(seen['start'])} rows"


def test_a_column_is_hidden_and_shown_in_all_leaderboards(seen):
    assert seen["without"] == [True] * 3
    assert seen["with"] == [False] * 3


def test_a_name_unfolds_how_it_was_run(seen):
    assert seen["unfolded"] == ["fusion-late-mean"]


def test_every_figure_is_saved_without_what_only_the_page_knows(seen):
    assert seen["figures"] == len(seen["svgs"]) > 6
    assert seen["damaged"] == 0
    for svg in seen["svgs"]:
        assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        assert "var(" not in svg
        assert "currentColor" not in svg
        assert "#1b1f24" in svg
    assert seen["pngs"] == seen["widths"]


def test_the_policy_of_the_page_refuses_nothing_of_this(seen):
    assert seen["violations"] == 0
