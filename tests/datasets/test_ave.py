"""AVE, on small files in the published format."""

import sys

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets import ave
from fusebench.datasets.formats import hdf5
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

h5py = pytest.importorskip("h5py")

N = 3 * 28
ORDERS = {"train": np.arange(N)[::-3], "val": np.arange(0, N, 3), "test": np.arange(1, N, 3)}


def make():
    """Clip i is of event i // 3 in its seconds from 1 to 4; its sound and its picture are its number."""
    rng = np.random.default_rng(0)
    number = np.arange(N, dtype=np.float64)
    places = rng.normal(size=(7, 7)) * np.ones((10, 7, 7))
    places -= places.mean(axis=(1, 2), keepdims=True)
    labels = np.zeros((N, 10, 29))
    labels[:, :, 28] = 1
    labels[np.arange(N), 1:5] = np.eye(29)[np.arange(N) // 3][:, None]
    content = {
        "visual_feature": number[:, None, None, None, None] + np.repeat(places[None, ..., None], 512, axis=4),
        "audio_feature": np.broadcast_to(number[:, None, None], (N, 10, 128)) + rng.normal(size=(N, 10, 128)),
        "labels": labels,
    }
    return {**content, **{f"{part}_order": order for part, order in ORDERS.items()}}


CONTENT = make()


def write(folder, **changed):
    target = folder / "ave"
    target.mkdir(exist_ok=True)
    for name, array in {**CONTENT, **changed}.items():
        with h5py.File(target / f"{name}.h5", "w") as file:
            key = "order" if name.endswith("order") else "avadataset"
            file.create_dataset(key, data=array, compression="gzip", compression_opts=1)
    return load_dataset("ave", data_dir=folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return write(tmp_path_factory.mktemp("ave"))


def test_splits_are_those_of_the_order_files(whole):
    splits = whole.load()
    for data, order in zip((splits.train, splits.validation, splits.test), ORDERS.values(), strict=True):
        assert data.labels.tolist() == (order // 3).tolist()
        np.testing.assert_allclose(
            data.modalities["audio"].values, CONTENT["audio_feature"][order], rtol=1e-6, atol=1e-6
        )


@pytest.mark.parametrize("block", [1, 3 * 10 * 7 * 7 * 512 * 8, 2**30])
def test_video_is_averaged_over_places_in_blocks_of_any_size(whole, monkeypatch, block):
    monkeypatch.setattr(hdf5, "BLOCK_BYTES", block)
    video = whole.load().train.modalities["video"].values
    assert video.shape == (28, 10, 512)
    assert video.dtype == np.float32
    np.testing.assert_allclose(video, np.broadcast_to(ORDERS["train"][:, None, None], video.shape), atol=1e-4)


def test_no_more_than_a_block_is_read_at_once(whole, monkeypatch):
    monkeypatch.setattr(hdf5, "BLOCK_BYTES", 5 * 10 * 7 * 7 * 512 * 8)
    sizes = []

    def count(rows):
        sizes.append(len(rows))
        return rows[:, 0, 0, 0, 0]

    path = whole.data_dir / "ave/visual_feature.h5"
    first = hdf5.read_hdf5(path, "avadataset", (None,) * 5, count)
    assert max(sizes) == 5
    assert sum(sizes) == len(first) == N


def test_the_event_of_most_seconds_is_the_label(tmp_path):
    labels = CONTENT["labels"].copy()
    labels[ORDERS["test"][0]] = np.eye(29)[[28] * 5 + [7] * 2 + [3] * 3]
    assert write(tmp_path, labels=labels).load().test.labels[0] == 3


def test_small_files_keep_all_promises_of_a_data_set(whole):
    check_dataset(whole)


def test_other_content_is_another_fingerprint(tmp_path):
    before = write(tmp_path).fingerprint()
    assert write(tmp_path, val_order=ORDERS["val"][::-1]).fingerprint() != before


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"labels": CONTENT["labels"][:, :, :28]}, r"labels\.h5.*shape \(n, 10, 29\)"),
        ({"labels": CONTENT["labels"] * 0}, "each second must have one label"),
        ({"labels": np.broadcast_to(np.eye(29)[28], (N, 10, 29))}, "clip 0 is background throughout"),
        ({"audio_feature": CONTENT["audio_feature"][1:]}, r"audio_feature\.h5.*\(84, 10, 128\)"),
        ({"audio_feature": CONTENT["audio_feature"] + np.inf}, "not finite"),
        ({"visual_feature": CONTENT["visual_feature"][..., :100]}, r"\(84, 10, 7, 7, 512\)"),
        ({"val_order": ORDERS["test"]}, "in two splits"),
        ({"val_order": ORDERS["test"] + N}, "integers from 0 to 83"),
        ({"val_order": ORDERS["val"] + 0.5}, "integers from 0 to 83"),
        ({"val_order": np.zeros(0, int)}, "must hold numbers"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, changed, reason):
    small = {name: array for name, array in changed.items() if name != "visual_feature"}
    if changed.keys() == small.keys():
        small["visual_feature"] = np.broadcast_to(np.float32(0), (N, 10, 7, 7, 512))
    with pytest.raises(FusebenchError, match=reason):
        write(tmp_path, **{**changed, **small}).load()


def test_a_file_that_is_cut_off_is_a_message(tmp_path):
    dataset = write(tmp_path)
    path = tmp_path / "ave/labels.h5"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FusebenchError, match=r"labels\.h5: it is no whole HDF5 file"):
        dataset.load()


def test_links_to_other_files_are_not_followed(tmp_path):
    dataset = write(tmp_path)
    path = tmp_path / "ave/labels.h5"
    path.rename(tmp_path / "secret.h5")
    with h5py.File(path, "w") as file:
        file["avadataset"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "avadataset")
    with pytest.raises(FusebenchError, match="no array 'avadataset'"):
        dataset.load()
    layout = h5py.VirtualLayout((N, 10, 29), float)
    layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "avadataset", (N, 10, 29))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("avadataset", layout)
    with pytest.raises(FusebenchError, match="lies in another file"):
        dataset.load()


def test_a_missing_file_is_a_message(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"ave.*AVE-ECCV18"):
        load_dataset("ave", data_dir=tmp_path).load()
    dataset = write(tmp_path)
    (tmp_path / "ave/test_order.h5").unlink()
    with pytest.raises(FusebenchError, match=r"test_order\.h5"):
        dataset.load()
    with pytest.raises(DataNotFoundError, match=r"test_order\.h5"):
        dataset.fingerprint()


def test_without_h5py_the_message_names_the_extra(whole, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(FusebenchError, match=r"fusebench\[hdf5\]"):
        whole.load()


def test_there_are_28_events():
    assert len(set(ave.CLASSES)) == 28
