"""Noise on pixels: the levels are what they say."""

import numpy as np
import pytest

from fusebench.bench.scenarios.registry import scenarios
from fusebench.datasets.data import Kind, Modality, MultimodalData


def change(scenario, level, images, seed=0):
    data = MultimodalData({"image": Modality(Kind.IMAGE, np.asarray(images, np.uint8))})
    changed = scenarios[f"noise-image-{scenario}"].change(
        data, "image", level, np.random.default_rng(seed), data
    )
    return changed.modalities["image"].values


IMAGE = [name.removeprefix("noise-image-") for name in scenarios if name.startswith("noise-image-")]


@pytest.mark.parametrize("scenario", IMAGE)
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 9, 12), (4, 5, 5)])
def test_every_number_of_channels_and_shape_will_do(scenario, shape):
    images = np.random.default_rng(0).integers(0, 256, (3, *shape))
    changed = change(scenario, scenarios[f"noise-image-{scenario}"].levels[3], images)
    assert changed.shape == images.shape
    assert changed.dtype == np.uint8
    assert (changed != images).any()


@pytest.mark.parametrize("scenario", ["blur", "contrast", "rotation", "resolution"])
def test_a_plain_image_stays_plain(scenario):
    plain = np.full((2, 1, 16, 16), 100)
    strongest = scenarios[f"noise-image-{scenario}"].levels[5]
    np.testing.assert_allclose(change(scenario, strongest, plain), 100, atol=1)


@pytest.mark.parametrize("level", [0.1, 0.5])
def test_salt_and_pepper_hit_the_share_of_pixels_asked_for_half_each(level):
    changed = change("salt-pepper", level, np.full((20, 3, 32, 32), 100))
    assert (changed == 255).mean() == pytest.approx(level / 2, abs=0.01)
    assert (changed == 0).mean() == pytest.approx(level / 2, abs=0.01)
    assert (changed == changed[:, :1]).all()


@pytest.mark.parametrize("side", [32, 64])
def test_blur_spreads_a_point_by_a_share_of_the_side(side):
    lines = np.zeros((1, 1, side, side))
    lines[:, :, :, side // 2] = 255
    profile = change("blur", 0.1, lines)[0, 0, side // 2].astype(float)
    place = np.arange(side) - side // 2
    assert np.sqrt((profile * place**2).sum() / profile.sum()) == pytest.approx(0.1 * side, rel=0.05)


@pytest.mark.parametrize("level", [0.25, 0.75])
def test_a_patch_hides_the_part_asked_for_and_lies_anywhere(level):
    hidden = change("occlusion", level, np.zeros((500, 1, 8, 8)))[:, 0] > 0
    assert (hidden.sum(axis=(1, 2)) == (8 * level) ** 2).all()
    assert (hidden[:, [0, 0, -1, -1], [0, -1, 0, -1]].any(axis=0)).all()
    assert hidden.any(axis=0).all()


def test_contrast_is_lowered_by_the_share_asked_for_and_brightness_stays():
    images = np.random.default_rng(0).integers(0, 256, (5, 1, 32, 32))
    changed = change("contrast", 0.6, images).astype(float)
    np.testing.assert_allclose(changed.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=0.5)
    np.testing.assert_allclose(changed.std(axis=(1, 2, 3)), 0.4 * images.std(axis=(1, 2, 3)), rtol=0.02)


def test_jpeg_keeps_the_colours_of_a_photograph():
    down, right = np.mgrid[0:1:32j, 0:1:32j]
    smooth = 255 * np.stack([down, right, (down + right) / 2])[None]
    good, bad = (np.abs(change("jpeg", level, smooth) - smooth).mean() for level in (95.0, 2.0))
    assert good < 3 < bad


@pytest.mark.parametrize("angle", [30.0, 45.0])
def test_a_bar_is_turned_by_the_angle_asked_for_to_either_side(angle):
    bars = np.zeros((20, 1, 65, 65))
    bars[:, :, 31:34, 8:57] = 255
    turned = change("rotation", angle, bars)[:, 0].astype(float)
    y, x = np.mgrid[-32:33, -32:33]
    second = [[(turned * a * b).sum(axis=(1, 2)) for b in (x, y)] for a in (x, y)]
    found = np.degrees(np.arctan2(2 * second[0][1], second[0][0] - second[1][1]) / 2)
    np.testing.assert_allclose(np.abs(found), angle, atol=1)
    assert {*np.sign(found)} == {-1, 1}


def test_resolution_leaves_the_means_of_blocks_only():
    images = np.random.default_rng(0).integers(0, 256, (1, 1, 8, 8))
    stripes = np.tile([0, 255], (1, 1, 8, 4))
    np.testing.assert_allclose(change("resolution", 2.0, stripes), 127.5, atol=1)
    mean = images.mean()
    np.testing.assert_allclose(change("resolution", 8.0, images), mean, atol=1)
