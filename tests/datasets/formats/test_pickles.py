"""Pickles: arrays come back, and nothing that a file names is executed or believed."""

import os
import pickle
import struct
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fusebench.datasets.formats.pickles import find_array, read_pickle

DTYPES = [np.float32, np.float64, np.int64, np.uint8, np.bool_, ">f4", "<U3"]


def load(content):
    with TemporaryDirectory() as folder:
        path = Path(folder, "file.pkl")
        path.write_bytes(content)
        return read_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_come_back(protocol, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = {"train": {"c": array, "f": np.asfortranarray(array), "empty": array[:0]}}
    found = load(pickle.dumps(content, protocol))
    for name, expected in content["train"].items():
        np.testing.assert_array_equal(find_array(found, "train", name), expected)


@given(arrays(np.float32, array_shapes(max_dims=3), elements=st.floats(width=32)))
def test_any_array_comes_back(array):
    np.testing.assert_array_equal(find_array(load(pickle.dumps({"x": array})), "x"), array)


def test_what_stands_beside_arrays_comes_back():
    text = {"ids": ["a", "b"], "n": 3, "rate": 0.5, "none": None, "pair": (1, True), "scalar": np.float64(2)}
    assert load(pickle.dumps(text)) == text


def test_arrays_as_python_2_wrote_them_come_back():
    # Written by Python 2 and numpy 1.8: pickle.dumps({"x": numpy.array([1, 2], "<i4")}, 2)
    content = (
        b"\x80\x02}q\x00U\x01xq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85"
        b"U\x01b\x87Rq\x04(K\x01K\x02\x85cnumpy\ndtype\nq\x05U\x02i4K\x00K\x01\x87Rq\x06(K\x03U\x01<NNNJ\xff"
        b"\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08\x01\x00\x00\x00\x02\x00\x00\x00tbs."
    )
    assert find_array(load(content), "x").tolist() == [1, 2]


def test_arrays_of_objects_are_left_aside():
    found = load(pickle.dumps({"names": np.array(["a", None], object), "x": np.ones(2)}))
    assert find_array(found, "x").tolist() == [1, 1]
    with pytest.raises(ValueError, match="'names' is no array of numbers or strings"):
        find_array(found, "names")


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (("train", "y"), "no 'train/y'"),
        (("x",), "no 'x'"),
        (("train", "x", "z"), "no 'train/x/z'"),
        ((), "no array"),
    ],
)
def test_what_is_not_there_is_named(keys, reason):
    with pytest.raises(ValueError, match=reason):
        find_array(load(pickle.dumps({"train": {"x": np.ones(2)}})), *keys)


class Calls:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    "harm",
    [
        Calls(os.system, "touch harmed"),
        Calls(eval, "open('harmed', 'w')"),
        Calls(exec, "open('harmed', 'w')"),
        Calls(open, "harmed", "w"),
        Calls(subprocess.Popen, ["touch", "harmed"]),
        Calls(getattr, "text", "format"),
        Calls(np.load, "harmed"),
        Calls(np.fromfile, "harmed"),
        Calls(bytearray, 10**12),
        Calls(Path, "harmed"),
        {"train": {"x": [1, (2, Calls(os.system, "touch harmed"))]}},
        np.array([Calls(os.system, "touch harmed")], object),
    ],
)
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_functions_are_refused_and_not_called(harm, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(harm, protocol)
    with pytest.raises(ValueError, match="only numpy arrays are"):
        load(content)
    assert not list(tmp_path.iterdir())


def reconstruct(shape, code, content, tail=b""):
    """An array as protocol 3 writes it, with whatever is given."""
    return (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R(K\x01"
        + pickle.dumps(shape, 2)[2:-1]
        + b"cnumpy\ndtype\nX"
        + struct.pack("<I", len(code))
        + code
        + b"K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + content
        + b"tb."
        + tail
    )


def test_the_hand_made_array_is_one():
    loaded = load(reconstruct((2,), b"i4", b"C\x08" + bytes(8)))
    assert loaded.array.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (reconstruct((10**12,), b"i4", b"C\x08" + bytes(8)), "has 8 bytes"),
        (reconstruct((-2,), b"i4", b"C\x08" + bytes(8)), "has 8 bytes"),
        (reconstruct((2**62, 4), b"i4", b"C\x08" + bytes(8)), "has 8 bytes"),
        (b"\x80\x03B\xff\xff\xff\x7fabc.", "declares 2147483647 bytes where"),
        (b"\x80\x04\x8e\x00\x00\x00\x00\x00\x00\x00\x10abc.", "bytes where"),
        (b"\x80\x05\x96\x00\x00\x00\x00\x00\x00\x00\x10abc.", "bytes where"),
        (b"\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x10abc.", "bytes where"),
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc.", "bytes|whole"),
        (b"\x80\x03\x8b\xff\xff\xff\x7fabc.", "bytes where"),
        (b"\x80\x02\x82\x01.", "unregistered extension"),
        (b"\x80\x03X\x01\x00\x00\x00aQ.", "not a whole pickle"),
        (b"cposix\nsystem\n(S'touch harmed'\ntR.", "posix.system"),
        (b"(S'touch harmed'\nios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nS'touch harmed'\no.", "os.system"),
        (b"cnumpy\ndtype\n(S'O'\ntR(K\x03S'!'\nNNNtb.", "byte order '!'"),
        (b"c_codecs\nencode\n(S'a'\nS'rot13'\ntR.", "encodes bytes as 'rot13'"),
        (b"c_codecs\nencode\nN}S'__defaults__'\n(I1\nts\x86b.", "sets the state of something"),
        (b"]}S'a'\nI1\nsb.", "sets the state of something"),
        (b"", "declares 1 bytes where 0 are left"),
        (b"\x80\xff.", "unsupported pickle protocol"),
        (pickle.dumps({"x": np.ones(9)})[:-30], "bytes where|not a whole pickle"),
        (b"plain text", "not a whole pickle|bytes where|invalid"),
    ],
)
def test_bombs_and_damage_are_refused(content, reason):
    with pytest.raises(ValueError, match=reason):
        load(content)


def test_a_vast_place_in_the_memo_costs_nothing():
    """The interpreter written in C would reserve 32 GB for this."""
    assert load(b"\x80\x02K\x05r\xff\xff\xff\x7f.") == 5


def test_lists_of_lists_of_lists_are_not_walked_through():
    """Each list holds the one before ten times, so that there are 10**40 leaves."""
    nested = [0]
    for _ in range(40):
        nested = [nested] * 10
    found = load(pickle.dumps({"x": nested}))
    with pytest.raises(ValueError, match="no array"):
        find_array(found, "x")


def test_larger_files_than_are_believed_are_refused(monkeypatch):
    monkeypatch.setattr("fusebench.datasets.formats.pickles.MAX_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10"):
        load(pickle.dumps(np.ones(9)))


VALID = pickle.dumps({"x": np.arange(3, dtype=np.int16), "id": ["a"]}, 4)


@given(position=st.integers(0, len(VALID) - 1), value=st.integers(0, 255))
def test_a_changed_byte_is_an_object_or_a_value_error(position, value):
    content = bytearray(VALID)
    content[position] = value
    try:
        array = find_array(load(bytes(content)), "x")
    except ValueError:
        return
    assert array.nbytes <= 12


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_a_value_error(content):
    try:
        load(b"\x80\x04" + content)
    except ValueError:
        return
    assert content
