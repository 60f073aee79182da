"""An explanation as one picture: the drawing, the guesses, and four ways to see why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkgrad.drawing import Raster, Strokes
from inkgrad.insight.attribution.explanation import Explanation
from inkgrad.insight.attribution.labels import place_labels
from inkgrad.insight.canvas import Canvas, Color, PngCanvas, SvgCanvas
from inkgrad.insight.lettering import font, lines_of, shortened
from inkgrad.layers import Array

__all__ = ["draw_explanation"]

# Lengths in units of the canvas.
_TILE = 224  # 8 a pixel of a 28×28 bitmap
_GAP = 28
_HEAD, _FOOT = 84, 64
_MARGIN = 40
_TITLE, _CAPTION, _LINE = 24, 70, 16  # above a tile; below it; a line of the caption
_CELL = _TITLE + _TILE + _CAPTION
_LARGE = 2 * _TILE + _TITLE + _CAPTION  # the tile of the strokes reaches over two rows
_WIDTH = 2 * _MARGIN + 3 * _TILE + _LARGE + 3 * _GAP
_HEIGHT = _MARGIN + _HEAD + 2 * _CELL + _FOOT
_LINES = 4  # of a caption, at most
_PEN = 8.0  # the width of a stroke
_LABELS = 10  # numbers beside strokes, at most
_FAINT = 0.05  # of the largest number: no label below this

_PAGE, _PAPER, _INK = (247, 245, 239), (255, 255, 255), (27, 33, 48)
_MUTED, _GREY, _TRACK = (95, 96, 104), (176, 174, 168), (233, 229, 217)
_RED, _BLUE = (179, 50, 31), (44, 79, 196)
_DARK, _SLIGHT = 0.35, 0.12  # how much darker a map is where the drawing has ink


_NOTE = (
    "Four views of one answer, none of them the whole reason: they show what this network "
    "reacts to in this drawing, not what the thing looks like. The log-odds are "
    "log(p / (1 - p)): 0 is a probability of 50 %, 2.2 of 90 %, 4.6 of 99 %."
)


class _Map(NamedTuple):
    """Numbers to colour, what they are called, and what they mean."""

    title: str
    values: Array | None
    caption: str
    shade: float = _DARK


def draw_explanation(
    explanation: Explanation,
    source: str = "",
    suffix: str = ".png",
    *,
    raster: Raster | None = None,
) -> bytes:
    """Return a picture of an explanation.

    Parameters
    ----------
    explanation : Explanation
    source : str
        What stands below the title: which model and which drawing.
    suffix : ".png" or ".svg"
        In which format.
    raster : Raster, optional
        The model's, which says where the strokes stand; by default Google's.

    Examples
    --------
    >>> from inkgrad import load
    >>> from inkgrad.insight.attribution import explain_drawing
    >>> why = explain_drawing(load("animals"), [[[0, 255], [0, 90]]])
    >>> draw_explanation(why, suffix=".svg")[:4]
    b'<svg'
    """
    canvas: Canvas = (SvgCanvas if suffix == ".svg" else PngCanvas)(_WIDTH, _HEIGHT, _PAGE)
    _head(canvas, explanation, source)
    left, large = _MARGIN, _MARGIN + _TILE + _GAP
    columns = (large + _LARGE + _GAP, _WIDTH - _MARGIN - _TILE)
    rows = (_MARGIN + _HEAD, _MARGIN + _HEAD + _CELL)
    ink = explanation.bitmap / 255
    _cell(canvas, (left, rows[0]), "What the network sees", "The drawing in pixels.")
    canvas.picture((left, rows[0] + _TITLE), _TILE, _mixed(_PAPER, _INK, ink))
    _guesses(canvas, (left, rows[1]), explanation)
    _strokes(canvas, (large, rows[0]), explanation, raster or Raster())
    places = [(x, y) for y in rows for x in columns]
    for (x, y), shown in zip(places, _maps(explanation), strict=True):
        _cell(canvas, (x, y), shown.title, shown.caption)
        if shown.values is None:
            canvas.rectangle((x, y + _TITLE), _TILE, _TILE, _PAPER)
        else:
            colors = _colored(shown.values, ink * shown.shade)
            canvas.picture((x, y + _TITLE), _TILE, colors)
    _lines(canvas, (_MARGIN, _HEIGHT - _FOOT + 14), _NOTE, _WIDTH - 2 * _MARGIN)
    return canvas.to_bytes()


def _head(canvas: Canvas, why: Explanation, source: str) -> None:
    """Write what is explained, of what, and what the colours mean."""
    title = shortened(f"Why {why.class_name}?", font(30), _WIDTH - 2 * _MARGIN - 500)
    canvas.text((_MARGIN, _MARGIN + 22), title, 30, _INK)
    rejected = ["the model takes it for none of its classes"] if why.is_rejected else []
    facts = " · ".join(filter(None, [source, *rejected]))
    canvas.text((_MARGIN, _MARGIN + 50), shortened(facts, font(16), _WIDTH - 400), 16, _MUTED)
    _scale(canvas, (_WIDTH - _MARGIN, _MARGIN + 22), why.class_name)


def _lines(canvas: Canvas, corner: tuple[float, float], text: str, room: float) -> None:
    """Write a text in small letters, in as many lines as there is space for."""
    x, y = corner
    for number, line in enumerate(lines_of(text, 13, room)[:_LINES]):
        canvas.text((x, y + number * _LINE), shortened(line, font(13), room), 13, _MUTED)


def _maps(why: Explanation) -> list[_Map]:
    """Return the four maps, row by row."""
    name = _short(why.class_name)
    cam = (
        "This network has no convolution with maps, so there is nothing that Grad-CAM could show."
        if why.cam is None
        else f"Red: where the last convolution ({why.cam_layer}) finds what speaks for {name}."
    )
    most = np.abs(why.occlusion).max()
    return [
        _Map(
            "Occlusion",
            why.occlusion,
            f"A patch of paper covers each place in turn. Red: then {name} is less likely. "
            f"Fullest: {most:.1f} of log-odds.",
        ),
        _Map("Grad-CAM", why.cam, cam),
        _Map(
            "Gradient",
            why.gradient,
            f"Red: a little more ink here would raise the logit of {name}; blue: lower it.",
            _SLIGHT,
        ),
        _Map(
            "Gradient × ink",
            why.gradient_times_input,
            "The same, only where there is ink: what each pixel adds or takes, to first order.",
            _SLIGHT,
        ),
    ]


def _short(name: str) -> str:
    """Return a class's name as captions have room for it."""
    return shortened(name, font(13), 110)


