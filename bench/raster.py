"""How near rasterisers are to Google's own pixels, and how quick: ours beside others."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from bench.likeness import likeness
from bench.node import start_node
from bench.pairs import seconds_by_turns
from bench.rivals import installed
from bench.rivals.rasterisers import (
    CAIRO,
    Rasteriser,
    cairo_rasteriser,
    pillow_rasterisers,
    skia_rasteriser,
)
from bench.strokes import built_in, find_folder, read_strokes
from bench.throughput import best_of, throughput_rows
from inkgrad.drawing import rasterize_many
from inkgrad.quickdraw import read_bitmaps

__all__ = ["RIVALS", "bench_raster", "compare_pixels", "our_rasterisers"]

RIVALS: tuple[Callable[[], Mapping[str, Rasteriser]], ...] = (
    cairo_rasteriser,
    skia_rasteriser,
    pillow_rasterisers,
)

_THREADS = {"inkgrad compiled, 1 thread": 1, "inkgrad compiled, 2 threads": 2}
_PLAIN, _JAVASCRIPT = "inkgrad plain Python", "inkgrad JavaScript"


def compare_pixels(folder: Path) -> dict[str, Any]:
    """Compare drawings of which both the strokes and Google's bitmap are known, row by row.

    Parameters
    ----------
    folder : Path
        Holds ``CLASS.ndjson`` (simplified strokes) and ``CLASS.npy`` (the same drawings' bitmaps).

    Returns
    -------
    dict
        ``drawings``; what `likeness` tells of ours and Google's; ``drawings_per_s`` on one thread.
    """
    drawings, google = _read_pairs(folder)
    start = time.perf_counter()
    ours = rasterize_many(drawings, threads=1)
    seconds = time.perf_counter() - start
    return {
        "drawings": len(ours),
        **likeness(ours, google),
        "drawings_per_s": len(ours) / seconds,
    }


def bench_raster(
    data: str | None,
    *,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure how fast drawings become bitmaps of 28 pixels, and how near these are to Google's.

    Everyone is given the same drawings in one call, as lists of lists, and returns one array,
    uint8 (n, 28, 28). Its time is all that this takes: ours checks every drawing first. JavaScript
    has the same lists and gives the same array, in node's memory. The others draw on one thread.
    Before any clock runs it is checked that ours are all the same pixels.

    Parameters
    ----------
    data : path, optional
        A folder with the bucket's layout and ``pairs/``, of which strokes and Google's bitmaps are
        known; otherwise what ``INKGRAD_DATA`` names. Where there is none, built-in doodles are
        drawn, and cairo's pixels, if it is installed, take the place of Google's.

    Returns
    -------
    rows : list of dict
        As `throughput_rows` makes them, with ``ratio_to_cairo`` for ours, ``points`` (mean of a
        drawing), ``truth`` ("Google", "cairo" or "") and, if there is one, what `likeness` tells of
        the pixels.
    """
    drawings, google = _find_drawings(data)
    with start_node("drawing/raster.js", "rasterize", drawings) as node:
        contestants = _each_with(our_rasterisers(), drawings)
        bitmaps = {name: draw() for name, draw in contestants.items()}
        if node is not None:
            contestants[_JAVASCRIPT] = node.run
            node.run()
            bitmaps[_JAVASCRIPT] = np.array(node.results(), np.uint8).reshape(-1, 28, 28)
        _check_alike(bitmaps)
        for make in RIVALS:
            rivals = _each_with(make(), drawings)
            contestants.update(rivals)
            bitmaps.update({name: draw() for name, draw in rivals.items()})
        seconds = seconds_by_turns(
            contestants, rounds=rounds, seconds_a_turn=seconds_a_turn, on_round=on_round
        )
    cairo = best_of(seconds, CAIRO)
    truth = google if google is not None or cairo is None else bitmaps[cairo]
    rows = throughput_rows(
        seconds,
        batch=len(drawings),
        threads=1,
        compared_with={"ratio_to_cairo": CAIRO},
        points=float(np.mean([sum(len(xs) for xs, _ in drawing) for drawing in drawings])),
        truth="Google" if google is not None else "" if truth is None else "cairo",
    )
    for row in rows:
        row["threads"] = _THREADS.get(row["name"], 1)
        row.update({} if truth is None else likeness(bitmaps[row["name"]], truth))
    return rows


def our_rasterisers() -> dict[str, Rasteriser]:
    """Return ours in Python: compiled, if Numba is installed, and plain."""
    found: dict[str, Rasteriser] = {}
    if installed("numba", "inkgrad compiled"):
        for name, threads in _THREADS.items():
            found[name] = functools.partial(rasterize_many, threads=threads, compiled=True)
    found[_PLAIN] = functools.partial(rasterize_many, compiled=False)
    return found


def _each_with(
    rasterisers: Mapping[str, Rasteriser], drawings: list[Any]
) -> dict[str, Callable[[], Any]]:
    """Return calls that draw these drawings."""
    return {name: functools.partial(draw, drawings) for name, draw in rasterisers.items()}


def _check_alike(bitmaps: Mapping[str, np.ndarray]) -> None:
    """Make sure that all of ours are the same pixels.

    Raises
    ------
    ValueError
        If a pixel of one differs from plain Python's.
    """
    for name, pixels in bitmaps.items():
        if not np.array_equal(pixels, bitmaps[_PLAIN]):
            raise ValueError(
                f"{name} does not draw the same pixels as {_PLAIN}; its figures would mean nothing"
            )


def _find_drawings(data: str | None) -> tuple[list[Any], np.ndarray | None]:
    """Return drawings, and Google's bitmaps of them if these are known."""
    folder = find_folder(data, "pairs")
    return (built_in(), None) if folder is None else _read_pairs(folder / "pairs")


def _read_pairs(folder: Path) -> tuple[list[Any], np.ndarray]:
    """Return strokes, as lists, and Google's bitmaps (n, 28, 28)."""
    drawings, google = [], []
    for path in sorted(folder.glob("*.npy")):
        google.append(read_bitmaps(path))
        drawings += [strokes for _, strokes in read_strokes(path.with_suffix(".ndjson"))]
    return drawings, np.concatenate(google)
