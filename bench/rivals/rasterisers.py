"""Other rasterisers that draw by Google's recipe: cairo, Skia and Pillow, each at its best."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from bench.rivals import installed, leave_out

__all__ = ["CAIRO", "cairo_rasteriser", "pillow_rasterisers", "skia_rasteriser"]

Rasteriser = Callable[[Sequence[Any]], np.ndarray]
"""Turns drawings, lists of lists, into bitmaps, uint8 (n, 28, 28)."""

CAIRO = "cairo"
"""How the name of the contestant begins whose pixels are Google's."""

_SIDE, _PEN, _PADDING = 28, 16.0, 16.0
_MARGIN = _PADDING + _PEN / 2
_SCALE = _SIDE / (256 + 2 * _MARGIN)  # pixels per unit


def cairo_rasteriser() -> dict[str, Rasteriser]:
    """Return cairo, by cairocffi's C functions, without its checks after each point."""
    cairo = _load("cairocffi", CAIRO)
    return {} if cairo is None else {f"{CAIRO} (cairocffi)": functools.partial(_by_cairo, cairo)}


def skia_rasteriser() -> dict[str, Rasteriser]:
    """Return Skia on the processor, by skia-python."""
    skia = _load("skia", "Skia")
    return {} if skia is None else {"Skia (skia-python)": functools.partial(_by_skia, skia)}


def pillow_rasterisers() -> dict[str, Rasteriser]:
    """Return Pillow, which has no antialiasing: drawn four or six times as large and reduced."""
    return {
        f"Pillow, {times}× reduced": functools.partial(_by_pillow, times=times) for times in (4, 6)
    }


def _load(module: str, name: str) -> ModuleType | None:
    """Return a library; if it or what it needs of the system is missing, say so and return None."""
    if not installed(module, name):
        return None
    try:
        return importlib.import_module(module)
    except (ImportError, OSError) as error:
        leave_out(name, error)
        return None


def _placed(drawings: Sequence[Any]) -> Iterator[tuple[int, Any, float, float]]:
    """Yield each drawing's index, its strokes, and how far they are moved right and down."""
    for index, strokes in enumerate(drawings):
        right, down = (
            _MARGIN + (256 - max(max(stroke[axis]) for stroke in strokes)) / 2 for axis in (0, 1)
        )
        yield index, strokes, right, down


def _by_cairo(cairo: ModuleType, drawings: Sequence[Any]) -> np.ndarray:
    """Paint strokes of opacity on a page of opacities, which is used again for each drawing."""
    bitmaps = np.empty((len(drawings), _SIDE, _SIDE), np.uint8)
    page = np.zeros((_SIDE, _SIDE), np.uint8)
    surface = cairo.ImageSurface(cairo.FORMAT_A8, _SIDE, _SIDE, data=page, stride=_SIDE)
    context = cairo.Context(surface)
    context.set_antialias(cairo.ANTIALIAS_BEST)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_width(_PEN)
    context.scale(_SCALE, _SCALE)
    pointer, c = context._pointer, cairo.cairo
    move_to, line_to, stroke = c.cairo_move_to, c.cairo_line_to, c.cairo_stroke
    for index, strokes, right, down in _placed(drawings):
        page[:] = 0
        context.save()
        context.translate(right, down)
        for xs, ys in strokes:
            move_to(pointer, xs[0], ys[0])
            for x, y in zip(xs, ys, strict=True):
                line_to(pointer, x, y)
            stroke(pointer)
        context.restore()
        surface.flush()
        bitmaps[index] = page
    return bitmaps


def _by_skia(skia: ModuleType, drawings: Sequence[Any]) -> np.ndarray:
    """Do the same: strokes of opacity on a page of opacities."""
    bitmaps = np.empty((len(drawings), _SIDE, _SIDE), np.uint8)
    page = np.zeros((_SIDE, _SIDE), np.uint8)
    kind = skia.ImageInfo.Make(_SIDE, _SIDE, skia.kAlpha_8_ColorType, skia.kPremul_AlphaType)
    surface = skia.Surface.MakeRasterDirect(kind, page, _SIDE)
    canvas = surface.getCanvas()
    canvas.scale(_SCALE, _SCALE)
    paint = skia.Paint(
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=_PEN,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )
    for index, strokes, right, down in _placed(drawings):
        page[:] = 0
        canvas.save()
        canvas.translate(right, down)
        for xs, ys in strokes:
            path = skia.Path()
            path.moveTo(xs[0], ys[0])
            line_to = path.lineTo
            for x, y in zip(xs, ys, strict=True):
                line_to(x, y)
            canvas.drawPath(path, paint)
        canvas.restore()
        bitmaps[index] = page
    return bitmaps


def _by_pillow(drawings: Sequence[Any], *, times: int) -> np.ndarray:
    """Draw black or white on a larger page, with a pen of whole pixels, and take means.

    Where strokes cross they are one: a single page cannot tell them apart.
    """
    from PIL import Image, ImageDraw

    bitmaps = np.empty((len(drawings), _SIDE, _SIDE), np.uint8)
    side, scale = _SIDE * times, _SCALE * times
    width, radius = round(_PEN * scale), _PEN * scale / 2
    page = Image.new("L", (side, side))
    draw = ImageDraw.Draw(page)
    for index, strokes, right, down in _placed(drawings):
        page.paste(0, (0, 0, side, side))
        for xs, ys in strokes:
            points = [
                ((x + right) * scale, (y + down) * scale) for x, y in zip(xs, ys, strict=True)
            ]
            if len(points) > 1:
                draw.line(points, fill=255, width=width, joint="curve")
            for x, y in (points[0], points[-1]):  # there are no round caps
                draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
        bitmaps[index] = np.asarray(page.reduce(times))
    return bitmaps
