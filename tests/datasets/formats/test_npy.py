import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from fusebench.datasets.formats import npy
from fusebench.datasets.formats.npy import read_npy, read_npz

DTYPES = st.sampled_from(["?", "u1", "<i8", ">i4", "<f4", ">f8", "<U3"])


def to_bytes(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


@given(DTYPES.flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0, min_side=0))), st.booleans())
def test_arrays_come_back_as_numpy_reads_them(array, fortran):
    array = np.asfortranarray(array) if fortran else array
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.npy")
        np.save(path, array)
        read = read_npy(path)
        np.testing.assert_array_equal(read, np.load(path))
        assert read.dtype == array.dtype.newbyteorder("=")
        assert read.flags.writeable


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_comes_back(save, tmp_path):
    content = {"a": np.arange(6).reshape(2, 3), "b.lengths": np.array([1, 2]), "t": np.array(["x", "yz"])}
    save(tmp_path / "a.npz", **content)
    read = read_npz(tmp_path / "a.npz")
    assert list(read) == list(content)
    for name, array in content.items():
        np.testing.assert_array_equal(read[name], array)


def test_objects_are_not_unpickled(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    np.savez(tmp_path / "a.npz", a=np.array([Trap()], dtype=object))
    with pytest.raises(ValueError, match=r"the array 'a.npy': it holds Python objects"):
        read_npz(tmp_path / "a.npz")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (to_bytes(np.zeros(3))[:-1], "holds fewer|but holds 23"),
        (to_bytes(np.zeros(3, [("a", int)])), "store numbers"),
        (to_bytes(np.zeros(3, "M8[s]")), "store numbers"),
        (to_bytes(np.zeros(3, complex)), "store numbers"),
        (to_bytes(np.zeros(3), version=(3, 0)), "version 3.0"),
        (b"no array", "magic"),
        (b"", "EOF"),
    ],
)
def test_what_is_no_array_is_an_error(content, reason, tmp_path):
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        read_npy(tmp_path / "a.npy")


def test_a_header_that_declares_more_than_there_is_allocates_nothing(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (2**50,)})
    (tmp_path / "a.npy").write_bytes(header.getvalue())
    with pytest.raises(ValueError, match="declares 9007199254740992 bytes"):
        read_npy(tmp_path / "a.npy")


def test_what_unpacks_to_too_much_is_refused_before_it_is_read(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(100_000))
    assert (tmp_path / "a.npz").stat().st_size < 5000
    monkeypatch.setattr(npy, "MAX_BYTES", 500_000)
    with pytest.raises(ValueError, match="it holds 800128 bytes, more than 500000"):
        read_npz(tmp_path / "a.npz")


def test_a_member_cannot_hold_more_than_it_declares(tmp_path):
    """The directory of the archive is changed to declare a smaller size than the member has."""
    path = tmp_path / "a.npz"
    np.savez_compressed(path, a=np.zeros(100_000))
    with zipfile.ZipFile(path) as archive:
        declared = archive.infolist()[0].file_size.to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(declared, (200).to_bytes(4, "little")))
    with pytest.raises(ValueError, match=r"a\.npy|not a whole"):
        read_npz(path)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_archive_is_an_error(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"not a whole \.npz file"):
        read_npz(tmp_path / "a.npz")


@given(st.data())
def test_a_damaged_archive_is_an_error_or_the_same(data):
    with TemporaryDirectory() as folder:
        path = Path(folder, "a.npz")
        np.savez_compressed(path, a=np.arange(50))
        content = bytearray(path.read_bytes())
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] ^= data.draw(st.integers(1, 255))
        path.write_bytes(bytes(content))
        try:
            read = read_npz(path)
        except (OSError, ValueError):
            return
        assert [array.tolist() for array in read.values()] == [list(range(50))]
