"""Pictures of known drawings, of every sort, come out as the training form of the drawing."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.drawing import (
    bitmap_from_image,
    bounding_box,
    check_strokes,
    images,
    rasterize,
)
from inkgrad.errors import DataError
from tests.drawing.doodles import DOODLES, FACE, HOUSE, correlation
from tests.drawing.pictures import encoded, photographed, picture, transparent


def speckled(strokes):
    pixels = np.asarray(picture(strokes)).copy()
    rng = np.random.default_rng(5)
    pixels[rng.integers(0, 240, 25), rng.integers(0, 320, 25)] = 0
    return Image.fromarray(pixels)


def sixteen_bits(strokes):
    grey = np.asarray(picture(strokes).convert("L"), dtype=np.uint16) * 257
    return encoded(Image.fromarray(grey), "PNG")


def turned_by_camera(strokes):
    image = picture(strokes).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # "the top is at the right"
    return encoded(image, "JPEG", exif=exif, quality=95)


SORTS = {
    "black on white": picture,
    "thin pen": lambda d: picture(d, pen=1),
    "thick pen": lambda d: picture(d, pen=14),
    "large": lambda d: picture(d, size=(1500, 1100), pen=20, scale=4),
    "in a corner": lambda d: picture(d, size=(900, 700), scale=0.5, pen=3, place=(750, 560)),
    "low resolution": lambda d: picture(d, size=(90, 80), scale=0.25, pen=2, place=(5, 5)),
    "white on black": lambda d: picture(d, ink="white", paper="black"),
    "yellow on white": lambda d: picture(d, ink=(255, 225, 0)),
    "red on blue": lambda d: picture(d, ink="red", paper="blue"),
    "faint pencil": lambda d: picture(d, ink=(205, 205, 205)),
    "black on nothing": lambda d: transparent(d, (0, 0, 0)),
    "white on nothing": lambda d: transparent(d, (255, 255, 255)),
    "photo": lambda d: photographed(picture(d)),
    "photo in JPEG": lambda d: encoded(photographed(picture(d), noise=12), "JPEG", quality=60),
    "dark photo": lambda d: photographed(picture(d), shade=150, noise=4),
    "specks": speckled,
    "GIF": lambda d: encoded(picture(d), "GIF"),
    "BMP": lambda d: encoded(picture(d), "BMP"),
    "WebP": lambda d: encoded(picture(d), "WEBP"),
    "TIFF": lambda d: encoded(picture(d), "TIFF"),
    "palette PNG": lambda d: encoded(picture(d).convert("P"), "PNG"),
    "black or white PNG": lambda d: encoded(picture(d).convert("1", dither=0), "PNG"),
    "16-bit PNG": sixteen_bits,
    "floats": lambda d: picture(d).convert("L").convert("F"),
    "turned by the camera": turned_by_camera,
    "56 × 56 bitmap": lambda d: Image.fromarray(rasterize(d, 56)),
}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("name", DOODLES)
def test_a_picture_of_a_drawing_gives_its_bitmap(sort, name):
    bitmap = bitmap_from_image(SORTS[sort](DOODLES[name]))
    assert bitmap.shape == (28, 28)
    assert bitmap.dtype == np.uint8
    assert correlation(bitmap, rasterize(DOODLES[name])) > 0.96


@pytest.mark.parametrize("side", [28, 56, 128])
def test_any_side(side):
    bitmap = bitmap_from_image(picture(HOUSE), side)
    assert bitmap.shape == (side, side)
    assert correlation(bitmap, rasterize(HOUSE, side)) > 0.96


def test_another_pen_and_padding():
    settings = {"pen": 30.0, "padding": 40.0}
    bitmap = bitmap_from_image(picture(FACE), **settings)
    assert correlation(bitmap, rasterize(FACE, **settings)) > 0.97


def test_a_path_of_either_type(tmp_path):
    path = tmp_path / "house.png"
    picture(HOUSE).save(path)
    expected = bitmap_from_image(picture(HOUSE))
    for given in (path, str(path)):
        np.testing.assert_array_equal(bitmap_from_image(given), expected)


def test_a_bitmap_is_taken_as_it_is():
    bitmap = rasterize(FACE)
    for image in (bitmap, 255 - bitmap):
        for given in (Image.fromarray(image), encoded(Image.fromarray(image), "PNG")):
            np.testing.assert_array_equal(bitmap_from_image(given), bitmap)


def test_thickness_and_place_hardly_matter():
    thin, thick = (bitmap_from_image(picture(HOUSE, pen=pen)) for pen in (2, 12))
    assert correlation(thin, thick) > 0.97
    assert thin.mean() == pytest.approx(thick.mean(), rel=0.05)
    bitmap = thick / 255
    for axis in (0, 1):
        centre = bitmap.any(axis=axis).nonzero()[0]
        assert centre[0] + centre[-1] == pytest.approx(27, abs=1)
    assert np.ptp(bitmap.any(axis=1).nonzero()[0]) + 1 in (25, 26)  # 24.96 pixels of ink


def test_filled_parts_stay_filled():
    square = [[0, 100, 100, 0, 0], [0, 0, 100, 100, 0]]
    filled = [[0, 30] * 16, np.repeat(np.linspace(0, 30, 16), 2).tolist()]
    bitmap = bitmap_from_image(picture([square, filled], scale=2, pen=6))
    assert bitmap[4:8, 4:8].min() > 200
    assert bitmap[15:22, 15:22].max() == 0


def test_a_filled_shape_is_drawn_as_its_outline():
    disc = Image.new("L", (200, 200), 255)
    y, x = np.mgrid[:200, :200]
    disc = Image.fromarray(np.where(np.hypot(y - 100, x - 80) < 60, 0, 255).astype(np.uint8))
    circle = [[127.5 + 127.5 * np.cos(a) for a in np.linspace(0, 2 * np.pi, 64)]]
    circle += [[127.5 + 127.5 * np.sin(a) for a in np.linspace(0, 2 * np.pi, 64)]]
    assert correlation(bitmap_from_image(disc), rasterize([circle])) > 0.9


def test_a_lone_pixel_is_no_drawing():
    image = Image.new("L", (100, 80), 255)
    image.putpixel((7, 70), 0)
    with pytest.raises(DataError, match="blank"):
        bitmap_from_image(image)


def test_the_picture_handed_in_stays():
    image = picture(HOUSE)
    before = np.asarray(image).copy()
    bitmap_from_image(image)
    np.testing.assert_array_equal(np.asarray(image), before)


def claiming(width, height):
    """Return a PNG of a few bytes that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0")), (b"IEND", b"")]
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + data


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (b"", "not a picture in PNG, JPEG, GIF, BMP, WEBP, TIFF format"),
        (b"hello", "not a picture"),
        (b"%PDF-1.4", "not a picture"),
        (encoded(picture(HOUSE), "ICO"), "not a picture"),
        (encoded(picture(HOUSE), "PNG")[:500], "cannot be read"),
        (encoded(picture(HOUSE), "JPEG")[:900], "cannot be read"),
        (claiming(11_000, 11_000), "too large; make it smaller"),
        (claiming(100_000, 100_000), "too large; make it smaller"),
        (claiming(0, 5), "picture"),
        (encoded(Image.new("RGB", (300, 200), "white"), "PNG"), "is blank"),
        (encoded(Image.new("RGB", (300, 200), "black"), "PNG"), "is blank"),
        (encoded(Image.new("RGBA", (300, 200), (0, 0, 0, 0)), "PNG"), "is blank"),
        (encoded(Image.new("1", (1, 1)), "PNG"), "is blank"),
    ],
)
def test_unusable_files_are_refused_by_name(tmp_path, contents, message):
    path = tmp_path / "drawing.png"
    path.write_bytes(contents)
    with pytest.raises(DataError, match=f"drawing.png: .*{message}"):
        bitmap_from_image(path)
    with pytest.raises(DataError, match=f"^picture: .*{message}"):
        bitmap_from_image(contents)


