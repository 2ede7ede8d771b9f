import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.formats import table
from fusebench.datasets.formats.table import from_frame, read_csv, read_parquet

FRAME = pd.DataFrame(
    {
        "n": [1, 2, 3],
        "x": [0.5, np.nan, 1.5],
        "text": ["a, b", None, 'say "ä"\nagain'],
        "flag": [True, False, True],
    }
)


def test_csv_gives_the_cells_as_they_stand(tmp_path):
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    assert read_csv(tmp_path / "a.csv") == {
        "n": ["1", "2", "3"],
        "x": ["0.5", None, "1.5"],
        "text": ["a, b", None, 'say "ä"\nagain'],
        "flag": ["True", "False", "True"],
    }


def test_a_byte_order_mark_and_blank_lines_do_not_count(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4\r\n")
    assert read_csv(tmp_path / "a.csv") == {"a": ["1", "3"], "b": ["2", "4"]}


@pytest.mark.parametrize("index", [None, [5, 6, 7]])
def test_parquet_and_frames_give_the_same_cells(index, tmp_path):
    frame = FRAME.set_axis(index or range(3))
    frame.to_parquet(tmp_path / "a.parquet")
    expected = {
        "n": [1, 2, 3],
        "x": [0.5, None, 1.5],
        "text": ["a, b", None, 'say "ä"\nagain'],
        "flag": [True, False, True],
    }
    assert from_frame(frame) == expected
    assert read_parquet(tmp_path / "a.parquet") == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"a,,c\n1,2,3\n", "column 2 has no name"),
        (b"a,b,a\n1,2,3\n", "two columns are called 'a'"),
        (b"a,b\n1,2\n1,2,3\n", "row 2 has 3 cells, the header 2"),
        (b"a,b\n1\n", "row 1 has 1 cells"),
        (b"a,b\n1,\xff\n", "not in UTF-8"),
        (b'a,b\n1,"2\n', "line 2 is no CSV"),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_named(content, reason, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_csv(tmp_path / "a.csv")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all", b"PAR1" + bytes(50) + b"PAR1"])
def test_what_is_no_parquet_file_is_an_error(content, tmp_path):
    (tmp_path / "a.parquet").write_bytes(content)
    with pytest.raises(ValueError, match="not a whole Parquet file"):
        read_parquet(tmp_path / "a.parquet")


def test_size_is_bounded(tmp_path, monkeypatch):
    FRAME.to_csv(tmp_path / "a.csv", index=False)
    pd.DataFrame({"a": np.zeros(100_000)}).to_parquet(tmp_path / "a.parquet")
    monkeypatch.setattr(table, "MAX_BYTES", 10)
    for read, name in ((read_csv, "a.csv"), (read_parquet, "a.parquet")):
        with pytest.raises(ValueError, match="more than 10"):
            read(tmp_path / name)
    monkeypatch.setattr(table, "MAX_BYTES", 2**30)
    monkeypatch.setattr(table, "MAX_CELLS", 1000)
    with pytest.raises(ValueError, match="100000 rows"):
        read_parquet(tmp_path / "a.parquet")


@given(st.lists(st.lists(st.text(min_size=1), min_size=2, max_size=2), min_size=1))
def test_any_text_comes_back_from_a_frame(rows):
    frame = pd.DataFrame(rows, columns=["a", "b"])
    assert list(zip(*from_frame(frame).values(), strict=True)) == [tuple(row) for row in rows]
