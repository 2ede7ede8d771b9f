import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from fusebench.datasets.formats.pictures import Shape, find_shape, read_picture

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("RGB", 3)])
def test_pixels_come_back(mode, channels, tmp_path):
    pixels = RNG.integers(0, 256, (5, 7, channels), dtype=np.uint8)
    Image.fromarray(pixels.squeeze(), mode).save(tmp_path / "a.png")
    assert find_shape(tmp_path / "a.png") == (channels, 5, 7)
    np.testing.assert_array_equal(
        read_picture(tmp_path / "a.png", Shape(channels, 5, 7)), pixels.transpose(2, 0, 1)
    )


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp"])
def test_a_plain_image_is_plain_in_every_format_and_size(suffix, tmp_path):
    Image.new("L", (40, 30), 200).save(tmp_path / f"a.{suffix}")
    read = read_picture(tmp_path / f"a.{suffix}", Shape(1, 10, 11))
    assert read.shape == (1, 10, 11)
    assert (read == 200).all()


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_other_modes_become_grey_or_colour(mode, tmp_path):
    Image.new("RGB", (4, 4), (255, 255, 255)).convert(mode).save(tmp_path / "a.tif")
    shape = find_shape(tmp_path / "a.tif")
    assert shape.channels == (1 if mode == "1" else 3)
    assert (read_picture(tmp_path / "a.tif", Shape(3, 4, 4)) == 255).all()


def test_16_bit_is_scaled_and_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 257, 65280, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert read_picture(tmp_path / "a.png", Shape(1, 1, 4)).ravel().tolist() == [0, 1, 254, 255]


def test_rows_stay_rows_when_resized(tmp_path):
    pixels = np.zeros((40, 20), np.uint8)
    pixels[:20] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    read = read_picture(tmp_path / "a.png", Shape(1, 4, 4))[0]
    assert (read[0] == 255).all()
    assert (read[3] == 0).all()


def declare(width, height):
    """Make a PNG file that declares a size and holds next to nothing."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100))


@pytest.mark.parametrize("side", [8000, 12_000, 60_000])
def test_a_vast_image_is_refused_before_it_is_decoded(side, tmp_path):
    (tmp_path / "a.png").write_bytes(declare(side, side))
    with pytest.raises(ValueError, match="more than 50,000,000"):
        find_shape(tmp_path / "a.png")


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"\x89PNG\r\n\x1a\n", declare(10, 10)[:30], b"%PDF-1.4"]
)
def test_what_is_no_image_is_an_error(content, tmp_path):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ValueError, match="no image"):
        find_shape(tmp_path / "a.png")


def test_an_image_that_is_cut_off_is_an_error(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (50, 50), dtype=np.uint8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:1000])
    with pytest.raises(ValueError, match="damaged"):
        read_picture(tmp_path / "b.png", Shape(1, 50, 50))
