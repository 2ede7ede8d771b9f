"""Handwritten and spoken digits: who is in which split, and that the pairs agree."""

from itertools import chain

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fusebench.datasets import avdigits as module
from fusebench.datasets.avdigits import AVDigits
from fusebench.datasets.speech import REFERENCE_DIGEST, Speech, list_utterances, load_speech


@pytest.fixture(scope="module")
def loaded():
    """Splits by name, for two seeds."""
    return [vars(AVDigits().load(seed)) for seed in (0, 1)]


@pytest.fixture(scope="module")
def utterance_of():
    """Look an utterance up by its waveform."""
    return {w.tobytes(): u for w, u in zip(load_speech().waveforms, list_utterances(), strict=True)}


def utterances(data, utterance_of):
    audio = data.modalities["audio"]
    waveforms = np.rint(audio.values * 32768).astype(np.int16)
    return [utterance_of[w[:n].tobytes()] for w, n in zip(waveforms, audio.lengths, strict=True)]


def places_of_images(data):
    """Indices in scikit-learn's order; no two of its images are equal."""
    source = np.rint(load_digits().images * (255 / 16)).astype(np.uint8)
    place = {image.tobytes(): index for index, image in enumerate(source)}
    assert len(place) == len(source)
    return [place[image.tobytes()] for image in data.modalities["image"].values[:, 0]]


def test_every_image_is_in_one_split(loaded):
    for splits in loaded:
        places = {split: places_of_images(data) for split, data in splits.items()}
        assert sorted(chain(*places.values())) == list(range(1797))
        assert sorted(places["test"]) == list(range(1297, 1797))


def test_digits_are_stratified(loaded):
    for splits in loaded:
        for split, per_digit in (("train", 100), ("validation", 29.7)):
            assert np.abs(np.bincount(splits[split].labels) - per_digit).max() < 3


def test_both_modalities_show_the_digit_of_the_label(loaded, utterance_of):
    for splits in loaded:
        for data in splits.values():
            written = load_digits().target[places_of_images(data)]
            np.testing.assert_array_equal(written, data.labels)
            assert [u.digit for u in utterances(data, utterance_of)] == data.labels.tolist()


def test_no_utterance_is_used_twice_and_no_voice_in_two_splits(loaded, utterance_of):
    for splits in loaded:
        spoken = {split: utterances(data, utterance_of) for split, data in splits.items()}
        everything = list(chain(*spoken.values()))
        assert len(set(everything)) == len(everything) == 1797
        voices = [{u.speaker for u in of_split} for of_split in spoken.values()]
        assert len(set.union(*voices)) == sum(map(len, voices))


def test_the_seed_draws_split_and_pairs(loaded):
    first, second = (places_of_images(splits["train"]) for splits in loaded)
    assert 500 < len(set(first) & set(second)) < 950
    same = [
        np.array_equal(*waveforms)
        for waveforms in zip(*(splits["test"].modalities["audio"].values for splits in loaded), strict=True)
    ]
    assert np.mean(same) < 0.1


def test_neither_modality_alone_is_solved():
    data = AVDigits().features(("vector",))
    for name in data.train.names:
        classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        classifier.fit(data.train.modalities[name].values, data.train.labels)
        for part in (data.validation, data.test):
            assert 0.75 < classifier.score(part.modalities[name].values, part.labels) < 0.98


def test_the_fingerprint_shows_which_speech_it_is(monkeypatch):
    genuine = AVDigits().fingerprint()
    assert load_speech().digest in genuine
    assert ("-reference-" in genuine) == (load_speech().digest == REFERENCE_DIGEST)
    monkeypatch.setattr(module, "load_speech", lambda: Speech(np.zeros(3, np.int16), np.array([3])))
    assert "-other-" in AVDigits().fingerprint()


def test_the_card_says_that_the_speech_is_synthetic():
    card = AVDigits().card
    assert card.synthetic == ("audio",)
    assert "synthetic speech" in card.title
    assert "no estimate of accuracy on real speech" in card.description
