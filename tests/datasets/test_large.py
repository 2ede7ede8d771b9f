"""Arrays above the limit stay on disk, and so does what is made of them; all others stay in memory."""

from mmap import mmap

import numpy as np
import pytest

from fusebench.datasets import large
from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.features.base import Featurizer
from fusebench.datasets.features.image import PixelFeatures
from fusebench.datasets.features.sequence import SequenceFeatures
from fusebench.datasets.large import copy_like, is_large, make_like, pieces, take_rows
from fusebench.errors import StorageError


@pytest.fixture
def low_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(large, "LIMIT", 1600)
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))


def on_disk(array):
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap)


def save_mapped(path, array):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def test_what_is_made_of_an_array_lies_where_the_array_does(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.arange(800.0).reshape(100, 8))
    for made in (
        make_like(source, (201, 2), np.float32),
        copy_like(source),
        take_rows(source, np.arange(0, 100, 2)),
    ):
        assert on_disk(made)
    assert not on_disk(make_like(source, (200, 2), np.float32))
    assert not on_disk(make_like(np.array(source), (201, 2), np.float32))
    assert list((tmp_path / "cache").iterdir()) == []


def test_arrays_computed_from_a_mapped_one_are_in_memory(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.ones((100, 8)))
    assert is_large(source)
    assert is_large(source.reshape(8, 100).T[:90])
    assert not is_large(source.astype(np.float64))
    assert not is_large(source + 1)


def test_copies_hold_the_same(low_limit, tmp_path):
    values = np.random.default_rng(0).normal(size=(100, 4, 3)).astype(np.float32)
    source = save_mapped(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(copy_like(source), values)
    order = np.random.default_rng(1).permutation(100)
    flags = order % 3 > 0
    for index in (order, order[:70], flags, np.arange(20, 90), np.arange(90, 20, -1), np.zeros(100, int)):
        np.testing.assert_array_equal(take_rows(source, index), values[index])


def test_neighbouring_rows_are_not_copied(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.ones((100, 8)))
    for index in (np.arange(10, 90), (np.arange(100) >= 10) & (np.arange(100) < 90)):
        assert np.shares_memory(take_rows(source, index), source)


def test_pieces_cover_all_rows_once_and_are_small(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.ones((101, 8), np.float32))
    parts = list(pieces(source))
    np.testing.assert_array_equal(np.concatenate([np.arange(101)[part] for part in parts]), np.arange(101))
    assert max(source[part].nbytes for part in parts) <= 1600 // 16 < source[:5].nbytes
    assert list(pieces(np.array(source))) == parts
    assert list(pieces(np.ones((3, 8), np.float32))) == [slice(0, 3)]
    assert list(pieces(np.ones((0, 8)))) == []


def test_rows_larger_than_a_piece_come_one_by_one(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.ones((3, 800), np.float32))
    assert list(pieces(source)) == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_a_full_disk_is_said_and_not_found_out_later(low_limit, tmp_path):
    source = save_mapped(tmp_path / "a.npy", np.ones((100, 8)))
    with pytest.raises(StorageError, match="FUSEBENCH_CACHE"):
        make_like(source, (2**20, 2**20, 2**10), np.uint8)


def make_modality(kind, n=90):
    rng = np.random.default_rng(0)
    if kind is Kind.IMAGE:
        return Modality(kind, rng.integers(0, 256, (n, 1, 6, 6), dtype=np.uint8))
    return Modality(kind, rng.normal(size=(n, 5, 4)).astype(np.float32), rng.integers(1, 6, n))


@pytest.mark.parametrize(
    ("kind", "extractor"), [(Kind.IMAGE, PixelFeatures), (Kind.SEQUENCE, SequenceFeatures)]
)
def test_features_made_piece_by_piece_are_the_same(low_limit, tmp_path, kind, extractor):
    modality = make_modality(kind)
    mapped = Modality(kind, save_mapped(tmp_path / "a.npy", modality.values), modality.lengths)
    expected = extractor().fit(modality).transform(modality)
    featurizer = Featurizer({"a": extractor()}).fit(MultimodalData({"a": mapped}))
    found = featurizer.transform_modality("a", mapped)
    assert list(found) == list(expected)
    assert on_disk(found["sequence"].values)
    for name, view in expected.items():
        np.testing.assert_array_equal(found[name].values, view.values)
        np.testing.assert_array_equal(found[name].lengths, view.lengths)
        assert found[name].kind is view.kind


class Ragged:
    """Pads to the longest of those that it is shown, as features of audio are."""

    def fit(self, modality):
        self.n_fitted = len(modality)
        return self

    def transform(self, modality):
        frames = -modality.values[:, : modality.lengths.max()]
        return {"sequence": Modality(Kind.SEQUENCE, frames, modality.lengths, common_scale=True)}


def test_pieces_are_padded_to_the_longest_of_all(low_limit, tmp_path):
    modality = make_modality(Kind.SEQUENCE)
    modality.lengths[:] = np.minimum(modality.lengths, 3)
    modality.lengths[70] = 4
    modality.values[~modality.frame_mask()] = 0
    mapped = Modality(Kind.SEQUENCE, save_mapped(tmp_path / "a.npy", modality.values), modality.lengths)
    found = Featurizer({"a": Ragged()}).transform_modality("a", mapped)["sequence"]
    np.testing.assert_array_equal(found.values, -modality.values[:, :4])
    np.testing.assert_array_equal(found.lengths, modality.lengths)
    assert found.common_scale


def test_extractors_are_fitted_to_one_piece_of_what_is_large(low_limit, tmp_path):
    modality = make_modality(Kind.SEQUENCE)
    mapped = Modality(Kind.SEQUENCE, save_mapped(tmp_path / "a.npy", modality.values), modality.lengths)
    n_fitted = {}
    for name, content in (("memory", modality), ("disk", mapped)):
        data = MultimodalData({"a": content}, present=(np.arange(90) < 50)[:, None])
        featurizer = Featurizer({"a": Ragged()}).fit(data)
        n_fitted[name] = featurizer.extractors["a"].n_fitted
    assert n_fitted == {"memory": 50, "disk": 1600 // 16 // (5 * 4 * 4)}
