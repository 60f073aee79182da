"""Ordinary pictures (scans, photos, screenshots) → bitmaps like the training drawings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.ink import find_ink
from inkgrad.drawing.raster import Raster
from inkgrad.drawing.reading import FORMATS, read_picture
from inkgrad.drawing.sheet import cut_out
from inkgrad.drawing.simplify import SIZE
from inkgrad.drawing.thinning import contour, depth, stamp, thin
from inkgrad.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["FORMATS", "MAX_PIXELS", "bitmap_from_image", "picture_on_paper"]

MAX_PIXELS = 50_000_000  # a larger picture is refused before it is decompressed
_WORKING_SIDE = 512  # larger pictures are first made smaller, which also averages noise away
_CANVAS_SIDE = 256  # about the size at which the ink is thinned and drawn again
_FILLED = 0.3  # ink thicker than this part of the drawing's size is a filled shape, not a line
_SLIMMER = 0.97  # a disc along a line of pixels inks so much more than Google's pen, a polygon
_SMALLEST = 0.01  # a drawing smaller than this part of the picture is a speck

Floats = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


def bitmap_from_image(
    source: str | os.PathLike[str] | bytes | Image,
    side: int = 28,
    *,
    pen: float = 16.0,
    padding: float = 16.0,
) -> npt.NDArray[np.uint8]:
    """Turn an ordinary picture of a drawing into a bitmap like those the network learned from.

    The paper may be white, transparent, coloured or unevenly lit, the ink of any colour, and
    lighter or darker than the paper. In a photograph the sheet is found and set straight first
    (`inkgrad.drawing.sheet`). A smooth surface is fitted to the paper's colour and ink is
    what differs from it; the ink is cut out, thinned to the middle of its lines and drawn again
    with the training drawings' pen, its longer side spanning what theirs span, in the centre.
    Areas that are filled within the drawing stay filled; a drawing that is nothing but a filled
    shape is drawn as its outline, as players of the game did.

    A picture of side × side pixels whose paper is pure black or white is taken to be a bitmap
    already: it is returned as it is if it is bright on black, and inverted if it is dark on white.

    Pictures of one real drawing of each of the 345 classes, beside the drawing's own raster: the
    margins differ by -0.02 ± 0.09 pixels or less (mean ± standard deviation; 99 % by at most 0.3),
    the pen's width by 0.8 % ± 1.1 % in clear pictures and in photos, -0.7 % ± 1.9 % where the pen
    was much thicker than the game's (`tests/drawing/test_real_pictures.py` prints this).

    Parameters
    ----------
    source : path, bytes or PIL image
        A picture, or the contents of a file, in one of `FORMATS`; of an animation, or of
        several pages, the last picture is used.
    side, pen, padding
        The rasteriser's settings: see `Raster`.

    Returns
    -------
    bitmap : uint8 array (side, side), ink 255 on 0

    Raises
    ------
    DataError
        If the file is missing, damaged, not a picture, too large, or blank; it is named.

    Examples
    --------
    >>> from PIL import Image, ImageDraw
    >>> paper = Image.new("RGB", (300, 200), "white")
    >>> ImageDraw.Draw(paper).line([(20, 150), (90, 110)], fill="blue", width=7)
    >>> bitmap = bitmap_from_image(paper)
    >>> bitmap.shape, bool(bitmap[14, 14] > 100), int(bitmap[0].max())
    ((28, 28), True, 0)
    """
    raster = Raster(side, pen, padding)
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else "picture"
    picture = read_picture(source, str(name), MAX_PIXELS)
    if picture.size == (side, side):
        grey = np.asarray(picture, dtype=np.float64).mean(axis=2)
        paper = int(np.bincount(np.rint(grey).astype(np.int64).ravel()).argmax())
        if paper in (0, 255):
            return _to_bytes(grey if paper == 0 else 255 - grey)
    sheet, paper_there = cut_out(picture, _WORKING_SIDE)
    strength = find_ink(_pixels(sheet), paper_there)
    y, x = np.nonzero(strength > 0.5)
    is_blank = y.size == 0 or max(np.ptp(y), np.ptp(x)) < _SMALLEST * max(strength.shape)
    ink = np.zeros((0, 0), bool) if is_blank else _enlarge(strength)
    if not ink.any():
        raise DataError(
            f"{name}: the picture is blank; give a drawing that differs clearly from its paper"
        )
    return _redraw(ink, raster)


def picture_on_paper(
    source: str | os.PathLike[str] | bytes | Image,
) -> npt.NDArray[np.uint8]:
    """Return an ordinary picture's pixels, the right way up, on paper where it is transparent.

    Parameters
    ----------
    source : path, bytes or PIL image
        As `bitmap_from_image` takes it.

    Returns
    -------
    pixels : uint8 array (h, w, 3)
        Red, green and blue. A picture of more than 512 pixels a side is made smaller.

    Raises
    ------
    DataError
        As `bitmap_from_image` does; a blank picture is fine.

    Examples
    --------
    >>> from PIL import Image
    >>> picture_on_paper(Image.new("RGBA", (3, 2)))[0, 0]  # nothing at all: white paper
    array([255, 255, 255], dtype=uint8)
    """
    name = os.fspath(source) if isinstance(source, (str, os.PathLike)) else "picture"
    return _to_bytes(_pixels(read_picture(source, str(name), MAX_PIXELS)))


def _pixels(picture: Image) -> Floats:
    """Return a picture's pixels (h, w, 3), 0 to 255, not larger than is useful."""
    factor = -(-max(picture.size) // _WORKING_SIDE)
    return np.asarray(picture.reduce(factor) if factor > 1 else picture, dtype=np.float32)


def _enlarge(strength: Floats) -> Mask:
    """Cut the ink out and bring its longer side to the size at which it is thinned.

    Greys along the edges tell where in a pixel the ink ends, so the cut into ink and paper comes
    after enlarging. Lines that would vanish where it makes them smaller are thickened first, which
    leaves their middles where they are.
    """
    from PIL import Image, ImageFilter

    framed = np.pad(strength, 1)
    rows, columns = ((framed > 0.5).any(axis=axis).nonzero()[0] for axis in (1, 0))
    cut = framed[rows[0] - 1 : rows[-1] + 2, columns[0] - 1 : columns[-1] + 2]
    scale = _CANVAS_SIDE / max(cut.shape)
    width, height = (max(3, round(n * scale)) for n in cut.shape[::-1])
    if scale < 1 and np.quantile(depth(cut > 0.5)[cut > 0.5], 0.9) <= 1:
        grey = Image.fromarray(_to_bytes(255 * cut))
        cut = np.asarray(grey.filter(ImageFilter.MaxFilter(3))) / 255
    picture = Image.fromarray(cut.astype(np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC)) > 0.5


def _redraw(ink: Mask, raster: Raster) -> npt.NDArray[np.uint8]:
    """Draw the middle of the ink's lines as a training drawing."""
    y, x = np.nonzero(_lines(ink))
    fine = max(2, -(-_CANVAS_SIDE // raster.side))  # canvas pixels per bitmap pixel
    extent = max(np.ptp(y), np.ptp(x))
    scale = SIZE * raster.scale * fine / extent if extent else 1.0
    middle = raster.side * fine / 2
    y, x = ((v - (v.min() + v.max()) / 2) * scale + middle for v in (y, x))
    radius = _SLIMMER * raster.pen / 2 * raster.scale * fine
    canvas = stamp(y, x, radius, raster.side * fine)
    blocks = canvas.reshape(raster.side, fine, raster.side, fine)
    return _to_bytes(255 * blocks.mean(axis=(1, 3)))


def _to_bytes(grey: Floats) -> npt.NDArray[np.uint8]:
    return np.asarray(np.rint(grey).astype(np.uint8))


def _lines(ink: Mask) -> Mask:
    """Thin ink by as many layers as its lines are thick; a mere filled shape gives its outline."""
    layers = depth(ink)
    middle = float(np.median(layers[thin(ink)]))  # half the thickness of a typical line
    if 2 * middle > _FILLED * max(ink.shape):
        return contour(ink)
    return thin(ink, layers=round(1.25 * middle) + 1)
