"""AV-MNIST, on small files whose content says where each sample comes from, and on the real ones."""

import gzip
import os
import struct
import wave
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from fusebench.bench.checks import check_dataset
from fusebench.datasets.avmnist import AUDIO_NOISE, AVMNIST, IMAGE_NOISE
from fusebench.datasets.registry import load_dataset
from fusebench.datasets.storage import DATA_VARIABLE
from fusebench.errors import DataNotFoundError, FusebenchError

SMALL = {"n_train": 300, "n_validation": 100, "n_test": 100}
PLAIN = {**SMALL, "noise": 0, "resolution": 28}
N_IMAGES = {"train": 400, "t10k": 100}
SPEAKERS, INDICES = ("anna", "bert"), range(14)


def write_images(path, pixels):
    header = bytes([0, 0, 8, 3]) + struct.pack(">3I", *pixels.shape)
    path.write_bytes(gzip.compress(header + pixels.astype(np.uint8).tobytes(), 1, mtime=0))


def write_labels(path, labels):
    header = bytes([0, 0, 8, 1]) + struct.pack(">I", len(labels))
    path.write_bytes(gzip.compress(header + bytes(labels.tolist()), mtime=0))


def write_wav(path, samples, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.asarray(samples, "<i2").tobytes())


def write_files(folder):
    """Images and waveforms begin with numbers that tell their place; digits follow each other."""
    (folder / "mnist").mkdir()
    for code, (part, n) in enumerate(N_IMAGES.items()):
        pixels = np.zeros((n, 28, 28))
        pixels[:, 0, 0], pixels[:, 0, 1], pixels[:, 0, 2] = np.arange(n) // 256, np.arange(n) % 256, code
        pixels[:, 8:20, 8:20] = 120
        write_images(folder / "mnist" / f"{part}-images-idx3-ubyte.gz", pixels)
        write_labels(folder / "mnist" / f"{part}-labels-idx1-ubyte.gz", np.arange(n) % 10)
    recordings = folder / "fsdd" / "recordings"
    recordings.mkdir(parents=True)
    for digit in range(10):
        for code, speaker in enumerate(SPEAKERS):
            for index in INDICES:
                tone = 3000 * np.sin(np.arange(200 + 60 * index))
                tone[0] = 1000 * digit + 100 * code + index
                write_wav(recordings / f"{digit}_{speaker}_{index}.wav", tone)
    return folder


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own_files(tmp_path):
    """For tests that change them."""
    return write_files(tmp_path)


def load(folder, seed=0, **options):
    splits = load_dataset("avmnist", data_dir=folder, **options).load(seed)
    return {"train": splits.train, "validation": splits.validation, "test": splits.test}


def places_of_images(data):
    """(part, number) of every image."""
    corner = data.modalities["image"].values[:, 0, 0, :3].astype(int)
    return [(part, 256 * high + low) for high, low, part in corner.tolist()]


