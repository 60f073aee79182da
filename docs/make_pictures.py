"""Draw the README's picture: ``python docs/make_pictures.py [MODEL]``, after ``inkgrad demo``.

Shows what the network makes of built-in doodles that it was not trained on: the drawing, some of
its feature maps after each pooling, and its answer.
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import inkgrad
from inkgrad.layers import softmax
from inkgrad.quickdraw import TASKS
from inkgrad.quickdraw.doodles import doodle_bitmaps

OUT = Path(__file__).parent / "static" / "readme.png"
SEED = 2026  # not the seed of the drawings that the demo trains on
SHOWN = (("cat", 3), ("elephant", 1), ("zebra", 0))
ROWS, COLUMNS = 2, 6  # of feature maps
INK, PAPER, BLUE, GREY = "#1b2130", "#ffffff", "#2f4fd0", "#8a8f9c"


def main() -> None:
    """Draw and save the picture."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("runs/demo/model.safetensors")
    model = inkgrad.load(path)
    plt.rcParams.update({"font.family": "DejaVu Sans", "font.size": 11, "text.color": INK})
    figure = plt.figure(figsize=(13, 5.4), facecolor=PAPER, dpi=110)
    grid = figure.add_gridspec(
        len(SHOWN),
        4,
        width_ratios=[1, 3.1, 3.1, 1.9],
        wspace=0.1,
        hspace=0.16,
        left=0.01,
        right=0.985,
        top=0.91,
        bottom=0.02,
    )
    titles = (
        "the drawing\n28×28",
        f"{ROWS * COLUMNS} of 32 feature maps\nconvolution, ReLU, max-pool",
        f"{ROWS * COLUMNS} of 64 feature maps\nconvolution, ReLU, max-pool",
        "what it says\ndense, dense, softmax",
    )
    bitmaps, labels = doodle_bitmaps(TASKS["animals"], 8, seed=SEED)
    for row, (name, number) in enumerate(SHOWN):
        bitmap = bitmaps[labels == TASKS["animals"].index(name)][number]
        first, second, probabilities = think(model, bitmap)
        cells = [figure.add_subplot(grid[row, column]) for column in range(4)]
        if row == 0:
            for cell, title in zip(cells, titles, strict=True):
                box = cell.get_position()
                figure.text(
                    (box.x0 + box.x1) / 2, 0.93, title, color=GREY, fontsize=10, ha="center"
                )
        picture(cells[0], bitmap, "Greys")
        for cell, maps in ((cells[1], first), (cells[2], second)):
            picture(cell, tiled(maps), "Blues")
        bars(cells[3], model.classes, probabilities)
    figure.savefig(OUT, facecolor=PAPER)
    print(f"{OUT} ({OUT.stat().st_size / 1000:.0f} kB)")


def think(model: inkgrad.Model, bitmap: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the feature maps after each pooling, and the probabilities."""
    x = bitmap[None, None].astype(np.float32) / 255  # (1, 1, 28, 28)
    pooled = []
    for stage in model.network.stages:
        x, _ = stage.layer.forward(x, **model.parameters.of(stage))
        if stage.name.startswith("pool"):
            pooled.append(x[0])  # (maps, rows, columns)
    return pooled[0], pooled[1], softmax(x)[0]


def tiled(maps: np.ndarray) -> np.ndarray:
    """Return the liveliest maps in rows, each as dark as it can be, with gaps between."""
    liveliest = np.sort(np.argsort(-maps.var(axis=(1, 2)), kind="stable")[: ROWS * COLUMNS])
    side = maps.shape[1]
    step = side + side // 7
    tiles = np.full((ROWS * step, COLUMNS * step), np.nan)
    for place, each in enumerate(maps[liveliest]):
        top, left = (step * part for part in divmod(place, COLUMNS))
        tiles[top : top + side, left : left + side] = each / each.max()
    return tiles


def picture(cell: plt.Axes, pixels: np.ndarray, colours: str) -> None:
    """Show pixels without a frame."""
    cell.imshow(pixels, cmap=colours, interpolation="nearest", vmin=0)
    cell.axis("off")


def bars(cell: plt.Axes, classes: tuple[str, ...], probabilities: np.ndarray) -> None:
    """Show the probabilities of all classes, the likeliest in blue."""
    places = np.arange(len(classes))[::-1]
    colours = [BLUE if p == probabilities.max() else "#c9cede" for p in probabilities]
    cell.barh(places, probabilities, color=colours, height=0.62)
    for place, name, p in zip(places, classes, probabilities, strict=True):
        cell.text(-0.03, place, name, ha="right", va="center", fontsize=10)
        cell.text(p + 0.02, place, f"{100 * p:.1f} %", va="center", fontsize=9, color=GREY)
    cell.set_xlim(-0.42, 1.28)
    cell.axis("off")


if __name__ == "__main__":
    main()
