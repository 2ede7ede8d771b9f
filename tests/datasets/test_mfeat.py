import numpy as np
import pytest
from sklearn.utils import Bunch

from fusebench.bench.checks import check_dataset
from fusebench.datasets.mfeat import VIEWS, MultipleFeatures
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError


def table(view):
    """The first column tells the row."""
    columns = VIEWS[view][0]
    values = np.random.default_rng(columns).normal(size=(2000, columns)).round(3)
    values[:, 0] = np.arange(2000)
    return values


TABLES = {view: table(view) for view in VIEWS}
TEXTS = {view: "\n".join("  " + " ".join(map(str, row)) for row in values) for view, values in TABLES.items()}


def write(folder, **changes):
    (folder / "mfeat").mkdir(exist_ok=True)
    for view, text in {**TEXTS, **changes}.items():
        (folder / "mfeat" / f"mfeat-{view}").write_text(text)
    return load_dataset("mfeat", data_dir=folder)


def rows(data):
    found = np.stack([modality.values[:, 0] for modality in data.modalities.values()])
    assert (found == found[0]).all()
    return found[0].astype(int)


def check_splits(splits):
    parts = [splits.train, splits.validation, splits.test]
    assert [len(part) for part in parts] == [1120, 280, 600]
    for part in parts:
        np.testing.assert_array_equal(part.labels, rows(part) // 200)
        assert set(np.bincount(part.labels)) == {len(part) // 10}
    assert sorted(np.concatenate([rows(part) for part in parts])) == list(range(2000))


def test_files_are_read_and_divided(tmp_path):
    splits = write(tmp_path).load()
    check_splits(splits)
    row = rows(splits.test)[5]
    for view, values in TABLES.items():
        np.testing.assert_allclose(splits.test.modalities[view].values[5], values[row], rtol=1e-6)


def test_small_files_keep_all_promises_of_a_data_set(tmp_path):
    check_dataset(write(tmp_path))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must hold finite numbers of shape"),
        ("1 2 x", "x"),
        (TEXTS["fou"], r"of shape \(2000, 6\), however: \(2000, 76\)"),
        (TEXTS["mor"] + " 1", "cannot be read"),
        (TEXTS["mor"].replace("1999.0", "nan"), "must hold finite numbers"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, text, reason):
    with pytest.raises(FusebenchError, match=reason) as caught:
        write(tmp_path, mor=text).load()
    assert "mfeat-mor" in str(caught.value)


def test_missing_files_are_a_message(tmp_path):
    for call in (MultipleFeatures.load, MultipleFeatures.fingerprint):
        with pytest.raises(DataNotFoundError, match=r"mfeat/mfeat-fou.*archive\.ics\.uci\.edu"):
            call(load_dataset("mfeat", data_dir=tmp_path))


def give_openml(monkeypatch, target):
    numbers = {number: view for view, (_, number) in VIEWS.items()}

    def fetch(data_id, **_):
        return Bunch(data=TABLES[numbers[data_id]], target=target)

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fetch)


def test_openml_gives_the_same_samples(monkeypatch, tmp_path):
    # OpenML calls the digits 1 to 10.
    give_openml(monkeypatch, np.repeat(np.arange(1, 11), 200).astype(str))
    downloaded = load_dataset("mfeat", source="openml")
    check_splits(downloaded.load())
    write(tmp_path)
    again = load_dataset("mfeat", data_dir=tmp_path).load()
    np.testing.assert_array_equal(rows(downloaded.load().test), rows(again.test))
    assert downloaded.fingerprint() == "openml-14-12-16-20-22-18"


@pytest.mark.parametrize("target", [np.arange(2000) % 10, np.zeros(2000)])
def test_openml_in_another_order_is_a_message(monkeypatch, target):
    give_openml(monkeypatch, target.astype(str))
    with pytest.raises(FusebenchError, match=r"14 \(fou\) cannot be used: its rows are not ordered"):
        load_dataset("mfeat", source="openml").load()


def test_openml_out_of_reach_is_a_message(monkeypatch):
    def fail(**_):
        raise OSError("no route")

    monkeypatch.setattr("sklearn.datasets.fetch_openml", fail)
    with pytest.raises(FusebenchError, match="no route"):
        load_dataset("mfeat", source="openml").load()
