"""A plan says which strategies hold more in memory than is free."""

import re
from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from fusebench.bench.planning.footprint import find_shortages
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.suite import Suite
from fusebench.datasets import large

N, FRAMES, WIDTH = 100, 30, 20
NAMES = ("self-attention", "multistream-hmm", "late-mean", "early-logistic")
SEQUENCE = 3 * (N * 6 // 10) * FRAMES * WIDTH * 4
"""Bytes of the training frames, and of twice as many in float64."""


@pytest.fixture
def cells(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(large, "LIMIT", 100_000)
    rng = np.random.default_rng(0)
    folder = tmp_path / "mine"
    folder.mkdir()
    np.save(folder / "y.npy", np.arange(N) % 2)
    np.save(folder / "video.npy", rng.normal(size=(N, FRAMES, WIDTH)).astype(np.float32))
    np.save(folder / "side.npy", rng.normal(size=(N, 3, 2)).astype(np.float32))
    return make_plan(Suite(datasets=(str(folder),), fusions=NAMES, scenarios=("clean",), seeds=2))


def say(monkeypatch, cells, free, jobs=1):
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
    return list(find_shortages(cells, jobs))


def test_enough_memory_is_nothing_to_talk_of(monkeypatch, cells):
    assert say(monkeypatch, cells, free=SEQUENCE) == []


def test_who_takes_the_frames_is_named_first(monkeypatch, cells):
    (sentence,) = say(monkeypatch, cells, free=SEQUENCE - 1)
    assert sentence.startswith("multistream-hmm holds the training features of mine in memory, about 0.0 GiB")
    assert "for 1 job." in sentence


def test_jobs_share_the_memory(monkeypatch, cells):
    assert say(monkeypatch, cells, free=2 * SEQUENCE, jobs=2) == []
    assert "for 2 jobs." in say(monkeypatch, cells, free=2 * SEQUENCE - 2, jobs=2)[0]


def test_all_that_do_not_stream_are_counted(monkeypatch, cells):
    (sentence,) = say(monkeypatch, cells, free=0)
    names = re.match(r"(.*) and (\d+) others hold ", sentence)
    hungry = {cell.fusion for cell in cells} - {"majority", "self-attention"}
    assert len(names[1].split(", ")) + int(names[2]) == len(hungry) - 1  # without the modality that is small
    assert "self-attention" not in sentence


def test_data_that_fit_are_not_talked_of(monkeypatch, cells):
    monkeypatch.setattr(large, "LIMIT", 2**28)
    assert say(monkeypatch, cells, free=0) == []
