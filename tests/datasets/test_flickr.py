import json

import numpy as np
import pytest

from fusebench.bench.checks import check_dataset
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError

from .pictures import numbers_of, write_picture

SIZES = {"train": 30, "val": 9, "test": 12}
NAMES = {"flickr8k": "Flicker8k_Dataset", "flickr30k": "flickr30k-images"}


def write(folder, name="flickr8k", **changes):
    """Photographs are numbered through all splits, and their five sentences begin with the number."""
    entries, number = [], 0
    for part, n in SIZES.items():
        for _ in range(n):
            write_picture(folder / name / NAMES[name] / f"{number}.jpg", number)
            sentences = [{"raw": f"{number} in version {version} ."} for version in range(5)]
            entries.append({"filename": f"{number}.jpg", "split": part, "sentences": sentences})
            number += 1
    entries[0].update(changes)
    (folder / name / f"dataset_{name}.json").write_text(json.dumps({"images": entries}), encoding="utf-8")
    return load_dataset(name, data_dir=folder, size=16)


@pytest.mark.parametrize("name", NAMES)
def test_half_of_the_sentences_are_of_another_photograph_of_the_split(tmp_path, name):
    splits = write(tmp_path, name).load()
    first = 0
    for data, n in zip((splits.train, splits.validation, splits.test), SIZES.values(), strict=True):
        pictures = np.array(numbers_of(data.modalities["image"].values))
        sentences = np.array([int(text.split()[0]) for text in data.modalities["text"].values])
        assert pictures.tolist() == list(range(first, first + n))
        np.testing.assert_array_equal(pictures == sentences, data.labels == 1)
        assert (data.labels == 0).sum() == n // 2
        # Each sentence is used once, so that it says nothing of the answer.
        assert sorted(sentences) == pictures.tolist()
        first += n


def test_the_seed_draws_sentences_and_pairs(tmp_path):
    dataset = write(tmp_path)
    texts = [dataset.load(seed).train.modalities["text"].values.tolist() for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    versions = {text.split()[3] for text in texts[0]}
    assert versions == set("01234")


def test_small_files_keep_all_promises_of_a_data_set(tmp_path):
    check_dataset(write(tmp_path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"split": "restval"}, r"dataset_flickr8k\.json is not a file of captions: 'restval'"),
        ({"sentences": []}, "no sentence"),
        ({"sentences": 3}, "not a file of captions"),
        ({"filename": "../../0.jpg"}, "lies outside of the folder"),
        ({"filename": "none.jpg"}, "none.jpg"),
    ],
)
def test_damaged_files_are_a_message(tmp_path, changes, reason):
    with pytest.raises(FusebenchError, match=reason):
        write(tmp_path, **changes).load()
