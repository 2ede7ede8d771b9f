"""AVLetters, on small files whose content says where each utterance comes from, and on the real ones."""

import zipfile
from io import BytesIO
from string import ascii_uppercase

import numpy as np
import pytest
from scipy.io import savemat

from fusebench.bench.checks import check_dataset
from fusebench.datasets.avletters import AVLetters
from fusebench.datasets.formats.htk import HEADER
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .real_files import load_real

SPEAKERS = ("Anna", "Bert", "Cleo", "Dora", "Emil", "Fritz", "Gerd")


def write_lips(frames):
    """MATLAB has the pixels of a picture column by column, one picture a column."""
    file = BytesIO()
    columns = frames.astype(np.uint8).swapaxes(1, 2).reshape(len(frames), -1).T
    savemat(file, {"vid": columns, "siz": np.array([[60.0, 80.0, len(frames)]])}, format="4")
    return file.getvalue()


def write_audio(frames):
    return HEADER.pack(len(frames), 200_000, 104, 326) + frames.astype(">f4").tobytes()


def members(speakers=SPEAKERS):
    """Files by name; the first block and the first coefficients say letter, repetition and speaker."""
    rng = np.random.default_rng(0)
    for code, speaker in enumerate(speakers):
        for letter, name in enumerate(ascii_uppercase):
            for repetition in (1, 2, 3):
                place = (letter, repetition, code)
                frames = np.zeros((2 + letter % 3, 60, 80))
                for block, value in enumerate(place):
                    frames[:, :4, 4 * block : 4 * block + 4] = value
                frames[:, 40:] = rng.integers(200, size=(len(frames), 1, 1))
                audio = np.zeros((5 + repetition, 26))
                audio[:, :3] = place
                yield f"Lips/{name}{repetition}_{speaker}-lips.mat", write_lips(frames)
                yield f"Audio/mfcc/Clean/{name}{repetition}_{speaker}.mfcc", write_audio(audio)


def write_archive(folder, contents):
    (folder / "avletters").mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "avletters" / "avletters.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return folder


CONTENTS = dict(members())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_archive(tmp_path_factory.mktemp("data"), CONTENTS)


def load(folder, seed=0, **options):
    splits = load_dataset("avletters", data_dir=folder, **options).load(seed)
    return {"train": splits.train, "validation": splits.validation, "test": splits.test}


def places(data):
    """(letter, repetition, speaker) of each utterance, which both modalities must agree on."""
    video = np.rint(255 * data.modalities["video"].values[:, 0, :3]).astype(int)
    audio = data.modalities["audio"].values[:, 0, :3].astype(int)
    np.testing.assert_array_equal(video, audio)
    return video


def test_pictures_and_sounds_of_an_utterance_belong_together(files):
    for data in load(files).values():
        found = places(data)
        assert found[:, 0].tolist() == data.labels.tolist()
        assert data.modalities["video"].lengths.tolist() == (2 + data.labels % 3).tolist()
        assert data.modalities["audio"].lengths.tolist() == (5 + found[:, 1]).tolist()


def test_blocks_of_pictures_are_averaged(tmp_path):
    picture = np.arange(4800).reshape(1, 60, 80) % 251
    write_archive(tmp_path, {**CONTENTS, "Lips/A3_Anna-lips.mat": write_lips(picture)})
    test = load(tmp_path)["test"]
    row = np.flatnonzero(test.modalities["video"].lengths == 1)[0]
    expected = [
        picture[0, 4 * i : 4 * i + 4, 4 * j : 4 * j + 4].mean() / 255 for i in range(15) for j in range(20)
    ]
    np.testing.assert_allclose(test.modalities["video"].values[row, 0], expected, rtol=1e-5)


def test_the_third_repetition_is_test(files):
    found = {split: places(data) for split, data in load(files).items()}
    assert set(found["test"][:, 1]) == {3}
    assert len(found["test"]) == 26 * len(SPEAKERS)
    assert set(found["train"][:, 1]) == set(found["validation"][:, 1]) == {1, 2}
    assert len(found["validation"]) == np.ceil(2 * 26 * len(SPEAKERS) / 5)


def test_speakers_are_held_out(files):
    found = {split: set(places(data)[:, 2]) for split, data in load(files, split="speakers").items()}
    assert [len(of_split) for of_split in found.values()] == [3, 2, 2]
    assert set.union(*found.values()) == set(range(7))


@pytest.mark.parametrize("split", ["repetitions", "speakers"])
def test_small_files_keep_all_promises_of_a_data_set(files, split):
    check_dataset(load_dataset("avletters", data_dir=files, split=split))


def test_the_fingerprint_depends_on_content_and_options(files, tmp_path):
    write_archive(tmp_path, {**CONTENTS, "Lips/A3_Anna-lips.mat": write_lips(np.ones((1, 60, 80)))})
    sets = [
        load_dataset("avletters", data_dir=files),
        load_dataset("avletters", data_dir=files, split="speakers"),
        load_dataset("avletters", data_dir=tmp_path),
    ]
    assert len({dataset.fingerprint() for dataset in sets}) == 3


def test_unknown_splits_are_named():
    with pytest.raises(FusebenchError, match="no split 'speaker'; did you mean speakers"):
        AVLetters(split="speaker")


def test_a_missing_archive_is_a_message(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"avletters/avletters\.zip"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Lips/B1_Anna-lips.mat": b"no"}, "Lips/B1_Anna-lips.mat: it is not a whole MATLAB file"),
        ({"Lips/B1_Anna-lips.mat": write_lips(np.ones((2, 60, 40)))}, "vid must be uint8 of 4800 rows"),
        ({"Lips/B1_Anna-lips.mat": write_lips(np.ones((201, 60, 80)))}, "more than"),
        ({"Lips/B1_Anna-lips.mat": bytes(3_000_000)}, "has more than"),
        ({"Audio/mfcc/Clean/B1_Anna.mfcc": b"no"}, "B1_Anna.mfcc: it must begin with 12 bytes"),
        ({"Lips/B1_Zoe-lips.mat": write_lips(np.ones((2, 60, 80)))}, "no file Audio/mfcc/Clean/B1_Zoe.mfcc"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, changes, reason):
    write_archive(tmp_path, {**CONTENTS, **changes})
    with pytest.raises(FusebenchError, match=reason):
        load(tmp_path)


def test_a_missing_letter_is_a_message(tmp_path):
    write_archive(tmp_path, {name: content for name, content in CONTENTS.items() if "Lips/Q3" not in name})
    with pytest.raises(FusebenchError, match="lacks a letter"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_a_message(tmp_path, content):
    write_archive(tmp_path, {})
    (tmp_path / "avletters" / "avletters.zip").write_bytes(content)
    with pytest.raises(FusebenchError, match=r"not a whole zip file|no file like"):
        load(tmp_path)


def test_real_files_have_the_published_sizes_and_are_learnable():
    from fusebench.fusions.registry import make_fusion

    dataset = load_real("avletters")
    raw = dataset.load().test
    assert len(raw) == 260
    assert raw.modalities["video"].values.shape[2] == 300
    assert 12 <= raw.modalities["video"].lengths.min() <= raw.modalities["video"].lengths.max() <= 40
    ratio = raw.modalities["audio"].lengths / raw.modalities["video"].lengths
    assert ratio.mean() == pytest.approx(1.96, abs=0.05)
    data = dataset.features()
    audio, video = (make_fusion("unimodal", modality=name).fit(data.train) for name in ("audio", "video"))
    assert audio.score(data.test, data.test.labels) > 0.55
    assert 0.35 < video.score(data.test, data.test.labels) < 0.65
