"""Scenes: photographs and scans of a drawing as people make them, from its strokes and a seed.

A model that is right on clean drawings may fail on what a camera sees. Each scene lays the drawing
on a sheet of paper and adds one kind of trouble. The same name, strokes and seed give the same
pixels; another seed gives another pen, light, place and desk.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Drawing, bounding_box, check_strokes
from inkgrad.drawing.sheet import projection
from inkgrad.errors import InkgradError

__all__ = ["SCENES", "make_scene"]

Floats = npt.NDArray[np.float64]
Scene = Callable[[Floats, np.random.Generator], Floats]

_SHORT, _LONG = 420, 640  # the sides of a sheet in pixels lie between these
_FINE = 3  # lines are drawn so much larger, then averaged
_DISTANCE = 1.6  # from the camera to the sheet, in lengths of the sheet


def make_scene(name: str, strokes: Drawing, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Make a picture of a drawing as a person would hand it in.

    Parameters
    ----------
    name : str
        One of `SCENES`.
    strokes : drawing
        Any scale and place.
    seed : int
        Chooses the pen, the place on the sheet, and all that the scene adds.

    Returns
    -------
    pixels : uint8 array (h, w, 3)

    Raises
    ------
    InkgradError
        If there is no scene of this name.

    Examples
    --------
    >>> pixels = make_scene("ruled", [[[0, 255], [0, 90]]], seed=1)
    >>> pixels.dtype, bool((pixels == make_scene("ruled", [[[0, 255], [0, 90]]], seed=1)).all())
    (dtype('uint8'), True)
    """
    if name not in SCENES:
        raise InkgradError(f"scene is {name!r}; choose one of {', '.join(SCENES)}")
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    pixels = SCENES[name](_drawn(strokes, rng), rng)
    return np.asarray(np.rint(pixels.clip(0, 1) * 255).astype(np.uint8))


def _drawn(strokes: Drawing, rng: np.random.Generator) -> Floats:
    """Draw strokes with a round pen on a white sheet: (h, w, 3), 0 to 1."""
    from PIL import Image, ImageDraw

    h, w = (int(n) for n in rng.integers(_SHORT, _LONG, 2))
    checked = check_strokes(strokes)
    low, high = bounding_box(checked)
    extent = float((high - low).max()) or 1.0
    scale = rng.uniform(0.5, 0.72) * min(h, w) / extent * _FINE
    width, height = (high - low) * scale
    margin = 0.12 * min(h, w) * _FINE
    left = rng.uniform(margin, w * _FINE - width - margin)
    top = rng.uniform(margin, h * _FINE - height - margin)
    radius = rng.uniform(1.2, 4.0) * _FINE
    canvas = Image.new("L", (w * _FINE, h * _FINE))
    draw = ImageDraw.Draw(canvas)
    for stroke in checked:
        points = [(float(x), float(y)) for x, y in (stroke.T - low) * scale + [left, top]]
        if len(points) > 1:
            draw.line(points, fill=255, width=round(2 * radius), joint="curve")
        for x, y in points:
            draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
    ink = np.asarray(canvas.reduce(_FINE), dtype=np.float64)[..., None] / 255
    colour = rng.uniform(0, 0.3, 3)
    return np.asarray(1 - ink * (1 - colour))


def _plain(sheet: Floats, rng: np.random.Generator) -> Floats:
    return sheet


def _desk_at_one_edge(sheet: Floats, rng: np.random.Generator) -> Floats:
    return _laid(sheet, rng, sides=[int(rng.integers(4))])


def _desk_all_round(sheet: Floats, rng: np.random.Generator) -> Floats:
    return _laid(sheet, rng, sides=range(4))


