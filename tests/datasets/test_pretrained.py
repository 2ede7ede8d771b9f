"""Pretrained encoders, with a small model in place of those of sentence-transformers."""

import sys
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from fusebench.bench.checks import check_dataset
from fusebench.datasets.data import Kind, Modality
from fusebench.datasets.features import pretrained
from fusebench.datasets.features.pretrained import SentenceFeatures
from fusebench.datasets.own.dataset import FileDataset
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError

ENCODER = "text=sentence-transformers:small"


def embed(text):
    """Eight numbers that only this text has."""
    return np.frombuffer(sha256(text.encode()).digest()[:16], np.uint16) / np.float32(2**16)


@pytest.fixture
def encoded(monkeypatch, tmp_path):
    """The library with a small model; gives the lists of texts that it had to encode."""
    calls = []

    class Model:
        def __init__(self, name, device):
            torch.rand(3)
            if name == "not-there":
                raise OSError("We couldn't connect to 'https://huggingface.co'\nCheck your connection")
            assert device == "cpu"

        def encode(self, texts, *, show_progress_bar, convert_to_numpy):
            assert convert_to_numpy
            assert not show_progress_bar
            calls.append(texts)
            return np.stack([embed(text) for text in texts]).astype(np.float64)

    monkeypatch.setitem(sys.modules, "sentence_transformers", SimpleNamespace(SentenceTransformer=Model))
    monkeypatch.setattr(pretrained, "version", lambda package: "9.1")
    monkeypatch.setenv("FUSEBENCH_CACHE", str(tmp_path / "cache"))
    pretrained._load.cache_clear()
    yield calls
    pretrained._load.cache_clear()


def text(*texts):
    return Modality(Kind.TEXT, np.array(texts, dtype=np.str_))


def transform(model, *texts):
    return SentenceFeatures(model).fit(text(*texts)).transform(text(*texts))["vector"].values


def test_every_text_gets_its_vector_in_its_place(encoded):
    texts = ["dog", "cat", "", "dog", "a longer one"]
    vectors = transform("small", *texts)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, [embed(word) for word in texts])
    assert transform("small").shape == (0, 8)


def test_the_same_texts_are_encoded_once(encoded):
    first = transform("small", "dog", "cat")
    np.testing.assert_array_equal(transform("small", "cat", "dog", "cat"), first[[1, 0, 1]])
    assert len(encoded) == 1
    transform("small", "dog", "cats")
    assert len(encoded) == 2
    transform("other", "dog", "cat")
    assert len(encoded) == 3


def test_a_model_that_changed_encodes_again(encoded, tmp_path):
    (tmp_path / "model").mkdir()
    for weights in ("one", "two"):
        (tmp_path / "model/weights").write_text(weights)
        transform(str(tmp_path / "model"), "dog")
        transform(str(tmp_path / "model"), "dog")
    assert len(encoded) == 2


def test_another_version_of_the_library_encodes_again(encoded, monkeypatch):
    transform("small", "dog")
    monkeypatch.setattr(pretrained, "version", lambda package: "9.2")
    transform("small", "dog")
    assert len(encoded) == 2


def test_the_global_generator_is_left_alone(encoded):
    before = torch.random.get_rng_state()
    transform("small", "dog")
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.fixture
def table(tmp_path):
    rows = [f"{'good' if i % 2 else 'bad'} word{i},{i % 5},{i % 2}" for i in range(60)]
    (tmp_path / "mine.csv").write_text("\n".join(["note:text,size,label", *rows]))
    return str(tmp_path / "mine.csv")


def test_texts_of_ones_own_data_are_encoded(encoded, table):
    dataset = load_dataset(table, encoder=ENCODER)
    check_dataset(dataset)
    assert dataset.card.views == {"note": ("vector",), "size": ("vector",)}
    raw, features = dataset.load().test, dataset.features().test
    np.testing.assert_array_equal(
        features.modalities["note"].values, [embed(word) for word in raw.modalities["note"].values]
    )
    np.testing.assert_array_equal(features.modalities["size"].values, raw.modalities["size"].values)


def test_the_encoder_changes_the_fingerprint(encoded, table, monkeypatch):
    prints = [FileDataset(table, encoder=encoder).fingerprint() for encoder in (None, ENCODER, f"{ENCODER}2")]
    monkeypatch.setattr(pretrained, "version", lambda package: "9.2")
    prints.append(FileDataset(table, encoder=ENCODER).fingerprint())
    assert len(set(prints)) == 4


@pytest.mark.parametrize("encoder", ["text=sentence-transformers:", "image=timm:vit", "small"])
def test_an_unknown_encoder_is_a_message(table, encoder):
    with pytest.raises(FusebenchError, match=r"write text=sentence-transformers:MODEL"):
        load_dataset(table, encoder=encoder)


def test_without_the_library_the_message_names_the_extra(table, monkeypatch):
    def missing(package):
        raise PackageNotFoundError(package)

    monkeypatch.setattr(pretrained, "version", missing)
    dataset = load_dataset(table, encoder=ENCODER)
    for use in (dataset.fingerprint, dataset.features):
        with pytest.raises(FusebenchError, match=r"small' needs .* pip install 'fusebench\[text\]'"):
            use()


def test_a_model_that_is_not_there_is_a_message(encoded):
    with pytest.raises(FusebenchError, match=r"cannot be downloaded.*couldn't connect.*huggingface\.co'\)"):
        transform("not-there", "dog")


@pytest.mark.parametrize("wrong", [np.full((2, 3), np.nan), np.ones((3, 3)), np.ones(2)])
def test_vectors_that_do_not_fit_are_a_message(encoded, monkeypatch, wrong):
    monkeypatch.setattr(pretrained._load("small").__class__, "encode", lambda self, texts, **_: wrong)
    with pytest.raises(FusebenchError, match="one finite vector for each text"):
        transform("small", "dog")
