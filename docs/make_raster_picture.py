"""Draw how a stroke becomes pixels: ``python docs/make_raster_picture.py``."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from inkgrad.drawing.edges import DX, DY, RECORD, X, Y
from inkgrad.drawing.outline import POINT, Frame, trace, walk
from inkgrad.drawing.pen import CORNER, UNIT, make_pen
from inkgrad.drawing.plot import make_room
from inkgrad.drawing.scan import paint

OUT = Path(__file__).parent / "static" / "raster.png"
SIDE = 10  # pixels shown
RADIUS = 8 * 28 / 304  # the pen of the 28×28 drawings, in pixels
STROKE = ([1.6, 4.0, 5.2, 8.3, 7.1], [7.9, 2.0, 5.6, 4.2, 8.4])
INK, PAPER, BLUE, GREY = "#1b2130", "#ffffff", "#2f4fd0", "#d5d8e0"


def main() -> None:
    """Draw and save the picture."""
    pen = make_pen(RADIUS, 1.0)
    corners = np.array(pen).reshape(-1, CORNER)[:, :2] / UNIT  # (12, 2)
    room = make_room(len(STROKE[0]), len(corners), SIDE, lambda n: [0] * n)
    frame = Frame(0.0, 0.0, 1.0, RADIUS, SIDE * UNIT)
    end = walk(room.path, *STROKE, 0, len(STROKE[0]), frame)
    m = trace(room.path, end, pen, frame, room.edges)
    edges = np.array(room.edges[:m]).reshape(-1, RECORD) / UNIT
    path = np.array(room.path[:end]).reshape(-1, POINT)[:, :2] / UNIT
    pixels = [0] * SIDE**2
    paint(pixels, 0, SIDE, room.edges, m, room.lists)

    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 11, "text.color": INK})
    figure, (a, b, c) = plt.subplots(1, 3, figsize=(13, 4.8), facecolor=PAPER, dpi=110)
    for cell, title in (
        (a, "a stroke, and the pen: a polygon of 12 corners"),
        (b, "its outline: two sides, corners of the pen\noutside the bends and around the ends"),
        (c, "how much of each pixel lies inside"),
    ):
        cell.set_title(title, fontsize=11)
        cell.set(xlim=(0, SIDE), ylim=(SIDE, 0), xticks=range(SIDE + 1), yticks=range(SIDE + 1))
        cell.tick_params(length=0, labelleft=False, labelbottom=False)
        cell.grid(color=GREY, linewidth=0.8)
        cell.set_aspect("equal")
        for spine in cell.spines.values():
            spine.set_color(GREY)
    a.plot(*path.T, "-o", color=BLUE, linewidth=1.6, markersize=5)
    for point in path:
        a.fill(*(corners + point).T, facecolor="none", edgecolor=INK, linewidth=0.9)
    for cell in (b, c):
        for edge in edges:
            x, y, dx, dy = edge[[X, Y, DX, DY]]
            cell.plot([x, x + dx], [y, y + dy], color=BLUE, linewidth=1.1)
    b.plot(*path.T, "-o", color=GREY, linewidth=1.2, markersize=3)
    grey = np.array(pixels).reshape(SIDE, SIDE)
    c.imshow(255 - grey, cmap="gray", vmin=0, vmax=255, extent=(0, SIDE, SIDE, 0), zorder=0)
    for row, column in zip(*np.nonzero(grey), strict=True):
        level = grey[row, column]
        c.text(
            column + 0.5,
            row + 0.5,
            str(level),
            ha="center",
            va="center",
            fontsize=7.5,
            color=PAPER if level > 120 else INK,
        )
    figure.subplots_adjust(left=0.01, right=0.99, top=0.88, bottom=0.02, wspace=0.04)
    figure.savefig(OUT)
    print(OUT)


if __name__ == "__main__":
    main()