def _cell(canvas: Canvas, corner: tuple[float, float], title: str, caption: str) -> None:
    """Write a tile's title and caption."""
    x, y = corner
    canvas.text((x, y + 14), title, 16, _INK)
    _lines(canvas, (x, y + _TITLE + _TILE + 18), caption, _TILE)


def _guesses(canvas: Canvas, corner: tuple[float, float], why: Explanation) -> None:
    """Draw the guesses as bars, the explained class among them."""
    x, y = corner
    canvas.text((x, y + 14), "What it says", 16, _INK)
    shown = list(why.guesses)
    if why.class_name not in dict(shown):
        shown[-1] = (why.class_name, why.probability)
    for number, (name, share) in enumerate(shown):
        down = y + _TITLE + 18 + number * 42
        color = _INK if name == why.class_name else _MUTED
        canvas.text((x, down), shortened(name, font(15), _TILE - 70), 15, color)
        canvas.text((x + _TILE, down), f"{100 * share:.1f} %", 15, color, "end")
        canvas.rectangle((x, down + 7), _TILE, 7, _TRACK)
        canvas.rectangle((x, down + 7), _TILE * share, 7, color)


def _strokes(canvas: Canvas, corner: tuple[float, float], why: Explanation, raster: Raster) -> None:
    """Draw the strokes, each in the colour of what it matters, with numbers beside them."""
    x, y = corner
    canvas.text((x, y + 14), "Which strokes matter", 16, _INK)
    canvas.rectangle((x, y + _TITLE), _LARGE, _LARGE, _PAPER)
    if not why.parts:
        text = "There are no strokes: a bitmap or a picture is pixels alone."
        canvas.text((x + _LARGE / 2, y + _TITLE + _LARGE / 2), text, 15, _MUTED, "middle")
        return
    most = float(np.abs(why.strokes).max()) or 1.0
    lines = _placed([part.strokes for part in why.parts], (x, y + _TITLE), raster)
    for i in np.argsort(np.abs(why.strokes), kind="stable"):  # what matters most comes on top
        for line in lines[i]:
            canvas.line(line, _between(float(why.strokes[i]) / most), _PEN)
    ranked = np.argsort(-np.abs(why.strokes), kind="stable")[:_LABELS]
    chosen = [int(i) for i in ranked if abs(why.strokes[i]) >= _FAINT * most]
    box = (x, y + _TITLE, x + _LARGE, y + _TITLE + _LARGE)
    texts = [f"{why.strokes[i]:+.1f}".replace("-", "−") for i in chosen]
    for i, text, place in zip(
        chosen, texts, place_labels([lines[i] for i in chosen], texts, box), strict=True
    ):
        canvas.text(place, text, 15, _darker(float(why.strokes[i])), "middle")
    name = _short(why.class_name)
    caption = (
        "Each stroke is taken away in turn; of a long one, pieces. Red: without it "
        f"{name} is less likely, so it speaks for {name}. Blue: more likely. Grey: next to no "
        f"difference. Numbers: how far the log-odds fall, from {why.log_odds:.1f}."
    )
    _lines(canvas, (x, y + _TITLE + _LARGE + 18), caption, _LARGE)


