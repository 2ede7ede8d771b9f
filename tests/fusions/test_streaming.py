"""What a strategy learns does not depend on whether the data are in memory or streamed from disk."""

import numpy as np
import pytest
import torch

from fusebench.datasets import large
from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.preprocessing import Standardizer
from fusebench.fusions.registry import make_fusion


def make_data(seed, n, folder=None):
    """Make sequences and vectors of two classes, in memory or mapped from a folder."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    values = {
        "s": rng.normal(size=(n, 6, 3)).astype(np.float32) + y[:, None, None],
        "v": rng.normal(size=(n, 4)).astype(np.float32) - y[:, None],
    }
    if folder is not None:
        for name, array in values.items():
            np.save(folder / f"{seed}-{name}.npy", array)
            values[name] = np.load(folder / f"{seed}-{name}.npy", mmap_mode="r")
    sequence = Modality(Kind.SEQUENCE, values["s"], rng.integers(1, 7, n))
    vector = Modality(Kind.VECTOR, values["v"], common_scale=True)
    return MultimodalData({"s": sequence, "v": vector}, y, rng.random((n, 2)) < 0.9)


@pytest.fixture
def low_limit(monkeypatch, tmp_path):
    """Let everything that is mapped be large, and read in pieces of a few rows."""
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))

    def lower():
        monkeypatch.setattr(large, "LIMIT", 640)

    return lower


def test_standardisation_by_pieces_gives_the_same_numbers(low_limit, tmp_path):
    data = make_data(0, 300)
    expected = Standardizer().fit(data)
    kept = data.modalities["s"].values[data.valid("s")].astype(np.float64)
    np.testing.assert_array_equal(expected.mean_["s"], kept.mean(axis=0))
    np.testing.assert_array_equal(expected.scale_["s"], kept.std(axis=0))
    low_limit()
    mapped = make_data(0, 300, tmp_path)
    found = Standardizer().fit(mapped)
    for name in ("s", "v"):
        np.testing.assert_array_equal(found.mean_[name], expected.mean_[name])
        np.testing.assert_array_equal(found.scale_[name], expected.scale_[name])
        here, there = found.transform(mapped).modalities[name], expected.transform(data).modalities[name]
        np.testing.assert_array_equal(here.values, there.values)
        assert large.is_large(here.values)


@pytest.mark.parametrize(
    "name", ["self-attention", "temporal-convolution", "late-fusion-lstm", "early-mlp", "late-mean"]
)
def test_predictions_are_the_same_bit_for_bit(low_limit, tmp_path, name):
    options = {} if name == "late-mean" else {"max_epochs": 3, "hidden": 8}
    views = make_fusion(name).views

    def predict(folder):
        fusion = make_fusion(name, **options)
        parts = [make_data(seed, n, folder) for seed, n in ((0, 150), (1, 60), (2, 80))]
        train, validation, test = parts if "sequence" in views else [part.select(["v"]) for part in parts]
        return fusion.fit(train, validation).predict_proba(test)

    expected = predict(None)
    low_limit()
    np.testing.assert_array_equal(predict(tmp_path), expected)


def test_a_batch_of_large_data_copies_only_what_is_selected(low_limit, tmp_path):
    low_limit()
    data = Standardizer().fit(make_data(0, 300)).transform(make_data(0, 300, tmp_path))
    batch = Batch.of(data)
    assert batch.streamed
    values = data.modalities["s"].values
    assert batch.values["s"].data_ptr() == values.ctypes.data
    rows = torch.tensor([5, 290, 0])
    chosen = batch[rows]
    assert not chosen.streamed
    np.testing.assert_array_equal(chosen.values["s"].numpy(), values[rows.numpy()])
    assert not Batch.of(make_data(0, 300)).streamed


def test_training_never_gathers_large_data_as_a_whole(low_limit, tmp_path, monkeypatch):
    low_limit()
    selected = []
    select = Batch.__getitem__

    def watch(batch, index):
        if batch.streamed and isinstance(index, torch.Tensor):
            selected.append(len(index))
        return select(batch, index)

    monkeypatch.setattr(Batch, "__getitem__", watch)
    make_fusion("self-attention", max_epochs=2, batch_size=64).fit(
        make_data(0, 150, tmp_path), make_data(1, 60, tmp_path)
    )
    assert selected == [64, 64, 22] * 2
