"""Noise on texts: the levels are what they say, and nothing else is touched."""

import string
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.bench.scenarios.noise_text import LOOKALIKES, NEIGHBOURS
from fusebench.bench.scenarios.registry import scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData

# numpy cuts zeros off the end of a string.
TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=60)
LEVELS = st.floats(0, 1)
SEEDS = st.integers(0, 100)


def change(scenario, text, level, seed=0):
    data = MultimodalData({"text": Modality(Kind.TEXT, np.array([text]))})
    changed = scenarios[f"noise-text-{scenario}"].change(
        data, "text", level, np.random.default_rng(seed), data
    )
    return str(changed.modalities["text"].values[0])


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (x != y))
    return row[-1]


@pytest.mark.parametrize("scenario", ["typos", "ocr", "word-drop", "word-order", "truncation"])
@settings(max_examples=50)
@given(TEXTS)
def test_level_0_is_the_identity_for_any_text(scenario, text):
    assert change(scenario, text, 0.0) == text


@settings(max_examples=50)
@given(TEXTS, LEVELS, SEEDS)
def test_typos_touch_the_share_of_letters_asked_for_and_nothing_else(text, level, seed):
    typed = change("typos", text, level, seed)
    n_letters = sum(character.isalpha() for character in text)
    # Two typos can undo each other ("ab" without a, b hit twice: "bb"), so this is an upper bound.
    assert edit_distance(text, typed) <= round(level * n_letters)
    assert [c for c in typed if not c.isalpha()] == [c for c in text if not c.isalpha()]


@settings(max_examples=50)
@given(st.text(string.ascii_letters + string.digits + " ", max_size=60), LEVELS, SEEDS)
def test_confused_characters_are_as_many_as_asked_for_and_look_alike(text, level, seed):
    confusable = [character for character in text if character in LOOKALIKES]
    one_for_one = "".join(character for character in text if character not in "mwd")
    read = change("ocr", one_for_one, level, seed)
    differing = [(a, b) for a, b in zip(one_for_one, read, strict=True) if a != b]
    assert len(differing) == round(level * sum(character in LOOKALIKES for character in one_for_one))
    assert all(b in LOOKALIKES[a] for a, b in differing)
    assert (change("ocr", text, 1.0, seed) == text) == (not confusable)


def test_neighbouring_keys_are_neighbours_both_ways():
    assert set(NEIGHBOURS["g"]) == set("fhtyvb")
    assert all(key in NEIGHBOURS[other] for key, near in NEIGHBOURS.items() for other in near)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["a", "bc", "def"]), max_size=20), LEVELS, SEEDS)
def test_words_that_are_not_dropped_keep_their_order(words, level, seed):
    remaining = iter(words)
    assert all(word in remaining for word in change("word-drop", " ".join(words), level, seed).split())


def test_words_are_dropped_as_often_as_asked_for():
    left = change("word-drop", " ".join(["word"] * 2000), 0.3).split()
    assert len(left) / 2000 == pytest.approx(0.7, abs=0.03)


@settings(max_examples=50)
@given(TEXTS, st.floats(0, 10), SEEDS)
def test_moved_words_are_the_same_words(text, level, seed):
    moved = change("word-order", text, level, seed)
    assert Counter(moved) == Counter(text)


def test_words_move_as_far_as_asked_for():
    text = " ".join(map(str, range(100, 300)))
    moved = {
        level: np.std(np.array(change("word-order", text, level).split(), int) - np.arange(100, 300))
        for level in (1.0, 8.0)
    }
    # A word is passed by its neighbours as often as it passes them: the place that it ends in is its own
    # noise but for a small rest.
    assert moved[8.0] == pytest.approx(8, rel=0.15)
    assert moved[1.0] == pytest.approx(1, rel=0.3)


@settings(max_examples=50)
@given(TEXTS, LEVELS)
def test_truncation_keeps_the_start(text, level):
    assert change("truncation", text, level) == text[: len(text) - round(level * len(text))]
