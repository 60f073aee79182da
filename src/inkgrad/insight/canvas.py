"""Canvas: shapes, text and small pictures in one drawing, written as PNG or as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any, Protocol
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.lettering import font, legible
from inkgrad.text import printable

__all__ = ["Canvas", "Color", "PngCanvas", "SvgCanvas"]

Color = tuple[int, int, int]
Point = tuple[float, float]

_SCALE = 2  # a PNG has so many pixels per unit, for sharp screens
_FINE = 2  # and is drawn so many times larger than that: smooth edges
_FONTS = "Aileron, 'Helvetica Neue', Arial, sans-serif"


class Canvas(Protocol):
    """What pictures are drawn on; lengths are in units, y goes down."""

    def rectangle(self, corner: Point, width: float, height: float, color: Color) -> None:
        """Fill a rectangle."""

    def line(self, points: Sequence[Point], color: Color, width: float) -> None:
        """Draw a line with round ends and bends; one point is a dot."""

    def text(self, place: Point, text: str, size: int, color: Color, anchor: str = "start") -> None:
        """Write text on a base line that starts, has its middle or ends at a place."""

    def picture(self, corner: Point, side: float, pixels: NDArray[np.uint8]) -> None:
        """Show a square picture (n, n, 3), its pixels enlarged without smoothing."""

    def to_bytes(self) -> bytes:
        """Return the file."""


class PngCanvas:
    r"""Draws pixels, two per unit.

    Examples
    --------
    >>> canvas = PngCanvas(30, 20, (255, 255, 255))
    >>> canvas.line([(5, 5), (25, 15)], (0, 0, 0), 2)
    >>> canvas.to_bytes()[:4]
    b'\x89PNG'
    """

    def __init__(self, width: int, height: int, paper: Color) -> None:
        from PIL import Image, ImageDraw

        scale = _SCALE * _FINE
        self._scale = scale
        self._image = Image.new("RGB", (width * scale, height * scale), paper)
        self._pen = ImageDraw.Draw(self._image)

    def rectangle(self, corner: Point, width: float, height: float, color: Color) -> None:
        """See `Canvas`."""
        (x, y), scale = corner, self._scale
        end = (round((x + width) * scale) - 1, round((y + height) * scale) - 1)
        start = (round(x * scale), round(y * scale))
        if start[0] <= end[0] and start[1] <= end[1]:
            self._pen.rectangle((start, end), fill=color)

    def line(self, points: Sequence[Point], color: Color, width: float) -> None:
        """See `Canvas`."""
        places = [(x * self._scale, y * self._scale) for x, y in points]
        radius = width * self._scale / 2
        if len(places) > 1:
            self._pen.line(places, fill=color, width=round(2 * radius))
        for x, y in places:
            self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)

    def text(self, place: Point, text: str, size: int, color: Color, anchor: str = "start") -> None:
        """See `Canvas`."""
        x, y = (v * self._scale for v in place)
        where = {"start": "ls", "middle": "ms", "end": "rs"}[anchor]
        self._pen.text((x, y), legible(text), color, font(size * self._scale), anchor=where)

    def picture(self, corner: Point, side: float, pixels: NDArray[np.uint8]) -> None:
        """See `Canvas`."""
        from PIL import Image

        length = round(side * self._scale)
        enlarged = Image.fromarray(pixels).resize((length, length), Image.Resampling.NEAREST)
        self._image.paste(
            enlarged, (round(corner[0] * self._scale), round(corner[1] * self._scale))
        )

    def to_bytes(self) -> bytes:
        """See `Canvas`."""
        file = io.BytesIO()
        self._image.reduce(_FINE).save(file, "PNG")
        return file.getvalue()


class SvgCanvas:
    """Writes shapes as text, sharp at any size.

    Examples
    --------
    >>> canvas = SvgCanvas(30, 20, (255, 255, 255))
    >>> canvas.text((5, 15), "a < b", 12, (0, 0, 0))
    >>> b"a &lt; b" in canvas.to_bytes()
    True
    """

    def __init__(self, width: int, height: int, paper: Color) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="{_FONTS}">'
        ]
        self.rectangle((0, 0), width, height, paper)

    def rectangle(self, corner: Point, width: float, height: float, color: Color) -> None:
        """See `Canvas`."""
        x, y = corner
        self._add("rect", x=x, y=y, width=width, height=height, fill=_css(color))

    def line(self, points: Sequence[Point], color: Color, width: float) -> None:
        """See `Canvas`."""
        several = [*points, points[0]] if len(points) == 1 else points  # of one, a dot
        written = " ".join(f"{_short(x)},{_short(y)}" for x, y in several)
        pen: dict[str, Any] = {"stroke-width": width, "stroke-linecap": "round"}
        pen["stroke-linejoin"] = "round"
        self._add("polyline", points=written, fill="none", stroke=_css(color), **pen)

    def text(self, place: Point, text: str, size: int, color: Color, anchor: str = "start") -> None:
        """See `Canvas`."""
        x, y = place
        how: dict[str, Any] = {"font-size": size, "fill": _css(color), "text-anchor": anchor}
        self._add("text", escape(printable(text)), x=x, y=y, **how)

    def picture(self, corner: Point, side: float, pixels: NDArray[np.uint8]) -> None:
        """See `Canvas`."""
        from PIL import Image

        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", optimize=True)
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        where: dict[str, Any] = {"x": corner[0], "y": corner[1], "width": side, "height": side}
        self._add("image", href=address, style="image-rendering: pixelated", **where)

    def to_bytes(self) -> bytes:
        """See `Canvas`."""
        return "\n".join([*self._parts, "</svg>\n"]).encode()

    def _add(self, name: str, content: str = "", **attributes: Any) -> None:
        """Write an element; all values of attributes are numbers or our own text."""
        written = "".join(
            f' {key}="{value if isinstance(value, str) else _short(value)}"'
            for key, value in attributes.items()
        )
        self._parts.append(f"<{name}{written}>{content}</{name}>")


def _css(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
