"""THE rasteriser: strokes → grey pixels, as Google drew its 28×28 training bitmaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.fill import FULL, coverage
from inkgrad.drawing.outline import outline
from inkgrad.drawing.strokes import Drawing, Strokes, check_strokes
from inkgrad.errors import DataError, ModelError

__all__ = ["MAX_SIDE", "Raster", "rasterize", "rasterize_many"]

MAX_SIDE = 1024  # pixels
_CANVAS = 256.0  # the square in which simplified drawings live
_MAX_COORDINATE = 1e5  # in units of the canvas: products of larger ones could overflow
_MAX_POINTS = 20_000  # in one stroke; real drawings have at most some hundreds in all
_BATCH_POINTS = 1000  # drawn at once: enough to keep NumPy busy, few enough for the cache
_BATCH_PIXELS = 2**20


@dataclass(frozen=True)
class Raster:
    """The rasteriser's settings; a model carries those that its training drawings were made with.

    Parameters
    ----------
    side : int
        Width and height of the bitmap in pixels, 1 to 1024.
    pen, padding : float
        Width of the pen, and of the margin beside it, in units of the 256×256 canvas.

    Raises
    ------
    DataError
        If a setting is impossible.

    Examples
    --------
    >>> Raster().to_dict()
    {'side': 28, 'pen': 16.0, 'padding': 16.0}
    >>> Raster.from_dict({"side": 28, "pen": 16.0, "padding": 16.0}) == Raster()
    True
    >>> round(Raster().pen * Raster().scale, 3)  # the pen's width in pixels
    1.474
    """

    side: int = 28
    pen: float = 16.0
    padding: float = 16.0

    def __post_init__(self) -> None:
        if not _is_number(self.side, int) or not 1 <= self.side <= MAX_SIDE:
            raise DataError(f"side is {self.side!r}; give a whole number from 1 to {MAX_SIDE}")
        if not _is_number(self.pen, float) or not 0 < self.pen <= _CANVAS:
            raise DataError(f"pen is {self.pen!r}; give a width above 0 and up to 256")
        if not _is_number(self.padding, float) or not 0 <= self.padding <= _CANVAS:
            raise DataError(f"padding is {self.padding!r}; give a width from 0 to 256")

    @property
    def scale(self) -> float:
        """Pixels per unit of the canvas: side / (256 + 2 · padding + pen)."""
        return self.side / (_CANVAS + 2 * self.padding + self.pen)

    def to_dict(self) -> dict[str, int | float]:
        """Return the settings as plain numbers by name, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Raster:
        """Return the settings that `to_dict` wrote.

        Raises
        ------
        ModelError
            If a name is missing or unknown, or a value impossible.

        Examples
        --------
        >>> Raster.from_dict({"side": 28, "pen": 16.0})
        Traceback (most recent call last):
        inkgrad.errors.ModelError: rasteriser settings are pen, side; expected padding, pen, side
        """
        expected = sorted(asdict(cls()))
        if not isinstance(settings, Mapping) or sorted(map(str, settings)) != expected:
            given = (
                ", ".join(sorted(map(str, settings)))
                if isinstance(settings, Mapping)
                else f"a {type(settings).__name__}"
            )
            raise ModelError(
                f"rasteriser settings are {given or 'empty'}; expected {', '.join(expected)}"
            )
        try:
            return cls(**settings)
        except DataError as error:
            raise ModelError(f"rasteriser settings: {error}") from None


def rasterize(
    strokes: Drawing, side: int = 28, *, pen: float = 16.0, padding: float = 16.0
) -> npt.NDArray[np.uint8]:
    """Draw a simplified drawing as Google drew its bitmaps.

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
    Each stroke gives every pixel an opacity a = round(255 · covered area), and pixels are
    composited by "over": v ← a + v (255 - a) / 255. The recipe is that of the data set's
    documentation and of its authors' answers (googlecreativelab/quickdraw-dataset, issue 19);
    that coverage is sampled on 15 lines of 1/256 pixel and that the pen is a polygon follows
    cairo, with which the bitmaps were made.

    Examples
    --------
    >>> bitmap = rasterize([[[0, 255], [0, 255]]])  # one stroke, down to the right
    >>> bitmap.shape, bitmap.dtype, bool(bitmap[14, 14] > 250), int(bitmap[14, 4])
    ((28, 28), dtype('uint8'), True, 0)
    """
    bitmap: npt.NDArray[np.uint8] = rasterize_many([strokes], side, pen=pen, padding=padding)[0]
    return bitmap


