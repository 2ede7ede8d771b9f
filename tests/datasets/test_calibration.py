"""The file of calibrated severities beside a data set's card."""

import json

import pytest

from fusebench.datasets.calibration import Calibration, Row, read_calibration, write_calibration
from fusebench.errors import FusebenchError

ROW = Row((40.0, 30.0, 20.0, 10.0, -5.0), (0.1, 0.2, 0.35, 0.5, 0.7))
FOUND = Calibration("mine", "accuracy", 120, 2, {"a": 0.5}, {"noise-audio-white-a": ROW})


@pytest.mark.parametrize("found", [FOUND, Calibration("mine", "r2", 9, 2, {"a": 0.0}, {})])
def test_what_is_written_is_read(tmp_path, found):
    path = tmp_path / "new" / "mine.json"
    write_calibration(found, path)
    assert read_calibration(path) == found
    assert [file.name for file in path.parent.iterdir()] == ["mine.json"]


def test_no_file_is_no_calibration(tmp_path):
    assert read_calibration(tmp_path / "none.json") is None
    assert read_calibration(None) is None


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"rows": 3}', '{"rows": {"x": {"levels": [1]}}}'])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = tmp_path / "mine.json"
    path.write_text(damage)
    with pytest.raises(FusebenchError, match="fusebench calibrate"):
        read_calibration(path)


@pytest.mark.parametrize(
    "levels", [[1, 2, 3, 4], [1, 2, 2, 3, 4], [1, 2, 3, 4, 3], [1, 2, 3, 4, float("nan")]]
)
def test_levels_that_do_not_rise_or_fall_are_refused(tmp_path, levels):
    path = tmp_path / "mine.json"
    write_calibration(FOUND, path)
    content = json.loads(path.read_text())
    content["rows"]["noise-audio-white-a"]["levels"] = levels
    path.write_text(json.dumps(content))
    with pytest.raises(FusebenchError, match="rise or fall strictly"):
        read_calibration(path)


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FusebenchError, match="cannot be written"):
        write_calibration(FOUND, tmp_path / "file" / "mine.json")
