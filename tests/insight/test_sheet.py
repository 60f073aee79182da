"""The contact sheet: everything in its place, pixels unsmoothed, strokes where their pixels are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import ImageFont

from inkgrad.drawing import check_strokes, rasterize
from inkgrad.errors import InkgradError
from inkgrad.insight import lettering
from inkgrad.insight import sheet as module
from inkgrad.insight.sheet import MOST, draw_sheet

TILE, GAP, SPACE, CAPTION, MARGIN, HEAD = 168, 6, 22, 26, 44, 76
PAPER, INK, PAGE = (255, 255, 255), (27, 33, 48), (247, 245, 239)
DIAGONAL = [[[0, 255], [0, 255]]]


def drawing(strokes=DIAGONAL, caption="line", picture=None):
    bitmap = rasterize(strokes)
    return SimpleNamespace(
        caption=caption, bitmap=bitmap, strokes=check_strokes(strokes), picture=picture
    )


def plain(bitmap, caption="cat", picture=None):
    return SimpleNamespace(caption=caption, bitmap=bitmap, strokes=None, picture=picture)


def pixels(sheet, row=0, column=0, part=0, is_double=True):
    """Return one tile (168, 168, 3): of strokes (part 0) or, beside it, of pixels (part 1)."""
    width = 2 * TILE + GAP if is_double else TILE
    x = MARGIN + column * (width + SPACE) + part * (TILE + GAP)
    y = MARGIN + HEAD + row * (TILE + CAPTION + SPACE)
    return np.asarray(sheet)[y : y + TILE, x : x + TILE].astype(int)


def test_a_bitmap_is_enlarged_without_smoothing():
    bitmap = np.random.default_rng(0).integers(0, 256, (28, 28)).astype(np.uint8)
    tile = pixels(draw_sheet([plain(bitmap)], "one"), is_double=False)
    blocks = tile.reshape(28, 6, 28, 6, 3)[1:-1, :, 1:-1]  # without the tile's edge
    centre = blocks[:, 3, :, 3]
    assert (blocks == centre[:, None, :, None]).all()
    share = bitmap[1:-1, 1:-1, None] / 255
    np.testing.assert_allclose(centre, share * INK + (1 - share) * PAPER, atol=0.5001)


def test_strokes_lie_where_their_pixels_are():
    for strokes in (DIAGONAL, [[[0, 20, 90], [0, 255, 30]], [[50], [200]]]):
        sheet = draw_sheet([drawing(strokes)], "one")
        lines, ink = (255 - pixels(sheet, part=part).min(axis=2) for part in (0, 1))
        inner = np.s_[3:-3, 3:-3]
        is_line = lines[inner] > 100
        assert is_line.sum() > 100
        assert (ink[inner][is_line] > 60).mean() > 0.98
        middle = [np.argwhere(tile[inner] > 100).mean(axis=0) for tile in (lines, ink)]
        assert np.abs(middle[0] - middle[1]).max() < 12


def test_each_stroke_has_its_colour_and_dots_at_its_points():
    strokes = [[[0, 255], [0, 0]], [[0, 255], [255, 255]]]
    tile = pixels(draw_sheet([drawing(strokes)], "one"))
    for half, color in ((tile[:84], module._PALETTE[0]), (tile[84:], module._PALETTE[1])):
        assert (half == color).all(axis=2).sum() > 100
    bent = [[[0, 128, 255], [0, 0, 0]]]
    straight = [[[0, 255], [0, 0]]]
    many, few = (
        (pixels(draw_sheet([drawing(s)], "one")) != 255).any(axis=2) for s in (bent, straight)
    )
    extra = np.argwhere(many & ~few)
    assert len(extra) >= 4  # the dot in the middle stands out from the line
    assert np.abs(extra - 83.5).max() < 4


def test_more_strokes_than_colours_is_fine():
    strokes = [[[0, 255], [9 * k, 9 * k]] for k in range(28)]
    tile = pixels(draw_sheet([drawing(strokes)], "one"))
    for color in module._PALETTE:
        assert (tile == color).all(axis=2).any()


def test_the_colours_are_told_apart():
    colors = np.array(module._PALETTE)
    apart = np.abs(colors[:, None] - colors[None]).sum(axis=2)
    assert apart[np.triu_indices(len(colors), 1)].min() > 60
    neighbours = np.abs(colors - np.roll(colors, 1, axis=0)).sum(axis=1)
    assert neighbours.min() > 150
    luminance = colors @ [0.2126, 0.7152, 0.0722]
    assert luminance.max() < 150  # legible on white


def test_a_picture_stands_where_strokes_would():
    picture = np.full((10, 20, 3), (200, 180, 160), np.uint8)
    picture[4:6, 8:12] = 0
    sheet = draw_sheet([plain(np.eye(28, dtype=np.uint8), picture=picture)], "one")
    tile = pixels(sheet)
    assert (tile[20, 84] == (200, 180, 160)).all()  # paper above and below it too
    assert (tile[84, 84] == 0).all()
    large = np.full((400, 300, 3), 255, np.uint8)
    large[150:250, 100:200] = 0
    tile = pixels(draw_sheet([plain(np.eye(28, dtype=np.uint8), picture=large)], "one"))
    assert (tile[84, 84] == 0).all()
    assert (tile[84, 20] == 255).all()


def test_a_bitmap_among_strokes_leaves_their_place_empty():
    sheet = draw_sheet([drawing(), plain(np.eye(28, dtype=np.uint8))], "two", columns=2)
    assert (pixels(sheet, column=1)[4:-4, 4:-4] == PAGE).all()
    assert (pixels(sheet, column=1, part=1)[4:-4, 4:-4] != PAGE).any()


@pytest.mark.parametrize(
    ("number", "columns", "grid"),
    [
        (1, None, (1, 1)),
        (3, None, (2, 2)),
        (7, None, (2, 4)),
        (48, None, (6, 8)),
        (48, 10, (10, 5)),
        (3, 10, (3, 1)),
        (5, 1, (1, 5)),
    ],
)
def test_the_grid(number, columns, grid):
    across, down = grid
    sheet = draw_sheet([drawing()] * number, "many", columns=columns)
    width = 2 * MARGIN + across * (2 * TILE + GAP + SPACE) - SPACE
    assert sheet.width == max(640, width)
    assert (sheet.height - draw_sheet([drawing()], "one").height) / (TILE + CAPTION + SPACE) == (
        down - 1
    )
    last_row, last_column = divmod(number - 1, across)
    assert (pixels(sheet, last_row, last_column) == pixels(sheet)).all()


def test_bitmaps_alone_stand_closer():
    bitmaps = [plain(np.eye(28, dtype=np.uint8))] * 48
    assert draw_sheet(bitmaps, "many").width == 2 * MARGIN + 8 * (TILE + SPACE) - SPACE


def band(sheet, y, height):
    return np.asarray(sheet)[y : y + height, MARGIN:-MARGIN].astype(int)


def test_words_stay_in_their_room_and_show_that_they_were_shortened():
    long = "a very long name of a class that nobody would think of, but somebody did"
    sheet = draw_sheet([drawing(caption=long)] * 2, long * 9, [long] * 9, columns=2, note=long * 9)
    array = np.asarray(sheet)
    for x in (slice(0, MARGIN), slice(-MARGIN, None)):
        assert (array[:, x] == PAGE).all()
    under = MARGIN + HEAD + TILE + 3
    between = MARGIN + 2 * TILE + GAP
    assert (array[under : under + CAPTION, between : between + SPACE] == PAGE).all()
    font = lettering.font(16)
    short = lettering.shortened(long, font, 100)
    assert short.endswith("…")
    assert not short.endswith(" …")
    assert 70 < font.getlength(short) <= 100
    assert lettering.shortened("cat", font, 100) == "cat"
    assert lettering.shortened("cat", font, 0) == "…"


def test_title_facts_note_and_caption_are_written():
    empty = draw_sheet([drawing(caption="")], "")
    for options, top in (
        ({"title": "x"}, MARGIN - 8),
        ({"title": "", "facts": ["48 drawings", "1 class"]}, MARGIN + 28),
        ({"title": "", "note": "by somebody"}, empty.height - MARGIN - 10),
    ):
        sheet = draw_sheet([drawing(caption="")], **options)
        difference = (np.asarray(sheet) != np.asarray(empty)).any(axis=(1, 2)).nonzero()[0]
        assert len(difference) >= 5
        assert top <= difference[0]
        assert difference[-1] <= top + 36
    captioned = draw_sheet([drawing(caption="cat")], "")
    assert (np.asarray(captioned) != np.asarray(empty)).any()


def test_only_letters_that_the_font_has():
    assert lettering.legible("Häuschen, crème brûlée… · a_b-c") == "Hauschen, creme brulee… · a_b-c"
    assert lettering.legible("Ha\u0308user") == "Hauser"  # as some file systems have it
    assert lettering.legible("猫\n\x1b") == "???"
    font = ImageFont.load_default(16)
    missing = bytes(font.getmask("\uffff"))
    shown = lettering.legible("The Eiffel Tower; t-shirt (48 of 4,524 · 1 class)")
    assert all(letter == " " or bytes(font.getmask(letter)) != missing for letter in shown)


def test_the_same_drawings_give_the_same_picture():
    first, again = (draw_sheet([drawing()] * 3, "three", ["facts"]).tobytes() for _ in range(2))
    assert first == again


def test_progress_is_told():
    told = []
    draw_sheet([drawing()] * 2, "two", on_progress=lambda *event: told.append(event))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("number", "columns", "message"),
    [
        (0, None, "0 drawings are for a sheet; give 1 to 1,000"),
        (MOST + 1, None, "1,001 drawings are for a sheet"),
        (1, 0, "columns is 0; give 1 or more"),
    ],
)
def test_mistakes_are_refused(number, columns, message):
    with pytest.raises(InkgradError, match=message):
        draw_sheet([drawing()] * number, "x", columns=columns)
