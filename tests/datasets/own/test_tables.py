from pathlib import Path

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Task
from fusebench.datasets.own import files as module
from fusebench.datasets.own.tables import parse_table

from .files import write_image, write_wav

LABEL = ["yes", "no", "yes"]
RNG = np.random.default_rng(0)


def parse(folder=Path("nowhere"), **columns):
    """Headers with a colon are written with two underscores."""
    columns = {name.replace("__", ":"): list(cells) for name, cells in columns.items()}
    return parse_table({"label": LABEL, **columns}, folder)


@pytest.fixture
def folder(tmp_path):
    """A folder with two of each kind of file."""
    for i in (1, 2):
        write_image(tmp_path / f"{i}.png", RNG.integers(0, 256, (6, 5, 3)))
        write_image(tmp_path / f"grey{i}.png", RNG.integers(0, 256, (6, 5)))
        write_wav(tmp_path / f"{i}.wav", RNG.integers(-999, 999, 100 * i))
        np.save(tmp_path / f"{i}.npy", RNG.normal(size=3))
        np.save(tmp_path / f"frames{i}.npy", RNG.normal(size=(i, 3)))
    return tmp_path


def test_numbers_that_begin_alike_make_one_vector():
    contents = parse(
        age=["41", None, "1e1"],
        **{
            "sepal_length": ["1", "2", "3"],
            "sepal_width_cm": [4, 5.5, True],
            "a_b.x": [0, None, 0],
            "a_b.y": [1, None, 2],
        },
    )
    read = {name: modality.values.tolist() for name, modality in contents.data.modalities.items()}
    assert read == {
        "age": [[41], [0], [10]],
        "sepal": [[1, 4], [2, 5.5], [3, 1]],
        "a_b": [[0, 1], [0, 0], [0, 2]],
    }
    assert contents.data.mask.tolist() == [[True, True, True], [False, True, False], [True, True, True]]


def test_files_of_every_kind_are_read_and_empty_cells_are_absent(folder):
    contents = parse(
        folder,
        i__image=["1.png", None, "2.png"],
        s__audio=[None, "1.wav", "2.wav"],
        v__vector=["1.npy", "2.npy", None],
        f__sequence=["frames2.npy", None, "frames1.npy"],
        t__text=["one", None, "two"],
    )
    data = contents.data
    assert data.mask.astype(int).tolist() == [[1, 0, 1, 1, 1], [0, 1, 1, 0, 0], [1, 1, 0, 1, 1]]
    assert [modality.kind for modality in data.modalities.values()] == [
        Kind.IMAGE, Kind.AUDIO, Kind.VECTOR, Kind.SEQUENCE, Kind.TEXT,
    ]  # fmt: skip
    assert data.modalities["i"].values.shape == (3, 3, 6, 5)
    assert data.modalities["s"].lengths.tolist() == [1, 100, 200]
    assert data.modalities["s"].rate == 8000
    np.testing.assert_array_equal(
        data.modalities["v"].values[1], np.load(folder / "2.npy").astype(np.float32)
    )
    np.testing.assert_array_equal(
        data.modalities["f"].values[0], np.load(folder / "frames2.npy").astype(np.float32)
    )
    assert data.modalities["f"].lengths.tolist() == [2, 1, 1]
    assert data.modalities["t"].values.tolist() == ["one", "", "two"]
    assert [path.name for path in contents.files] == [
        "1.png", "2.png", "1.wav", "2.wav", "1.npy", "2.npy", "frames2.npy", "frames1.npy",
    ]  # fmt: skip
    assert contents.notes == ()


def test_images_are_grey_only_if_all_are(folder):
    assert parse(folder, i__image=["grey1.png", None, "grey2.png"]).data.modalities["i"].values.shape[1] == 1
    mixed = parse(folder, i__image=["grey1.png", None, "2.png"]).data.modalities["i"].values
    assert mixed.shape[1] == 3
    assert (mixed[0, 0] == mixed[0, 2]).all()


