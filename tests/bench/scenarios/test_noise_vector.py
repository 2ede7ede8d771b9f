"""Noise on vectors and sequences: the levels are what they say, in units of the training data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.scenarios.registry import scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

RNG = np.random.default_rng(0)
SPREAD = np.array([0.5, 2.0, 8.0], np.float32)
CENTRE = np.array([-3.0, 0.0, 5.0], np.float32)


def make_data(n=2000, n_frames=None, lengths=None):
    shape = (n, 3) if n_frames is None else (n, n_frames, 3)
    values = (CENTRE + SPREAD * RNG.standard_normal(shape)).astype(np.float32)
    kind = Kind.VECTOR if n_frames is None else Kind.SEQUENCE
    return MultimodalData({"m": Modality(kind, values, lengths)})


def change(scenario, level, data, train=None, seed=0):
    train = make_data() if train is None else train
    return (
        scenarios[f"noise-{scenario}"]
        .change(data, "m", level, np.random.default_rng(seed), train)
        .modalities["m"]
        .values
    )


@pytest.mark.parametrize("n_frames", [None, 10])
def test_gaussian_noise_is_in_units_of_the_training_spread(n_frames):
    data, train = make_data(n_frames=n_frames), make_data(n_frames=n_frames, lengths=None)
    noise = change("vector-gaussian", 2.0, data, train) - data.modalities["m"].values
    np.testing.assert_allclose(noise.reshape(-1, 3).std(axis=0), 2 * SPREAD, rtol=0.08)


def test_padding_of_the_training_data_does_not_count():
    lengths = np.full(50, 5)
    train = make_data(50, 10, lengths)
    train.modalities["m"].values[:, 5:] = 1e6
    data = make_data(n_frames=10)
    noise = change("vector-gaussian", 1.0, data, train) - data.modalities["m"].values
    np.testing.assert_allclose(noise.reshape(-1, 3).std(axis=0), SPREAD, rtol=0.2)


@pytest.mark.parametrize("n_frames", [None, 4])
def test_lost_features_are_the_training_mean_and_as_many_as_asked_for(n_frames):
    data = make_data(n_frames=n_frames)
    changed = change("vector-dropout", 0.3, data)
    lost = changed != data.modalities["m"].values
    assert lost.mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_allclose(changed[lost], np.broadcast_to(CENTRE, lost.shape)[lost], atol=0.6)
    if n_frames:
        assert (lost == lost[:, :1]).all()


@pytest.mark.parametrize("n_frames", [None, 4])
def test_gains_have_the_spread_asked_for_and_are_one_a_sample(n_frames):
    data = make_data(n_frames=n_frames)
    gains = change("vector-scaling", 0.5, data) / data.modalities["m"].values
    assert np.log(gains).std() == pytest.approx(0.5, rel=0.03)
    assert np.log(gains).mean() == pytest.approx(0, abs=0.03)
    if n_frames:
        np.testing.assert_allclose(gains, np.broadcast_to(gains[:, :1], gains.shape), rtol=1e-3)


def test_vectors_drift_from_the_first_sample_to_the_last_and_sequences_from_frame_to_frame():
    data = make_data(101)
    offset = (change("vector-drift", 3.0, data) - data.modalities["m"].values) / SPREAD
    np.testing.assert_allclose(
        np.abs(offset[[0, 50, 100]]), np.tile([[0], [1.5], [3]], 3), rtol=0.1, atol=1e-6
    )
    data = make_data(40, 5)
    offset = (change("vector-drift", 3.0, data) - data.modalities["m"].values) / SPREAD
    np.testing.assert_allclose(np.abs(offset).mean(axis=(0, 2)), [0, 0.75, 1.5, 2.25, 3], rtol=0.1, atol=1e-6)
    assert {*np.sign(offset[:, -1, 0])} == {-1, 1}


def count(n_frames, lengths):
    """Sequences that count their frames."""
    values = np.tile(np.arange(n_frames, dtype=np.float32)[:, None], (len(lengths), 1, 1))
    return MultimodalData({"m": Modality(Kind.SEQUENCE, values, np.array(lengths))})


@settings(max_examples=50)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.floats(0, 1), st.integers(0, 100))
def test_a_lost_frame_is_the_last_that_arrived(lengths, level, seed):
    seen = change("sequence-frame-drop", level, count(30, lengths), seed=seed)[:, :, 0]
    for row, length in zip(seen, lengths, strict=True):
        frames = np.arange(length)
        arrived = row[:length] == frames
        assert arrived[0]
        assert (row[:length] == np.maximum.accumulate(np.where(arrived, frames, 0))).all()
        assert (row[length:] == np.arange(length, 30)).all()


def test_frames_are_lost_as_often_as_asked_for():
    seen = change("sequence-frame-drop", 0.4, count(30, [30] * 500))[:, 1:, 0]
    assert (seen != np.arange(1, 30)).mean() == pytest.approx(0.4, abs=0.02)


def test_a_shift_is_at_most_the_share_asked_for_to_either_side():
    seen = change("sequence-shift", 0.5, count(41, [41] * 500))[:, 20, 0]
    shifts = 20 - seen
    assert shifts.min() == -20
    assert shifts.max() == 20
    assert abs(shifts.mean()) < 1.5
