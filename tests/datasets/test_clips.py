"""CREMA-D and RAVDESS, on small files made here: tones and frames that tell which clip they are of."""

import wave

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.crema_d import CREMAD
from fusebench.datasets.crema_d import EMOTIONS as CREMA_D
from fusebench.datasets.grid import GRID
from fusebench.datasets.ravdess import RAVDESS
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError


def write_wav(path, samples, rate, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def write_frames(folder, brightness, n=12):
    """Frame i is brighter than the first by twice i."""
    from PIL import Image

    folder.mkdir(parents=True)
    for i in range(n):
        Image.fromarray(np.full((24, 40, 3), brightness + 2 * i, np.uint8)).save(folder / f"{i:03}.png")


def tone(number, rate):
    """Constant, so that reducing the rate keeps it."""
    return np.full(rate // 4 + number, 100 * number + 1000)


def write_crema(root):
    for actor in range(6):
        for label, emotion in enumerate(CREMA_D):
            stem, number = f"{1001 + actor}_IEO_{emotion}_HI", 6 * actor + label
            write_wav(root / "crema-d" / "AudioWAV" / f"{stem}.wav", tone(number, 16_000), 16_000)
            write_frames(root / "crema-d" / "frames" / stem, 4 * number)


def write_ravdess(root):
    for actor in range(5):
        for label in range(8):
            stem, number = f"01-0{label + 1}-01-02-01-{actor + 1:02}", 8 * actor + label
            folder = root / "ravdess"
            write_wav(folder / f"Actor_{actor + 1:02}" / f"03-{stem}.wav", tone(number, 48_000), 48_000)
            write_frames(folder / "frames" / f"01-{stem}", 4 * number)


def write_grid(root):
    for speaker in range(5):
        for label, digit in enumerate("z123456789"):
            stem, number, name = f"bbaf{digit}n", 10 * speaker + label, f"s{speaker + 1}"
            write_wav(root / "grid" / "audio_25k" / name / f"{stem}.wav", tone(number, 25_000), 25_000)
            write_frames(root / "grid" / "frames" / name / stem, 4 * number)


SETS = {"crema-d": (write_crema, 6, 6), "ravdess": (write_ravdess, 8, 5), "grid": (write_grid, 10, 5)}


@pytest.fixture(autouse=True)
def few_speakers(monkeypatch):
    for cls in (CREMAD, RAVDESS, GRID):
        monkeypatch.setattr(cls, "held_out", 1)


@pytest.fixture(params=SETS)
def written(request, tmp_path):
    """Name of a data set, classes, speakers, and the folder with its files."""
    write, *facts = SETS[request.param]
    write(tmp_path)
    return request.param, *facts, tmp_path


def numbers_of(data):
    audio = data.modalities["audio"]
    middles = audio.values[np.arange(len(data)), audio.lengths // 2] * 32768
    from_audio = np.rint((middles - 1000) / 100).astype(int)
    from_video = np.rint(data.modalities["video"].values[:, 0, 0] * 255 / 4).astype(int)
    np.testing.assert_array_equal(from_audio, from_video)
    return from_audio


def test_face_voice_and_emotion_belong_together_and_speakers_are_apart(written):
    name, n_classes, n_speakers, folder = written
    splits = load_dataset(name, data_dir=folder).load()
    speakers = []
    for data in (splits.train, splits.validation, splits.test):
        numbers = numbers_of(data)
        np.testing.assert_array_equal(data.labels, numbers % n_classes)
        speakers.append(set(numbers // n_classes))
        assert data.mask.all()
    assert [len(group) for group in speakers] == [n_speakers - 2, 1, 1]
    assert set.union(*speakers) == set(range(n_speakers))


def test_frames_are_taken_at_equal_distances(written):
    name, _, _, folder = written
    video = load_dataset(name, data_dir=folder).load().test.modalities["video"]
    assert video.values.shape[1:] == (8, 1024)
    steps = np.diff(video.values[:, :, 0] * 255 / 2, axis=1)
    assert set(np.rint(steps).astype(int).ravel()) == {1, 2}
    np.testing.assert_allclose((video.values[:, -1, 0] - video.values[:, 0, 0]) * 255, 22, atol=0.1)


def test_small_files_keep_all_promises_of_a_data_set(written):
    name, _, _, folder = written
    check_dataset(load_dataset(name, data_dir=folder))


def test_recordings_are_reduced_and_cut(tmp_path, monkeypatch):
    write_crema(tmp_path)
    monkeypatch.setattr(CREMAD, "longest", 0.2)
    audio = load_dataset("crema-d", data_dir=tmp_path).load().train.modalities["audio"]
    assert audio.rate == 8000
    assert set(audio.lengths) == {1600}


def test_a_tone_keeps_its_pitch_and_one_too_high_is_gone(tmp_path):
    write_crema(tmp_path)
    time = np.arange(16_000) / 16_000
    for path in (tmp_path / "crema-d" / "AudioWAV").glob("*_ANG_*.wav"):
        low, high = np.sin(2 * np.pi * 1000 * time), np.sin(2 * np.pi * 6000 * time)
        write_wav(path, 8000 * (low + high), 16_000)
    train = load_dataset("crema-d", data_dir=tmp_path).load().train
    spectrum = np.abs(np.fft.rfft(train.modalities["audio"].values[train.labels == 0, :8000]))
    assert (spectrum.argmax(axis=1) == 1000).all()
    assert (spectrum[:, 2000] < 0.01 * spectrum[:, 1000]).all()  # where 6 kHz would fold to


def test_what_a_clip_lacks_is_absent(tmp_path):
    write_crema(tmp_path)
    folder = tmp_path / "crema-d"
    for actor in range(6):
        for path in (folder / "frames" / f"{1001 + actor}_IEO_SAD_HI").iterdir():
            path.unlink()
        write_wav(folder / "AudioWAV" / f"{1001 + actor}_IEO_FEA_HI.wav", np.zeros(99), 16_000)
    test = load_dataset("crema-d", data_dir=tmp_path).load().test
    assert test.labels[~test.has("video")].tolist() == [5]
    assert test.labels[~test.has("audio")].tolist() == [2]


def test_two_channels_are_averaged(tmp_path):
    write_ravdess(tmp_path)
    for path in (tmp_path / "ravdess").glob("Actor_*/03-01-01-*.wav"):
        write_wav(path, np.tile([3000, 1000], 20_000), 48_000, channels=2)
    train = load_dataset("ravdess", data_dir=tmp_path).load().train
    values = train.modalities["audio"].values[train.labels == 0, 1000] * 32768
    np.testing.assert_allclose(values, 2000, atol=2)


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("AudioWAV/1001_IEO_ANG_HI.wav", b"RIFF", "1001_IEO_ANG_HI.wav is not a whole wav file"),
        ("AudioWAV/1001_IEO_ANG.wav", b"", "is not named actor_sentence_emotion_level"),
        ("AudioWAV/1001_IEO_JOY_HI.wav", b"", "is not named actor_sentence_emotion_level"),
        ("frames/1001_IEO_ANG_HI/000.png", b"no", r"1001_IEO_ANG_HI/000\.png: it is no image"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, path, content, reason):
    write_crema(tmp_path)
    (tmp_path / "crema-d" / path).write_bytes(content)
    with pytest.raises(FusebenchError, match=reason):
        load_dataset("crema-d", data_dir=tmp_path).load()


def test_no_frames_at_all_is_a_message(tmp_path):
    write_crema(tmp_path)
    (tmp_path / "crema-d" / "frames").rename(tmp_path / "elsewhere")
    with pytest.raises(FusebenchError, match=r"no frames in the folder frames.*ffmpeg"):
        load_dataset("crema-d", data_dir=tmp_path).load()


@pytest.mark.parametrize("name", SETS)
def test_missing_files_and_speakers_are_a_message(tmp_path, name):
    with pytest.raises(DataNotFoundError, match=f"'{name}'.*https"):
        load_dataset(name, data_dir=tmp_path).load()
    (tmp_path / name).mkdir()
    with pytest.raises(FusebenchError, match="recordings of 0 speakers, too few"):
        load_dataset(name, data_dir=tmp_path).load()


@pytest.mark.parametrize(("word", "expected"), [("command", "bin"), ("letter", "f"), ("adverb", "now")])
def test_other_words_of_the_sentence(tmp_path, word, expected):
    write_grid(tmp_path)
    dataset = load_dataset("grid", data_dir=tmp_path, word=word)
    assert {dataset.card.classes[label] for label in dataset.load().train.labels} == {expected}


def test_the_seed_draws_sentences_of_each_speaker(tmp_path):
    write_grid(tmp_path)
    dataset = load_dataset("grid", data_dir=tmp_path, n_each=4)
    for seed in (0, 1):
        splits = dataset.load(seed)
        assert [len(data) for data in (splits.train, splits.validation, splits.test)] == [12, 4, 4]
    drawn = [
        {
            number
            for data in (splits.train, splits.validation, splits.test)
            for number in numbers_of(data).tolist()
        }
        for splits in (dataset.load(0), dataset.load(0), dataset.load(1))
    ]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_name_that_is_no_sentence_is_a_message(tmp_path):
    write_grid(tmp_path)
    write_wav(tmp_path / "grid" / "audio_25k" / "s1" / "bbaf2.wav", tone(1, 25_000), 25_000)
    with pytest.raises(FusebenchError, match=r"bbaf2\.wav is not named by the words"):
        load_dataset("grid", data_dir=tmp_path).load()
