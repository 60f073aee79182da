"""Have cairo draw the golden rasters again: ``python -m tests.golden.make``."""

from __future__ import annotations

import json

import numpy as np

from inkgrad.drawing import Raster, rasterize
from inkgrad.quickdraw.doodles import ANIMALS, draw
from tests.drawing.doodles import DOODLES
from tests.golden import FILE, pack
from tests.golden.drawings import KINDS, Drawing, random_drawing

USUAL = [Raster(28), Raster(64)]
UNUSUAL = [
    Raster(28, pen=5.0),
    Raster(28, pen=40.0),
    Raster(28, padding=0.0),
    Raster(28, padding=100.0),
    Raster(64, pen=0.5, padding=3.25),
    *(Raster(side) for side in (1, 7, 128)),
]


def drawings() -> dict[str, Drawing]:
    """Return what is drawn, by name; always the same."""
    rng = np.random.default_rng(2017)
    named: dict[str, Drawing] = {
        f"{animal} {number}": draw(animal, rng) for animal in ANIMALS for number in (1, 2, 3)
    }
    named |= DOODLES
    for kind in KINDS:
        for number in range(1, 5):
            strokes = 1 if number == 1 or kind == "long" else int(rng.integers(2, 9))
            named[f"{kind} {number}"] = random_drawing(rng, kind, strokes)
    named["mixed"] = random_drawing(rng, "mixed", 6)
    named["many strokes"] = random_drawing(rng, "by hand", 60)
    named["a dot"] = [[[0], [0]]]
    named["a dot, three times"] = [[[9, 9, 9], [4, 4, 4]]]
    named["there and back"] = [[[0, 255, 0], [0, 0, 0]], [[30, 30, 30], [10, 200, 10]]]
    named["far away"] = [[[-4000, 4000], [-2500, 3500]], [[255, 0], [0, 255]]]
    return named


def by_cairo(strokes: Drawing, raster: Raster) -> np.ndarray:
    """Follow the recipe of the data set's authors."""
    import cairocffi as cairo

    surface = cairo.ImageSurface(cairo.FORMAT_ARGB32, raster.side, raster.side)
    context = cairo.Context(surface)
    context.set_antialias(cairo.ANTIALIAS_BEST)
    context.set_line_cap(cairo.LINE_CAP_ROUND)
    context.set_line_join(cairo.LINE_JOIN_ROUND)
    context.set_line_width(raster.pen)
    context.scale(raster.scale, raster.scale)
    context.set_source_rgb(0, 0, 0)
    context.paint()
    context.set_source_rgb(1, 1, 1)
    margin = raster.padding + raster.pen / 2
    right, down = (margin + (256 - max(max(s[axis]) for s in strokes)) / 2 for axis in (0, 1))
    for xs, ys in strokes:
        context.move_to(xs[0] + right, ys[0] + down)
        for x, y in zip(xs, ys, strict=True):
            context.line_to(x + right, y + down)
        context.stroke()
    pixels = np.frombuffer(bytes(surface.get_data()), np.uint8)
    return pixels.reshape(raster.side, raster.side, 4)[:, :, 0].copy()  # (side, side)


def main() -> None:
    """Write `FILE`, and say which rasters of ours differ."""
    lines, total, other = [], 0, []
    for index, (name, strokes) in enumerate(drawings().items()):
        rasters = []
        # Two unusual settings a drawing, in turn; pixels of 128 × 128 take much room.
        for raster in [*USUAL, *(UNUSUAL[(2 * index + k) % len(UNUSUAL)] for k in (0, 1))]:
            bitmap = by_cairo(strokes, raster)
            rasters.append({"settings": raster.to_dict(), "pixels": pack(bitmap)})
            total += 1
            if not (rasterize(strokes, **raster.to_dict()) == bitmap).all():
                other.append(f"{name}, {raster}")
        record = {"name": name, "strokes": strokes, "rasters": rasters}
        lines.append(json.dumps(record, separators=(",", ":")))
    FILE.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{FILE}: {total} rasters of {len(lines)} drawings, {FILE.stat().st_size:,} bytes")
    print(f"ours are the same for {total - len(other)}", *other, sep="\n  not ")


if __name__ == "__main__":
    main()
