"""A folder of arrays is the same data as one .npz file, read into memory or, where it is large, mapped."""

import os
from time import time_ns

import numpy as np
import pytest

from fusebench.datasets import large, storage
from fusebench.datasets.data import Kind
from fusebench.datasets.inspection import inspect_dataset
from fusebench.datasets.own.dataset import FileDataset
from fusebench.datasets.storage import hash_files
from fusebench.errors import FusebenchError

OLD = 1_000_000_000  # long ago, in nanoseconds


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def low_limit(monkeypatch):
    monkeypatch.setattr(large, "LIMIT", 640)


def make_arrays(n=90):
    """Make data of every kind and of types that have to be converted, in the order of a folder."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    present = rng.random(n) < 0.8
    present[:2] = True
    sequence = rng.normal(size=(n, 5, 3)) + y[:, None, None]
    sequence[~present] = np.nan
    return {
        "audio": rng.integers(-9000, 9000, (n, 900), dtype=np.int16),
        "audio.rate": np.array(8000),
        "image": rng.integers(0, 200, (n, 6, 5, 3), dtype=np.uint8)
        + 40 * y.astype(np.uint8)[:, None, None, None],
        "sequence": sequence,
        "sequence.lengths": rng.integers(1, 6, n),
        "sequence.present": present,
        "text": np.array(["a good day", "bad"])[y],
        "vector": rng.normal(size=(n, 4)).astype(">f4") - y[:, None].astype(">f4"),
        "y": y,
    }


def write(folder, arrays):
    folder.mkdir()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


def write_both(tmp_path, arrays):
    np.savez(tmp_path / "mine.npz", **arrays)
    return FileDataset(tmp_path / "mine.npz"), FileDataset(write(tmp_path / "mine", arrays))


def parts(dataset):
    splits = dataset.load(seed=0)
    return splits.train, splits.validation, splits.test


@pytest.mark.parametrize("limit", [large.LIMIT, 640])
def test_a_folder_holds_what_the_archive_holds(tmp_path, monkeypatch, limit):
    archive, folder = write_both(tmp_path, make_arrays())
    expected = parts(archive)
    monkeypatch.setattr(large, "LIMIT", limit)
    assert folder.card == archive.card
    for here, there in zip(parts(folder), expected, strict=True):
        np.testing.assert_array_equal(here.labels, there.labels)
        np.testing.assert_array_equal(here.mask, there.mask)
        for name, modality in there.modalities.items():
            found = here.modalities[name]
            assert (found.kind, found.rate) == (modality.kind, modality.rate)
            assert found.values.dtype == modality.values.dtype
            np.testing.assert_array_equal(found.values, modality.values)
            np.testing.assert_array_equal(found.lengths, modality.lengths)
    assert large.is_large(folder.load().train.modalities["sequence"].values) is (limit == 640)


def test_large_arrays_are_not_looked_at_before_samples_are_loaded(tmp_path, low_limit):
    arrays = make_arrays()
    del arrays["sequence.present"]
    row = int(np.flatnonzero(np.isnan(arrays["sequence"][:, 0, 0]))[0])
    folder = FileDataset(write(tmp_path / "mine", arrays))
    assert folder.card.modalities["sequence"] is Kind.SEQUENCE
    rows = np.flatnonzero(np.isnan(arrays["sequence"][:, 0, 0]))
    with pytest.raises(
        FusebenchError, match=r"'sequence', row (\d+), column 0, 0: nan is no finite"
    ) as caught:
        folder.load()
    assert int(caught.value.args[0].split("row ")[1].split(",")[0]) in rows
    assert row in rows


def test_loud_waveforms_are_found_on_disk_too(tmp_path, low_limit):
    arrays = {"y": np.arange(90) % 2, "a": np.zeros((90, 900)), "a.rate": np.array(8000)}
    arrays["a"][33, 5] = 1.5
    with pytest.raises(FusebenchError, match="'a', row 33: a waveform lies between -1 and 1"):
        FileDataset(write(tmp_path / "mine", arrays)).load()


def test_inspect_finds_the_same_on_disk(tmp_path, monkeypatch):
    arrays = make_arrays(n=150)
    arrays["vector"][:, 2] = 7.0
    arrays["sequence"][:, :, 1] = 3.0
    arrays["vector"][140] = arrays["vector"][3]
    archive, folder = write_both(tmp_path, arrays)
    expected = inspect_dataset(archive)
    assert sum("the same in all" in sentence for sentence in expected.suspicions) == 2
    monkeypatch.setattr(large, "LIMIT", 1200)
    found = inspect_dataset(folder)
    assert found == expected


def test_what_cannot_be_mapped_is_refused(tmp_path, low_limit):
    arrays = make_arrays()
    folder = write(tmp_path / "mine", arrays)
    np.save(folder / "vector.npy", np.asfortranarray(np.ones((90, 4))))
    with pytest.raises(FusebenchError, match=r"'vector.npy': it is in the order of Fortran"):
        FileDataset(folder).load()
    np.save(folder / "vector.npy", np.array([{}] * 90, dtype=object))
    with pytest.raises(FusebenchError, match=r"'vector.npy': it holds Python objects"):
        FileDataset(folder).load()
    np.save(folder / "vector.npy", np.ones((90, 4)))
    content = (folder / "vector.npy").read_bytes()
    (folder / "vector.npy").write_bytes(content[:-8])
    with pytest.raises(FusebenchError, match=r"'vector.npy': it declares 2880 bytes, but holds 2872"):
        FileDataset(folder).load()
    with pytest.raises(FusebenchError, match="are its array 'y'"):
        FileDataset(folder, label="y")


def test_other_files_of_the_folder_are_left_aside(tmp_path):
    folder = write(tmp_path / "mine", make_arrays())
    (folder / "README.md").write_text("of mine")
    (folder / ".hidden.npy").write_text("no array")
    assert list(FileDataset(folder).card.modalities) == ["audio", "image", "sequence", "text", "vector"]


def test_large_files_are_hashed_once(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(OLD, OLD))
    plain = hash_files([path])
    monkeypatch.setattr(storage, "LARGE_FILE", 50)
    assert hash_files([path]) == plain
    digests = []
    digest = storage.file_digest
    monkeypatch.setattr(storage, "file_digest", lambda *given: digests.append(1) or digest(*given))
    assert hash_files([path]) == plain
    assert digests == []
    path.write_bytes(b"y" * 100)
    assert hash_files([path]) != plain
    assert digests == [1]


def test_the_hash_of_a_large_file_that_has_just_changed_is_not_kept(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_bytes(b"x" * 100)
    soon = time_ns() + 10**12  # just now, however long this test takes
    os.utime(path, ns=(soon, soon))
    monkeypatch.setattr(storage, "LARGE_FILE", 50)
    hash_files([path])
    assert not list(storage.cache_folder().iterdir())


def test_a_kept_hash_that_is_torn_is_made_again(tmp_path, monkeypatch):
    path = tmp_path / "a.npy"
    path.write_bytes(b"x" * 100)
    os.utime(path, ns=(OLD, OLD))
    monkeypatch.setattr(storage, "LARGE_FILE", 50)
    right = hash_files([path])
    (kept,) = storage.cache_folder().iterdir()
    kept.write_text("")
    assert hash_files([path]) == right
    assert len(kept.read_text()) == 64
