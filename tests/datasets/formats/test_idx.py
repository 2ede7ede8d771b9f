import gzip
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fusebench.datasets.formats.idx import read_idx

LIMITS = (5, 4, 4)
VALID = bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 3, 4) + bytes(range(24))
ZIPPED = gzip.compress(VALID, mtime=0)  # else it holds the time, and names of tests would differ


def read_bytes(content, limits=LIMITS):
    with TemporaryDirectory() as folder:
        path = Path(folder, "file.gz")
        path.write_bytes(content)
        return read_idx(path, limits)


@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, min_side=0, max_side=4)))
def test_arrays_come_back(array):
    content = bytes([0, 0, 8, 3]) + struct.pack(">3I", *array.shape) + array.tobytes()
    np.testing.assert_array_equal(read_bytes(gzip.compress(content)), array)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must begin"),
        (VALID[:10], "must begin"),
        (b"\x00\x00\x08\x01" + VALID[4:], "must begin with 00000803"),
        (b"\x00\x00\x09\x03" + VALID[4:], "must begin with 00000803"),
        (VALID[:-1], "holds fewer bytes"),
        (VALID + b"\x00", "holds more bytes"),
        (VALID[:4] + struct.pack(">3I", 6, 3, 4) + VALID[16:], r"\(6, 3, 4\), more than \(5, 4, 4\)"),
        (VALID[:4] + struct.pack(">3I", 2**31, 2**31, 2**31), "more than"),
    ],
)
def test_wrong_content_is_named(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_bytes(gzip.compress(content))


@pytest.mark.parametrize("content", [b"", b"plain", ZIPPED[:-9], ZIPPED[:15]])
def test_what_is_not_a_whole_gzip_file_is_named(content):
    with pytest.raises(ValueError, match=r"gzip|must begin"):
        read_bytes(content)


@given(position=st.integers(0, 200), value=st.integers(0, 255))
def test_a_changed_byte_is_an_error_or_harmless(position, value):
    content = bytearray(ZIPPED)
    content[position % len(content)] = value
    try:
        array = read_bytes(bytes(content))
    except ValueError:
        return
    np.testing.assert_array_equal(array.ravel(), np.arange(24))


@given(st.binary(max_size=60))
def test_any_bytes_are_an_array_or_a_value_error(content):
    try:
        array = read_bytes(gzip.compress(content))
    except ValueError:
        return
    assert array.size <= np.prod(LIMITS)
