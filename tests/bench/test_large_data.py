"""Cells on data that stay on disk give the numbers that they give in memory."""

import numpy as np
import pytest

from fusebench.bench.cell import run_cell
from fusebench.bench.features import FeatureCache
from fusebench.bench.plan import make_plan
from fusebench.bench.suite import load_suite
from fusebench.datasets import large

SUITE = """
name = "short"
datasets = []
fusions = ["self-attention"]
scenarios = ["noise-image-blur", "missing-rate"]
seeds = 1
[fusion_options.self-attention]
max_epochs = 3
"""


def write_folder(folder, n=150):
    """Write sequences, some of them absent, images and vectors of two classes."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    arrays = {
        "y": y,
        "sequence": rng.normal(size=(n, 5, 3)) + y[:, None, None],
        "sequence.lengths": rng.integers(1, 6, n),
        "sequence.present": rng.random(n) < 0.8,
        "image": rng.integers(0, 200, (n, 6, 5, 3), dtype=np.uint8)
        + 40 * y.astype(np.uint8)[:, None, None, None],
        "vector": rng.normal(size=(n, 4)) - y[:, None],
    }
    folder.mkdir(parents=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return folder


@pytest.fixture
def run_all(monkeypatch, tmp_path):
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))
    (tmp_path / "short.toml").write_text(SUITE, encoding="utf-8")

    def do(limit):
        monkeypatch.setattr(large, "LIMIT", limit)
        folder = write_folder(tmp_path / str(limit) / "mine")
        cells = make_plan(load_suite(tmp_path / "short.toml", datasets=[str(folder)]))
        cache = FeatureCache(tmp_path / str(limit))
        cache.make(cells[0].bundle)
        chosen = [cell for cell in cells if cell.fusion in ("self-attention", "unimodal-sequence")]
        return {cell.fusion: run_cell(cell, cache, debug=True)[1] for cell in chosen}

    return do


def test_predictions_are_the_same_bit_for_bit(run_all):
    in_memory, on_disk = run_all(2**28), run_all(8000)
    assert list(on_disk) == list(in_memory) == ["unimodal-sequence", "self-attention"]
    for fusion, predictions in in_memory.items():
        assert len(predictions) == 11
        for condition, expected in predictions.items():
            np.testing.assert_array_equal(on_disk[fusion][condition], expected)
