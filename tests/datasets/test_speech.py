"""Synthetic speech: the same waveforms on every run, made once, from voices that no two splits share."""

import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version

import numpy as np
import pytest

from fusebench.datasets import speech as module
from fusebench.datasets.espeak import prepare
from fusebench.datasets.speech import (
    ACCENTS,
    REFERENCE_DIGEST,
    SPEAKERS,
    Speech,
    list_utterances,
    load_speech,
)
from fusebench.datasets.storage import CACHE_VARIABLE
from fusebench.errors import FusebenchError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path


def test_two_processes_at_once_make_the_same_file(cache):
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: load_speech(), range(2))
    assert first.digest == second.digest
    assert [path.suffix for path in cache.iterdir()] == [".npz"]
    if (sys.platform, platform.machine(), version("espeakng-loader")) == ("linux", "x86_64", "0.2.4"):
        assert first.digest == REFERENCE_DIGEST


@pytest.fixture
def small_speech(cache, monkeypatch):
    """Replaces the synthesiser; gives the speech, and the paths to which it was written."""
    speech, written = Speech(np.arange(100, dtype=np.int16), np.array([30, 70])), []

    def synthesise(path):
        written.append(path)
        np.savez(path, samples=speech.samples, lengths=speech.lengths)

    monkeypatch.setattr(module, "_synthesise", synthesise)
    return speech, written


def test_speech_is_made_once(small_speech):
    speech, written = small_speech
    assert [load_speech().digest for _ in range(3)] == [speech.digest] * 3
    assert len(written) == 1


@pytest.mark.parametrize(
    "arrays", [{"samples": [1]}, {"lengths": [1]}, {"samples": [1, 2], "lengths": [1]}, {"samples": [{}]}]
)
def test_a_file_with_other_arrays_is_made_again(small_speech, arrays):
    speech, written = small_speech
    load_speech()
    np.savez(written[0], **arrays)
    assert load_speech().digest == speech.digest
    assert len(written) == 2


def test_a_damaged_file_is_made_again(small_speech):
    speech, written = small_speech
    load_speech()
    (path,) = written
    whole = path.read_bytes()
    for position in range(0, len(whole), 11):
        changed = whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :]
        for content in (changed, whole[:position]):
            path.write_bytes(content)
            assert load_speech().digest == speech.digest
    assert len(written) > len(whole) / 11


def test_failure_of_the_synthesiser_is_a_message(cache, monkeypatch):
    monkeypatch.setattr(module, "_COMMAND", (sys.executable, "-c", "raise RuntimeError('no voice')"))
    with pytest.raises(FusebenchError, match=r"could not speak: RuntimeError: no voice"):
        load_speech()
    assert list(cache.iterdir()) == []


def test_the_digest_depends_on_every_sample_and_length():
    samples, lengths = np.arange(6, dtype=np.int16), np.array([2, 4])
    other = samples.copy()
    other[3] += 1
    digests = {
        Speech(samples, lengths).digest,
        Speech(other, lengths).digest,
        Speech(samples, np.array([3, 3])).digest,
    }
    assert len(digests) == 3
    assert Speech(samples.copy(), lengths.astype(np.int32)).digest in digests


def test_no_two_splits_share_a_voice():
    utterances = list_utterances()
    heard = {split: {u.speaker for u in utterances if u.split == split} for split in SPEAKERS}
    for split, speakers in SPEAKERS.items():
        assert heard[split] == set(speakers)
        assert {u.accent for u in utterances if u.split == split} == set(ACCENTS)
    assert len(set().union(*heard.values())) == sum(map(len, heard.values()))


def test_every_utterance_is_unique_and_fills_its_waveform():
    waveforms = load_speech().waveforms
    assert len(waveforms) == len(list_utterances())
    assert len({waveform.tobytes() for waveform in waveforms}) == len(waveforms)
    for waveform in waveforms:
        loudness = np.abs(waveform.astype(int))
        assert loudness.max() == 32767
        assert min(loudness[0], loudness[-1]) >= 327
        assert 0.1 < len(waveform) / module.RATE < 1


def test_waveforms_are_in_the_order_of_the_utterances():
    utterances = list_utterances()
    seconds = load_speech().lengths / module.RATE
    rate = np.array([utterance.rate for utterance in utterances])
    assert np.corrcoef(1 / rate, seconds)[0, 1] > 0.5
    digits = np.array([utterance.digit for utterance in utterances])
    assert seconds[digits == 7].mean() > 1.2 * seconds[digits == 8].mean()


def test_preparing_keeps_the_pitch_and_cuts_the_silence():
    rate, samples = 22050, 11025
    tone = 5000 * np.sin(2 * np.pi * 440 * np.arange(samples) / rate)
    waveform = np.concatenate([np.zeros(3000), tone, np.zeros(5000)]).astype(np.int16)
    prepared = prepare(waveform, rate)
    assert len(prepared) == pytest.approx(samples / rate * 8000, abs=40)
    assert np.abs(prepared.astype(int)).max() == 32767
    spectrum = np.abs(np.fft.rfft(prepared))
    assert spectrum.argmax() * 8000 / len(prepared) == pytest.approx(440, abs=3)
