"""A contact sheet: drawings as strokes and, beside them, as the pixels that a network sees."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from inkgrad.drawing import Raster, Strokes
from inkgrad.errors import InkgradError
from inkgrad.insight.lettering import font, legible, shortened

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

__all__ = ["MOST", "Shown", "draw_sheet"]

MOST = 1_000
"""Drawings on a sheet, at most: more nobody looks at, and few programs show."""

# Pixels.
_TILE = 168  # 6 a pixel of a 28×28 bitmap
_GAP = 6  # between strokes and bitmap
_SPACE = 22  # between two drawings
_CAPTION = 26
_MARGIN = 44
_HEAD, _FOOT = 76, 40
_NARROWEST = 640  # enough for the title
_CORNER = 6
_FINE = 4  # strokes are drawn so many times larger, then reduced: smooth edges
_LINE, _DOT = 1.6, 2.1  # the width of a stroke's line, the radius of the dots at its points

_SHAPE = 1.5  # width to height that a sheet should have

_PAGE, _PAPER, _INK = (247, 245, 239), (255, 255, 255), (27, 33, 48)
_MUTED, _EDGE = (122, 119, 110), (226, 222, 211)
_PALETTE = (  # on white: all equally strong, neighbours far apart, for most eyes
    (37, 99, 194),
    (214, 84, 30),
    (20, 140, 106),
    (190, 62, 132),
    (184, 134, 11),
    (109, 76, 184),
    (31, 144, 176),
    (133, 90, 52),
)
_BETWEEN = "  ·  "
_LEGEND = "strokes: each in its colour, dots where its points are; pixels: what a network sees"


class Shown(Protocol):
    """A drawing on the sheet; what it has not got is None."""

    @property
    def caption(self) -> str:
        """What it shows."""

    @property
    def bitmap(self) -> NDArray[np.uint8]:
        """Ink 255 on 0."""

    @property
    def strokes(self) -> Strokes | None:
        """In the frame of Google's simplified drawings."""

    @property
    def picture(self) -> NDArray[np.uint8] | None:
        """What the bitmap was made of: red, green and blue."""


def draw_sheet(
    drawings: Sequence[Shown],
    title: str,
    facts: Sequence[str] = (),
    *,
    columns: int | None = None,
    note: str = "",
    on_progress: Callable[[int, int], object] | None = None,
) -> Image:
    """Draw a contact sheet.

    Each drawing stands above its caption: on the left its strokes, if any drawing has them, each
    in a colour of its own, with dots at their points, or the picture that it was; on the right the
    bitmap, its pixels enlarged without smoothing. Both are to the same scale: a line lies where
    its pixels do.

    Parameters
    ----------
    drawings : sequence of Shown
        From 1 to `MOST`.
    title : str
        What stands at the head, in large letters.
    facts : sequence of str
        What stands below it, in small ones.
    columns : int, optional
        Drawings in a row; by default as many as give the sheet a handy shape.
    note : str
        What stands at the foot, besides what the parts of a drawing mean.
    on_progress : callable, optional
        Told how many of how many drawings stand on the sheet.

    Returns
    -------
    sheet : PIL image, RGB

    Raises
    ------
    InkgradError
        If there are no drawings, too many, or less than one column.

    Examples
    --------
    >>> from types import SimpleNamespace as Drawing
    >>> dot = Drawing(caption="dot", bitmap=np.eye(28, dtype=np.uint8), strokes=None,
    ...               picture=None)
    >>> draw_sheet([dot], "One dot").size
    (640, 398)
    """
    from PIL import Image, ImageDraw

    if not 1 <= len(drawings) <= MOST:
        raise InkgradError(f"{len(drawings):,} drawings are for a sheet; give 1 to {MOST:,}")
    if columns is not None and columns < 1:
        raise InkgradError(f"columns is {columns}; give 1 or more")
    is_double = any(d.strokes is not None or d.picture is not None for d in drawings)
    width = 2 * _TILE + _GAP if is_double else _TILE
    across, down = _grid(len(drawings), width, columns)
    size = (
        max(_NARROWEST, 2 * _MARGIN + across * (width + _SPACE) - _SPACE),
        2 * _MARGIN + _HEAD + down * (_TILE + _CAPTION + _SPACE) - _SPACE + _FOOT,
    )
    sheet = Image.new("RGB", size, _PAGE)
    pen = ImageDraw.Draw(sheet)
    room = size[0] - 2 * _MARGIN
    _write(pen, (_MARGIN, _MARGIN - 6), title, 28, _INK, room)
    _write(pen, (_MARGIN, _MARGIN + 30), _BETWEEN.join(facts), 16, _MUTED, room)
    legend = [_LEGEND] if is_double else []
    foot = _BETWEEN.join([*legend, *([note] if note else [])])
    _write(pen, (_MARGIN, size[1] - _MARGIN - 8), foot, 13, _MUTED, room)
    for number, drawing in enumerate(drawings):
        row, column = divmod(number, across)
        x = _MARGIN + column * (width + _SPACE)
        y = _MARGIN + _HEAD + row * (_TILE + _CAPTION + _SPACE)
        if is_double:
            sheet.paste(_framed(_source(drawing)), (x, y))
        sheet.paste(_framed(_pixels(drawing.bitmap)), (x + width - _TILE, y))
        _write(pen, (x + 2, y + _TILE + 6), drawing.caption, 16, _INK, width - 4)
        if on_progress is not None:
            on_progress(number + 1, len(drawings))
    return sheet


