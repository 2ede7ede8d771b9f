"""Text features: TF-IDF and subword vectors, learnt from the training texts alone."""

from collections import Counter
from itertools import pairwise
from math import log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.features.text import TextFeatures
from fusebench.fusions.registry import make_fusion

CORPUS = [
    "the red circle sits on the left",
    "a blue circle lies on the right",
    "on the left lies one blue square",
    "the green triangle sits near the top",
    "one yellow cross",
    "the red cross is near the top",
]


def texts(*values):
    return Modality(Kind.TEXT, np.array(values, dtype=np.str_))


def word_terms(text):
    words = text.split()
    return words + [" ".join(pair) for pair in pairwise(words)]


def character_terms(text):
    padded = [f" {word} " for word in text.split()]
    return [word[i : i + n] for word in padded for n in (2, 3, 4) for i in range(len(word) - n + 1)]


def tf_idf(corpus, terms):
    """Salton's weights, smoothed: counts times ln((1 + n) / (1 + df)) + 1, rows of unit length."""
    counts = [Counter(terms(text)) for text in corpus]
    vocabulary = sorted(set().union(*counts))
    df = {term: sum(term in count for count in counts) for term in vocabulary}
    idf = np.array([log((1 + len(corpus)) / (1 + df[term])) + 1 for term in vocabulary])
    weights = np.array([[count[term] for term in vocabulary] for count in counts]) * idf
    return weights / np.linalg.norm(weights, axis=1, keepdims=True)


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_vectors_of_full_rank_keep_the_inner_products_of_tf_idf():
    weights = np.hstack([tf_idf(CORPUS, word_terms), tf_idf(CORPUS, character_terms)])
    vectors = TextFeatures().fit(texts(*CORPUS)).transform(texts(*CORPUS))["vector"].values
    np.testing.assert_allclose(vectors @ vectors.T, weights @ weights.T, atol=1e-5)
    assert not vectors[:, len(CORPUS) :].any()


def test_short_vectors_keep_the_strongest_directions():
    weights = np.hstack([tf_idf(CORPUS, word_terms), tf_idf(CORPUS, character_terms)])
    vectors = TextFeatures(n_components=3).fit(texts(*CORPUS)).transform(texts(*CORPUS))["vector"].values
    strengths = np.linalg.svd(weights, compute_uv=False)[:3]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=0), strengths, rtol=1e-4)


def test_repeated_training_texts_leave_no_direction_made_of_rounding_noise():
    features = TextFeatures().fit(texts(*CORPUS * 20))
    vectors = features.transform(texts("the yellow circle is near one square"))["vector"].values
    assert vectors[:, : len(CORPUS)].any()
    assert not vectors[:, len(CORPUS) :].any()


def test_only_training_texts_are_learnt_from():
    features = TextFeatures().fit(texts(*CORPUS))
    before = features.transform(texts(*CORPUS))
    unknown = features.transform(texts("qqq xjx", "qqq red"))
    after = features.transform(texts(*CORPUS))
    assert not unknown["vector"].values[0].any()
    assert not unknown["sequence"].values[0].any()
    assert unknown["sequence"].values[1, 1].any()
    for view in ("vector", "sequence"):
        np.testing.assert_array_equal(before[view].values, after[view].values)


@pytest.mark.parametrize(
    ("typo", "meant"), [("trianlge", "triangle"), ("sqare", "square"), ("yelow", "yellow"), ("RED", "red")]
)
def test_misspelt_word_is_nearest_to_the_word_meant(typo, meant):
    words = sorted({word for text in CORPUS for word in text.split()})
    features = TextFeatures().fit(texts(*CORPUS))
    frames = features.transform(texts(typo, *words))["sequence"].values[:, 0]
    similarity = [cosine(frames[0], frame) for frame in frames[1:]]
    assert words[int(np.argmax(similarity))] == meant


def test_a_typo_moves_a_text_less_than_another_word():
    features = TextFeatures().fit(texts(*CORPUS))
    clean, typo, other = features.transform(
        texts("one yellow triangle", "one yellow trianlge", "one yellow square")
    )["vector"].values
    assert cosine(clean, typo) > cosine(clean, other)


