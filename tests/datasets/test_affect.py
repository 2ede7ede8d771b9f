"""CMU-MOSI, CMU-MOSEI and IEMOCAP, on small pickles in the formats of MultiBench, MulT and MMSA."""

import os
import pickle

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.data import Task
from fusebench.datasets.registry import load_dataset
from fusebench.errors import DataNotFoundError, FusebenchError

SIZES = {"train": 24, "valid": 8, "test": 12}
WIDTHS = {"text": 4, "audio": 3, "vision": 2}
STEPS = {"text": 9, "audio": 9, "vision": 9}


def sentiment(n):
    """-3 to 3, every seventh one neutral."""
    return (np.arange(n) % 7 - 3).astype(np.float64)


def make(labels="labels", shape=(-1, 1, 1), front=2, back=1, steps=STEPS, dtype=np.float64):
    """Sequences of which the first feature counts all samples; MultiBench pads in front."""
    content, first = {}, 1
    for part, n in SIZES.items():
        rng = np.random.default_rng(first)
        arrays = {}
        for name, width in WIDTHS.items():
            values = rng.normal(size=(n, steps[name], width))
            values[:, :, 0] = first + np.arange(n)[:, None]
            values[:, :front], values[:, steps[name] - back :] = 0, 0
            arrays[name] = values.astype(dtype)
        content[part] = {
            **arrays,
            labels: sentiment(n).reshape(shape),
            "id": [f"video[{i}]" for i in range(n)],
        }
        first += n
    return content


def write(folder, content, name="cmu-mosi", file="mosi_raw.pkl", protocol=4, **options):
    target = folder / name.removeprefix("cmu-") / file
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(pickle.dumps(content, protocol))
    return load_dataset(name, data_dir=folder, file=file, **options)


def parts(splits):
    return [splits.train, splits.validation, splits.test]


def numbers(data):
    """Of the samples, which all modalities agree on."""
    found = [modality.values[:, 0, 0] for modality in data.modalities.values()]
    assert (found == found[0]).all()
    return found[0].astype(int).tolist()


