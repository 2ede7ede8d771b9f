"""What is stored of a measurement, and how many of them are read."""

from datetime import UTC, datetime

import pytest

from fusebench.bench.regression.document import Benchmark, Document, Score, read_document, write_document
from fusebench.bench.regression.past import read_past
from fusebench.errors import FusebenchError

CREATED = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def make_document(**fields):
    about = {
        "created": CREATED,
        "commit": "0123456789abcdef",
        "benchmarks": [
            Benchmark(
                name="test_fit[late-mean]",
                group="fit",
                fusion="late-mean",
                family="late",
                rounds=[[0.3, 0.1 + 0.2], [0.5]],
            )
        ],
        "scores": [
            Score(dataset="d", fusion="late-mean", seed=0, metric="accuracy", value=None, status="failed")
        ],
    }
    return Document(**{**about, **fields})


def test_what_is_written_is_read_to_the_last_digit(tmp_path):
    document = make_document(machine={"host": "h", "cores": 2})
    write_document(document, tmp_path / "a.json")
    assert read_document(tmp_path / "a.json") == document
    assert document.times() == {"test_fit[late-mean]": [0.3, 0.5]}


def test_files_that_differed_from_the_commit_are_marked():
    assert make_document().label == "012345678"
    assert make_document(dirty=True).label == "012345678+"
    assert make_document(commit="").label == "2026-01-02 03:04"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ('{"schema_version": 2, "created": "2026-01-02"}', "schema_version"),
        ("[]", "the file"),
        ("{", "the file"),
        (
            '{"created": "2026-01-02T00:00:00Z", "benchmarks": [{"name": "a", "rounds": []}]}',
            "benchmarks.0.rounds",
        ),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, problem):
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(FusebenchError, match=f"a.json is no measurement .*{problem}"):
        read_document(tmp_path / "a.json")


def test_the_past_is_in_the_order_of_commits(tmp_path):
    later, earlier = (datetime(2026, month, 1, tzinfo=UTC) for month in (5, 4))
    write_document(make_document(commit="b" * 40, committed=later), tmp_path / "1.json")
    write_document(make_document(commit="a" * 40, committed=earlier), tmp_path / "2.json")
    times, scores, entries = read_past([tmp_path])
    assert entries["label"].tolist() == ["a" * 9, "b" * 9]
    assert times[times["entry"] == 0]["seconds"].tolist() == [0.3, 0.5]
    assert scores["value"].isna().all()
    assert len(scores) == 2


def test_an_empty_folder_has_no_past(tmp_path):
    with pytest.raises(FusebenchError, match="no measurement there"):
        read_past([tmp_path])
