import pickle
import shutil

import numpy as np
import pandas as pd
import pytest

import fusebench
from fusebench.bench.checks import check_dataset
from fusebench.datasets.data import Kind, Task
from fusebench.datasets.features.image import PixelFeatures
from fusebench.datasets.features.patches import PatchFeatures
from fusebench.datasets.own.dataset import FileDataset
from fusebench.datasets.registry import find_datasets, load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .files import write_table

RNG = np.random.default_rng(0)
Y = np.arange(60) % 3
ARRAYS = {
    "vector": RNG.normal(size=(60, 4)),
    "frames": RNG.normal(size=(60, 5, 3)),
    "frames.lengths": RNG.integers(1, 6, 60),
    "image": RNG.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8),
    "text": np.array([f"word{i} and word{i % 7}" for i in range(60)]),
    "sound": RNG.uniform(-1, 1, (60, 1000)),
    "sound.rate": 8000,
    "sound.present": np.arange(60) % 5 > 0,
    "y": Y,
}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_table(tmp_path_factory.mktemp("table"))


@pytest.fixture
def archive(tmp_path):
    np.savez(tmp_path / "mine.npz", **ARRAYS)
    return tmp_path / "mine.npz"


def same(one, other):
    """Whether two splits hold the same samples."""
    return all(
        np.array_equal(part.modalities[name].values, twin.modalities[name].values)
        and np.array_equal(part.mask, twin.mask)
        and np.array_equal(part.labels, twin.labels)
        for part, twin in zip(
            (one.train, one.validation, one.test), (other.train, other.validation, other.test), strict=True
        )
        for name in part.names
    )


@pytest.mark.parametrize("y", [Y, Y + 0.5, np.eye(3, dtype=int)[Y]])
def test_arrays_keep_the_promises_of_a_data_set(y):
    dataset = fusebench.Dataset.from_arrays({**ARRAYS, "y": y})
    if dataset.card.task is Task.CLASSIFICATION:
        check_dataset(dataset)
    for part in (views := dataset.features(("vector",))).train, views.validation, views.test:
        assert all(modality.kind is Kind.VECTOR for modality in part.modalities.values())


def test_a_table_keeps_the_promises_of_a_data_set(table):
    check_dataset(load_dataset(str(table)))


