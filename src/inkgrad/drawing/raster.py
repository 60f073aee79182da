"""THE rasteriser: strokes → grey pixels, as Google drew its 28×28 training bitmaps."""

from __future__ import annotations

import importlib.util
import math
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.pen import CORNER, make_pen
from inkgrad.drawing.plot import Placing, Room, make_room, plot
from inkgrad.drawing.raster_settings import CANVAS, MAX_SIDE, Raster
from inkgrad.drawing.strokes import (
    Drawing,
    Points,
    join_drawings,
    numbered,
    some_drawings,
)
from inkgrad.errors import DrawingError

__all__ = [
    "MAX_SIDE",
    "Raster",
    "rasterize",
    "rasterize_many",
    "rasterize_points",
    "to_input",
    "worth_compiling",
]

_MOST_PIXELS = 2048  # from 0 to a coordinate: products of more could leave JavaScript's integers
_MOST_POINTS = 20_000  # in one stroke; real drawings have at most some hundreds in all
_MANY = 250  # drawings that take about as long uncompiled as Numba takes to be loaded
_USUAL_POINTS, _USUAL_CORNERS = 256, 16  # of a stroke and a pen: room for them is kept
_PART = 64  # drawings that a thread takes at a time


def rasterize(
    strokes: Drawing, side: int = 28, *, pen: float = 16.0, padding: float = 16.0
) -> npt.NDArray[np.uint8]:
    """Draw a simplified drawing as Google drew its bitmaps: the same bytes.

    The 256×256 canvas gets a margin of `padding` plus half the pen all around and is scaled to
    `side` pixels. The drawing is moved by (256 - its largest coordinate) / 2 on each axis, which
    centres it, since the smallest coordinate of a simplified drawing is 0. Every stroke is drawn
    with a round pen, with antialiasing, over the ones before it; a stroke of one point is a dot.
    The drawing is **not** scaled: for strokes of any other origin use `to_bitmap`.

    Parameters
    ----------
    strokes : sequence of strokes
        In the frame of Google's simplified drawings, y downwards; see `check_strokes`. What lies
        beyond the bitmap's border is cut off.
    side, pen, padding
        See `Raster`.

    Returns
    -------
    bitmap : uint8 array (side, side), ink 255 on 0

    Raises
    ------
    DataError
        If the strokes or the settings are unusable, or a drawing is far too large.

    Notes
    -----
    Google drew with cairo, following the recipe of the data set's documentation and of its
    authors' answers (googlecreativelab/quickdraw-dataset, issue 19). cairo's way with a stroke,
    which this repeats step by step:

    1. Points are rounded to 1/256 pixel (`outline.walk`).
    2. The round pen is a polygon, for 28 pixels of 12 corners (`pen.make_pen`).
    3. The stroke's outline is traced: two sides, with the pen's corners outside every bend and
       around both ends (`outline.trace`).
    4. The area inside, where the winding number is not zero, is measured in every pixel, on 15
       lines a row of pixels or, where nothing happens within a row, at once (`scan.paint`).
    5. It becomes an opacity a of 0 … 255, and the stroke is painted over what there is:
       v ← a + v (255 - a) / 255.

    Examples
    --------
    >>> bitmap = rasterize([[[0, 255], [0, 255]]])  # one stroke, down to the right
    >>> bitmap.shape, bitmap.dtype, int(bitmap[14, 14]), int(bitmap[14, 4])
    ((28, 28), dtype('uint8'), 255, 0)
    """
    bitmap: npt.NDArray[np.uint8] = rasterize_many([strokes], side, pen=pen, padding=padding)[0]
    return bitmap