def places_of_recordings(data):
    """(digit, speaker, index) of every recording."""
    first = np.rint(data.modalities["audio"].values[:, 0] * 32768).astype(int)
    return [(value // 1000, value // 100 % 10, value % 100) for value in first.tolist()]


def test_images_of_the_splits_are_different_ones(files):
    places = {split: places_of_images(data) for split, data in load(files, **PLAIN).items()}
    assert [len(set(of_split)) for of_split in places.values()] == [300, 100, 100]
    assert not set(places["train"]) & set(places["validation"])
    assert {part for split in ("train", "validation") for part, _ in places[split]} == {0}
    assert {part for part, _ in places["test"]} == {1}


def test_recordings_of_the_splits_are_those_of_their_indices(files):
    used = {split: places_of_recordings(data) for split, data in load(files, **PLAIN).items()}
    expected = {"train": range(10, 14), "validation": range(5, 10), "test": range(5)}
    for split, indices in expected.items():
        assert {index for _, _, index in used[split]} == set(indices)
        assert {speaker for _, speaker, _ in used[split]} == {0, 1}


@pytest.mark.parametrize("seed", [0, 1])
def test_both_modalities_show_the_digit_of_the_label(files, seed):
    for data in load(files, seed, **PLAIN).values():
        assert [number % 10 for _, number in places_of_images(data)] == data.labels.tolist()
        assert [digit for digit, _, _ in places_of_recordings(data)] == data.labels.tolist()


def test_the_seed_draws_the_pairs(files):
    pairs = [
        set(zip(places_of_images(data), places_of_recordings(data), strict=True))
        for data in (load(files, seed, **PLAIN)["test"] for seed in (0, 0, 1))
    ]
    assert pairs[0] == pairs[1]
    assert len(pairs[0] & pairs[2]) < 40


def test_waveforms_keep_their_lengths(files):
    audio = load(files, **PLAIN)["train"]
    indices = [index for _, _, index in places_of_recordings(audio)]
    assert audio.modalities["audio"].lengths.tolist() == [200 + 60 * index for index in indices]
    assert audio.modalities["audio"].rate == 8000


def test_long_recordings_are_cut(own_files):
    write_wav(own_files / "fsdd" / "recordings" / "3_anna_12.wav", np.ones(9000))
    assert load(own_files, **PLAIN)["train"].modalities["audio"].values.shape == (300, 6400)


def test_images_are_averaged_over_blocks(files):
    fine = load(files, **PLAIN)["train"].modalities["image"].values
    coarse = load(files, **{**PLAIN, "resolution": 7})["train"].modalities["image"].values
    assert coarse.shape == (300, 1, 7, 7)
    for row in range(7):
        for column in range(7):
            block = fine[:, 0, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            np.testing.assert_allclose(coarse[:, 0, row, column], block.mean(axis=(1, 2)), atol=0.5)


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_the_share_of_noisy_samples_is_the_one_asked_for(files, share):
    clean, noisy = load(files, **PLAIN), load(files, **{**PLAIN, "noise": share})
    changed = {name: [] for name in ("image", "audio")}
    for split, data in clean.items():
        for name, of_modality in changed.items():
            before, after = (x.modalities[name].values.reshape(len(data), -1) for x in (data, noisy[split]))
            of_modality.append((before != after).any(axis=1))
            assert abs(of_modality[-1].mean() - share) < 0.15
    image, audio = (np.concatenate(of_modality) for of_modality in changed.values())
    assert abs(image.mean() - share) < 0.07
    assert abs(audio.mean() - share) < 0.07
    assert abs(np.corrcoef(image, audio)[0, 1]) < 0.15


def test_noise_has_the_declared_strength(files):
    clean, noisy = (load(files, **{**PLAIN, "noise": share})["test"] for share in (0, 1))
    before, after = clean.modalities["audio"], noisy.modalities["audio"]
    assert not after.values[~after.frame_mask()].any()
    noise = np.square(after.values - before.values).sum(axis=1)
    ratios = 10 * np.log10(np.square(before.values).sum(axis=1) / noise)
    assert ratios.mean() == pytest.approx(AUDIO_NOISE, abs=0.2)
    assert ratios.std() < 1
    pixels = noisy.modalities["image"].values[:, 0, 8:20, 8:20]  # 120 when clean
    for value in (1, 60, 120, 200, 254):
        expected = norm.sf((value + 0.5 - 120) / (255 * IMAGE_NOISE))
        assert np.mean(pixels > value) == pytest.approx(expected, abs=0.02)


def test_the_same_seed_gives_the_same_noise(files):
    first, again = (load(files, **SMALL)["test"] for _ in range(2))
    for name, modality in first.modalities.items():
        np.testing.assert_array_equal(modality.values, again.modalities[name].values)


def test_small_files_keep_all_promises_of_a_data_set(files):
    check_dataset(load_dataset("avmnist", data_dir=files, **SMALL))


def test_the_fingerprint_depends_on_content_and_options_alone(files, own_files):
    def fingerprint(folder, **options):
        return load_dataset("avmnist", data_dir=folder, **options).fingerprint()

    first = fingerprint(files)
    assert fingerprint(own_files) == first
    assert fingerprint(files, noise=0.2) != first
    write_wav(own_files / "fsdd" / "recordings" / "3_anna_12.wav", [1, 2, 3])
    assert fingerprint(own_files) != first


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"n_train": 0}, "n_train"),
        ({"noise": 1.5}, "noise must be a number between 0 and 1, however: 1.5"),
        ({"noise": float("nan")}, "noise"),
        ({"resolution": 5}, "resolution must divide 28, however: 5"),
        ({"resolution": 14.0}, "resolution must be an integer"),
    ],
)
def test_wrong_options_are_named(options, part):
    with pytest.raises(FusebenchError, match=part):
        AVMNIST(**options)


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"n_train": 301}, "There are 400 training images, however 401 are asked for"),
        ({"n_test": 101}, "There are 100 test images, however 101 are asked for"),
    ],
)
def test_more_images_than_there_are_is_a_message(files, options, part):
    with pytest.raises(FusebenchError, match=part):
        load(files, **{**SMALL, **options})


