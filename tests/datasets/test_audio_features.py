"""Cepstra agree with librosa; nothing is read after the end of a waveform."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality
from fusebench.datasets.features import audio as module
from fusebench.datasets.features.audio import CepstralFeatures, Frames, log_mel, mel_filters, slopes
from fusebench.errors import FusebenchError

RATE = 8000
FRAME, HOP = 200, 100  # samples at this rate


def random_audio(n=3, samples=2000, seed=0, lengths=None, rate=RATE):
    waveforms = np.random.default_rng(seed).normal(scale=0.1, size=(n, samples)).astype(np.float32)
    return Modality(Kind.AUDIO, waveforms, lengths, rate)


@pytest.fixture(scope="module")
def librosa():
    return pytest.importorskip("librosa")


@pytest.mark.parametrize(("rate", "n_fft", "n_mels"), [(8000, 256, 26), (16000, 512, 40), (22050, 1024, 26)])
def test_filters_are_those_of_librosa(librosa, rate, n_fft, n_mels):
    expected = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, htk=True, norm=None)
    np.testing.assert_allclose(mel_filters(rate, n_fft, n_mels), expected, atol=1e-5)


def test_sequence_is_that_of_librosa(librosa):
    audio = random_audio(n=2)
    sequence = CepstralFeatures().transform(audio)["sequence"].values
    for waveform, features in zip(audio.values, sequence, strict=True):
        energies = librosa.feature.melspectrogram(
            y=np.pad(
                waveform, 28
            ),  # librosa centres the 200 samples of the window in the 256 of the transform
            sr=RATE,
            n_fft=256,
            hop_length=HOP,
            win_length=FRAME,
            center=False,
            n_mels=26,
            htk=True,
            norm=None,
        )
        cepstrum = librosa.feature.mfcc(S=np.log(energies), n_mfcc=13, norm="ortho")
        expected = np.vstack([cepstrum, librosa.feature.delta(cepstrum, width=5, mode="nearest")])
        assert features.shape == expected.T.shape
        np.testing.assert_allclose(features, expected.T, rtol=1e-3, atol=1e-3)


def test_a_tone_is_loudest_in_the_filter_of_its_frequency():
    tone = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    spectrum = log_mel(Modality(Kind.AUDIO, tone[None], rate=RATE), 26).values
    centre = 2595 * np.log10(1 + 1000 / 700) / (2595 * np.log10(1 + 4000 / 700) / 27)
    assert set(spectrum.argmax(axis=1)) == {round(centre) - 1}


def test_the_slope_of_a_straight_line_is_its_slope():
    line = 3 * np.arange(9, dtype=np.float32)[:, None]
    np.testing.assert_allclose(slopes(Frames(line, np.array([9])))[2:-2], 3, rtol=1e-6)


def test_slopes_do_not_look_into_the_neighbouring_waveform():
    values = np.random.default_rng(0).normal(size=(10, 4)).astype(np.float32)
    together = slopes(Frames(values, np.array([3, 1, 6])))
    alone = [slopes(Frames(part, np.array([len(part)]))) for part in np.split(values, [3, 4])]
    np.testing.assert_array_equal(together, np.vstack(alone))


@pytest.mark.parametrize(
    ("samples", "frames"), [(1, 1), (FRAME, 1), (FRAME + HOP - 1, 1), (FRAME + HOP, 2), (RATE, 79)]
)
def test_frames_lie_inside_the_waveform(samples, frames):
    audio = random_audio(n=2, samples=RATE, lengths=np.array([samples, RATE]))
    assert CepstralFeatures().transform(audio)["sequence"].lengths.tolist() == [frames, 79]


@pytest.mark.parametrize("samples", [150, 2000])
def test_content_after_the_end_is_not_read(samples):
    lengths = np.array([1, 120, 150]) if samples == 150 else np.array([90, 777, 2000])
    clean = random_audio(samples=samples, lengths=lengths)
    dirty = Modality(Kind.AUDIO, np.where(clean.frame_mask(), clean.values, np.nan), lengths, RATE)
    for view, expected in CepstralFeatures().transform(clean).items():
        found = CepstralFeatures().transform(dirty)[view]
        np.testing.assert_array_equal(found.values, expected.values)


def test_padding_changes_no_feature():
    audio = random_audio(samples=700)
    longer = Modality(Kind.AUDIO, np.pad(audio.values, ((0, 0), (0, 500))), audio.lengths, RATE)
    for view, expected in CepstralFeatures().transform(audio).items():
        found = CepstralFeatures().transform(longer)[view]
        np.testing.assert_allclose(found.values, expected.values, rtol=1e-6)


@given(lengths=st.lists(st.integers(1, 1500), min_size=1, max_size=6), n_coefficients=st.integers(1, 26))
def test_the_vector_pools_the_sequence(lengths, n_coefficients):
    audio = random_audio(n=len(lengths), samples=1500, lengths=np.array(lengths))
    views = CepstralFeatures(n_coefficients).transform(audio)
    for row, vector in enumerate(views["vector"].values):
        frames = views["sequence"].values[row, : views["sequence"].lengths[row]].astype(np.float64)
        n = len(frames)
        bounds = [n * part // 3 for part in range(4)]
        parts = [frames[a : max(b, a + 1)].mean(axis=0) for a, b in pairwise(bounds)]
        np.testing.assert_allclose(vector, np.hstack([*parts, frames.std(axis=0)]), rtol=1e-3, atol=2e-3)
        assert not views["sequence"].values[row, n:].any()


@given(exponent=st.floats(-12, 12), length=st.integers(1, 600))
def test_features_are_finite_at_every_loudness(exponent, length):
    audio = random_audio(samples=600, lengths=np.array([length, 600, 1]))
    loud = Modality(Kind.AUDIO, audio.values * np.float32(10**exponent), audio.lengths, RATE)
    for modality in CepstralFeatures().transform(loud).values():
        assert np.isfinite(modality.values).all()


def test_silence_has_the_features_of_the_floor():
    views = CepstralFeatures().transform(Modality(Kind.AUDIO, np.zeros((2, 1000), np.float32), rate=RATE))
    expected = np.zeros(26)
    expected[0] = np.sqrt(26) * np.log(module.FLOOR)
    np.testing.assert_allclose(views["sequence"].values, np.broadcast_to(expected, (2, 9, 26)), atol=1e-4)


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf, 1e30])
def test_absent_content_may_be_anything(garbage):
    audio = random_audio()
    dirty = audio.values.copy()
    dirty[1] = garbage
    views = CepstralFeatures().transform(Modality(Kind.AUDIO, dirty, rate=RATE))
    for view, expected in CepstralFeatures().transform(audio).items():
        np.testing.assert_allclose(views[view].values[[0, 2]], expected.values[[0, 2]], rtol=1e-5, atol=1e-5)


def test_the_size_of_a_block_changes_nothing(monkeypatch):
    audio = random_audio()
    expected = log_mel(audio, 26).values
    monkeypatch.setattr(module, "BLOCK", 7)
    np.testing.assert_allclose(log_mel(audio, 26).values, expected, rtol=1e-5, atol=1e-5)


def test_no_waveforms_give_no_features():
    views = CepstralFeatures().fit(random_audio(n=0)).transform(random_audio(n=0))
    assert views["vector"].values.shape == (0, 104)
    assert views["sequence"].values.shape[::2] == (0, 26)


def test_a_sampling_rate_is_needed():
    with pytest.raises(FusebenchError, match="sampling rate"):
        CepstralFeatures().transform(random_audio(rate=None))