def _grid(number: int, width: int, columns: int | None) -> tuple[int, int]:
    """Return how many drawings stand side by side, and how many rows that makes."""
    if columns is None:
        height = _TILE + _CAPTION + _SPACE
        ideal = math.sqrt(number * _SHAPE * height / (width + _SPACE))

        def cost(across: int) -> float:  # of empty places in the last row, and of another shape
            return -number % across / across + 2 * abs(math.log(across / ideal))

        columns = min(range(1, number + 1), key=cost)
    across = min(columns, number)
    return across, -(-number // across)


def _source(drawing: Shown) -> Image:
    """Draw what the bitmap was made of: strokes, a picture, or nothing that is known."""
    from PIL import Image

    if drawing.strokes is not None:
        return _lines(drawing.strokes)
    if drawing.picture is None:
        return Image.new("RGB", (_TILE, _TILE), _PAGE)
    picture = Image.fromarray(drawing.picture)
    corners = drawing.picture[[0, 0, -1, -1], [0, -1, 0, -1]]
    paper = tuple(int(value) for value in np.median(corners, axis=0))
    smoothly = Image.Resampling.NEAREST if max(picture.size) < _TILE else Image.Resampling.LANCZOS
    width, height = (max(1, round(side * _TILE / max(picture.size))) for side in picture.size)
    tile = Image.new("RGB", (_TILE, _TILE), paper)
    tile.paste(
        picture.resize((width, height), smoothly), ((_TILE - width) // 2, (_TILE - height) // 2)
    )
    return tile


def _lines(strokes: Strokes) -> Image:
    """Draw strokes where the rasteriser draws them."""
    from PIL import Image, ImageDraw

    side = _TILE * _FINE
    tile = Image.new("RGB", (side, side), _PAPER)
    pen = ImageDraw.Draw(tile)
    colored = list(zip(_placed(strokes, side), itertools.cycle(_PALETTE), strict=False))
    for points, color in colored:
        if len(points) > 1:
            pen.line(points, fill=color, width=round(_LINE * _FINE), joint="curve")
    radius = _DOT * _FINE
    for points, color in colored:
        for x, y in points:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    return tile.resize((_TILE, _TILE), Image.Resampling.BOX)


def _placed(strokes: Strokes, side: int) -> list[list[tuple[float, float]]]:
    """Return strokes as points of a tile."""
    raster = Raster()
    scale = raster.scale * side / raster.side
    points = np.concatenate(strokes, axis=1)
    offset = (256 - points.max(axis=1)) / 2 + raster.padding + raster.pen / 2
    return [[(x, y) for x, y in ((s + offset[:, None]) * scale).T.tolist()] for s in strokes]


def _pixels(bitmap: NDArray[np.uint8]) -> Image:
    """Enlarge a bitmap without smoothing, as ink on paper."""
    from PIL import Image

    share = bitmap[..., None] / 255
    colors = np.rint((1 - share) * np.array(_PAPER) + share * np.array(_INK)).astype(np.uint8)
    return Image.fromarray(colors).resize((_TILE, _TILE), Image.Resampling.NEAREST)


def _framed(tile: Image) -> Image:
    """Return a tile with round corners and a thin edge."""
    from PIL import Image

    mask, edge = _frame()
    framed = Image.composite(tile, Image.new("RGB", tile.size, _PAGE), mask)
    framed.paste(_EDGE, mask=edge)
    return framed


@functools.cache
def _frame() -> tuple[Image, Image]:
    """Return which pixels lie within the round corners of a tile, and which on its edge."""
    from PIL import Image, ImageDraw

    side = _TILE * _FINE
    within, edge = (Image.new("L", (side, side)) for _ in range(2))
    box = (0, 0, side - 1, side - 1)
    ImageDraw.Draw(within).rounded_rectangle(box, _CORNER * _FINE, fill=255)
    ImageDraw.Draw(edge).rounded_rectangle(box, _CORNER * _FINE, outline=255, width=_FINE)
    size = (_TILE, _TILE)
    return within.resize(size, Image.Resampling.BOX), edge.resize(size, Image.Resampling.BOX)


def _write(
    pen: ImageDraw,
    place: tuple[float, float],
    text: str,
    size: int,
    color: tuple[int, ...],
    room: float,
) -> None:
    """Write a line; what does not fit into `room` pixels is left out, and an ellipsis says so."""
    letters = font(size)
    pen.text(place, shortened(legible(text), letters, room), fill=color, font=letters)
