"""The report for those who do not use a mouse, a large window or their eyes; and on paper."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from fusebench.results.logs import LOG_COLUMNS
from fusebench.results.report.report import write_report

from ..fixtures import make_records
from ..test_curves import make_curves
from ..test_outcomes import make_outcomes
from .browser import CHROMIUM, open_browser

SPEC = find_spec("axe_playwright_python")  # not imported: that would import playwright
AXE = Path(SPEC.origin).parent if SPEC else None
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")]

needs_axe = pytest.mark.skipif(AXE is None, reason='needs axe: pip install "fusebench[browser]"')

UNFOLD = "for (const each of document.querySelectorAll('details')) each.open = true;"
CHECK = f"""axe.run(document, {{ runOnly: {RULES} }}).then((found) => ({{
  violations: found.violations.flatMap(({{ id, nodes }}) => nodes.map((node) => `${{id}}: ${{node.html}}`)),
  unknown: found.incomplete.flatMap(({{ id, nodes }}) => nodes.map((node) => [id, node.html])),
  passes: found.passes.map(({{ id }}) => id),
}}))"""
FOCUSED = """(() => {
  const element = document.activeElement;
  const box = element.getBoundingClientRect();
  const style = getComputedStyle(element);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { number: controls.indexOf(element), seen: seen && box.width > 0 && box.height > 0 };
})()"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A report with a part of every kind."""
    path = tmp_path_factory.mktemp("accessibility") / "report.html"
    records = make_records(datasets=["fake-posts", "fake-recipes"])
    row = ("fake-posts", "clean", "late-mean", 0)
    logs = [(*row, "", "UserWarning: not converged"), (*row, "missing-rate-5", "Too much is missing.")]
    write_report(
        records.assign(note="QUICK MODE: not a measurement"),
        {"command": "fusebench run --seeds 3", "strategies": {"late-mean": {"imputer": "'mean'"}}},
        path,
        outcomes=make_outcomes(),
        curves=make_curves({("gated-unit", 0): [1.0, 0.5, 0.6], ("early-mlp", 0): [0.9, 0.7]}),
        logs=pd.DataFrame(logs, columns=list(LOG_COLUMNS)),
    )
    return path


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with open_browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


def check(tab):
    tab.run(f"{UNFOLD} {(AXE / 'axe.min.js').read_text(encoding='utf-8')}; 0")
    return tab.run(CHECK)


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_fault(tab, path, width, dark):
    tab.open(path, width=width, dark=dark)
    found = check(tab)
    assert found["violations"] == []
    assert {"color-contrast", "svg-img-alt", "region", "heading-order"} <= set(found["passes"])
    assert {rule for rule, _ in found["unknown"]} <= {"color-contrast"}


@needs_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_all_text_has_enough_contrast(tab, path, dark):
    """In a window that is wide enough: of a cell that has to be scrolled to it cannot be told."""
    tab.open(path, width=3000, dark=dark)
    tab.run("document.body.style.maxWidth = 'none'")
    found = check(tab)
    assert found["violations"] == []
    # Axe judges neither text in drawings nor a single character, such as a dash.
    texts = [html.split(">")[1].split("<")[0].strip() for _, html in found["unknown"] if "<text" not in html]
    assert [text for text in texts if len(text) > 1] == []


def test_every_control_is_reached_by_the_keyboard_and_shows_it(tab, path):
    tab.open(path)
    kinds = "a[href], button, input, summary, [tabindex='0']"
    count = tab.run(f"{UNFOLD} controls = [...document.querySelectorAll(`{kinds}`)]; controls.length")
    reached = []
    for _ in range(count):
        tab.press_tab()
        reached.append(tab.run(FOCUSED))
    assert sorted(each["number"] for each in reached) == list(range(count))
    assert all(each["seen"] for each in reached)


@pytest.mark.parametrize("width", [320, 390, 768])
def test_the_page_is_no_wider_than_a_phone(tab, path, width):
    tab.open(path, width=width)
    assert tab.run(f"{UNFOLD} document.documentElement.scrollWidth") == width


def test_paper_has_all_figures_whole_and_no_controls(tab, path):
    tab.open(path, width=700, media="print")
    widths = tab.run(
        "[...document.querySelectorAll('svg')].map((each) => each.getBoundingClientRect().width)"
    )
    assert widths
    assert max(widths) <= 700
    hidden = "[...document.querySelectorAll('nav, .filter, .downloads')].every((each) => !each.offsetHeight)"
    assert tab.run(hidden)
    assert tab.run("getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"


def test_a_link_into_something_folded_unfolds_it(tab, path):
    tab.open(path)
    failure = "a[href='#not-done-1']"
    tab.run(f"document.querySelector(`{failure}`).click()")
    assert tab.run("document.querySelector('#not-done-1 details').open")
    tab.run("document.querySelector('th.fusion a').click()")
    assert tab.run("document.querySelector('details.strategy').open")