def _placed(
    parts: Sequence[Strokes], corner: tuple[float, float], raster: Raster
) -> list[list[list[tuple[float, float]]]]:
    """Return each part's strokes as points of the tile, where the rasteriser draws them."""
    scale = raster.scale * _LARGE / raster.side
    points = np.concatenate([stroke for part in parts for stroke in part], axis=1)
    offset = (256 - points.max(axis=1)) / 2 + raster.padding + raster.pen / 2
    begin = np.array(corner)[:, None]
    return [
        [[(a, b) for a, b in ((s + offset[:, None]) * scale + begin).T.tolist()] for s in part]
        for part in parts
    ]


def _scale(canvas: Canvas, end: tuple[float, float], name: str) -> None:
    """Draw what the colours mean, to the left of a place."""
    right, y = end
    text = shortened(f"speaks for {name}", font(14), 260)
    canvas.text((right, y), text, 14, _RED, "end")
    x = right - font(14).getlength(text) - 12
    steps = 24
    for step in range(2 * steps + 1):
        color = _between(1 - step / steps, _PAPER)
        canvas.rectangle((x - 3 * (step + 1), y - 11), 3, 13, color)
    canvas.text((x - 3 * (2 * steps + 1) - 12, y), "against it", 14, _BLUE, "end")


def _between(strength: float, middle: Color = _GREY) -> Color:
    """Return the colour of a number from −1 to 1."""
    color = np.array(_RED if strength > 0 else _BLUE)
    mixed = np.array(middle) + (color - np.array(middle)) * min(abs(strength), 1.0)
    red, green, blue = np.rint(mixed).astype(int).tolist()
    return red, green, blue


def _darker(value: float) -> Color:
    """Return the colour of a label: that of its sign, which is legible on paper."""
    return _RED if value > 0 else _BLUE


def _mixed(low: Color, high: Color, share: Array) -> NDArray[np.uint8]:
    """Return (n, n) shares from 0 to 1 as colours between two: (n, n, 3)."""
    colors = np.array(low) + (np.array(high) - np.array(low)) * share[..., None]
    return np.asarray(np.rint(colors), np.uint8)


def _colored(values: Array, shade: Array) -> NDArray[np.uint8]:
    """Return numbers as colours from blue over paper to red, darker by a share `shade`."""
    largest = np.abs(values).max()
    strength = values / largest if largest > 0 else np.zeros_like(values)
    sides = [_mixed(_PAPER, color, np.abs(strength)) for color in (_BLUE, _RED)]
    colors = np.where(strength[..., None] > 0, sides[1], sides[0])
    return np.asarray(np.rint(colors * (1 - shade[..., None])), np.uint8)
