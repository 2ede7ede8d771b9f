import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.fashion20 import CLASSES, Fashion20
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

from .real_files import load_real

N = 120


def contents():
    """Three training samples, one for validation and two for test of each article."""
    article = np.array([CLASSES[row % 20] for row in range(N)])
    image = np.random.default_rng(0).integers(256, size=(N, 40, 30, 3)).astype(np.uint8)
    image[:, 0, 1, 2] = np.arange(N)
    return {
        "image": image,
        "title": np.array([f"Brand {row} {name}" for row, name in enumerate(article)]),
        "title_masked": np.array([f"brand {row}" for row in range(N)]),
        "article": article,
        "split": np.array(
            [("train", "train", "train", "val", "test", "test")[row // 20] for row in range(N)]
        ),
    }


def write(folder, leave_out="", title="masked", **changes):
    (folder / "fashion20").mkdir(exist_ok=True)
    arrays = {name: array for name, array in {**contents(), **changes}.items() if name != leave_out}
    np.savez_compressed(folder / "fashion20" / "fashion20.npz", **arrays)
    return load_dataset("fashion20", data_dir=folder, title=title)


@pytest.mark.parametrize(("title", "expected"), [("masked", "brand {}"), ("full", "Brand {} {}")])
def test_pictures_titles_and_articles_belong_together(tmp_path, title, expected):
    splits = write(tmp_path, title=title).load()
    found = []
    for data in (splits.train, splits.validation, splits.test):
        rows = data.modalities["image"].values[:, 2, 0, 1].tolist()
        assert data.labels.tolist() == [row % 20 for row in rows]
        titles = [expected.format(row, CLASSES[row % 20]) for row in rows]
        assert data.modalities["text"].values.tolist() == titles
        found.append(rows)
    assert found == [list(range(60)), list(range(60, 80)), list(range(80, 120))]


def test_small_files_keep_all_promises_of_a_data_set(tmp_path):
    check_dataset(write(tmp_path))


def test_the_fingerprint_depends_on_content_and_options(tmp_path):
    (tmp_path / "other").mkdir()
    sets = [
        write(tmp_path),
        load_dataset("fashion20", data_dir=tmp_path, title="full"),
        write(tmp_path / "other", title_masked=contents()["title"]),
    ]
    assert len({dataset.fingerprint() for dataset in sets}) == 3


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"leave_out": "split"}, "no array 'split'"),
        ({"image": np.zeros((N, 30, 40, 3), np.uint8)}, "image must be uint8"),
        ({"image": np.zeros((N, 40, 30, 3))}, "image must be uint8"),
        ({"title_masked": np.array(["a"])}, "title_masked must hold 120 strings"),
        ({"article": np.array(["Hats"] * N)}, "article must hold"),
        ({"split": np.array(["train"] * N)}, "split must hold"),
        ({"title_masked": np.array([None] * N)}, "Python objects"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, changes, reason):
    with pytest.raises(FusebenchError, match=reason):
        write(tmp_path, **changes).load()


def test_a_missing_file_is_a_message(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"fashion20/fashion20\.npz"):
        load_dataset("fashion20", data_dir=tmp_path).load()


def test_an_unknown_kind_of_title_is_named():
    with pytest.raises(FusebenchError, match="no title 'mask'; did you mean masked"):
        Fashion20(title="mask")


@pytest.mark.slow
# 5,140 coefficients are near enough to their optimum after a thousand steps.
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning")
def test_real_files_have_the_published_sizes_and_are_learnable():
    from fusebench.fusions.registry import make_fusion

    dataset = load_real("fashion20")
    raw = dataset.load()
    assert [len(data) for data in (raw.train, raw.validation, raw.test)] == [8445, 1182, 2354]
    titles = [set(data.modalities["text"].values.tolist()) for data in (raw.train, raw.test)]
    assert len(titles[0] & titles[1]) < 0.1 * len(titles[1])
    data = dataset.features()
    image, text = (make_fusion("unimodal", modality=name).fit(data.train) for name in ("image", "text"))
    assert image.score(data.test, data.test.labels) > 0.75
    assert 0.6 < text.score(data.test, data.test.labels) < 0.9
