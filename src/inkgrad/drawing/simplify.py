"""Raw pointer strokes → the simplified form in which Google published its drawings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.packed import Packed, pack
from inkgrad.drawing.raster import Raster, rasterize, rasterize_points
from inkgrad.drawing.strokes import (
    Drawing,
    Strokes,
    check_strokes,
    fit,
    is_simplified,
    numbered,
)
from inkgrad.errors import DrawingError

__all__ = [
    "MAX_LENGTH",
    "SIZE",
    "TOLERANCE",
    "into_frame",
    "pack_framed",
    "simplify",
    "to_bitmap",
    "to_bitmaps",
]

SIZE = 255.0  # length of the longer side of a simplified drawing
TOLERANCE = 2.0  # a point nearer than this to the line through its neighbours is dropped
MAX_LENGTH = 392  # of all strokes together, in drawing sizes; real drawings have some tens


def to_bitmap(
    strokes: Drawing, side: int = 28, *, pen: float = 16.0, padding: float = 16.0
) -> npt.NDArray[np.uint8]:
    """Draw strokes of any origin, size and place as the training drawings were drawn.

    They are brought into the frame of Google's simplified drawings (`into_frame`), then rasterised.

    Parameters
    ----------
    strokes : sequence of strokes
        See `check_strokes`; y grows downwards.
    side, pen, padding
        See `Raster`.

    Returns
    -------
    bitmap : uint8 array (side, side), ink 255 on 0

    Raises
    ------
    DataError
        If the strokes are unusable.

    Examples
    --------
    A line drawn small in one corner gives the bitmap of a large one:

    >>> small = to_bitmap([[[3.0, 7.0], [900.0, 904.0]]])
    >>> bool((small == to_bitmap([[[0, 255], [0, 255]]])).all())
    True
    """
    return rasterize(into_frame(strokes), side, pen=pen, padding=padding)


def to_bitmaps(
    drawings: Sequence[Drawing], side: int = 28, *, pen: float = 16.0, padding: float = 16.0
) -> npt.NDArray[np.uint8]:
    """Draw many drawings: the same pixels as `to_bitmap` on each, much faster.

    Parameters
    ----------
    drawings : sequence of n drawings
    side, pen, padding
        See `Raster`.

    Returns
    -------
    bitmaps : uint8 array (n, side, side)

    Raises
    ------
    DrawingError
        If a drawing is unusable; it is named by its index.

    Examples
    --------
    >>> to_bitmaps([[[[3.0, 7.0], [900.0, 904.0]]], [[[9], [9]]]]).shape
    (2, 28, 28)
    """
    raster = Raster(side, pen, padding)  # refused before any drawing is
    return rasterize_points(pack_framed(drawings).points(), raster)


def pack_framed(drawings: Sequence[Drawing]) -> Packed:
    """Bring each drawing into the frame (`into_frame`), and pack them all.

    Raises
    ------
    DrawingError
        If a drawing is unusable; it is named by its index.

    Examples
    --------
    >>> pack_framed([[[[3.0, 7.0], [900.0, 904.0]]], [[[9], [9]]]]).x.tolist()
    [0, 255, 0, 0]
    """
    framed = []
    for index, drawing in enumerate(drawings):
        with numbered(index, len(drawings)):
            framed.append(into_frame(drawing))
    return pack(framed)


def into_frame(strokes: Drawing) -> Strokes:
    """Return strokes in the frame of Google's simplified drawings, the door to every bitmap.

    Those that lie in it already (`is_simplified`, which tells the rule and why) are returned as
    they are, others simplified.

    Raises
    ------
    DataError
        If the strokes are unusable.

    Examples
    --------
    >>> into_frame([[[0, 250], [0, 9]]])
    [array([[  0., 250.],
           [  0.,   9.]])]
    >>> into_frame([[[0, 25], [0, 0]]])
    [array([[  0., 255.],
           [  0.,   0.]])]
    """
    checked = check_strokes(strokes)
    return checked if is_simplified(checked) else simplify(checked)


def simplify(strokes: Drawing) -> Strokes:
    """Simplify strokes as the Quick, Draw! data set's "simplified" files were made.

    The drawing is shifted until its smallest x and y are 0 and scaled evenly until its longer
    side is 255; every stroke is resampled at points 1.0 apart along its length (the last point
    is kept), thinned by the Ramer-Douglas-Peucker algorithm with tolerance 2.0, and rounded to
    whole numbers, halves to even.

    Parameters
    ----------
    strokes : sequence of strokes
        Raw pointer positions, in any unit; see `check_strokes`.

    Returns
    -------
    strokes : Strokes
        Float64 arrays (2, n) of whole numbers from 0 to 255.
        A stroke has two points or more: a dot becomes two equal ones.

    Raises
    ------
    DataError
        If the strokes are unusable, or more than `MAX_LENGTH` times as long as the drawing is
        large.

    References
    ----------
    The steps are those of the data set's description (Google Creative Lab, *The Quick, Draw!
    Dataset*); the choices that it leaves open were found by trying them on its drawings.
    D. Douglas and T. Peucker, "Algorithms for the reduction of the number of points required to
    represent a digitized line or its caricature", Cartographica 10 (1973).

    Examples
    --------
    >>> simplify([[[100, 110, 120], [50, 50.1, 50]]])
    [array([[  0., 255.],
           [  0.,   0.]])]
    """
    fitted = fit(check_strokes(strokes), SIZE)
    # Added one after the other, like everything that simplify.js must add to the same bits.
    length = np.cumsum(np.concatenate([[0.0], *map(_lengths, fitted)]))[-1]
    if length > MAX_LENGTH * SIZE:
        raise DrawingError(
            f"the strokes are {length / SIZE:,.0f} times as long as the drawing is large; "
            f"at most {MAX_LENGTH} times can be simplified"
        )
    return Strokes(np.rint(_thin(_resample(stroke), TOLERANCE)) for stroke in fitted)


def _lengths(stroke: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the lengths of a stroke's segments: (points - 1,)."""
    dx, dy = np.diff(stroke, axis=1)
    return np.asarray(np.sqrt(dx * dx + dy * dy))


