"""Golden rasters: drawings and the bytes that cairo made of them, so that no test needs cairo.

`rasters.json` was written by ``python -m tests.golden.make`` (which needs cairocffi) from made-up
drawings alone. A line a drawing: its name, its strokes, and rasters of it, each with the settings
and, in base64, the zlib-compressed pixels, row by row.
"""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["FILE", "Golden", "pack", "read"]

FILE = Path(__file__).with_name("rasters.json")


class Golden(NamedTuple):
    """A drawing, and what cairo made of it with some settings."""

    name: str
    strokes: list[list[list[float]]]
    settings: dict[str, Any]
    """side, pen and padding."""
    bitmap: np.ndarray


def read() -> list[Golden]:
    """Return all golden rasters."""
    return [
        Golden(drawing["name"], drawing["strokes"], raster["settings"], _unpack(raster))
        for drawing in json.loads(FILE.read_text(encoding="utf-8"))
        for raster in drawing["rasters"]
    ]


def pack(bitmap: np.ndarray) -> str:
    """Return pixels as text."""
    return base64.b64encode(zlib.compress(bitmap.tobytes(), 9)).decode("ascii")


def _unpack(raster: dict[str, Any]) -> np.ndarray:
    side = raster["settings"]["side"]
    pixels = zlib.decompress(base64.b64decode(raster["pixels"]))
    return np.frombuffer(pixels, np.uint8).reshape(side, side)
