import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from fusebench.errors import FusebenchError
from fusebench.results.files import write_atomically
from fusebench.results.records import COLUMNS, collect_notices, read_records, validate, write_records

from .fixtures import make_records


def small() -> pd.DataFrame:
    return make_records(datasets=["fake-posts"], fusions=["majority", "tensor-fusion"], unimodal=False)


def test_what_is_written_is_read(tmp_path, records):
    write_records(records, tmp_path / "new")
    assert_frame_equal(read_records(tmp_path / "new"), records)


def test_the_csv_holds_the_same_rows(tmp_path):
    write_records(small(), tmp_path)
    csv = pd.read_csv(tmp_path / "results.csv", keep_default_na=False, na_values={"value": "", "level": ""})
    records = read_records(tmp_path)
    assert list(csv.columns) == list(COLUMNS)
    assert csv["value"].to_numpy() == pytest.approx(records["value"].to_numpy(), abs=0, nan_ok=True)
    assert (csv["key"] == records["key"]).all()


def test_same_content_gives_the_same_bytes_in_any_order(tmp_path):
    frame = small()
    write_records(frame, tmp_path / "a")
    write_records(frame.sample(frac=1, random_state=0)[list(frame.columns[::-1])], tmp_path / "b")
    assert (tmp_path / "a" / "results.csv").read_bytes() == (tmp_path / "b" / "results.csv").read_bytes()


def test_six_columns_are_enough():
    frame = pd.DataFrame(
        {
            "dataset": "d",
            "fusion": "f",
            "seed": [0, 1],
            "metric": "r2",
            "direction": "maximize",
            "value": [0.5, 1],
        }
    )
    records = validate(frame)
    assert list(records.columns) == list(COLUMNS)
    assert set(records["scenario"]) == {"clean"}
    assert records["value"].dtype == np.float64
    assert records["seed"].dtype == np.int64


def test_validating_twice_changes_nothing(records):
    assert_frame_equal(validate(records), records)


def test_the_callers_frame_is_left_alone():
    frame = small()
    before = frame.copy()
    validate(frame)
    assert_frame_equal(frame, before)


def change(column, value):
    return lambda frame: frame.assign(**{column: value})


def change_first_done(column, value):
    def mutate(frame):
        frame = frame.copy()
        row = frame.index[frame["metric"] == "accuracy"][1]
        frame[column] = frame[column].astype(object)
        frame.loc[row, column] = value
        return frame

    return mutate


def give_failed(column, value):
    def mutate(frame):
        frame = frame.copy()
        frame.loc[frame["status"] == "failed", column] = value
        return frame

    return mutate


def repeat_failed(frame):
    failed = frame[frame["status"] == "failed"]
    return pd.concat([frame, failed.assign(scenario="missing-rate")])


@pytest.mark.parametrize(
    ("mutate", "message"),
    [
        (
            lambda frame: frame.rename(columns={"metric": "metrc"}),
            "'metrc' that is not known; did you mean metric?",
        ),
        (lambda frame: frame.rename(columns={"scenario": "scenarios"}), "did you mean scenario?"),
        (lambda frame: frame.drop(columns="value"), r"lack the column 'value' \(the score"),
        (lambda frame: frame[:0], "There are no records"),
        (lambda frame: pd.concat([frame, frame[:1]]), "two values of 'accuracy' under 'clean'"),
        (change_first_done("status", "finished"), "status 'finished'; known: diverged, done, failed"),
        (change_first_done("status", "skiped"), "did you mean skipped?"),
        (change_first_done("direction", "up"), "direction 'up'"),
        (change_first_done("direction", "minimize"), "'accuracy' has more than one direction"),
        (change_first_done("mechanism", "nois"), "mechanism 'nois'; did you mean noise?"),
        (change_first_done("severity", 6), "A severity is 0 to 5, however: 6"),
        (change_first_done("severity", 0), "Severity 0 is for clean data"),
        (change_first_done("severity", 1.5), "'severity' must hold whole numbers, however: 1.5"),
        (change_first_done("value", np.inf), "'value' must hold numbers, however: inf"),
        (change_first_done("value", "high"), "'value' must hold numbers, however: high"),
        (change_first_done("seed", "a"), "'seed' must hold whole numbers, however: a"),
        (
            change_first_done("metric", ""),
            "majority on fake-posts, seed 0 is done, but a score has no metric",
        ),
        (change_first_done("family", "early"), "'majority' has more than one family"),
        (give_failed("value", 0.5), "tensor-fusion on fake-posts, seed 1 is failed, but has a value"),
        (give_failed("metric", "accuracy"), "is failed, but has a value"),
        (repeat_failed, "tensor-fusion on fake-posts, seed 1 is failed, but has other rows"),
    ],
)
def test_bad_records_are_named(mutate, message):
    with pytest.raises(FusebenchError, match=message):
        validate(mutate(small()))


def test_a_missing_folder_suggests_its_neighbour(tmp_path):
    write_records(small(), tmp_path / "first-run")
    with pytest.raises(FusebenchError, match=r"no folder .*first-rum'\. Did you mean first-run\?"):
        read_records(tmp_path / "first-rum")
    with pytest.raises(FusebenchError, match=r"no folder .*zzz'\.$"):
        read_records(tmp_path / "zzz")
    with pytest.raises(FusebenchError, match=r"no folder"):
        read_records(tmp_path / "not" / "there")


def test_a_folder_without_results_is_named(tmp_path):
    with pytest.raises(FusebenchError, match=r"holds no results\.parquet"):
        read_records(tmp_path)


def test_damaged_results_are_named(tmp_path):
    write_records(small(), tmp_path)
    path = tmp_path / "results.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FusebenchError, match=r"results\.parquet' is damaged"):
        read_records(tmp_path)


def test_results_that_lack_a_column_are_named(tmp_path):
    small().rename(columns={"value": "values"}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(FusebenchError, match=r"'values' that is not known; did you mean value?"):
        read_records(tmp_path)


def test_a_write_that_breaks_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_atomically(path, b"old")

    def break_down(_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", break_down)
    with pytest.raises(FusebenchError, match=r"Cannot write .*a\.txt: disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_notes_of_the_records_become_notices_once():
    frame = small()
    frame["note"] = ["smoke"] * 3 + [""] * (len(frame) - 3)
    assert collect_notices(validate(frame), ["first", "smoke"]) == ["first", "smoke"]


def test_importing_records_is_light():
    code = "import sys, fusebench.results.records; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert loaded.isdisjoint({"matplotlib", "seaborn", "jinja2", "rich", "scipy", "sklearn", "torch"})


@pytest.mark.parametrize("column", ["value", "fit_seconds"])
def test_an_infinite_number_is_refused_also_in_validated_records(whole, column):
    wrong = whole.copy()
    wrong.loc[3, column] = float("inf")
    with pytest.raises(FusebenchError, match=rf"The column '{column}' must hold numbers, however: inf"):
        validate(wrong)


def test_validated_records_stay_as_they_are(whole):
    pd.testing.assert_frame_equal(validate(whole), whole)
    lacking = whole.astype({"note": object})
    lacking.loc[5, "note"] = None
    pd.testing.assert_frame_equal(validate(lacking), whole)
