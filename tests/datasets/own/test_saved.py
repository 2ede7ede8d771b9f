"""Folders of Hugging Face's `datasets`; ``saved`` beside this file was written by its version 5.2.0."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.data import Kind, Task
from fusebench.datasets.own.dataset import FileDataset
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError

SAVED = Path(__file__).parent / "saved"
N = 60

VALUE = {"_type": "Value"}
LABEL = {"names": ["no", "yes"], "_type": "ClassLabel"}


def write(folder, columns, features, split=None):
    """Write what `save_to_disk` writes."""
    table = pa.table(columns)
    target = folder if split is None else folder / split
    target.mkdir(exist_ok=True, parents=True)
    with pa.OSFile(str(target / "data.arrow"), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    (target / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data.arrow"}]}))
    (target / "dataset_info.json").write_text(json.dumps({"features": features}))
    if split is not None:
        known = [path.name for path in folder.iterdir() if path.is_dir()]
        (folder / "dataset_dict.json").write_text(json.dumps({"splits": sorted(known)}))
    return folder


def make(folder, label=None, label_feature=LABEL, n=N, **more):
    columns = {
        "note": [f"word{i} {i % 3}" for i in range(n)],
        "size": [float(i % 7) for i in range(n)],
        "label": [i % 2 for i in range(n)] if label is None else label,
    }
    features = {"note": {"dtype": "string", **VALUE}, "size": {"dtype": "float64", **VALUE}}
    features["label"] = label_feature
    for name, (cells, feature) in more.items():
        columns[name], features[name] = cells, feature
    return write(folder, columns, features)


def test_every_column_of_a_real_folder_is_read():
    dataset = load_dataset(str(SAVED))
    contents = dataset.contents
    modalities, present = contents.data.modalities, contents.data.mask
    number = np.arange(18)
    assert dataset.card.classes == ("no", "yes")
    assert contents.data.labels.tolist() == (number % 2).tolist()
    assert contents.split.tolist() == [0] * 12 + [2] * 6
    assert modalities["photo"].values.shape == (18, 3, 4, 5)
    there = number != 3
    assert (modalities["photo"].values[there] == number[there, None, None, None]).all()
    assert modalities["sound"].rate == 8000
    assert modalities["sound"].lengths.tolist() == (40 + number).tolist()
    np.testing.assert_allclose(modalities["sound"].values[:, 0], 100 * number / 32768)
    assert modalities["caption"].values.tolist() == ["" if i == 1 else f"word {i}" for i in number]
    assert modalities["age"].values[:, 0].tolist() == [0 if i == 2 else i for i in number]
    assert modalities["embedding"].values.tolist() == [[i, 2] for i in number]
    assert modalities["gait"].lengths.tolist() == (1 + number % 3).tolist()
    assert modalities["gait"].values[17].tolist() == [[17, 0], [17, 1], [17, 2]]
    absent = [(1, "caption"), (2, "age"), (3, "photo")]
    assert [(row, contents.data.names[column]) for row, column in np.argwhere(~present)] == absent


def test_a_real_folder_is_benchmarked_without_its_temporary_files():
    dataset = load_dataset(str(SAVED))
    assert dataset.contents.files == ()
    views = dataset.features()
    assert (len(views.train), len(views.validation), len(views.test)) == (8, 4, 6)
    assert all(modality.kind is Kind.VECTOR for modality in views.train.modalities.values())


def test_a_folder_keeps_all_promises_of_a_data_set(tmp_path):
    lists = [[[float(i), 1.0]] * (1 + i % 3) for i in range(N)]
    inner = {"feature": {"dtype": "float32", **VALUE}, "_type": "List"}
    check_dataset(load_dataset(str(make(tmp_path, gait=(lists, {"feature": inner, "_type": "List"})))))


@pytest.mark.parametrize(
    "feature",
    [
        {"feature": {"dtype": "float32", **VALUE}, "_type": "List"},
        {"feature": {"dtype": "float32", **VALUE}, "length": 2, "_type": "Sequence"},
        [{"dtype": "float32", **VALUE}],
    ],
)
def test_lists_of_all_versions_are_vectors(tmp_path, feature):
    dataset = load_dataset(str(make(tmp_path, point=([[i, 0.5] for i in range(N)], feature))))
    assert dataset.contents.data.modalities["point"].values.tolist() == [[i, 0.5] for i in range(N)]


def test_labels_of_which_several_apply(tmp_path):
    cells = [[code for code in range(3) if i >> code & 1] for i in range(N)]
    feature = {"feature": {"names": ["a", "b", "c"], "_type": "ClassLabel"}, "_type": "List"}
    dataset = load_dataset(str(make(tmp_path, cells, feature)))
    assert dataset.card.task is Task.MULTILABEL
    assert dataset.card.classes == ("a", "b", "c")
    assert (dataset.contents.data.labels @ [1, 2, 4]).tolist() == [i % 8 for i in range(N)]


def test_another_column_of_labels(tmp_path):
    folder = make(tmp_path)
    regression = load_dataset(str(folder), label="size")
    with pytest.raises(FusebenchError, match=r"'label' is of a kind that is no modality.*remove_columns"):
        regression.load()
    features = {"kind": {"dtype": "string", **VALUE}, "x": {"dtype": "float64", **VALUE}}
    folder = write(tmp_path / "words", {"kind": ["a", "b"] * 9, "x": [1.0, 2.0] * 9}, features)
    assert load_dataset(str(folder), label="kind").card.classes == ("a", "b")
    with pytest.raises(FusebenchError, match="no column 'kin'"):
        load_dataset(str(folder), label="kin").load()


def test_values_are_regressed_on(tmp_path):
    values = [i / 8 for i in range(N)]
    dataset = load_dataset(str(make(tmp_path, values, {"dtype": "float32", **VALUE})))
    assert dataset.card.task is Task.REGRESSION
    assert dataset.contents.data.labels.tolist() == values


def test_one_split_is_no_split(tmp_path):
    make(tmp_path / "train")
    (tmp_path / "dataset_dict.json").write_text('{"splits": ["train"]}')
    splits = load_dataset(str(tmp_path)).load()
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (36, 12, 12)


def edit(name, text):
    def change(folder):
        (folder / name).write_text(text)

    return change


def cut(folder):
    path = folder / "test/data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:2000])


def rename(folder):
    shutil.move(folder / "test", folder / "holdout")
    edit("dataset_dict.json", '{"splits": ["train", "holdout"]}')(folder)


def drop_column(folder):
    info = json.loads((folder / "test/dataset_info.json").read_text())
    del info["features"]["age"]
    edit("test/dataset_info.json", json.dumps(info))(folder)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edit("dataset_dict.json", "{"), r"dataset_dict\.json cannot be read"),
        (edit("dataset_dict.json", "[1]"), "holds no object"),
        (edit("dataset_dict.json", '{"splits": []}'), "names no splits"),
        (edit("dataset_dict.json", '{"splits": ["train", "dev"]}'), "there is no 'dev' in the folder"),
        (edit("dataset_dict.json", '{"splits": ["../other"]}'), "lies outside"),
        (edit("test/state.json", '{"_data_files": []}'), "name no files"),
        (edit("test/state.json", '{"_data_files": [{"filename": "/etc/passwd"}]}'), "lies outside"),
        (edit("test/dataset_info.json", '{"features": {"a": {}}}'), "names the columns a; there are photo"),
        (cut, "'test' holds no whole Arrow files"),
        (rename, "'holdout' is no split"),
        (drop_column, "names the columns"),
    ],
)
def test_damaged_folders_are_a_message(tmp_path, change, reason):
    folder = tmp_path / "saved"
    shutil.copytree(SAVED, folder)
    change(folder)
    with pytest.raises(FusebenchError, match=reason):
        load_dataset(str(folder)).load()


IMAGE = {"_type": "Image"}
FLOATS = {"feature": {"dtype": "float32", **VALUE}, "_type": "List"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            {"x": ([{"bytes": None, "path": "a.png"}] * N, IMAGE)},
            r"'x', row 1 names the file 'a\.png' instead",
        ),
        ({"x": ([{"bytes": b"GIF", "path": None}] * N, IMAGE)}, "row 1 .*no image"),
        ({"x": ([[1.0, None]] * N, FLOATS)}, "row 1 .*not finite"),
        ({"x": ([[1.0]] * (N - 1) + [[1.0, 2.0]], FLOATS)}, "row 60 has features: 2, row 1 has 1"),
        ({"x": ([{"a": 1}] * N, {"a": {"dtype": "int32", **VALUE}})}, "'x' is of a kind that is no modality"),
        ({"x": ([["a"]] * N, {"feature": {"dtype": "string", **VALUE}, "_type": "List"})}, "no modality"),
        ({"label": [0, -1] * (N // 2)}, "the label of row 2 is missing"),
    ],
)
def test_columns_that_cannot_be_read_are_a_message(tmp_path, more, reason):
    with pytest.raises(FusebenchError, match=reason):
        load_dataset(str(make(tmp_path, **more))).load()


def test_the_fingerprint_is_that_of_all_files(tmp_path):
    folder = tmp_path / "saved"
    shutil.copytree(SAVED, folder)
    before = FileDataset(folder).fingerprint()
    assert before == FileDataset(SAVED).fingerprint()
    assert before != FileDataset(folder, label="age").fingerprint()
    path = folder / "test/data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes().replace(b"word 13", b"word 31"))
    assert FileDataset(folder).fingerprint() != before