def rasterize_many(
    drawings: Sequence[Drawing], side: int = 28, *, pen: float = 16.0, padding: float = 16.0
) -> npt.NDArray[np.uint8]:
    """Draw many drawings: the same pixels as `rasterize` on each, somewhat faster.

    Parameters
    ----------
    drawings : sequence of n drawings
    side, pen, padding
        See `rasterize`.

    Returns
    -------
    bitmaps : uint8 array (n, side, side)

    Raises
    ------
    DataError
        If a drawing is unusable; it is named by its index.

    Examples
    --------
    >>> rasterize_many([[[[0, 255], [0, 255]]], [[[9], [9]]]]).shape
    (2, 28, 28)
    """
    raster = Raster(side, pen, padding)
    bitmaps = np.zeros((len(drawings), side, side), dtype=np.uint8)
    for strokes, owners in _batches(drawings, raster):
        _paint(bitmaps, owners, _opacity(strokes, raster))
    return bitmaps


def _batches(
    drawings: Sequence[Drawing], raster: Raster
) -> Iterator[tuple[Strokes, npt.NDArray[np.int64]]]:
    """Yield checked strokes in pixels, some at a time, and the drawing that each belongs to."""
    batch: Strokes = []
    owners: list[int] = []
    points = 0
    for index, drawing in enumerate(drawings):
        where = "drawing" if len(drawings) == 1 else f"drawing {index}"
        for stroke in _place(check_strokes(drawing, where=where), raster, where):
            batch.append(stroke)
            owners.append(index)
            points += stroke.shape[1]
            if points >= _BATCH_POINTS or len(batch) * raster.side**2 >= _BATCH_PIXELS:
                yield batch, np.array(owners)
                batch, owners, points = [], [], 0
    if batch:
        yield batch, np.array(owners)


def _place(strokes: Strokes, raster: Raster, where: str) -> Strokes:
    """Return one drawing's strokes in pixels of the bitmap."""
    points = np.concatenate(strokes, axis=1)
    largest = np.abs(points).max()
    if largest > _MAX_COORDINATE:
        raise DataError(
            f"{where}: a coordinate is {largest:g} where the canvas measures 256; "
            "use to_bitmap, which scales a drawing first"
        )
    longest = max(stroke.shape[1] for stroke in strokes)
    if longest > _MAX_POINTS:
        raise DataError(
            f"{where}: a stroke has {longest:,} points; at most {_MAX_POINTS:,} can be drawn, "
            "simplify it first"
        )
    offset = (_CANVAS - points.max(axis=1)) / 2 + raster.padding + raster.pen / 2
    return [(stroke + offset[:, None]) * raster.scale for stroke in strokes]


def _opacity(strokes: Strokes, raster: Raster) -> npt.NDArray[np.int64]:
    """Return how opaque each of some strokes makes each pixel, 0 to 255: (strokes, side, side)."""
    owners = np.repeat(np.arange(len(strokes)), [stroke.shape[1] for stroke in strokes])
    radius = raster.pen / 2 * raster.scale
    edges, owners = outline(np.concatenate(strokes, axis=1), owners, radius)
    area = coverage(edges, owners, len(strokes), raster.side)
    return (2 * 255 * area + FULL) // (2 * FULL)  # rounded


def _paint(
    bitmaps: npt.NDArray[np.uint8], owners: npt.NDArray[np.int64], opacity: npt.NDArray[np.int64]
) -> None:
    """Paint white strokes (s, side, side) over the bitmaps that `owners` (s,), ascending, names.

    The first strokes of all drawings are painted at once, then the second ones, and so on.
    """
    rank = np.arange(owners.size) - np.searchsorted(owners, owners)
    for k in range(rank.max() + 1):
        target, alpha = owners[rank == k], opacity[rank == k]
        bitmaps[target] = alpha + (bitmaps[target] * (255 - alpha) + 127) // 255  # rounded


def _is_number(value: object, kind: type) -> bool:
    """Tell numbers from look-alikes: True is not a number, 16 is a fine float."""
    kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)
