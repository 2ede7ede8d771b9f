from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from fusebench.datasets.formats.mat import read_mat

LIMITS = {"x": (3, 4)}


def write_mat(version="5", **variables):
    file = BytesIO()
    savemat(file, variables, format=version)
    return file.getvalue()


@pytest.mark.parametrize("version", ["4", "5"])
def test_matrices_come_back(version):
    x = np.arange(12, dtype=np.uint8).reshape(3, 4)
    found = read_mat(write_mat(version, x=x, other=np.eye(9)), LIMITS)
    assert list(found) == ["x"]
    np.testing.assert_array_equal(found["x"], x)


def test_cells_hold_arrays():
    cells = np.empty((2, 1), object)
    cells[0, 0], cells[1, 0] = np.eye(3), np.ones((1, 5))
    found = read_mat(write_mat(X=cells), {"X": (2, 1)})["X"]
    assert [cell.shape for cell in found.ravel()] == [(3, 3), (1, 5)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a whole MATLAB file"),
        (b"plain text", "not a whole MATLAB file"),
        (write_mat(x=np.eye(3))[:-40], "not a whole MATLAB file"),
        (write_mat(y=np.eye(3)), "no variable 'x'"),
        (write_mat(x=np.eye(4)), r"x has the shape \(4, 4\), more than \(3, 4\)"),
        (write_mat(x=np.ones((2, 2, 2))), "more than"),
    ],
)
def test_wrong_content_is_named(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_mat(content, LIMITS)


@given(position=st.integers(0, 500), value=st.integers(0, 255))
def test_a_changed_byte_is_an_array_or_a_value_error(position, value):
    content = bytearray(write_mat("4", x=np.eye(3)))
    content[position % len(content)] = value
    try:
        found = read_mat(bytes(content), LIMITS)
    except ValueError:
        return
    assert found["x"].size <= 12
