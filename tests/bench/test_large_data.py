"""Cells on data that stay on disk give the numbers that they give in memory."""

import subprocess
import sys
from contextlib import suppress
from time import sleep

import numpy as np
import pandas as pd
import psutil
import pytest

from fusebench.bench.cell import run_cell
from fusebench.bench.features import FeatureCache
from fusebench.bench.planning.plan import make_plan
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


N_BYTES = 1.5e9

SLOW_SUITE = """
name = "large"
datasets = []
fusions = ["{fusion}"]
scenarios = ["clean"]
seeds = 1
[fusion_options.{fusion}]
max_epochs = 3
"""


def write_gigabytes(folder, kind):
    """Write 1.5 GB of sequences or images of four classes, some rows at a time."""
    rng = np.random.default_rng(0)
    shape, dtype = ((50, 64), np.float32) if kind == "sequence" else ((64, 64, 3), np.uint8)
    n = int(N_BYTES / (np.prod(shape) * np.dtype(dtype).itemsize))
    y = rng.integers(0, 4, n)
    folder.mkdir()
    np.save(folder / "y.npy", y)
    np.save(folder / "side.npy", rng.normal(size=(n, 4)).astype(np.float32))
    content = np.lib.format.open_memmap(folder / "main.npy", "w+", dtype, (n, *shape))
    for start in range(0, n, 1000):
        labels = y[start : start + 1000]
        if kind == "sequence":
            block = rng.standard_normal((len(labels), *shape), dtype=np.float32)
            block[:, 10:30, :4] += 0.7 * np.eye(4, dtype=np.float32)[labels][:, None]
        else:
            block = rng.integers(0, 120, (len(labels), *shape), dtype=np.uint8)
            for label, (row, column) in enumerate([(0, 0), (0, 32), (32, 0), (32, 32)]):
                block[labels == label, row : row + 32, column : column + 32] += 40
        content[start : start + 1000] = block
    content.flush()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs a system that tells whose pages are whose")
@pytest.mark.parametrize(("kind", "fusion"), [("sequence", "temporal-convolution"), ("image", "early-mlp")])
def test_gigabytes_are_learnt_from_in_less_memory_than_they_take(tmp_path, monkeypatch, kind, fusion):
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))
    write_gigabytes(tmp_path / "mine", kind)
    (tmp_path / "large.toml").write_text(SLOW_SUITE.format(fusion=fusion), encoding="utf-8")
    script = "import sys; from fusebench.__main__ import main; sys.exit(main())"
    options = ["--suite", "large.toml", "--dataset", "./mine", "--out", "out", "--jobs", "1", "--memory", "1"]
    with subprocess.Popen([sys.executable, "-P", "-c", script, "run", *options], cwd=tmp_path) as run:
        peak = 0
        while run.poll() is None:
            peak = max(peak, _measure_own_memory(run.pid))
            sleep(0.1)
    assert run.returncode == 0
    assert peak < 0.7 * N_BYTES
    records = pd.read_parquet(tmp_path / "out" / "results.parquet")
    scores = records[records["metric"] == "accuracy"].set_index("fusion")["value"]
    assert scores[fusion] > scores["majority"] + 0.4


def _measure_own_memory(pid):
    """Bytes that the largest of a process and those that it started holds for itself."""
    largest = 0
    with suppress(psutil.Error):
        for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
            used = process.memory_info()
            largest = max(largest, used.rss - used.shared)
    return largest
