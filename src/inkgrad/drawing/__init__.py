"""Drawings: strokes, pictures and SVG → the 28×28 bitmaps that the network sees.

Importing this costs no more than NumPy: Pillow is imported when a picture or an SVG file is
read.
"""

from inkgrad.drawing.images import bitmap_from_image, picture_on_paper
from inkgrad.drawing.packed import Packed, join_packed, pack
from inkgrad.drawing.raster import Raster, rasterize, rasterize_many, rasterize_points, to_input
from inkgrad.drawing.simplify import (
    MAX_LENGTH,
    into_frame,
    pack_framed,
    simplify,
    to_bitmap,
    to_bitmaps,
)
from inkgrad.drawing.strokes import (
    Drawing,
    Strokes,
    align,
    bounding_box,
    check_strokes,
    fit,
    is_simplified,
)
from inkgrad.drawing.svg import strokes_from_svg

__all__ = [
    "MAX_LENGTH",
    "Drawing",
    "Packed",
    "Raster",
    "Strokes",
    "align",
    "bitmap_from_image",
    "bounding_box",
    "check_strokes",
    "fit",
    "into_frame",
    "is_simplified",
    "join_packed",
    "pack",
    "pack_framed",
    "picture_on_paper",
    "rasterize",
    "rasterize_many",
    "rasterize_points",
    "simplify",
    "strokes_from_svg",
    "to_bitmap",
    "to_bitmaps",
    "to_input",
]
