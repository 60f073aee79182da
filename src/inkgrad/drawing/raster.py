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
_MAX_STROKE_POINTS = 20_000  # in one drawing; real ones have at most some hundreds
_MAX_EXTENT = 1e6  # in units of the canvas
_BATCH = 1000  # points drawn at once: enough to keep NumPy busy, few enough for the cache


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
    for first, batch in _batches(drawings):
        bitmaps[first : first + len(batch)] = _draw(batch, raster)
    return bitmaps


def _batches(drawings: Sequence[Drawing]) -> Iterator[tuple[int, list[Strokes]]]:
    """Yield checked drawings by about `_BATCH` points, each time with the first one's index."""
    batch: list[Strokes] = []
    waiting = 0
    for index, drawing in enumerate(drawings):
        where = "drawing" if len(drawings) == 1 else f"drawing {index}"
        strokes = check_strokes(drawing, where=where)
        points = sum(stroke.shape[1] for stroke in strokes)
        if points > _MAX_STROKE_POINTS:
            raise DataError(
                f"{where}: {points:,} points; at most {_MAX_STROKE_POINTS:,} can be rasterised, "
                "simplify it first"
            )
        batch.append(strokes)
        waiting += points
        if waiting >= _BATCH:
            yield index + 1 - len(batch), batch
            batch, waiting = [], 0
    if batch:
        yield len(drawings) - len(batch), batch


def _draw(batch: list[Strokes], raster: Raster) -> npt.NDArray[np.uint8]:
    """Draw checked drawings: (n, side, side)."""
    points = np.concatenate([_place(strokes, raster) for strokes in batch], axis=1)
    lengths = [stroke.shape[1] for strokes in batch for stroke in strokes]
    edges, owners = outline(
        points, np.repeat(np.arange(len(lengths)), lengths), raster.pen / 2 * raster.scale
    )
    area = coverage(edges, owners, len(lengths), raster.side)  # (strokes, side, side)
    opacity = (2 * 255 * area + FULL) // (2 * FULL)
    return _composite(opacity, np.array([len(strokes) for strokes in batch]))


def _place(strokes: Strokes, raster: Raster) -> npt.NDArray[np.float64]:
    """Return all points of one drawing (2, n) in pixels of the bitmap."""
    points = np.concatenate(strokes, axis=1)
    if np.abs(points).max() > _MAX_EXTENT:
        raise DataError(
            f"a coordinate is {np.abs(points).max():g} where the canvas measures 256; "
            "use to_bitmap, which scales a drawing first"
        )
    offset = (_CANVAS - points.max(axis=1)) / 2 + raster.padding + raster.pen / 2
    return np.asarray((points + offset[:, None]) * raster.scale)


def _composite(
    opacity: npt.NDArray[np.int64], strokes: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint8]:
    """Paint white strokes over each other on black: (all strokes, side, side) → (n, side, side).

    `strokes` says how many belong to each of the n drawings. All drawings' first strokes are
    painted at once, then all second ones, and so on.
    """
    first = np.cumsum(strokes) - strokes
    bitmaps = np.zeros((len(strokes), *opacity.shape[1:]), dtype=np.int64)
    for k in range(strokes.max()):
        drawn = np.flatnonzero(strokes > k)
        alpha = opacity[first[drawn] + k]
        bitmaps[drawn] = alpha + (bitmaps[drawn] * (255 - alpha) + 127) // 255  # rounded
    return bitmaps.astype(np.uint8)


def _is_number(value: object, kind: type) -> bool:
    """Tell numbers from look-alikes: True is not a number, 16 is a fine float."""
    kinds = (int, np.integer) if kind is int else (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool)
