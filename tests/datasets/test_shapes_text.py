"""Scenes and sentences: each modality alone says nothing of the class, both together say everything."""

import re

import numpy as np
import pytest
from scipy.stats import binom, chi2_contingency, chisquare
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError

COLOURS = ["red|crimson|scarlet", "green|lime|jade", "blue|navy|cobalt", "yellow|golden|lemon"]
SHAPES = ["circle|disc|ball", "square|box|block", "triangle|wedge|pyramid", "cross|plus"]
PLACES = ["left|west", "right|east", "top|upper|north", "bottom|lower|south"]
PAINTS = np.array([(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0)])


def read_sentence(text):
    """Colour, shape and place by looking words up; fails unless exactly one of each is named."""
    found = []
    for patterns in (COLOURS, SHAPES, PLACES):
        hits = [k for k, pattern in enumerate(patterns) if re.search(rf"\b({pattern})\b", text)]
        assert len(hits) == 1, text
        found += hits
    return found


def look_at_scene(image):
    """Colour, shape and place of the saturated pixels."""
    pixels = image.astype(float)
    inside = np.ptp(pixels, axis=0) > 70
    y, x = np.nonzero(inside)
    paint = pixels[:, inside].mean(axis=1)
    colour = np.abs(paint / paint.max() - PAINTS).sum(axis=1).argmin()
    box = inside[y.min() : y.max() + 1, x.min() : x.max() + 1]
    corners = (
        np.array([box[:2, :2].mean(), box[:2, -2:].mean(), box[-2:, :2].mean(), box[-2:, -2:].mean()]) > 0.5
    )
    if corners.all():
        shape = 1
    elif corners[2:].all():
        shape = 2
    else:
        shape = 0 if box.mean() > 0.65 else 3
    down, right = (y.min() + y.max() + 1) / 2 - 16, (x.min() + x.max() + 1) / 2 - 16
    place = (0 if right < 0 else 1) if abs(right) > abs(down) else (2 if down < 0 else 3)
    return [colour, shape, place]


def attributes(data):
    shown = np.array([look_at_scene(image) for image in data.modalities["image"].values])
    named = np.array([read_sentence(text.lower()) for text in data.modalities["text"].values])
    return shown, named


@pytest.fixture(scope="module")
def large():
    return load_dataset("shapes-text", n_test=6000).load(seed=2).test


@pytest.fixture(scope="module")
def vectors():
    """Standardised vectors of training and test data, by modality, with labels."""
    data = load_dataset("shapes-text").features(seed=0)
    scaled = {}
    for name in data.train.names:
        scaler = StandardScaler().fit(data.train.modalities[name].values)
        scaled[name] = [scaler.transform(d.modalities[name].values) for d in (data.train, data.test)]
    return scaled, data.train.labels, data.test.labels


def assert_chance(accuracy, n, chance=0.25):
    low, high = binom.interval(0.999, n, chance)
    assert low <= accuracy * n <= high


@pytest.mark.parametrize("n_values", [2, 3, 4])
def test_both_modalities_together_tell_the_class_without_error(n_values):
    dataset = load_dataset("shapes-text", n_test=1000, n_values=n_values)
    test = dataset.load(seed=1).test
    shown, named = attributes(test)
    differs = shown != named
    assert (differs.sum(axis=1) <= 1).all()
    decided = np.where(differs.any(axis=1), differs.argmax(axis=1) + 1, 0)
    assert np.mean(decided == test.labels) == dataset.card.bayes_accuracy == 1.0
    assert shown.max() == named.max() == n_values - 1


def test_each_modality_names_every_combination_equally_often_in_every_class(large):
    for values in attributes(large):
        code = values @ [9, 3, 1]
        for label in range(4):
            counts = np.bincount(code[large.labels == label], minlength=27)
            assert chisquare(counts).pvalue > 1e-3