@pytest.mark.parametrize(
    ("shape", "why"), [((5, 6, 3), "differ in size"), ((200, 5, 3), "differ in size"), (None, "5 by 200")]
)
def test_images_of_other_sizes_are_resized_and_it_is_said(shape, why, folder):
    write_image(folder / "2.png", np.full(shape or (200, 5, 3), 77))
    other = "2.png" if shape is None else "1.png"
    contents = parse(folder, i__image=["2.png", None, other])
    images = contents.data.modalities["i"].values
    assert images.shape == (3, 3, 64, 64)
    assert (images[0] == 77).all()
    assert why in contents.notes[0]
    assert "resized to 64 by 64" in contents.notes[0]


@pytest.mark.parametrize(
    ("cells", "task", "y"),
    [
        (["b", "a", "b"], Task.CLASSIFICATION, [1, 0, 1]),
        (["10", "7", "10"], Task.CLASSIFICATION, [1, 0, 1]),
        ([10, 7, 10], Task.CLASSIFICATION, [1, 0, 1]),
        ([True, False, True], Task.CLASSIFICATION, [1, 0, 1]),
        (["1.0", "2", "3"], Task.REGRESSION, [1, 2, 3]),
        ([1.0, 2.0, 3.0], Task.REGRESSION, [1, 2, 3]),
    ],
)
def test_labels_mean_what_they_look_like(cells, task, y):
    data = parse(x=[1, 2, 3], label=cells).data
    assert data.task is task
    assert data.labels.tolist() == y


def test_several_labels_have_a_column_each():
    contents = parse_table({"label.cat": ["1", "0"], "label.dog": [1, 1], "x": [1, 2]}, Path())
    assert contents.data.labels.tolist() == [[1, 1], [0, 1]]
    assert contents.classes == ("cat", "dog")
    assert contents.data.names == ["x"]


def test_the_label_may_have_another_name():
    contents = parse_table({"x": [1, 2, 3], "species": ["u", "v", "u"]}, Path(), "species")
    assert contents.classes == ("u", "v")
    assert contents.data.names == ["x"]


