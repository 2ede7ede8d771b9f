"""The commands for what runs have left: leaderboard, compare, merge, export."""

import json
from contextlib import chdir
from io import StringIO

import pandas as pd
import pytest
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.errors import FusebenchError

from .test_cli import TINY, assert_one_sentence, call

OF_ONE = [*TINY[:-4], "--jobs", "1", "--scenario", "missing-modality"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where two runs of other seeds and strategies lie: ``a`` and ``b``."""
    cwd = tmp_path_factory.mktemp("cli-results")
    for name, more in (("a", ["--seeds", "2"]), ("b", ["--seeds", "3", "--fusion", "late-product"])):
        done = call("run", *OF_ONE, *more, "--out", name, cwd=cwd)
        assert done.returncode == 0, done.stderr
    return cwd


def shown(*arguments, cwd):
    """What a command prints, in this process; folders are those in `cwd`."""
    with chdir(cwd):
        done = CliRunner().invoke(app, arguments, env={"NO_COLOR": "1", "COLUMNS": "120"})
    if done.exception:
        raise done.exception
    return done.stdout


STARTS = {
    "md": "# Leaderboard",
    "csv": "rank,tie,fusion",
    "html": "<table>",
    "latex": "% \\usepackage{booktabs}",
    "json": "{",
}


@pytest.mark.parametrize("form", STARTS)
def test_each_format_is_printed_and_nothing_is_written(folder, form):
    before = {path: path.stat().st_mtime_ns for path in (folder / "b").iterdir()}
    text = shown("leaderboard", "b", "--format", form, "--filter", "fusion=late-*", cwd=folder)
    assert text.startswith(STARTS[form])
    assert "late-product" in text
    assert "majority" not in text
    assert {path: path.stat().st_mtime_ns for path in (folder / "b").iterdir()} == before


def test_by_sort_and_explain(folder):
    text = shown("leaderboard", "b", "--by", "scenario", "--format", "csv", cwd=folder)
    assert set(pd.read_csv(StringIO(text))["scenario"]) == {"clean", "missing-modality"}
    text = shown("leaderboard", "b", "--sort", "log-loss", "--format", "json", cwd=folder)
    assert json.loads(text)["metric"] == "log-loss"
    text = shown("leaderboard", "b", "--sort", "n_parameters", "--format", "csv", cwd=folder)
    assert pd.read_csv(StringIO(text))["n_parameters"].is_monotonic_increasing
    for more in ([], ["--format", "md"]):
        text = " ".join(shown("leaderboard", "b", "--explain", *more, cwd=folder).split())
        assert "Numbers learnt in a fit" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("leaderboard b --filter famly=late", "did you mean family"),
        ("leaderboard b --sort gian", "did you mean gain"),
        ("leaderboard b --format csv --explain", "CSV has no place"),
        ("compare late-mean late-product", "--run DIR"),
        ("compare a b --interval samples", "two strategies of one run"),
        ("leaderboard b --interval samples", "is for --by dataset or --by scenario"),
        ("leaderboard b --by family --interval samples", "is for --by dataset or --by scenario"),
        ("leaderboard b --by dataset --interval samples --with-published", "not beside published results"),
        ("compare a c", "no folder 'c'"),
        ("compare --run b late-mean late-prodct", "did you mean late-product"),
        ("merge a --out new", "two or more"),
        ("merge a b --out a", "there already"),
        ("export b --format csv --out a", "Cannot write a"),
    ],
)
def test_wrong_words_are_named(folder, arguments, message):
    with pytest.raises(FusebenchError, match=message):
        shown(*arguments.split(), cwd=folder)
    assert not (folder / "new").exists()


@pytest.mark.parametrize("arguments", ["leaderboard b --format pdf", "merge a b", "export b --out x"])
def test_wrong_use_gives_exit_code_2(folder, arguments):
    with pytest.raises(SystemExit, match="2"):
        shown(*arguments.split(), cwd=folder)


def test_an_error_is_one_sentence_and_exit_code_2(folder):
    assert_one_sentence(call("merge", "a", "c", "--out", "new", cwd=folder), "There is no folder 'c'")


def test_compare_two_runs(folder):
    text = " ".join(shown("compare", "a", "b", cwd=folder).split())
    assert "only here: fusion – late-product" in text
    assert "only here: seed – 2" in text
    assert "The same numbers: 5." in text
    assert "More than noise" not in text
    found = json.loads(shown("compare", "a", "b", "--json", cwd=folder))
    assert {row["verdict"] for row in found["table"]} == {"same"}
    assert {row["seeds"] for row in found["table"]} == {2}


def test_compare_two_strategies(folder):
    found = json.loads(shown("compare", "--run", "b", "late-mean", "majority", "--json", cwd=folder))
    verdicts = {row["part"]: row["verdict"] for row in found["table"]}
    assert set(verdicts) == {"clean", "missing"}
    assert {d["what"]: d["second"] for d in found["differences"]}["family"] == "control"
    assert "late-mean" in shown("compare", "--run", "b", "late-mean", "majority", cwd=folder)


def test_intervals_of_test_samples(folder):
    text = " ".join(shown("leaderboard", "b", "--by", "dataset", "--interval", "samples", cwd=folder).split())
    assert "new seeds and test samples" in text
    told = ["compare", "--run", "b", "late-mean", "late-product", "--json"]
    seeds, samples = (
        json.loads(shown(*told, "--interval", name, cwd=folder)) for name in ("seeds", "samples")
    )
    assert seeds["interval"] == "same data sets, new seeds"
    assert samples["interval"] == "new seeds and test samples"
    assert [row["difference"] for row in seeds["table"]] == [row["difference"] for row in samples["table"]]
    assert [row["low"] for row in seeds["table"]] != [row["low"] for row in samples["table"]]


def test_merge_then_export(folder):
    assert "18 cells of 2 runs" in shown("merge", "a", "b", "--out", "whole", cwd=folder)
    csv = pd.read_csv(folder / "b" / "results.csv", keep_default_na=False, na_values={"level": ""})
    for form in ("csv", "json", "parquet"):
        shown("export", "b", "--format", form, "--out", f"new/out.{form}", cwd=folder)
    read = {
        "csv": pd.read_csv(folder / "new" / "out.csv", keep_default_na=False, na_values={"level": ""}),
        "json": pd.DataFrame(json.loads((folder / "new" / "out.json").read_text())["rows"]),
        "parquet": pd.read_parquet(folder / "new" / "out.parquet"),
    }
    for table in read.values():
        pd.testing.assert_frame_equal(table, csv, check_dtype=False)
    shown("export", "b", "--format", "latex", "--out", "board.tex", cwd=folder)
    assert "\\toprule" in (folder / "board.tex").read_text()