def _resample(stroke: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the points at 0, 1, 2, … along a stroke's length, and its last point: (2, n ≥ 2)."""
    lengths = _lengths(stroke)
    along = np.append(0.0, np.cumsum(lengths))  # (points,)
    if along[-1] == 0:
        return stroke[:, [0, -1]]
    stations = np.arange(0.0, along[-1])
    segment = np.searchsorted(along, stations, side="right") - 1
    t = (stations - along[segment]) / lengths[segment]
    # In this form and no other: many points are equally far from a chord but for rounding errors.
    points = stroke[:, segment] * (1 - t) + stroke[:, segment + 1] * t
    return np.append(points, stroke[:, -1:], axis=1)


def _thin(stroke: npt.NDArray[np.float64], tolerance: float) -> npt.NDArray[np.float64]:
    """Drop the points that a polyline can do without (Ramer-Douglas-Peucker, no recursion).

    Between two kept points, the one farthest from the infinite line through them is kept if it
    is farther than `tolerance` (the first of several equally far), and both halves are looked at
    in turn.
    """
    n = stroke.shape[1]
    keep = np.zeros(n, dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, n - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distances = _distances_to_line(
            stroke[:, first + 1 : last], stroke[:, first], stroke[:, last]
        )
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance:
            middle = first + 1 + farthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return stroke[:, keep]


def _distances_to_line(
    points: npt.NDArray[np.float64], start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the distances of points (2, n) from the line through `start` and `end`.

    If these two are the same point there is no line; the distance is that to the point.
    """
    along = end - start
    offset = points - start[:, None]
    # Not np.hypot, nor a power: their last bits depend on the machine, those of a root do not.
    length = np.sqrt(along[0] * along[0] + along[1] * along[1])
    if length == 0:
        return np.asarray(np.sqrt(offset[0] * offset[0] + offset[1] * offset[1]))
    return np.asarray(np.abs(along[0] * offset[1] - along[1] * offset[0]) / length)
