"""The results that ship: they are of the suites and data of now, and own strategies stand among them."""

import json

import pandas as pd
import pytest
from typer.testing import CliRunner

from fusebench.bench.cli import app
from fusebench.bench.planning.plan import PROTOCOL_VERSION
from fusebench.bench.run import run
from fusebench.bench.suite import find_suites
from fusebench.datasets.registry import datasets
from fusebench.errors import FusebenchError
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions, register_fusion
from fusebench.results.publications import find_publications, read_publication
from fusebench.results.records import CELL

SHIPPED = find_publications()
SCENARIOS = ["missing-modality", "noise-vector-gaussian"]


def shown(*arguments):
    done = CliRunner().invoke(
        app, [str(argument) for argument in arguments], env={"NO_COLOR": "1", "COLUMNS": "200"}
    )
    if done.exception:
        raise done.exception
    return done


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The folder of a run of one strategy of one's own, with the controls, on a data set of ``default``."""

    @register_fusion("own-strategy", family="custom")
    class OwnStrategy(LateMean):
        """Believes the less in a class the more the others do."""

        def _predict_outputs(self, data):
            return (1 - super()._predict_outputs(data)) / (len(self.classes_) - 1)

    folder = tmp_path_factory.mktemp("own") / "run"
    try:
        run(datasets=["synth-xor"], fusions=["own-strategy"], scenarios=SCENARIOS, seeds=1, out=folder)
    finally:
        fusions.remove("own-strategy")
    return folder


def test_default_ships():
    assert "default" in SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_results_are_of_a_suite_and_of_the_data_of_now(name):
    publication = read_publication(name)
    told = publication.provenance
    assert name in find_suites()
    assert told["suite"]["name"] == name
    assert not told["suite"]["quick"]
    assert set(told["data"]) == set(publication.records["dataset"])
    for dataset, data in told["data"].items():
        assert data["protocol"] == PROTOCOL_VERSION
        if datasets[dataset]().card.embedded:
            options = told["suite"]["dataset_options"].get(dataset, {})
            assert data["data"] == datasets[dataset](**options).fingerprint(), "publish the suite again"
    cells = publication.records.drop_duplicates(CELL)
    assert len(cells) == told["cells"]["planned"]
    assert set(cells["status"]) <= {"done", "skipped"}


def test_a_rerun_of_controls_gives_what_is_published(own):
    mine = pd.read_parquet(own / "results.parquet").query("family == 'control' and metric == 'accuracy'")
    published = read_publication("default").records.query("seed == 0 and metric == 'accuracy'")
    keys = ["dataset", "fusion", "scenario", "modality", "severity", "seed"]
    both = mine.merge(published, on=keys)
    assert len(both) == len(mine)
    assert set(both["fusion"]) == {"majority", "unimodal-a", "unimodal-b", "best-unimodal"}
    assert both["value_x"].to_list() == pytest.approx(both["value_y"].to_list(), rel=1e-4)


def test_an_own_strategy_is_placed_without_a_rerun(own):
    before = {path: path.stat().st_mtime_ns for path in own.iterdir()}
    document = json.loads(shown("leaderboard", own, "--with-published", "--format", "json").stdout)
    sources = {row["fusion"]: row["source"] for row in document["rows"]}
    assert sources["own-strategy"] == sources["best-unimodal"] == "this run"
    assert sources["tensor-fusion"] == sources["early-xgboost"] == "published"
    ranks = {row["fusion"]: row["rank"] for row in document["rows"]}
    assert ranks["tensor-fusion"] < ranks["own-strategy"]
    text = shown("leaderboard", own, "--with-published").stdout
    assert "published strategies of the suite all-fusions" in " ".join(text.split())
    assert "Only seeds that both have are compared: 0 on synth-xor." in " ".join(text.split())
    assert "own-strategy" in text
    assert {path: path.stat().st_mtime_ns for path in own.iterdir()} == before


def test_published_results_are_listed():
    rows = json.loads(shown("list", "published", "--json").stdout)
    assert [row["name"] for row in rows] == SHIPPED
    row = next(row for row in rows if row["name"] == "default")
    assert row["seeds"] == [0, 1, 2]
    assert "avdigits" in row["datasets"]
    assert "suite" in shown("show", "default").stdout


def test_publish_writes_what_can_be_read_and_warns(own, tmp_path):
    done = shown("publish", own, "--out", tmp_path)
    assert read_publication("default", tmp_path).provenance["suite"]["seeds"] == 1
    assert "5 cells, 0 of them not done" in done.stdout
    warning = next(line for line in done.stderr.splitlines() if "than it declares" in line)
    assert "datasets and fusions and scenarios and seeds" in warning


def test_only_whole_runs_of_built_in_suites_are_published(tmp_path):
    run("quick", datasets=["synth-xor"], fusions=[], scenarios=[], out=tmp_path / "quick")
    with pytest.raises(FusebenchError, match=r"quick was in quick mode"):
        shown("publish", tmp_path / "quick", "--out", tmp_path)
    with pytest.raises(FusebenchError, match=r"There is no folder '.*nowhere'"):
        shown("publish", tmp_path / "nowhere", "--out", tmp_path)
    told = json.loads((tmp_path / "quick" / "run.json").read_text())
    told["suite"]["name"] = "custom"
    (tmp_path / "quick" / "run.json").write_text(json.dumps(told))
    with pytest.raises(FusebenchError, match=r"no run of a built-in suite, but of 'custom'"):
        shown("publish", tmp_path / "quick", "--out", tmp_path)
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "results.parquet").write_bytes((tmp_path / "quick/results.parquet").read_bytes())
    with pytest.raises(FusebenchError, match=r"of a built-in suite: its run.json does not name one"):
        shown("publish", tmp_path / "bare", "--out", tmp_path)
    with pytest.raises(
        FusebenchError, match=r"synth-xor is left out: its published scores are of splits of other"
    ):
        shown("leaderboard", tmp_path / "quick", "--with-published")