@pytest.mark.parametrize(
    "missing", ["mnist/train-images-idx3-ubyte.gz", "mnist/t10k-labels-idx1-ubyte.gz", "fsdd/recordings"]
)
def test_missing_files_are_a_message(own_files, missing):
    (own_files / missing).rename(own_files / "elsewhere")
    for call in (AVMNIST.load, AVMNIST.fingerprint):
        with pytest.raises(DataNotFoundError) as caught:
            call(load_dataset("avmnist", data_dir=own_files))
        for part in (missing, "--data-dir", DATA_VARIABLE, "https://"):
            assert part in str(caught.value)


def spoil_images(folder):
    path = folder / "mnist" / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-20])


def spoil_size(folder):
    write_images(folder / "mnist" / "train-images-idx3-ubyte.gz", np.zeros((400, 20, 20)))


def spoil_count(folder):
    write_labels(folder / "mnist" / "train-labels-idx1-ubyte.gz", np.zeros(399, int))


def spoil_label(folder):
    write_labels(folder / "mnist" / "train-labels-idx1-ubyte.gz", np.full(400, 10))


def spoil_wav(folder):
    (folder / "fsdd" / "recordings" / "3_anna_12.wav").write_bytes(b"RIFF")


def spoil_rate(folder):
    write_wav(folder / "fsdd" / "recordings" / "3_anna_12.wav", np.ones(9), rate=16000)


def spoil_name(folder):
    write_wav(folder / "fsdd" / "recordings" / "three.wav", np.ones(9))


def spoil_split(folder):
    for path in (folder / "fsdd" / "recordings").glob("3_*_[5-9].wav"):
        path.unlink()


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (spoil_images, ["train-images-idx3-ubyte.gz", "gzip"]),
        (spoil_size, ["train-images-idx3-ubyte.gz", "(20, 20) pixels, not (28, 28)"]),
        (spoil_count, ["train-labels-idx1-ubyte.gz", "399 labels for 400 images"]),
        (spoil_label, ["train-labels-idx1-ubyte.gz", "10 is no digit"]),
        (spoil_wav, ["recordings", "3_anna_12.wav is not a whole wav file"]),
        (spoil_rate, ["3_anna_12.wav", "16000 Hz"]),
        (spoil_name, ["three.wav is not named digit_speaker_index.wav"]),
        (spoil_split, ["no validation recording of the digit 3"]),
    ],
)
def test_damaged_files_are_a_message(own_files, spoil, parts):
    spoil(own_files)
    with pytest.raises(FusebenchError) as caught:
        load(own_files, **SMALL)
    for part in (*parts, "--data-dir", DATA_VARIABLE, "https://"):
        assert part in str(caught.value)


REAL = Path(os.environ.get(DATA_VARIABLE) or "nowhere")
needs_real_files = pytest.mark.skipif(
    not ((REAL / "mnist").is_dir() and (REAL / "fsdd" / "recordings").is_dir()),
    reason=f"{DATA_VARIABLE} does not name a folder with mnist and fsdd/recordings",
)


@needs_real_files
def test_real_files_are_read_whole():
    splits = load_dataset("avmnist", n_train=60, n_validation=40, n_test=50, noise=0, resolution=28).load()
    assert [len(data) for data in (splits.train, splits.validation, splits.test)] == [60, 40, 50]
    image, audio = splits.test.modalities["image"].values, splits.test.modalities["audio"]
    assert 20 < image.mean() < 50  # of all of MNIST 33
    assert audio.values.shape[1] == 6400
    assert np.abs(audio.values).max() > 0.3


@needs_real_files
@pytest.mark.slow
def test_real_files_keep_all_promises_of_a_data_set():
    check_dataset(load_dataset("avmnist"))