def test_a_split_that_was_given_keeps_them_too():
    split = np.array(["train", "val", "test"])[np.arange(60) // 3 % 3]
    dataset = fusebench.Dataset.from_arrays({**ARRAYS, "split": split})
    assert dataset.card.fixed_splits
    check_dataset(dataset)


def test_a_file_and_its_arrays_are_the_same_data(archive):
    dataset = load_dataset(str(archive))
    assert dataset.name == "mine"
    assert same(dataset.load(3), fusebench.Dataset.from_arrays(ARRAYS).load(3))


def test_a_csv_file_a_parquet_file_and_a_frame_are_the_same_data(table):
    frame = pd.read_csv(table)
    frame.to_parquet(table.with_suffix(".parquet"))
    first = load_dataset(str(table)).load(1)
    assert same(first, load_dataset(str(table.with_suffix(".parquet"))).load(1))
    assert same(first, fusebench.Dataset.from_dataframe(frame, folder=table.parent).load(1))


def test_a_table_is_understood_by_its_header(table):
    dataset = load_dataset(str(table))
    assert list(dataset.card.modalities.items()) == [
        ("photo", Kind.IMAGE),
        ("speech", Kind.AUDIO),
        ("note", Kind.TEXT),
        ("embedding", Kind.VECTOR),
        ("gait", Kind.SEQUENCE),
        ("age", Kind.VECTOR),
    ]
    assert dataset.card.classes == ("no", "yes")
    assert "'photo:image' differ in size: all were resized to 64 by 64" in dataset.card.description
    data = dataset.load()
    present = np.concatenate([part.mask for part in (data.train, data.validation, data.test)])
    np.testing.assert_allclose(present.mean(axis=0), [0.9, 0.9, 0.9, 1, 1, 0.9])


def test_a_renamed_file_is_split_as_before(archive):
    other = archive.rename(archive.with_name("other.npz"))
    assert same(load_dataset(str(other)).load(0), fusebench.Dataset.from_arrays(ARRAYS).load(0))


def test_the_fingerprint_is_that_of_the_content(table, tmp_path):
    copy = shutil.copytree(table.parent, tmp_path / "copy") / "mine.csv"
    assert FileDataset(copy).fingerprint() == FileDataset(table).fingerprint()
    one, two = copy.parent / "photos/4.png", copy.parent / "photos/5.png"
    one.rename(copy.parent / "held")
    two.rename(one)
    (copy.parent / "held").rename(two)
    assert FileDataset(copy).fingerprint() != FileDataset(table).fingerprint()


def test_the_fingerprint_tells_which_column_is_the_label(tmp_path):
    (tmp_path / "a.csv").write_text("u,v\n1,2\n2,1\n")
    one, other = (FileDataset(tmp_path / "a.csv", label=label).fingerprint() for label in "uv")
    assert one != other


@pytest.mark.parametrize("name", ["vector", "frames.lengths", "text", "sound.rate", "sound.present", "y"])
def test_the_fingerprint_of_arrays_changes_with_each_of_them(name):
    changed = ARRAYS[name] != 0 if name == "sound.present" else np.array(ARRAYS[name])
    if name == "sound.rate":
        changed = 16000
    else:
        changed[[7, 8]] = changed[[8, 7]] if name != "sound.present" else [False, False]
    before, after = (
        fusebench.Dataset.from_arrays(arrays).fingerprint() for arrays in (ARRAYS, {**ARRAYS, name: changed})
    )
    assert before == fusebench.Dataset.from_arrays(ARRAYS).fingerprint()
    assert before != after


def test_another_process_reads_the_file_itself(archive):
    dataset = load_dataset(str(archive))
    splits = dataset.load(0)
    state = pickle.dumps(dataset)
    assert len(state) < 5000
    assert same(pickle.loads(state).load(0), splits)  # noqa: S301


def test_small_images_are_pixels_and_larger_ones_patches():
    def extractor(side):
        images = RNG.integers(0, 256, (60, side, side), dtype=np.uint8)
        return fusebench.Dataset.from_arrays({"i": images, "y": Y}).featurizer().extractors["i"]

    assert isinstance(extractor(2), PixelFeatures)
    assert isinstance(extractor(32), PixelFeatures)
    assert isinstance(extractor(33), PatchFeatures)


@pytest.mark.parametrize(
    ("stem", "name"), [("my data (1)", "my-data-1"), ("...", "data"), ("Größe.v2", "Größe.v2")]
)
def test_the_stem_of_the_file_becomes_a_name_for_files(stem, name, tmp_path):
    np.savez(tmp_path / f"{stem}.npz", **ARRAYS)
    assert load_dataset(str(tmp_path / f"{stem}.npz")).name == name


def test_what_is_wrong_with_a_file_names_it(archive, tmp_path):
    with pytest.raises(DataNotFoundError, match=r"There is no file 'none\.npz'"):
        load_dataset("none.npz")
    with pytest.raises(FusebenchError, match=r"'\./mine' .* must end in \.npz, \.csv or \.parquet"):
        load_dataset("./mine")
    with pytest.raises(FusebenchError, match="has no option 'lable'; did you mean label"):
        load_dataset(str(archive), lable="x")
    with pytest.raises(FusebenchError, match="its array 'y'"):
        load_dataset(str(archive), label="x")
    (tmp_path / "a.csv").write_text("x,label\n1,a\n2,\n")
    with pytest.raises(FusebenchError, match=r"a\.csv': the label of row 2 is missing\."):
        _ = load_dataset(str(tmp_path / "a.csv")).card
    np.savez(tmp_path / "few.npz", x=np.zeros((2, 1)), y=[0, 1])
    with pytest.raises(FusebenchError, match=r"few\.npz': there are too few samples"):
        load_dataset(str(tmp_path / "few.npz")).load()
    with pytest.raises(FusebenchError, match="'arrays': it has no array 'y'"):
        fusebench.Dataset.from_arrays({"x": [[1.0]]})
    with pytest.raises(FusebenchError, match="'table': 'x', row 1: 'a' is no number"):
        fusebench.Dataset.from_dataframe(pd.DataFrame({"x": ["a"], "y": [1]}))


def test_files_stand_beside_names_but_not_twice(archive):
    found = find_datasets([str(archive), "synth-x*"])
    assert [dataset.name for dataset in found] == ["synth-xor", "mine"]
    given = fusebench.Dataset.from_arrays(ARRAYS, name="mine")
    assert find_datasets(["synth-xor", given])[1] is given
    with pytest.raises(FusebenchError, match="Two data sets are called 'mine'"):
        find_datasets([str(archive), given])
