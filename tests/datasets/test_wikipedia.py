import numpy as np
import pytest
from scipy.io import savemat

from fusebench.bench.checks import check_dataset
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .real_files import load_real

N, N_TRAIN = 2190, 2173


def contents(n=N, order=("image", "text")):
    """The first column of both views tells the row."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 10 + 1
    views = {"image": rng.random((n, 128)), "text": rng.random((n, 10))}
    for view in views.values():
        view[:, 0] = np.arange(n)
    cells = np.empty((2, 1), object)
    for cell, name in enumerate(order):
        cells[cell, 0] = views[name]
    return {"X": cells, "y": labels[:, None].astype(np.uint8)}


def write(folder, **changes):
    (folder / "wikipedia").mkdir(exist_ok=True)
    savemat(folder / "wikipedia" / "Wikipedia.mat", {**contents(), **changes}, do_compression=True)
    return load_dataset("wikipedia", data_dir=folder)


def rows(data):
    found = [modality.values[:, 0].astype(int).tolist() for modality in data.modalities.values()]
    assert found[0] == found[1]
    return found[0]


def test_the_last_rows_are_the_test_split(tmp_path):
    splits = write(tmp_path).load(seed=0)
    assert rows(splits.test) == list(range(N_TRAIN, N))
    assert sorted(rows(splits.train) + rows(splits.validation)) == list(range(N_TRAIN))
    assert len(splits.validation) == 435
    for data in (splits.train, splits.validation, splits.test):
        assert data.labels.tolist() == [row % 10 for row in rows(data)]


def test_views_are_told_apart_by_their_widths(tmp_path):
    test = write(tmp_path, **contents(order=("text", "image"))).load().test
    assert {name: modality.values.shape[1] for name, modality in test.modalities.items()} == {
        "image": 128,
        "text": 10,
    }


def test_small_files_keep_all_promises_of_a_data_set(tmp_path):
    check_dataset(write(tmp_path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"y": np.full((N, 1), 11)}, "between 1 and 10"),
        ({"y": np.full((N, 1), 1.5)}, "between 1 and 10"),
        (contents(n=100), "more than 2173 numbers"),
        ({"X": contents(n=N - 1)["X"]}, r"no view of shape \(2190, 128\)"),
        ({"y": np.ones((10_001, 1))}, "more than"),
        ({"X": np.ones((2, 1))}, r"no view of shape"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, changes, reason):
    with pytest.raises(FusebenchError, match=reason):
        write(tmp_path, **changes).load()


def test_numbers_that_are_not_finite_are_a_message(tmp_path):
    cells = contents()["X"]
    cells[1, 0][3, 4] = np.nan
    with pytest.raises(FusebenchError, match="10 columns is not finite"):
        write(tmp_path, X=cells).load()


def test_a_missing_file_is_a_message(tmp_path):
    for call in ("load", "fingerprint"):
        with pytest.raises(DataNotFoundError, match=r"wikipedia/Wikipedia\.mat"):
            getattr(load_dataset("wikipedia", data_dir=tmp_path), call)()


def test_real_files_have_the_published_sizes_and_a_weak_picture():
    from fusebench.fusions.registry import make_fusion

    data = load_real("wikipedia").features()
    assert len(data.test) == 693
    np.testing.assert_allclose(data.test.modalities["text"].values.sum(axis=1), 1, atol=1e-3)
    image, text = (make_fusion("unimodal", modality=name).fit(data.train) for name in ("image", "text"))
    assert 0.2 < image.score(data.test, data.test.labels) < 0.4
    assert text.score(data.test, data.test.labels) > 0.6