def _finger(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Hold the sheet with a finger or two that reach in from an edge."""
    h, w, _ = sheet.shape
    y, x = np.mgrid[:h, :w]
    pixels = sheet * _light(sheet.shape, rng, 0.2)
    for _ in range(int(rng.integers(1, 3))):
        side = int(rng.integers(4))
        along = rng.uniform(0.2, 0.8) * (w if side % 2 == 0 else h)
        reach, radius = rng.uniform(0.04, 0.1) * min(h, w), rng.uniform(0.03, 0.05) * min(h, w)
        lean = rng.uniform(-0.4, 0.4)
        depth = (y, w - 1 - x, h - 1 - y, x)[side]
        across = (x if side % 2 == 0 else y) - along - lean * depth
        beyond = np.maximum(depth - reach, 0)
        round_ = np.hypot(across, beyond) / radius
        cover = ((1.05 - round_) / 0.1).clip(0, 1)[..., None]
        skin = np.array([0.8, 0.6, 0.5]) * rng.uniform(0.35, 1.1)
        shaded = skin * (1 - 0.35 * round_.clip(0, 1) ** 2)[..., None]
        pixels = pixels * (1 - cover) + shaded * cover
    return _grain(pixels, rng, 0.01)


def _letterbox(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Add bars of one colour above and below, or at the left and right."""
    bar = int(rng.uniform(0.08, 0.3) * max(sheet.shape[:2]))
    pads = [(bar, bar), (0, 0)] if rng.random() < 0.5 else [(0, 0), (bar, bar)]
    return _padded(sheet, pads, rng.choice([0.0, 0.0, 0.1, 0.5]))


def _frame(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Put a slide's or an app's frame around: one colour, from some pixels to a tenth wide."""
    band = int(rng.uniform(0.01, 0.1) * min(sheet.shape[:2]))
    colour = rng.uniform(0, 0.6, 3)
    return _padded(sheet, [(band, band), (band, band)], colour)


def _ruled(sheet: Floats, rng: np.random.Generator) -> Floats:
    return _with_lines(sheet, rng, rows=rng.uniform(18, 40), columns=None)


def _squared(sheet: Floats, rng: np.random.Generator) -> Floats:
    step = rng.uniform(14, 30)
    return _with_lines(sheet, rng, rows=step, columns=step)


def _margin_line(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Rule a red line from top to bottom near the left or right edge."""
    w = sheet.shape[1]
    at = rng.uniform(0.06, 0.11) * w
    x = np.arange(w) - (at if rng.random() < 0.7 else w - 1 - at)
    line = (rng.uniform(0.7, 1.6) - np.abs(x) + 0.5).clip(0, 1)[None, :, None]
    return np.asarray(sheet * (1 - line * (1 - np.array([0.9, 0.3, 0.35]))))


def _holes(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Punch two to four holes along one edge, through which the desk is seen."""
    h, w, _ = sheet.shape
    side, n = int(rng.integers(4)), int(rng.integers(2, 5))
    length, across = (w, h) if side % 2 == 0 else (h, w)
    inset, radius = rng.uniform(0.04, 0.06) * across, rng.uniform(0.012, 0.022) * min(h, w)
    y, x = np.mgrid[:h, :w]
    depth = (y, w - 1 - x, h - 1 - y, x)[side]
    desk = rng.uniform(0.05, 0.5, 3)
    for place in (np.arange(n) + 1) / (n + 1):
        away = np.hypot(depth - inset, (x if side % 2 == 0 else y) - place * length)
        cover = (radius - away + 0.5).clip(0, 1)[..., None]
        sheet = sheet * (1 - cover) + desk * cover
    return sheet


def _shadow(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Let a hand or a phone throw its shadow from one side, softly, on uneven light."""
    h, w, _ = sheet.shape
    y, x = np.mgrid[:h, :w] / np.array([h, w]).reshape(2, 1, 1) - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    across = np.cos(angle) * x + np.sin(angle) * y + 0.05 * np.sin(7 * (x - y))
    soft = rng.uniform(0.01, 0.08)
    shade = 1 / (1 + np.exp(-(across - rng.uniform(-0.2, 0.25)) / soft))
    light = _light(sheet.shape, rng, 0.3) * (1 - rng.uniform(0.2, 0.5) * shade[..., None])
    return _grain(sheet * light, rng, 0.015)


def _creases(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Fold the sheet: a dark and a bright edge along each fold, another shade on each half."""
    h, w, _ = sheet.shape
    y, x = np.mgrid[:h, :w].astype(np.float64)
    light = np.ones((h, w))
    for turn in rng.permutation(2)[: int(rng.integers(1, 3))]:
        angle = turn * np.pi / 2 + rng.uniform(-0.05, 0.05)
        away = np.cos(angle) * (x - w * rng.uniform(0.35, 0.65))
        away += np.sin(angle) * (y - h * rng.uniform(0.35, 0.65))
        light *= 1 + 0.04 * np.tanh(away / 10)
        light -= rng.uniform(0.1, 0.25) * np.exp(-((away / 1.5) ** 2))
        light += rng.uniform(0, 0.08) * np.exp(-(((away - 3) / 1.5) ** 2))
    return _grain(0.93 * sheet * light[..., None], rng, 0.01)


def _perspective(sheet: Floats, rng: np.random.Generator) -> Floats:
    return _laid(sheet, rng, sides=range(4), tilt=15.0)


def _off_white_on_white(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Lay a sheet of cream or grey paper on a white desk."""
    paper = np.array([1.0, 0.98, 0.92]) * rng.uniform(0.84, 0.93)
    desk = np.full((1, 1, 3), rng.uniform(0.97, 1.0))
    return _laid(sheet * paper, rng, sides=range(4), desk=desk)


def _low_light(sheet: Floats, rng: np.random.Generator) -> Floats:
    """Photograph the sheet in a dark room: grey, uneven, grainy."""
    lit = sheet * _light(sheet.shape, rng, 0.5) * rng.uniform(0.25, 0.45)
    return _grain(lit, rng, rng.uniform(0.01, 0.03))


def _jpeg_30(sheet: Floats, rng: np.random.Generator) -> Floats:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.rint(sheet * 255).astype(np.uint8)).save(file, "JPEG", quality=30)
    return np.asarray(Image.open(file).convert("RGB"), dtype=np.float64) / 255


SCENES: dict[str, Scene] = {
    "plain": _plain,
    "desk at one edge": _desk_at_one_edge,
    "desk all round": _desk_all_round,
    "finger": _finger,
    "letterbox": _letterbox,
    "frame": _frame,
    "ruled": _ruled,
    "squared": _squared,
    "margin line": _margin_line,
    "holes": _holes,
    "shadow": _shadow,
    "creases": _creases,
    "perspective": _perspective,
    "off-white on white": _off_white_on_white,
    "low light": _low_light,
    "JPEG 30": _jpeg_30,
}
"""Each scene by its name: what it adds to a sheet (h, w, 3) of 0 to 1."""


def _laid(
    sheet: Floats,
    rng: np.random.Generator,
    *,
    sides: range | list[int],
    tilt: float = 3.0,
    desk: Floats | None = None,
) -> Floats:
    """Photograph a sheet on a desk, which is seen at some sides: 0 top, 1 right, 2 bottom, 3 left.

    `tilt` is how far, in degrees, the camera leans at most, in both directions.
    """
    from PIL import Image

    h, w, _ = sheet.shape
    grow = np.array([rng.uniform(0.08, 0.25) if k in sides else -0.02 for k in range(4)])
    top, right, bottom, left = grow * [h, w, h, w]
    size = (round(left + w + right), round(top + h + bottom))
    turn = np.deg2rad(rng.uniform(-1, 1) * (6.0 if len(sides) == 4 else 1.0))
    lean_x, lean_y = np.deg2rad(rng.uniform(-tilt, tilt, 2))
    corners = np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]])
    x, y = (corners - [w / 2, h / 2]).T
    x, y = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
    nearer = _DISTANCE * max(h, w)
    nearer = nearer / (nearer + x * np.sin(lean_x) + y * np.sin(lean_y))
    x, y = x * np.cos(lean_x) * nearer, y * np.cos(lean_y) * nearer
    seen = np.stack([x + left + w / 2, y + top + h / 2], axis=-1)
    matrix = projection(seen, corners)
    how = Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC
    paper = Image.fromarray(np.rint(255 * sheet).astype(np.uint8))
    turned = np.asarray(paper.transform(size, *how, fillcolor="white")) / 255
    cover = np.asarray(Image.new("L", (w, h), 255).transform(size, *how))[..., None] / 255
    ground = _desk(turned.shape, rng) if desk is None else desk
    pixels = turned * cover + ground * (1 - cover)
    return _grain(pixels * _light(pixels.shape, rng, 0.15), rng, rng.uniform(0, 0.02))


