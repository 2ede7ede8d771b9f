import shutil

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.own.dataset import FileDataset
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .files import write_image, write_wav

CLASSES = ("bird", "cat", "dog")


def write(folder, splits=("",), n=12):
    """Write n samples of each class; the second of each lacks its sound, the third its text."""
    for split in splits:
        for label, word in enumerate(CLASSES):
            for i in range(n):
                name = folder / split / word / f"{word}{i}"
                write_image(name.with_suffix(".png"), np.full((8, 6), 10 * i + label))
                if i != 1:
                    write_wav(name.with_suffix(".wav"), np.full(800, 100 * i + label))
                if i != 2:
                    name.with_suffix(".txt").write_text(f"{split} {word} {i}\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    return write(tmp_path_factory.mktemp("pets"))


def test_files_of_one_name_are_one_sample(pets):
    contents = load_dataset(str(pets)).contents
    data = contents.data
    assert data.names == ["image", "audio", "text"]
    assert contents.classes == CLASSES
    numbers = {name: int(name.removeprefix(f"{word}/{word}")) for name, word in ids(contents)}
    for row, (name, word) in enumerate(ids(contents)):
        i, label = numbers[name], CLASSES.index(word)
        assert data.labels[row] == label
        assert data.mask[row].tolist() == [True, i != 1, i != 2]
        assert (data.modalities["image"].values[row] == 10 * i + label).all()
        if i != 1:
            assert data.modalities["audio"].values[row, 0] == np.float32((100 * i + label) / 32768)
        if i != 2:
            assert data.modalities["text"].values[row] == f"{word} {i}"
    assert len(data) == 36


def ids(contents):
    return [(name, name.split("/")[0]) for name in contents.ids]


def test_a_folder_keeps_all_promises_of_a_data_set(pets):
    check_dataset(load_dataset(str(pets)))


@pytest.mark.parametrize("validation", ["val", "valid", "VALIDATION", None])
def test_folders_of_splits_are_kept(tmp_path, validation):
    words = ["Train", *([validation] if validation else []), "test"]
    dataset = load_dataset(str(write(tmp_path, words)))
    assert dataset.card.classes == CLASSES
    assert dataset.card.fixed_splits == (validation is not None)
    splits = dataset.load()
    for word, data in (("Train", splits.train), (validation, splits.validation), ("test", splits.test)):
        texts = data.modalities["text"].values[data.has("text")]
        assert {text.split()[0] for text in texts} == {word or "Train"}
        assert sorted(np.unique(data.labels)) == [0, 1, 2]


def test_other_and_hidden_files_are_left_aside(tmp_path):
    folder = write(tmp_path / "pets")
    count = len(load_dataset(str(folder)).contents.data)
    for name in ("README.txt", "cat/notes.doc", ".cache/a.png", "cat/.thumbnails/a.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    contents = load_dataset(str(folder)).contents
    assert len(contents.data) == count
    assert contents.notes == ("2 files of other kinds, or outside of the classes, were left aside.",)


def test_folders_within_a_class_belong_to_it(tmp_path):
    folder = write(tmp_path / "pets")
    (folder / "cat/old").mkdir()
    (folder / "cat/cat0.png").rename(folder / "cat/old/cat0.png")
    contents = load_dataset(str(folder)).contents
    row = contents.ids.index("cat/old/cat0")
    assert contents.classes == CLASSES
    assert contents.data.labels[row] == 1


def test_the_name_is_that_of_the_folder(tmp_path, monkeypatch):
    folder = write(tmp_path / "pets.v1")
    assert load_dataset(str(folder)).name == "pets.v1"
    monkeypatch.chdir(folder)
    assert load_dataset("./").name == "pets.v1"
    assert load_dataset("./").calibration_file == tmp_path / "pets.v1.severities.json"


def test_the_fingerprint_changes_with_every_file(tmp_path):
    before = FileDataset(write(tmp_path / "pets")).fingerprint()
    shutil.copytree(tmp_path / "pets", tmp_path / "copy")
    assert FileDataset(tmp_path / "copy").fingerprint() == before
    (tmp_path / "copy/cat/cat0.png").rename(tmp_path / "copy/dog/cat0.png")
    assert FileDataset(tmp_path / "copy").fingerprint() != before
    (tmp_path / "pets/cat/cat0.txt").write_text("other")
    assert FileDataset(tmp_path / "pets").fingerprint() != before


def test_folders_that_cannot_be_read_are_a_message(tmp_path):
    with pytest.raises(FusebenchError, match="no images, recordings"):
        load_dataset(f"{tmp_path}/").load()
    folder = write(tmp_path / "pets", n=4)
    with pytest.raises(FusebenchError, match=r"labels of .* are its subfolders"):
        load_dataset(str(folder), label="y")
    with pytest.raises(FusebenchError, match="must be a folder, or its name must end in"):
        load_dataset("./no-such-folder")
    with pytest.raises(DataNotFoundError, match="no file"):
        load_dataset("./no-such-table.csv")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cat/cat0.jpg", b"", r"cat0\.jpg' and 'cat/cat0\.png' are two files of a kind"),
        ("cat/bad.png", b"no image", r"bad\.png\): it is no image"),
        ("cat/bad.txt", b"\xff", r"bad\.txt is not in UTF-8: invalid start byte at byte 0"),
        ("cat/bad.txt", b"x" * (2**20 + 1), r"bad\.txt has 1048577 bytes"),
    ],
)
def test_files_that_cannot_be_read_are_a_message(tmp_path, name, content, reason):
    folder = write(tmp_path / "pets", n=2)
    (folder / name).write_bytes(content)
    with pytest.raises(FusebenchError, match=reason):
        load_dataset(str(folder)).load()


def test_links_lead_nowhere_outside(tmp_path):
    folder = write(tmp_path / "pets", n=2)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "cat/bad.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(FusebenchError, match="lies outside the folder"):
        load_dataset(str(folder)).load()