def test_wrong_attribute_is_uniform_among_the_others():
    test = load_dataset("shapes-text", n_test=6000, n_values=4).load(seed=0).test
    shown, named = attributes(test)
    for column in range(3):
        chosen = test.labels == column + 1
        pairs = np.bincount(4 * shown[chosen, column] + named[chosen, column], minlength=16).reshape(4, 4)
        assert not pairs.diagonal().any()
        assert chisquare(pairs[~np.eye(4, dtype=bool)]).pvalue > 1e-3


def test_wording_is_the_same_in_every_class(large):
    words = CountVectorizer(binary=True).fit_transform(large.modalities["text"].values)
    table = np.array([words[large.labels == label].sum(axis=0).A1 for label in range(4)])
    # The words of one sentence depend on each other, so each word is tested alone.
    n = np.bincount(large.labels)
    pvalues = [chi2_contingency([row, n - row]).pvalue for row in table.T if (row < n).all()]
    assert len(pvalues) > 50
    assert min(pvalues) > 1e-3 / len(pvalues)


def test_classes_are_equally_frequent_in_every_split():
    data = load_dataset("shapes-text", n_train=20, n_validation=21, n_test=3).load()
    assert np.bincount(data.train.labels).tolist() == [5, 5, 5, 5]
    assert np.bincount(data.validation.labels).tolist() == [6, 5, 5, 5]
    assert not np.array_equal(data.train.labels, np.arange(20) % 4)


@pytest.mark.parametrize("names", [["image"], ["text"], ["image", "text"]])
def test_linear_model_stays_at_chance(vectors, names):
    scaled, y_train, y_test = vectors
    train, test = (np.hstack([scaled[name][k] for name in names]) for k in (0, 1))
    model = LogisticRegression(C=0.01, max_iter=500).fit(train, y_train)
    assert_chance(model.score(test, y_test), len(y_test))


def test_bag_of_words_and_pixels_alone_stay_at_chance(large):
    half = len(large) // 2
    words = CountVectorizer(ngram_range=(1, 2)).fit_transform(large.modalities["text"].values)
    blocks = large.modalities["image"].values.reshape(len(large), 3, 8, 4, 8, 4).mean(axis=(3, 5)) / 255
    for X in (words, blocks.reshape(len(large), -1)):
        model = LogisticRegression(C=0.01, max_iter=500).fit(X[:half], large.labels[:half])
        assert_chance(model.score(X[half:], large.labels[half:]), half)


def test_products_of_the_vector_views_tell_most_of_the_class(vectors):
    scaled, y_train, y_test = vectors
    train, test = (
        np.einsum("ni,nj->nij", scaled["image"][k], scaled["text"][k]).reshape(len(y), -1)
        for k, y in enumerate((y_train, y_test))
    )
    assert RidgeClassifier(alpha=1e3).fit(train, y_train).score(test, y_test) > 0.6


def test_seeds_and_splits_draw_different_samples_and_the_same_seed_the_same():
    dataset = load_dataset("shapes-text", n_train=50, n_validation=50, n_test=50)
    first, again, other = dataset.load(0), dataset.load(0), dataset.load(1)
    pictures = [d.modalities["image"].values for d in (first.train, first.validation, first.test, other.test)]
    assert len(np.unique(np.concatenate(pictures).reshape(200, -1), axis=0)) == 200
    for name in first.test.names:
        np.testing.assert_array_equal(first.test.modalities[name].values, again.test.modalities[name].values)


def test_size_of_one_split_changes_no_other():
    small, large = (load_dataset("shapes-text", n_train=n, n_test=20).load().test for n in (10, 30))
    np.testing.assert_array_equal(small.modalities["text"].values, large.modalities["text"].values)
    np.testing.assert_array_equal(small.modalities["image"].values, large.modalities["image"].values)


@pytest.mark.parametrize(("option", "value"), [("n_values", 1), ("n_values", 5), ("n_test", 0)])
def test_options_out_of_range_are_refused_with_their_value(option, value):
    with pytest.raises(FusebenchError, match=rf"{option} .*however: {value}\."):
        load_dataset("shapes-text", **{option: value})