def _desk(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Return a desk: of one dark or middling colour, or wood with its grain."""
    h, w, _ = shape
    colour = rng.uniform(0.05, 0.65) * np.array([1.0, *rng.uniform(0.6, 1.0, 2)])
    ground = np.ones((h, w, 1)) * colour
    if rng.random() < 0.5:
        y, x = np.mgrid[:h, :w] / max(h, w)
        waves = 8 * y + 0.3 * np.sin(5 * x + rng.uniform(0, 6)) + rng.uniform(0, 6)
        streaks = np.sin(9 * waves) + 0.5 * np.sin(23 * waves + 3 * x)
        ground = ground * (1 + 0.12 * streaks[..., None])
    return ground


def _light(shape: tuple[int, ...], rng: np.random.Generator, uneven: float) -> Floats:
    """Return the light on a scene, 1 at most: it falls off to one side and has a tint."""
    h, w, _ = shape
    y, x = np.mgrid[:h, :w] / np.array([h, w]).reshape(2, 1, 1) - 0.5
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - uneven * (0.5 + 0.7 * (np.cos(angle) * x + np.sin(angle) * y))
    return np.asarray(light[..., None] * [1.0, *rng.uniform(0.88, 1.0, 2)])


def _grain(pixels: Floats, rng: np.random.Generator, deviation: float) -> Floats:
    return np.asarray(pixels + rng.normal(0, deviation, pixels.shape))


def _padded(sheet: Floats, pads: list[tuple[int, int]], colour: Floats | float) -> Floats:
    """Put bands of a colour around a sheet."""
    outside = np.pad(np.zeros(sheet.shape[:2]), pads, constant_values=1.0)[..., None]
    return np.asarray(np.pad(sheet, [*pads, (0, 0)]) + outside * colour)


def _with_lines(
    sheet: Floats, rng: np.random.Generator, *, rows: float | None, columns: float | None
) -> Floats:
    """Print thin lines of one pale colour on the paper, so far apart."""
    h, w, _ = sheet.shape
    colour = np.array([0.55, 0.7, 0.9]) + rng.uniform(-0.15, 0.1, 3)
    half = rng.uniform(0.4, 0.9)
    lines = np.zeros((h, w))
    for step, places in ((rows, np.arange(h)[:, None]), (columns, np.arange(w)[None])):
        if step is not None:
            away = np.abs((places - rng.uniform(0, step)) % step)
            lines = np.maximum(lines, (half + 0.5 - np.minimum(away, step - away)).clip(0, 1))
    return sheet * (1 - lines[..., None] * (1 - colour))
