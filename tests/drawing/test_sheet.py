"""Photographs and scans: only what is drawn on the sheet is read, and the sheet is set straight."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkgrad.drawing import bitmap_from_image, rasterize, to_bitmap
from inkgrad.drawing.sheet import cut_out, projection
from inkgrad.errors import DataError
from inkgrad.insight.scenes import SCENES, make_scene
from tests.drawing.doodles import FACE, HOUSE, correlation
from tests.drawing.pictures import encoded, picture

CORNERS = [(70, 60), (560, 30), (600, 420), (40, 450)]


def on_desk(strokes, desk, corners=CORNERS, size=(640, 480)):
    """Lay a sheet with a drawing on a desk, its corners where they are wanted."""
    sheet = picture(strokes)
    w, h = sheet.size
    corners = np.array(corners, dtype=float)
    matrix = projection(corners, np.array([[0, 0], [w, 0], [w, h], [0, h]], dtype=float))
    how = Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC
    cover = Image.new("L", (w, h), 255).transform(size, *how)
    ground = Image.new("RGB", size, desk) if isinstance(desk, (str, tuple)) else desk
    return Image.composite(sheet.transform(size, *how), ground, cover)


def wood(size=(640, 480), seed=0):
    y, x = np.mgrid[: size[1], : size[0]]
    grain = np.sin(y / 5 + np.sin(x / 60)) * 14 + np.random.default_rng(seed).normal(0, 5, x.shape)
    pixels = np.array([150, 105, 70]) + grain[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("scene", SCENES)
def test_every_scene_is_read_like_its_drawing(scene, seed):
    drawing = (HOUSE, FACE)[seed % 2]
    bitmap = bitmap_from_image(Image.fromarray(make_scene(scene, drawing, seed)))
    assert correlation(bitmap, rasterize(drawing)) > 0.88


@pytest.mark.parametrize(
    "desk", ["black", "white", (96, 70, 52), (225, 215, 200), (60, 90, 160), wood()],
    ids=["black", "white", "brown", "beige", "blue", "wood"],
)  # fmt: skip
def test_a_sheet_in_perspective_is_set_straight(desk):
    if desk == "white":
        desk = (255, 255, 255)
        photo = on_desk(HOUSE, desk)
        grey = np.asarray(photo).copy()
        inside = np.asarray(on_desk(HOUSE, "black")).max(axis=2) > 0
        grey[inside] = grey[inside] * 0.9
        photo = Image.fromarray(grey)
    else:
        photo = on_desk(HOUSE, desk)
    assert correlation(bitmap_from_image(photo), rasterize(HOUSE)) > 0.93


def test_the_sheet_keeps_its_proportions():
    sheet, paper = cut_out(on_desk(FACE, "black"), 512)
    assert paper is None  # there is nothing else any more
    assert sheet.width / sheet.height == pytest.approx(320 / 240, rel=0.1)


@pytest.mark.parametrize(
    "scene",
    [
        *("plain", "desk at one edge", "desk all round", "letterbox", "frame", "perspective"),
        *("ruled", "squared", "shadow", "low light", "JPEG 30"),
    ],
)
def test_a_sheet_on_which_nothing_is_drawn_is_blank(scene):
    wrong = []
    for seed in range(6):
        rng = np.random.default_rng([seed, 40])
        sheet = np.ones((*rng.integers(420, 640, 2), 3))
        pixels = np.rint(SCENES[scene](sheet, rng).clip(0, 1) * 255).astype(np.uint8)
        try:
            bitmap_from_image(Image.fromarray(pixels))
            wrong.append(seed)
        except DataError as error:
            message = str(error)
    assert "blank" in message
    assert len(wrong) <= 1, f"something is seen with the seeds {wrong}"


def test_a_white_thing_beside_the_drawing_is_not_its_sheet():
    photo = picture(HOUSE).convert("RGB")
    whole = Image.new("RGB", (photo.width * 2, photo.height), (189, 189, 189))
    whole.paste(photo.point(lambda value: round(0.74 * value)))
    whole.paste("white", (photo.width + 40, 30, whole.width - 40, photo.height - 30))
    sheet, _ = cut_out(whole, 512)
    assert np.asarray(sheet).min() < 100  # the ink


def test_what_is_nothing_but_paper_stays_as_it_is():
    plain = picture(HOUSE)
    assert cut_out(plain, 512)[0] is plain


def test_a_drawn_rectangle_is_no_sheet():
    """A screen with a face on it, drawn with a thick pen on paper that goes on outside."""
    screen = [[[-60, 300, 300, -60, -60], [-40, -40, 290, 290, -40]], *FACE]
    image = picture(screen, size=(500, 420), pen=12, scale=0.9, place=(110, 60))
    assert cut_out(image, 512)[1] is None
    assert correlation(bitmap_from_image(image), to_bitmap(screen)) > 0.9


def test_a_frame_along_the_edge_is_no_ink():
    plain = picture(HOUSE)
    expected = bitmap_from_image(plain)
    for width in (1, 2, 5):
        framed = plain.copy()
        ImageDraw.Draw(framed).rectangle([0, 0, 319, 239], outline=(0, 0, 60), width=width)
        assert correlation(bitmap_from_image(framed), expected) > 0.97, width


def ruled(strokes, *, step=16, colour=(150, 180, 230), angle=0.0):
    image = picture(strokes, size=(420, 330), place=(90, 50))
    lines = Image.new("RGB", (560, 560), "white")
    draw = ImageDraw.Draw(lines)
    for y in range(5, 560, step):
        draw.line([(0, y), (560, y)], fill=colour)
    lines = lines.rotate(angle, Image.Resampling.BICUBIC).crop((70, 115, 490, 445))
    return Image.fromarray(np.minimum(np.asarray(image), np.asarray(lines)))


@pytest.mark.parametrize("angle", [0, 2, -7, 90])
@pytest.mark.parametrize("colour", [(150, 180, 230), (250, 90, 100), (110, 110, 110)])
def test_ruled_lines_are_the_papers(angle, colour):
    bitmap = bitmap_from_image(ruled(HOUSE, colour=colour, angle=angle))
    assert correlation(bitmap, rasterize(HOUSE)) > 0.93


def test_a_drawing_cropped_closely_keeps_its_outermost_lines():
    whole = picture(HOUSE, pen=6)
    grey = np.asarray(whole.convert("L"))
    rows, columns = (np.flatnonzero((grey < 128).any(axis=k)) for k in (1, 0))
    tight = whole.crop((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
    assert correlation(bitmap_from_image(tight), bitmap_from_image(whole)) > 0.97


def test_a_thin_line_may_reach_the_edge_but_nothing_broad():
    image = picture(FACE)
    draw = ImageDraw.Draw(image)
    draw.ellipse([-20, 150, 26, 190], fill=(170, 120, 100))  # a thumb
    assert correlation(bitmap_from_image(image), bitmap_from_image(picture(FACE))) > 0.97
    pole = picture(FACE)
    ImageDraw.Draw(pole).line([(150, 200), (150, 239)], fill="black", width=5)
    assert bitmap_from_image(pole)[25].max() > 200


def test_holes_are_no_ink_but_eyes_are():
    holed = picture(HOUSE)
    for y in (60, 120, 180):
        ImageDraw.Draw(holed).ellipse([6, y, 18, y + 12], fill=(90, 60, 40))
    assert correlation(bitmap_from_image(holed), bitmap_from_image(picture(HOUSE))) > 0.97
    eyes = Image.new("RGB", (300, 300), "white")
    draw = ImageDraw.Draw(eyes)
    draw.ellipse([20, 20, 280, 280], outline="black", width=6)
    for x in (90, 190):
        draw.ellipse([x, 100, x + 18, 118], fill="black")
    assert bitmap_from_image(eyes)[8:12, 8:20].max() > 200


def test_28_pixels_with_grey_paper_are_a_picture_like_others():
    bitmap = rasterize(HOUSE)
    for image in (235 - bitmap * 0.8, 25 + bitmap * 0.8):
        read = bitmap_from_image(Image.fromarray(image.astype(np.uint8)))
        assert read[0].max() == 0
        assert correlation(read, bitmap) > 0.72


def frames():
    """Return the pictures of an animation that draws the house stroke by stroke."""
    return [picture(HOUSE[: k + 1]) for k in range(len(HOUSE))]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_several_pictures_the_last_is_read(kind):
    first, *others = frames()
    file = encoded(first, kind, save_all=True, append_images=others)
    assert correlation(bitmap_from_image(file), rasterize(HOUSE)) > 0.96


def test_the_preview_in_a_tiff_is_passed_over():
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    tags = ImageFileDirectory_v2()
    tags[254] = 1  # of reduced resolution
    small = picture(FACE).resize((80, 60))
    small.encoderinfo = {"tiffinfo": tags}
    file = encoded(picture(HOUSE), "TIFF", save_all=True, append_images=[small])
    assert correlation(bitmap_from_image(file), rasterize(HOUSE)) > 0.96


def test_the_second_picture_of_a_cameras_jpeg_is_passed_over():
    file = encoded(picture(HOUSE), "MPO", save_all=True, append_images=[picture(FACE)])
    assert correlation(bitmap_from_image(file), rasterize(HOUSE)) > 0.96


def test_heic_without_its_plug_in_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(DataError, match=r"HEIC format, which needs .* pillow-heif; install it, or"):
        bitmap_from_image(b"\0\0\0\x18ftypheic" + bytes(100))
