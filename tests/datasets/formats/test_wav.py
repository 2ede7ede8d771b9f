import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from fusebench.datasets.formats.wav import LONGEST, pad_waveforms, read_wav

SAMPLES = np.array([0, -32768, 32767, 5], np.int16)
CONTENT = SAMPLES.tobytes()


def write_wav(path, content=CONTENT, channels=1, width=2, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)
    return path


def test_samples_are_those_that_scipy_reads(tmp_path):
    path = write_wav(tmp_path / "a.wav")
    np.testing.assert_array_equal(read_wav(path, 8000), wavfile.read(path)[1])
    np.testing.assert_array_equal(read_wav(path, 8000), SAMPLES)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"channels": 2}, "2 channels, 16 bit and 8000 Hz"),
        ({"width": 1}, "1 channels, 8 bit"),
        ({"rate": 16000}, "16000 Hz"),
        ({"content": b""}, "however: 0"),
        ({"content": bytes(2 * (LONGEST * 8000 + 1))}, "however: 480001"),
    ],
)
def test_other_kinds_are_named(tmp_path, options, reason):
    path = write_wav(tmp_path / "other.wav", **options)
    with pytest.raises(ValueError, match=f"other.wav must have .*{reason}"):
        read_wav(path, 8000)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no wav file at all", bytes(100)])
def test_what_is_no_wav_file_is_named(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.wav is not a whole wav file"):
        read_wav(tmp_path / "a.wav", 8000)


@given(st.integers(0, 51))
def test_a_file_that_is_cut_off_is_an_error(length):
    with TemporaryDirectory() as folder:
        path = write_wav(Path(folder, "a.wav"))
        path.write_bytes(path.read_bytes()[:length])
        with pytest.raises(ValueError, match=r"a\.wav"):
            read_wav(path, 8000)


@given(st.lists(st.lists(st.integers(-32768, 32767), min_size=1, max_size=9), min_size=1, max_size=5))
def test_padding_keeps_every_sample(waveforms):
    audio = pad_waveforms([np.array(waveform, np.int16) for waveform in waveforms], 8000)
    assert audio.values.dtype == np.float32
    assert audio.rate == 8000
    for row, length, waveform in zip(audio.values, audio.lengths, waveforms, strict=True):
        assert (row[:length] * 32768).tolist() == waveform
        assert not row[length:].any()