@pytest.mark.parametrize(
    ("side", "grey"),
    [(200, 0), (300, 200), (420, 120), (420, 225), (512, 0), (512, 225), (700, 190), (1500, 0)],
)
def test_lines_one_pixel_thin_are_read(side, grey):
    paper = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(paper)
    low, high = bounding_box(check_strokes(HOUSE))
    for stroke in check_strokes(HOUSE):
        points = (stroke.T - low) / (high - low).max() * (side - 21) + 10
        pen.line([(round(x), round(y)) for x, y in points], fill=grey, width=1)
    assert correlation(bitmap_from_image(paper), rasterize(HOUSE)) > 0.9


def test_grain_alone_is_blank():
    with pytest.raises(DataError, match="blank"):
        bitmap_from_image(photographed(Image.new("RGB", (300, 200), "white")))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.png: there is no such file"):
        bitmap_from_image(tmp_path / "nowhere.png")
    with pytest.raises(DataError, match="cannot be read"):
        bitmap_from_image(tmp_path)
    with pytest.raises(DataError, match="side is 0"):
        bitmap_from_image(tmp_path, side=0)


def test_pictures_without_pixels():
    with pytest.raises(DataError, match="no pixels"):
        bitmap_from_image(Image.new("RGB", (0, 0)))


def test_a_row_of_pixels_is_a_line():
    image = Image.new("L", (200, 1), 255)
    for x in range(20, 60):
        image.putpixel((x, 0), 0)
    assert correlation(bitmap_from_image(image), rasterize([[[0, 255], [0, 0]]])) > 0.95


def test_too_large_by_the_limit_in_force(monkeypatch):
    monkeypatch.setattr(images, "MAX_PIXELS", 320 * 240 - 1)
    with pytest.raises(DataError, match="picture: the picture is too large"):
        bitmap_from_image(picture(HOUSE))
