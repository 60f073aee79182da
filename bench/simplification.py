"""How often raw strokes become exactly Google's simplified ones, and how quickly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.likeness import likeness
from bench.node import start_node
from bench.pairs import seconds_by_turns
from bench.strokes import built_in, find_folder, read_strokes
from bench.throughput import throughput_rows
from inkgrad.drawing import rasterize_many, simplify

__all__ = ["bench_simplification"]

_PYTHON, _JAVASCRIPT = "inkgrad Python", "inkgrad JavaScript"


def bench_simplification(
    data: str | None,
    *,
    rounds: int,
    seconds_a_turn: float,
    on_round: Callable[[int], None] = lambda _: None,
) -> list[dict[str, Any]]:
    """Measure how fast raw strokes become simplified ones, and how often exactly Google's.

    The time includes the check of every drawing. Drawings are lists of lists, with times if they
    are real; JavaScript has them in node's memory. Before any clock runs it is checked that both
    languages come to the same.

    Parameters
    ----------
    data : path, optional
        A folder with the bucket's layout, ``raw/`` and ``simplified/``, which are matched by key;
        otherwise what ``INKGRAD_DATA`` names. Where there is none, built-in doodles are simplified,
        of which nobody knows Google's.

    Returns
    -------
    rows : list of dict
        As `throughput_rows` makes them; where Google's are known, with ``same``, the share of
        drawings that are Google's point by point, ``others``, how many are not, and what `likeness`
        tells of the bitmaps of these.
    """
    drawings, google = _find_drawings(data)
    with start_node("drawing/simplify.js", "simplify", drawings) as node:
        ours = _simplified(drawings)
        contestants: dict[str, Callable[[], object]] = {_PYTHON: lambda: _simplified(drawings)}
        if node is not None:
            contestants[_JAVASCRIPT] = node.run
            node.run()
            if node.results() != ours:
                raise ValueError(
                    f"{_JAVASCRIPT} does not come to the same strokes as {_PYTHON}; its figures "
                    "would mean nothing"
                )
        seconds = seconds_by_turns(
            contestants, rounds=rounds, seconds_a_turn=seconds_a_turn, on_round=on_round
        )
    more = {} if google is None else _compare(ours, google)
    return throughput_rows(seconds, batch=len(drawings), threads=1, compared_with={}, **more)


def _simplified(drawings: list[Any]) -> list[Any]:
    """Return simplified strokes as lists, as they stand in files."""
    return [[stroke.tolist() for stroke in simplify(drawing)] for drawing in drawings]


def _compare(ours: list[Any], google: list[Any]) -> dict[str, Any]:
    """Return the share that is Google's point by point, and how near the pixels of the rest are."""
    others = [pair for pair in zip(ours, google, strict=True) if pair[0] != pair[1]]
    found: dict[str, Any] = {"same": 1 - len(others) / len(ours), "others": len(others)}
    if others:
        found.update(likeness(*map(rasterize_many, zip(*others, strict=True))))
    return found


def _find_drawings(data: str | None) -> tuple[list[Any], list[Any] | None]:
    """Return raw drawings, and Google's simplified ones if these are known."""
    folder = find_folder(data, "raw")
    if folder is None:
        return built_in(), None
    raw, simplified = [], []
    for path in sorted((folder / "raw").glob("*.ndjson")):
        known = dict(read_strokes(folder / "simplified" / path.name))
        for key, strokes in read_strokes(path):
            if key in known:
                raw.append(strokes)
                simplified.append(known[key])
    return raw, simplified