def rasterize_many(
    drawings: Sequence[Drawing],
    side: int = 28,
    *,
    pen: float = 16.0,
    padding: float = 16.0,
    threads: int | None = None,
    compiled: bool | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw many drawings: the same pixels as `rasterize` on each, much faster.

    Parameters
    ----------
    drawings : sequence of n drawings
    side, pen, padding
        See `rasterize`.
    threads : int, optional
        How many threads draw, if compiled; by default one a processor.
    compiled : bool, optional
        Whether Numba is used. By default it is if it is installed and has been used already or
        there are enough drawings to make up for loading it. The pixels are the same.

    Returns
    -------
    bitmaps : uint8 array (n, side, side)

    Raises
    ------
    DrawingError
        If a drawing is unusable; it is named by its index.
    ImportError
        If `compiled` is asked for and Numba is not installed.

    Examples
    --------
    >>> rasterize_many([[[[0, 255], [0, 255]]], [[[9], [9]]]]).shape
    (2, 28, 28)
    """
    raster = Raster(side, pen, padding)

    def join(first: int, stop: int) -> Points:
        return join_drawings(drawings[first:stop], first, len(drawings))

    return _draw(join, len(drawings), raster, raster.pen, threads, compiled)


def rasterize_points(
    points: Points,
    raster: Raster,
    *,
    pen: float | None = None,
    threads: int | None = None,
    compiled: bool | None = None,
) -> npt.NDArray[np.uint8]:
    """Draw packed drawings: the same pixels as `rasterize_many`, without a check of each stroke.

    Parameters
    ----------
    points : Points
        Of n drawings, arrays of finite numbers.
    raster : Raster
    pen : float, optional
        Another width of the pen than `raster`'s, in units of the canvas; the scale and the margin
        stay as they are, so that only the lines become wider or thinner.
    threads, compiled
        See `rasterize_many`.

    Returns
    -------
    bitmaps : uint8 array (n, side, side)

    Raises
    ------
    DrawingError
        If a drawing is far too large; it is named by its index.

    Examples
    --------
    >>> line = join_drawings([[[[0, 255], [0, 255]]]])
    >>> thin, thick = (rasterize_points(line, Raster(), pen=pen).sum() for pen in (12, 20))
    >>> bool(thin < rasterize_points(line, Raster()).sum() < thick)
    True
    """

    def cut(first: int, stop: int) -> Points:
        return some_drawings(points, first, stop)

    drawings = len(points.drawings) - 1
    return _draw(cut, drawings, raster, raster.pen if pen is None else pen, threads, compiled)


def _draw(
    points_of: Callable[[int, int], Points],
    drawings: int,
    raster: Raster,
    width: float,
    threads: int | None,
    compiled: bool | None,
) -> npt.NDArray[np.uint8]:
    """Draw `drawings` drawings; `points_of(first, stop)` gives the points of some of them."""
    bitmaps = np.zeros((drawings, raster.side, raster.side), dtype=np.uint8)
    if compiled is None:
        compiled = worth_compiling(drawings)
    draw = _draw_compiled if compiled else _draw_plain

    def draw_part(first: int) -> None:
        stop = min(first + _PART, drawings)
        points = points_of(first, stop)
        placing = _place(points, raster, first, drawings)._replace(radius=width / 2)
        draw(bitmaps[first:stop], points, placing, raster.side)

    parts = range(0, drawings, _PART)
    threads = min(threads or os.cpu_count() or 1, len(parts)) if compiled else 1
    if threads > 1:  # while one's points are checked and laid out, another's are drawn
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(draw_part, parts))
    else:
        for first in parts:
            draw_part(first)
    return bitmaps


def to_input(bitmaps: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return bitmaps (n, side, side) as a network is given them: (n, 1, side, side), ink 1 on 0.

    Examples
    --------
    >>> x = to_input(np.full((1, 28, 28), 51, np.uint8))
    >>> x.shape, x.dtype, float(x.max())
    ((1, 1, 28, 28), dtype('float32'), 0.20000000298023224)
    """
    x = bitmaps[:, None].astype(np.float32)  # (n, side, side) -> (n, 1, side, side)
    x /= np.float32(255)
    return x


def _place(points: Points, raster: Raster, index: int, drawings: int) -> Placing:
    """Return where drawings stand on the canvas; they are `index` and the next of so many."""
    x, y = np.asarray(points.x), np.asarray(points.y)
    strokes = np.asarray(points.strokes)
    begins = strokes[np.asarray(points.drawings[:-1])]
    largest = np.maximum.reduceat(np.maximum(np.abs(x), np.abs(y)), begins)
    most = _MOST_PIXELS / raster.scale
    if largest.max() > most:
        which = int(largest.argmax())
        with numbered(index + which, drawings):
            raise DrawingError(
                f"a coordinate is {round(largest[which]):,} where the canvas measures 256 and "
                f"{math.floor(most):,} is the most that can be drawn; use to_bitmap, which scales "
                "a drawing first"
            )
    lengths = np.diff(strokes)
    if lengths.max() > _MOST_POINTS:
        stroke = int(lengths.argmax())
        which = int(np.searchsorted(points.drawings, stroke, side="right")) - 1
        with numbered(index + which, drawings):
            raise DrawingError(
                f"a stroke has {lengths[stroke]:,} points; at most {_MOST_POINTS:,} can be drawn, "
                "simplify it first"
            )
    margin = raster.padding + raster.pen / 2
    right, down = (margin + (CANVAS - np.maximum.reduceat(v, begins)) / 2 for v in (x, y))
    return Placing(right, down, raster.scale, raster.pen / 2)


def worth_compiling(drawings: int) -> bool:
    """Return whether Numba is installed, and drawing this many is worth loading it."""
    loaded = "inkgrad.drawing.compiled" in sys.modules
    return (loaded or drawings >= _MANY) and importlib.util.find_spec("numba") is not None


def _draw_plain(
    bitmaps: npt.NDArray[np.uint8], points: Points, placing: Placing, side: int
) -> None:
    """Have Python draw, on lists, which it is quicker with than with arrays."""
    pen, longest = make_pen(placing.radius, placing.scale), int(np.diff(points.strokes).max())
    pixels = [0] * bitmaps.size
    plot(
        pixels,
        side,
        Points(*(np.asarray(column).tolist() for column in points)),
        placing._replace(
            right=np.asarray(placing.right).tolist(), down=np.asarray(placing.down).tolist()
        ),
        pen,
        make_room(longest, len(pen) // CORNER, side, lambda n: [0] * n),
    )
    bitmaps[:] = np.reshape(pixels, bitmaps.shape)  # (n · side²,) -> (n, side, side)


def _draw_compiled(
    bitmaps: npt.NDArray[np.uint8], points: Points, placing: Placing, side: int
) -> None:
    """Have compiled code draw, without the lock that Python's threads share."""
    from inkgrad.drawing.compiled import compiled_plot

    pen = np.array(make_pen(placing.radius, placing.scale))
    room = _room(int(np.diff(points.strokes).max()), len(pen) // CORNER, side)
    # For arrays that are not contiguous Numba would compile everything again, in seven seconds.
    points = Points(*map(np.ascontiguousarray, points))
    compiled_plot()(bitmaps.reshape(-1), side, points, placing, pen, room)


class _Kept(threading.local):
    """The room that a thread has drawn in, for its next call."""

    side = 0
    room: Room | None = None


_kept = _Kept()


def _room(longest: int, corners: int, side: int) -> Room:
    """Return room for strokes of up to `longest` points, the thread's old one if it will do."""
    from inkgrad.drawing.compiled import new

    if longest > _USUAL_POINTS or corners > _USUAL_CORNERS:
        return make_room(longest, corners, side, new)
    if _kept.room is None or _kept.side != side:
        _kept.side, _kept.room = side, make_room(_USUAL_POINTS, _USUAL_CORNERS, side, new)
    return _kept.room
