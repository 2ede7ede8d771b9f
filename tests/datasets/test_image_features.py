import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality
from fusebench.datasets.features.image import PixelFeatures


def random_images(n, channels=1, height=8, width=8, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (n, channels, height, width))
    return Modality(Kind.IMAGE, pixels.astype(np.uint8))


@given(n=st.integers(0, 4), channels=st.integers(1, 3), height=st.integers(1, 5), width=st.integers(1, 5))
def test_every_pixel_stands_at_its_place_in_both_views(n, channels, height, width):
    images = random_images(n, channels, height, width)
    views = PixelFeatures().fit(images).transform(images)
    vector = views["vector"].values.reshape(n, channels, height, width)
    sequence = views["sequence"].values.reshape(n, height, channels, width)
    np.testing.assert_allclose(vector * 255, images.values, rtol=1e-6)
    np.testing.assert_array_equal(sequence.transpose(0, 2, 1, 3), vector)
    assert vector.dtype == sequence.dtype == np.float32


def test_pixels_are_scaled_to_one():
    images = Modality(Kind.IMAGE, np.array([0, 255], np.uint8).reshape(1, 1, 1, 2))
    vector = PixelFeatures().fit(images).transform(images)["vector"].values
    np.testing.assert_array_equal(vector, [[0, 1]])


def test_large_images_are_reduced_to_the_principal_components_of_the_training_images():
    train, test = random_images(50), random_images(5, seed=1)
    vector = PixelFeatures(max_features=10).fit(train).transform(test)["vector"].values
    pixels = train.values.reshape(50, -1) / 255
    directions = np.linalg.svd(pixels - pixels.mean(axis=0))[2][:10]
    expected = (test.values.reshape(5, -1) / 255 - pixels.mean(axis=0)) @ directions.T
    np.testing.assert_allclose(np.abs(vector), np.abs(expected), atol=1e-4)
    assert vector.dtype == np.float32


def test_components_do_not_outnumber_what_the_training_images_span():
    train = random_images(4)
    vector = PixelFeatures(max_features=10).fit(train).transform(train)["vector"].values
    assert vector.shape == (4, 3)
    assert vector.std(axis=0).min() > 0.1


@pytest.mark.parametrize("n_train", [0, 1])
def test_without_training_images_pixels_are_kept(n_train):
    features = PixelFeatures(max_features=10).fit(random_images(n_train))
    assert features.transform(random_images(3))["vector"].values.shape == (3, 64)


def test_other_images_change_no_image_of_the_same_batch():
    features = PixelFeatures(max_features=10).fit(random_images(50))
    images = random_images(6, seed=1)
    alone = features.transform(images.take(np.arange(3)))
    together = features.transform(images)
    for view, modality in alone.items():
        np.testing.assert_allclose(together[view].values[:3], modality.values, atol=1e-6)