def test_frames_follow_the_words():
    features = TextFeatures().fit(texts(*CORPUS))
    sequence = features.transform(texts("Red, blue: red!", "blue"))["sequence"]
    assert sequence.lengths.tolist() == [3, 1]
    frames = sequence.values
    np.testing.assert_array_equal(frames[0, 0], frames[0, 2])
    np.testing.assert_array_equal(frames[0, 1], frames[1, 0])
    assert not np.array_equal(frames[0, 0], frames[0, 1])
    assert not frames[~sequence.frame_mask()].any()


def test_case_makes_no_difference():
    titled = texts(*CORPUS[:3], *(text.title() for text in CORPUS[3:]))
    for view in ("vector", "sequence"):
        lower = TextFeatures().fit(texts(*CORPUS)).transform(texts(*CORPUS))[view].values
        np.testing.assert_array_equal(TextFeatures().fit(titled).transform(titled)[view].values, lower)


def test_words_of_full_rank_have_unit_length():
    frames = TextFeatures().fit(texts(*CORPUS)).transform(texts(*CORPUS))["sequence"]
    norms = np.linalg.norm(frames.values[frames.frame_mask()], axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-5)


def test_long_texts_are_cut_to_the_longest_training_text_or_to_the_limit():
    long = texts("red blue " * 30)
    assert TextFeatures().fit(texts(*CORPUS)).transform(long)["sequence"].values.shape[1] == 7
    assert TextFeatures(max_words=4).fit(texts(*CORPUS)).transform(long)["sequence"].lengths.tolist() == [4]


def test_empty_text_is_a_zero_vector_and_one_zero_frame():
    views = TextFeatures().fit(texts(*CORPUS)).transform(texts("", "...", "red"))
    assert views["sequence"].lengths.tolist() == [1, 1, 1]
    assert not views["sequence"].values[:2].any()
    assert not views["vector"].values[0].any()


@pytest.mark.parametrize("train", [[], [""], ["...", "?!"]])
def test_training_texts_without_a_word_give_zeros_of_the_usual_width(train):
    views = TextFeatures(8, 5).fit(texts(*train)).transform(texts("red circle", ""))
    np.testing.assert_array_equal(views["vector"].values, np.zeros((2, 8)))
    np.testing.assert_array_equal(views["sequence"].values, np.zeros((2, 1, 5)))


def test_no_texts_give_no_rows():
    views = TextFeatures(8, 5).fit(texts(*CORPUS)).transform(texts())
    assert views["vector"].values.shape == (0, 8)
    assert views["sequence"].values.shape == (0, 7, 5)


def test_order_of_samples_changes_only_the_order_of_features():
    features, order = TextFeatures().fit(texts(*CORPUS)), np.array([3, 1, 0, 5, 4, 2])
    straight = features.transform(texts(*CORPUS))
    shuffled = features.transform(texts(*CORPUS).take(order))
    for view in ("vector", "sequence"):
        np.testing.assert_array_equal(straight[view].values[order], shuffled[view].values)


def test_fitting_twice_gives_the_same_features():
    first, second = (TextFeatures().fit(texts(*CORPUS)).transform(texts(*CORPUS)) for _ in range(2))
    for view in ("vector", "sequence"):
        np.testing.assert_array_equal(first[view].values, second[view].values)
        assert first[view].values.dtype == np.float32


@settings(max_examples=40)
@given(train=st.lists(st.text(max_size=20), max_size=4), test=st.lists(st.text(max_size=20), max_size=4))
def test_any_text_gives_finite_features_of_fixed_width(train, test):
    views = TextFeatures(6, 5, 4).fit(texts(*train)).transform(texts(*test))
    assert views["vector"].values.shape == (len(test), 6)
    assert views["sequence"].values.shape[::2] == (len(test), 5)
    assert all(np.isfinite(view.values).all() for view in views.values())


def test_a_word_that_tells_the_class_is_not_drowned_by_the_others():
    """Few texts of random words: scaled to spread 1 each, columns of noise would outweigh the others."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    filler = rng.choice(["the", "a", "thing", "is", "here", "now", "there", "then"], size=(400, 5))
    names = np.array(["circle", "square"])[y]
    texts = np.array([" ".join([*words, name]) for words, name in zip(filler, names, strict=True)])
    features = TextFeatures().fit(Modality(Kind.TEXT, texts[:60]))
    views = {"text": features.transform(Modality(Kind.TEXT, texts))["vector"]}
    data = MultimodalData(views, y)
    fusion = make_fusion("early-logistic").fit(data.take(np.arange(42)), data.take(np.arange(42, 60)))
    assert fusion.score(data.take(np.arange(100, 400)), y[100:]) > 0.97
