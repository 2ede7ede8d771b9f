"""How a verdict is shown."""

import json
from io import StringIO

import pytest
from rich.console import Console

from fusebench.bench.regression.decide import judge_scores, judge_times
from fusebench.bench.regression.document import Score
from fusebench.bench.regression.show import annotations, print_verdict, summarise, to_json, to_markdown
from fusebench.bench.regression.verdict import Broken, Verdict


def scores(values):
    return [
        Score(dataset="digits", fusion="late|mean", seed=seed, metric="accuracy", value=value)
        for seed, value in enumerate(values)
    ]


@pytest.fixture
def verdict():
    base = [1.00, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07]
    times = judge_times(
        {"test_fit[a]": base, "test_fit[b]": base},
        {"test_fit[a]": [1.5 * time for time in base], "test_fit[b]": [1.01 * time for time in base]},
    )
    before = [0.90, 0.91, 0.92, 0.90, 0.93, 0.91, 0.90, 0.92]
    after = [0.87, 0.87, 0.89, 0.88, 0.90, 0.88, 0.87, 0.88]
    table = judge_scores(scores(before), scores(after))
    return Verdict(
        "aaa", "bbb", times, table, [Broken("test_fit[c]", "ValueError: 100 %\nmore")], ["A note."]
    )


@pytest.fixture
def silent():
    return Verdict("aaa", "bbb", judge_times({}, {}), judge_scores([], []), [], ["A note."])


def test_the_summary_counts(verdict, silent):
    assert summarise(verdict) == "Regressions from aaa to bbb: 1 slower, 1 worse, 1 broken."
    assert summarise(silent) == "No regression from aaa to bbb."


def test_the_terminal_shows_regressions_first(verdict):
    console = Console(width=140, record=True, file=StringIO())
    print_verdict(verdict, console)
    text = console.export_text()
    assert text.index("test_fit[a]") < text.index("test_fit[b]")
    assert "× 1.50" in text
    assert "late|mean on digits" in text
    assert "-0.031 ± 0.005" in text
    assert text.rstrip().endswith("1 slower, 1 worse, 1 broken.")


def test_markdown_has_the_regressions_in_sight_and_the_rest_folded(verdict, silent):
    text = to_markdown(verdict)
    seen, folded = text.split("<details>")
    assert ":x:" in seen
    assert "late\\|mean on digits" in seen  # a bar would end the cell
    assert "test\\_fit\\[a\\]" in seen
    assert "test\\_fit\\[b\\]" in folded
    assert "- A note." in folded
    assert all(line.count(" | ") == 5 for line in text.splitlines() if line.startswith("| "))
    assert ":white_check_mark: No regression" in to_markdown(silent)


def test_annotations_are_one_line_each(verdict, silent):
    lines = annotations(verdict)
    assert len(lines) == 3
    assert lines[0] == "::error title=fusebench regress::test_fit[c] is broken: ValueError: 100 %25 more"
    assert "test_fit[a] is slower: 1.0 s -> 1.6 s (× 1.50, p = 0.00016)" in lines[1]
    assert annotations(silent) == []


def test_many_annotations_are_counted(silent):
    many = silent._replace(broken=[Broken(f"b{i}", "gone") for i in range(14)])
    lines = annotations(many)
    assert len(lines) == 10
    assert lines[-1].endswith("and 5 more regressions")


def test_json_holds_everything(verdict):
    document = json.loads(to_json(verdict))
    assert document["regressed"] is True
    assert document["times"][0]["benchmark"] == "test_fit[a]"
    assert document["scores"][0]["worse"] is True
    assert document["broken"] == [{"what": "test_fit[c]", "reason": "ValueError: 100 %\nmore"}]