def test_split_group_and_id_are_no_modalities():
    contents = parse(x=[1, 2, 3], split=["train", "val", "test"], group=[1, 2, 3], id=["p", "q", "r"])
    assert contents.data.names == ["x"]
    assert contents.split.tolist() == [0, 1, 2]
    assert contents.ids == ("p", "q", "r")
    assert parse(x=[1, 2, 3]).ids[0] == "row 1"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, "it has no modality"),
        ({"x": [1, "two", 3]}, "'x', row 2: 'two' is no number; texts are headed 'x:text'"),
        ({"x": [1, 2, "inf"]}, "'x', row 3: inf is no finite number"),
        ({"x": [1, 2, "1e300"]}, "'x', row 3: 1e300 is no finite number of 32 bits"),
        ({"a_x": [1, 2, 3], "a_y": [1, None, 3]}, "'a_y', row 2 is empty but 'a_x' is not"),
        ({"x__txt": LABEL}, "'x:txt' is of no known kind; did you mean text"),
        ({"x__image": [None] * 3}, "the column 'x:image' is empty"),
        ({"x__text": LABEL, "x__image": LABEL}, "the modality 'x' has two columns, x:text and x:image"),
        ({"x__text": LABEL, "x_1": [1, 2, 3]}, "the modality 'x' has two columns, x:text and x_1"),
        ({"x": [1, 2, 3], "label": ["a", None, "b"]}, "the label of row 2 is missing"),
        ({"x": [1, 2, 3], "label": ["a", "b", " "]}, "the label of row 3 is missing"),
        ({"x": [1, 2, 3], "label": [1.0, float("nan"), 2.0]}, "the label of row 2 is missing"),
        ({"x": [1, 2, 3], "label": ["1.5", "nan", "2"]}, "the label of row 2 is missing"),
        ({"x": [1, 2, 3], "label": ["a"] * 3}, "there is one class only"),
        ({"x": [1, 2, 3], "split": ["train", "test", "dev"]}, "'split', row 3: 'dev' is no split"),
        ({"x": [1, 2, 3], "split": ["train", "test", None]}, "'split', row 3 is empty"),
        (
            {"x": [1, 2, 3], "split": ["train", "test", "test"], "group": [1, 1, 2]},
            "'group', row 2: 1 is in another split",
        ),
        ({"x": [1, 2, 3], "id": ["a", "b", "a"]}, "'ids', row 3: 'a' is that of row 1"),
        ({"my x": [1, 2, 3]}, "the modality 'my x' needs a name"),
        (
            {"x__image": ["1.png", "0.png", None]},
            "'x:image', row 2: there is no file '0.png' beside the table",
        ),
        (
            {"x__image": ["1.png", "../outside.png", None]},
            "'x:image', row 2: '../outside.png' lies outside the folder",
        ),
        ({"x__image": ["1.png", "/etc/passwd", None]}, "'x:image', row 2: '/etc/passwd' lies outside"),
        ({"x__image": ["link.png", None, None]}, "'x:image', row 1: 'link.png' lies outside"),
        ({"x__image": ["1.png", "1.wav", None]}, r"'x:image', row 2 \(1.wav\): it is no image"),
        (
            {"x__audio": ["1.wav", None, "1.png"]},
            r"'x:audio', row 3 \(1.png\): 1.png is not a whole wav file",
        ),
        (
            {"x__audio": ["1.wav", None, "fast.wav"]},
            "'x:audio', row 3 has samples per second: 16000, row 1 has 8000",
        ),
        ({"x__audio": ["stereo.wav", None, "1.wav"]}, r"'x:audio', row 1 \(stereo.wav\): .* 2 channels"),
        ({"x__vector": ["1.npy", "1.png", None]}, r"'x:vector', row 2 \(1.png\): "),
        (
            {"x__vector": ["1.npy", "frames2.npy", None]},
            r"row 2 \(frames2.npy\): it needs numbers of shape \(d,\)",
        ),
        ({"x__vector": ["1.npy", "objects.npy", None]}, r"row 2 \(objects.npy\): it holds Python objects"),
        (
            {"x__vector": ["1.npy", "nan.npy", None]},
            r"row 2 \(nan.npy\): it holds numbers that are not finite",
        ),
        ({"x__vector": ["1.npy", None, "long.npy"]}, "'x:vector', row 3 has features: 9, row 1 has 3"),
        ({"x__sequence": ["1.npy", None, None]}, r"it needs numbers of shape \(T, d\)"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_column(columns, reason, folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("elsewhere") / "1.png"
    write_image(outside, np.zeros((6, 5, 3)))
    write_image(folder.parent / "outside.png", np.zeros((6, 5, 3)))
    (folder / "link.png").symlink_to(outside)
    write_wav(folder / "fast.wav", [1, 2], rate=16000)
    write_wav(folder / "stereo.wav", [1, 2], channels=2)
    np.save(folder / "objects.npy", np.array([None]), allow_pickle=True)
    np.save(folder / "nan.npy", np.array([1, np.nan, 2]))
    np.save(folder / "long.npy", np.zeros(9))
    with pytest.raises(ValueError, match=reason):
        parse(folder, **columns)


def test_a_table_without_labels_says_what_it_has():
    with pytest.raises(ValueError, match="it has no column 'label' or 'y', the labels; it has x, z"):
        parse_table({"x": [1], "z": [1]}, Path())
    with pytest.raises(ValueError, match="it has no column 'klass'; did you mean class"):
        parse_table({"x": [1], "class": [1]}, Path(), "klass")


def test_room_is_bounded(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 50)
    for kind, name in (("image", "1.png"), ("audio", "1.wav"), ("sequence", "frames2.npy")):
        with pytest.raises(ValueError, match=f"x:{kind}.* more than 50 bytes"):
            parse(folder, **{f"x__{kind}": [name, None, None]})
