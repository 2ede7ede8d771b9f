"""Noise on waveforms: the levels are what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench import FusebenchError
from fusebench.bench.scenarios.registry import scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

RATE = 8000
RNG = np.random.default_rng(0)
WAVES = RNG.uniform(-1, 1, (6, 4000)).astype(np.float32)
LENGTHS = RNG.integers(2000, 4001, 6)


def make_data(waves=WAVES, lengths=LENGTHS, rate=RATE, present=None):
    return MultimodalData({"audio": Modality(Kind.AUDIO, waves, lengths, rate)}, present=present)


def change(scenario, level, data=None, seed=0):
    data = make_data() if data is None else data
    changed = scenarios[f"noise-audio-{scenario}"].change(
        data, "audio", level, np.random.default_rng(seed), data
    )
    return changed.modalities["audio"].values.astype(float)


def utterances(values, lengths=LENGTHS):
    return [row[:length] for row, length in zip(values, lengths, strict=True)]


AUDIO = ["white", "babble", "reverberation", "clipping", "packet-loss", "bandwidth"]


@pytest.mark.parametrize("scenario", AUDIO)
def test_padding_and_what_is_absent_stay(scenario):
    present = np.array([[True], [False], [True], [True], [True], [True]])
    waves = WAVES.copy()
    waves[1] = np.nan  # content of what is absent means nothing, and spoils nothing
    scenario_levels = scenarios[f"noise-audio-{scenario}"].levels
    changed = change(scenario, scenario_levels[3], make_data(waves, present=present))
    assert np.isnan(changed[1]).all()
    for row in (0, 2, 3, 4, 5):
        np.testing.assert_array_equal(changed[row, LENGTHS[row] :], waves[row, LENGTHS[row] :])
        assert np.isfinite(changed[row]).all()
        assert (changed[row] != waves[row]).any()


@pytest.mark.parametrize("scenario", ["white", "babble"])
@pytest.mark.parametrize("level", [20.0, 5.0, -5.0])
def test_noise_has_the_ratio_asked_for_in_every_utterance(scenario, level):
    for noisy, clean in zip(
        utterances(change(scenario, level)), utterances(WAVES.astype(float)), strict=True
    ):
        ratio = 10 * np.log10(np.mean(clean**2) / np.mean((noisy - clean) ** 2))
        assert ratio == pytest.approx(level, abs=1e-3)


@pytest.mark.parametrize("scenario", AUDIO)
def test_silence_stays_silent(scenario):
    silent = make_data(np.zeros((4, 500), np.float32), np.full(4, 500))
    assert not change(scenario, scenarios[f"noise-audio-{scenario}"].levels[5], silent).any()


def test_babble_is_made_of_the_other_utterances():
    """With pure tones of different pitch, the noise of each holds the others' pitches and not its own."""
    time = np.arange(4000) / RATE
    pitches = np.array([500, 1000, 1500, 2000])
    waves = np.sin(2 * np.pi * pitches[:, None] * time).astype(np.float32)
    data = make_data(waves, np.full(4, 4000))
    heard = np.zeros((4, 4))
    for seed in range(10):
        noise = np.abs(np.fft.rfft(change("babble", 0.0, data, seed) - waves))
        heard += noise[:, pitches * 4000 // RATE]
    assert (heard[~np.eye(4, dtype=bool)] > 100 * heard.diagonal().max()).all()


def test_babble_needs_another_utterance():
    with pytest.raises(FusebenchError, match="needs other utterances"):
        change("babble", 0.0, make_data(WAVES[:1], LENGTHS[:1]))


@pytest.mark.parametrize("level", [10.0, -5.0])
def test_a_click_shows_the_energy_and_the_decay_of_the_room(level):
    clicks = np.zeros((200, RATE), np.float32)
    clicks[:, 0] = 1
    echo = change("reverberation", level, make_data(clicks, np.full(200, RATE)))
    np.testing.assert_allclose(echo[:, 0], 1, atol=1e-6)
    energy = np.square(echo[:, 1:])
    np.testing.assert_allclose(-10 * np.log10(energy.sum(axis=1)), level, atol=1e-3)
    # 60 dB in half a second: 12 dB in a tenth.
    early, late = energy[:, :400].sum(), energy[:, 800:1200].sum()
    assert 10 * np.log10(early / late) == pytest.approx(12, abs=1)
    assert not energy[:, RATE // 2 :].max() > 1e-9


@settings(max_examples=50)
@given(st.floats(0, 0.95))
def test_the_share_of_clipped_samples_is_the_one_asked_for(level):
    for clipped in utterances(change("clipping", level)):
        limit = np.abs(clipped).max()
        assert np.isclose(np.abs(clipped), limit).mean() == pytest.approx(level, abs=2 / 1000 + 1e-3)


def test_packets_are_lost_as_a_whole_and_as_often_as_asked_for():
    ones = np.ones((50, RATE), np.float32)
    packets = change("packet-loss", 0.3, make_data(ones, np.full(50, RATE))).reshape(50, -1, 160)
    assert np.isin(packets.sum(axis=2), (0, 160)).all()
    assert (packets[:, :, 0] == 0).mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("level", [3000.0, 500.0])
def test_no_frequency_above_the_highest_is_left_and_none_below_is_touched(level):
    before, after = (np.fft.rfft(values[0, : LENGTHS[0]]) for values in (WAVES, change("bandwidth", level)))
    frequencies = np.fft.rfftfreq(LENGTHS[0], 1 / RATE)
    above = frequencies > level
    assert np.abs(after[above]).max() < 1e-3
    np.testing.assert_allclose(after[~above], before[~above], atol=1e-3)


def test_audio_without_a_rate_is_refused_where_time_matters():
    with pytest.raises(FusebenchError, match="has no rate"):
        change("packet-loss", 0.3, make_data(rate=None))
