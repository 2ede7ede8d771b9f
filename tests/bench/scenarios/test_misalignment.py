"""Modalities out of step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.scenarios.registry import scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData


def change(scenario, modality, level, data, seed=0):
    return scenarios[f"misalignment-{scenario}"].change(
        data, modality, level, np.random.default_rng(seed), data
    )


def make_sequence(rate=None):
    frames = np.arange(1, 11, dtype=np.float32)
    return MultimodalData(
        {"m": Modality(Kind.SEQUENCE, np.tile(frames[:, None], (2, 1, 1)), np.array([10, 4]), rate)}
    )


@pytest.mark.parametrize(("rate", "level", "steps"), [(None, 80.0, 2), (100, 30.0, 3), (None, 1000.0, 10)])
def test_a_sequence_freezes_for_the_time_asked_for(rate, level, steps):
    seen = change("shift", "m", level, make_sequence(rate)).modalities["m"].values[:, :, 0]
    frames = np.maximum(np.arange(1, 11) - steps, 1)
    np.testing.assert_array_equal(seen[0], frames)
    np.testing.assert_array_equal(seen[1], [*frames[:4], 5, 6, 7, 8, 9, 10])


def test_audio_is_silent_for_the_time_asked_for():
    waves = np.random.default_rng(0).uniform(0.1, 1, (2, 4000)).astype(np.float32)
    data = MultimodalData({"m": Modality(Kind.AUDIO, waves, np.array([4000, 100]), 8000)})
    late = change("shift", "m", 160.0, data).modalities["m"].values
    assert not late[0, :1280].any()
    np.testing.assert_array_equal(late[0, 1280:], waves[0, :-1280])
    assert not late[1, :100].any()
    np.testing.assert_array_equal(late[1, 100:], waves[1, 100:])


@settings(max_examples=50)
@given(st.integers(1, 50), st.floats(0, 1), st.integers(0, 100))
def test_the_share_of_mismatched_pairs_is_the_one_asked_for(n, level, seed):
    rng = np.random.default_rng(seed)
    present = np.ones((n, 2), bool)
    present[:, 0] = rng.random(n) < 0.7
    rows = np.arange(n, dtype=np.float32)[:, None]
    data = MultimodalData(
        {"a": Modality(Kind.VECTOR, rows), "b": Modality(Kind.VECTOR, rows)}, np.arange(n), present
    )
    changed = change("mismatch", "a", level, data, seed)
    moved = (changed.modalities["a"].values != rows)[:, 0]
    asked = round(level * present[:, 0].sum())
    assert moved.sum() == (asked if asked > 1 else 0)  # one alone has nobody to change with
    assert not moved[~present[:, 0]].any()
    assert sorted(changed.modalities["a"].values[:, 0]) == list(range(n))
    assert changed.modalities["b"] is data.modalities["b"]
    assert changed.y is data.y
    assert changed.mask is data.mask


def test_lengths_move_with_their_frames():
    lengths = np.arange(1, 21)
    values = np.tile(lengths.astype(np.float32)[:, None, None], (1, 20, 1))
    other = Modality(Kind.VECTOR, np.zeros((20, 1), np.float32))
    data = MultimodalData({"m": Modality(Kind.SEQUENCE, values, lengths), "other": other})
    moved = change("mismatch", "m", 1.0, data).modalities["m"]
    np.testing.assert_array_equal(moved.lengths, moved.values[:, 0, 0])
    assert (moved.lengths != lengths).all()


def test_a_tone_played_slower_falls_by_the_factor():
    time = np.arange(8000) / 8000
    tone = np.sin(2 * np.pi * 400 * time).astype(np.float32)[None]
    data = MultimodalData({"m": Modality(Kind.AUDIO, tone, None, 8000)})
    slower = change("rate", "m", 1.6, data).modalities["m"].values[0]
    assert np.abs(np.fft.rfft(slower)).argmax() == 250


def test_a_sequence_played_slower_lies_between_its_frames():
    seen = change("rate", "m", 1.25, make_sequence()).modalities["m"].values
    np.testing.assert_allclose(seen[0, :, 0], 1 + np.arange(10) / 1.25, rtol=1e-6)
    np.testing.assert_allclose(seen[1, :4, 0], 1 + np.arange(4) / 1.25, rtol=1e-6)
    np.testing.assert_array_equal(seen[1, 4:, 0], np.arange(5, 11))
