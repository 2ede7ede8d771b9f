"""Patch features: colours and edges on a grid."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality
from fusebench.datasets.features.patches import PatchFeatures
from fusebench.errors import FusebenchError


def images(values):
    return Modality(Kind.IMAGE, np.asarray(values, np.uint8))


def features(values, grid=4, bins=8):
    views = PatchFeatures(grid, bins).transform(images(values))
    return views["vector"].values, views["sequence"].values


def random_images(n=5, c=3, h=12, w=12, seed=0):
    return np.random.default_rng(seed).integers(256, size=(n, c, h, w), dtype=np.uint8)


def ramp(angle, size=16):
    """Brightness that rises steadily in a direction, in degrees from right towards down."""
    y, x = np.mgrid[:size, :size] - size / 2
    slope = np.cos(np.radians(angle)) * x + np.sin(np.radians(angle)) * y
    return (128 + 7 * slope)[None, None]


def test_statistics_of_patches_are_means_and_deviations_of_their_pixels():
    values = random_images(n=2, c=2, h=10, w=13)
    vector, sequence = features(values, grid=3, bins=4)
    rows, columns = [0, 3, 6, 10], [0, 4, 8, 13]
    for i in range(3):
        for j in range(3):
            patch = values[:, :, rows[i] : rows[i + 1], columns[j] : columns[j + 1]] / 255
            frame = sequence[:, 3 * i + j]
            np.testing.assert_allclose(frame[:, :2], patch.mean(axis=(2, 3)), atol=1e-6)
            np.testing.assert_allclose(frame[:, 2:4], patch.std(axis=(2, 3)), atol=1e-4)
            means = vector[:, 8:].reshape(2, 2, 3, 3)[:, :, i, j]
            np.testing.assert_allclose(means, patch.mean(axis=(2, 3)), atol=1e-6)
    np.testing.assert_allclose(vector[:, :2], (values / 255).mean(axis=(2, 3)), atol=1e-6)
    np.testing.assert_allclose(vector[:, 2:4], (values / 255).std(axis=(2, 3)), atol=1e-4)


@pytest.mark.parametrize(
    ("angle", "direction"), [(0, 0), (45, 2), (90, 4), (135, 6), (180, 0), (270, 4), (22, 1)]
)
def test_edges_are_counted_in_their_direction(angle, direction):
    vector, sequence = features(ramp(angle))
    histogram = vector[0, 2:10]
    assert histogram.argmax() == direction
    assert histogram[direction] == pytest.approx(histogram.sum(), rel=0.05)
    assert histogram.sum() == pytest.approx(7 / 255, rel=0.1)
    np.testing.assert_array_equal(sequence[0, :, 2:10].argmax(axis=1), direction)


def test_inverting_an_image_keeps_its_edges():
    values = random_images()
    np.testing.assert_allclose(features(values)[0][:, 6:14], features(255 - values)[0][:, 6:14], atol=1e-5)


def test_turning_an_image_turns_its_edges():
    values = random_images(c=1)
    straight = features(values)[0][:, 2:10]
    turned = features(np.rot90(values, axes=(2, 3)))[0][:, 2:10]
    # Directions halfway between two bins may round either way.
    np.testing.assert_allclose(turned, np.roll(straight, 4, axis=1), atol=0.01)


def test_edges_come_from_the_channel_that_changes_most():
    values = np.concatenate([ramp(0), 128 + 3 * (ramp(90) - 128) / 7], axis=1)
    assert features(values)[0][0, 4:12].argmax() == 0
    assert features(values)[0][0, 4:12].astype(bool).sum() == 1


def test_plain_image_has_no_spread_and_no_edges():
    vector, sequence = features(np.full((1, 3, 8, 8), 77))
    np.testing.assert_allclose(vector[0, :3], 77 / 255, rtol=1e-6)
    np.testing.assert_allclose(vector[0, 3:14], 0, atol=1e-3)
    np.testing.assert_allclose(sequence[0, :, 3:14], 0, atol=1e-3)


def test_frames_tell_their_row_and_column():
    places = features(random_images(n=1), grid=3)[1][0, :, -2:]
    expected = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)]
    np.testing.assert_array_equal(places, expected)


def test_order_of_samples_changes_only_the_order_of_features():
    values, order = random_images(), [4, 0, 3, 1, 2]
    for straight, shuffled in zip(features(values), features(values[order]), strict=True):
        np.testing.assert_array_equal(straight[order], shuffled)


def test_no_images_give_no_rows():
    vector, sequence = features(np.zeros((0, 3, 16, 16)))
    assert vector.shape == (0, 62)
    assert sequence.shape == (0, 16, 16)


def test_features_are_float32():
    assert [view.dtype for view in features(random_images())] == [np.float32, np.float32]


@pytest.mark.parametrize(("shape", "grid"), [((1, 3, 3, 8), 4), ((1, 3, 1, 1), 1)])
def test_images_smaller_than_the_grid_are_refused(shape, grid):
    with pytest.raises(FusebenchError, match=f"{shape[2]} by {shape[3]} pixels are too small for {grid}"):
        features(np.zeros(shape), grid)