@pytest.mark.parametrize("name", ["cmu-mosi", "cmu-mosei"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_polarity_leaves_neutral_utterances_out(tmp_path, name, protocol):
    splits = write(tmp_path, make(), name, "mosi_raw.pkl", protocol).load()
    first = 1
    for data, n in zip(parts(splits), SIZES.values(), strict=True):
        kept = np.flatnonzero(sentiment(n))
        assert numbers(data) == (first + kept).tolist()
        assert data.labels.tolist() == (sentiment(n)[kept] > 0).tolist()
        first += n


@pytest.mark.parametrize(("labels", "shape"), [("labels", (-1, 1, 1)), ("regression_labels", (-1,))])
def test_sentiment_is_regressed_on(tmp_path, labels, shape):
    splits = write(tmp_path, make(labels, shape), label="sentiment").load()
    for data, n in zip(parts(splits), SIZES.values(), strict=True):
        assert data.task is Task.REGRESSION
        assert data.labels.tolist() == sentiment(n).tolist()


def test_padding_at_both_ends_is_cut_off(tmp_path):
    content = make(front=2, back=1)
    content["train"]["text"][0, :5] = 0
    content["train"]["vision"][1, 2:4] = 0
    train = write(tmp_path, content).load().train
    for name, key in zip(train.names, WIDTHS, strict=True):
        assert train.modalities[name].lengths.tolist() == [6] * len(train)
        np.testing.assert_allclose(train.modalities[name].values[5], content["train"][key][6, 2:8], rtol=1e-6)


def test_modalities_of_different_lengths_are_cut_one_by_one(tmp_path):
    content = make(steps={"text": 7, "audio": 12, "vision": 9})
    content["train"]["audio"][0, :5] = 0
    train = write(tmp_path, content).load().train
    assert [modality.lengths[0] for modality in train.modalities.values()] == [4, 6, 6]
    assert [modality.lengths[1] for modality in train.modalities.values()] == [4, 9, 6]
    np.testing.assert_allclose(
        train.modalities["audio"].values[0, :6], content["train"]["audio"][0, 5:11], rtol=1e-6
    )
    assert not train.modalities["audio"].values[0, 6:].any()


def test_a_modality_of_zeros_is_absent(tmp_path):
    content = make()
    content["test"]["vision"][2] = 0
    test = write(tmp_path, content).load().test
    assert test.mask.sum(axis=0).tolist() == [len(test)] * 2 + [len(test) - 1]
    assert not test.has("video")[2]


def test_what_is_not_finite_becomes_zero(tmp_path):
    content = make()
    content["test"]["audio"][1, 4, 1:] = -np.inf, np.nan
    audio = write(tmp_path, content).load().test.modalities["audio"]
    assert audio.values[1, 2, 1:].tolist() == [0, 0]
    assert np.isfinite(audio.values).all()


def make_emotions():
    content = make()
    for part in content.values():
        applies = (np.arange(len(part["id"]))[:, None] >> np.arange(4)) & 1
        part["labels"] = np.stack([1 - applies, applies], axis=2)
    return content


def test_emotions_are_labels_of_which_several_apply(tmp_path):
    splits = write(tmp_path, make_emotions(), "iemocap", "iemocap_data.pkl").load()
    for data, n in zip(parts(splits), SIZES.values(), strict=True):
        assert data.task is Task.MULTILABEL
        assert (data.labels @ [1, 2, 4, 8]).tolist() == [i % 16 for i in range(n)]


@pytest.mark.parametrize("label", ["polarity", "sentiment"])
def test_small_files_keep_all_promises_of_a_data_set(tmp_path, label):
    check_dataset(write(tmp_path, make(), label=label))
    check_dataset(write(tmp_path, make_emotions(), "iemocap", "iemocap_data.pkl"))


def without(key):
    content = make()
    del content["valid"][key]
    return content


def with_array(key, array):
    content = make()
    content["train"][key] = array
    return content


class Harm:
    def __reduce__(self):
        return os.system, ("touch harmed",)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (without("vision"), "no 'valid/vision'"),
        (without("labels"), "no 'valid/labels'"),
        ({"train": make()["train"]}, "no 'valid'"),
        ([1, 2], "no 'train'"),
        (with_array("text", np.ones((24, 9))), r"train/text must be numbers of shape \(n, T, d\)"),
        (with_array("text", np.ones((23, 9, 4))), "same number of samples everywhere"),
        (with_array("text", np.ones((24, 9, 5))), "different widths"),
        (with_array("text", np.full((24, 9, 4), "a")), "must be numbers"),
        (with_array("labels", np.full((24, 1, 1), np.nan)), "label of train is not finite"),
        (with_array("labels", np.full((24, 1, 1), 4)), "between -3 and 3"),
        (with_array("labels", np.ones((24, 4, 2))), r"between -3 and 3, however: shape \(24, 4, 2\)"),
        (with_array("harm", Harm()), "system, which is not read"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, monkeypatch, content, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FusebenchError, match=reason) as caught:
        write(tmp_path, content).load()
    assert "mosi_raw.pkl" in str(caught.value)
    assert not (tmp_path / "harmed").exists()


def test_emotions_of_another_shape_are_a_message(tmp_path):
    with pytest.raises(FusebenchError, match=r"labels must be of shape \(24, 4, 2\), however: \(24, 1, 1\)"):
        write(tmp_path, make(), "iemocap", "iemocap_data.pkl").load()


@pytest.mark.parametrize("file", ["../mosi.pkl", "/etc/passwd", "a/b.pkl", "mosi.npz", 3, ".."])
def test_files_stay_in_their_folder(file):
    with pytest.raises(FusebenchError, match=r"name of a \.pkl file"):
        load_dataset("cmu-mosi", file=file)


def test_a_missing_file_is_a_message(tmp_path):
    with pytest.raises(DataNotFoundError, match=r"mosi/mosi_raw\.pkl.*MultiBench"):
        load_dataset("cmu-mosi", data_dir=tmp_path).load()
