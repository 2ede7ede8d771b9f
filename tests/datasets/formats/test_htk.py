import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.formats.htk import HEADER, read_htk

MFCC = 6
FRAMES = np.arange(6, dtype=np.float32).reshape(3, 2) / 7


def write_htk(frames, kind=MFCC, size=None):
    frames = np.asarray(frames, ">f4")
    header = HEADER.pack(len(frames), 200_000, size or 4 * frames.shape[1], kind)
    return header + frames.tobytes()


def test_frames_come_back():
    np.testing.assert_array_equal(read_htk(write_htk(FRAMES), width=2), FRAMES)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "must begin with 12 bytes"),
        (write_htk(FRAMES)[:-1], "declares 3 frames of 8 bytes, but has 35 bytes"),
        (write_htk(FRAMES) + b"x", "37 bytes"),
        (write_htk(FRAMES[:0]), "0 frames"),
        (write_htk(FRAMES, kind=MFCC + 0o2000), "must be 2 float32"),
        (write_htk(np.ones((3, 4))), "however: 16 bytes"),
        (HEADER.pack(-1, 0, 8, MFCC) + bytes(8), "-1 frames"),
        (write_htk([[np.nan, 1]]), "not finite"),
    ],
)
def test_wrong_content_is_named(content, reason):
    with pytest.raises(ValueError, match=reason):
        read_htk(content, width=2)


@given(st.binary(max_size=40))
def test_any_bytes_are_frames_or_a_value_error(content):
    try:
        frames = read_htk(content, width=2)
    except ValueError:
        return
    assert frames.shape[1] == 2
