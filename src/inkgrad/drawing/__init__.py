"""Drawings: strokes, pictures and SVG → the 28×28 bitmaps that the network sees."""

from inkgrad.drawing.raster import Raster, rasterize, rasterize_many
from inkgrad.drawing.simplify import simplify, to_bitmap
from inkgrad.drawing.strokes import (
    Drawing,
    Strokes,
    align,
    bounding_box,
    check_strokes,
    fit,
    is_simplified,
)

__all__ = [
    "Drawing",
    "Raster",
    "Strokes",
    "align",
    "bounding_box",
    "check_strokes",
    "fit",
    "is_simplified",
    "rasterize",
    "rasterize_many",
    "simplify",
    "to_bitmap",
]
