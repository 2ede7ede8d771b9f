"""From a table of records to tables, statistics and the report; a million records are marked slow."""

import pytest

from fusebench.results.records import read_records, write_records
from fusebench.results.report.report import write_report
from fusebench.results.statistics.evidence import weigh_evidence
from fusebench.results.statistics.stats import clean_scores, condition_scores
from fusebench.results.tables.leaderboard import build_leaderboard, write_leaderboard

from ..results.large import make_million, make_table

PROVENANCE = {"command": "fusebench run"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """60,000 records of 20 strategies on seven data sets."""
    folder = tmp_path_factory.mktemp("results")
    write_records(make_table(n_fusions=20, n_datasets=7, n_seeds=3, n_noises=5), folder)
    return folder


@pytest.fixture(scope="module")
def records(folder):
    return read_records(folder)


def test_load_results(benchmark, folder):
    assert len(benchmark(read_records, folder)) > 60_000


def test_leaderboard(benchmark, records):
    assert len(benchmark(build_leaderboard, records)) == 20


def test_statistics(benchmark, records):
    scores = clean_scores(condition_scores(records, "accuracy"))
    evidence = benchmark.pedantic(weigh_evidence, (scores, 1, "best-unimodal"), rounds=5)
    assert evidence.test.n_datasets == 7


def test_report(benchmark, records, folder):
    path = folder / "report.html"
    benchmark.pedantic(write_report, (records, PROVENANCE, path), rounds=1, warmup_rounds=0)
    assert path.stat().st_size > 1e6


@pytest.mark.slow
def test_a_million_records(benchmark, tmp_path):
    write_records(make_million(), tmp_path)

    def rank_and_report():
        records = read_records(tmp_path)
        write_leaderboard(records, tmp_path)
        write_report(records, PROVENANCE, tmp_path / "report.html")

    benchmark.pedantic(rank_and_report, rounds=1)
    assert (tmp_path / "report.html").is_file()
