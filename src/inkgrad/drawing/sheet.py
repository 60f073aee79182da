"""The sheet of paper in a picture: where it lies, cut out and set straight."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.regions import connected, hull, meeting, quadrilateral

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["cut_out", "projection"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_SIDE = 160  # of the small picture in which the sheet is looked for
_WINDOW = 9  # of the median that takes away whatever is thinner than half of it: ink, lines
_STEPS = (3, 6, 10, 16, 26, 42)  # of 255: neighbours that differ by less may be one surface
_SMALLEST = 0.08  # a sheet covers at least this part of the picture
_NEARLY_ALL = 0.97  # of the pixels
_FAINTEST = 8  # of 255: what differs more from the median may be a thin line
_CLEAR = 45  # of 255: a desk's grain is fainter
_LEAST_INK = 0.001  # of the picture's pixels are thin lines, on a sheet that is drawn on
_JUMP = 20  # of 255: where neighbours differ more, a surface ends
_SHRINK = 1.2  # pixels that are cut off along the sheet's sides
_RIM = 4  # pixels between a side and where its two banks are compared
_NEAR, _FAR = 3, 8  # pixels off a side: of what changes between the far banks,
_SUDDEN = 0.8  # so much changes between the near ones, where a sheet ends; a shadow is softer
_BRIGHTER = 25  # of 255: a sheet with nothing on it is at least so much brighter than the desk


class _Surface(NamedTuple):
    """A part of the picture that may be the sheet."""

    score: tuple[bool, float]  # a surface with lines on it is better than any without
    real: list[tuple[Floats, Floats]]  # sides that are seen, not cut off by the picture's edge
    four: Floats  # the corners of the quadrilateral around it


def projection(source: Floats, target: Floats) -> tuple[float, ...]:
    """Return the projection that takes four corners to four others, as Pillow wants it.

    x' = (ax + by + c) / (gx + hy + 1), y' = (dx + ey + f) / (gx + hy + 1).

    Returns
    -------
    coefficients : (a, b, c, d, e, f, g, h)

    Examples
    --------
    >>> square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=float)
    >>> np.round(projection(square, 2 * square + 3), 6).tolist()
    [2.0, 0.0, 3.0, 0.0, 2.0, 3.0, 0.0, 0.0]
    """
    rows, right = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        right += [u, v]
    return tuple(float(c) for c in np.linalg.solve(np.array(rows), np.array(right)))


def cut_out(picture: Image, side: int) -> tuple[Image, Mask | None]:
    """Cut the sheet out of a picture and set it straight.

    The small picture is cleared of thin lines by a median; what is left are surfaces: regions
    where neighbours differ by less than a step, for several steps. A surface is the sheet if there
    are thin lines on it, if it is smooth, and if, beyond each of its sides that are seen, something
    else begins and goes on. Where no surface has lines, one that is brighter than all around it and
    ends suddenly is a sheet on which nothing is drawn. If all four sides are seen, the perspective
    is undone; if fewer, the sheet is turned upright by them.

    Parameters
    ----------
    picture : RGB image
    side : int
        Of the sheet's picture, at most.

    Returns
    -------
    sheet : RGB image
        The picture as it is if it shows nothing but paper.
    paper : bool array (h, w), or None for all of it
        Where the sheet is.
    """
    found = _find(picture)
    if found is None:
        return picture, None
    scale = max(picture.size) / _SIDE if max(picture.size) > _SIDE else 1.0
    corners, target = _straight(found)
    sheet, paper = _transformed(picture, found.four * scale, corners * scale, target * scale, side)
    return sheet, None if len(found.real) == 4 else paper


def _find(picture: Image) -> _Surface | None:
    """Return the surface that is most likely the sheet, or None if the whole picture is."""
    from PIL import ImageFilter

    small = picture
    if max(picture.size) > _SIDE:
        factor = _SIDE / max(picture.size)
        size = tuple(max(1, round(n * factor)) for n in picture.size)
        small = picture.resize((size[0], size[1]), 4, reducing_gap=2.0)  # 4: BOX
    if min(small.size) < 3 * _WINDOW:
        return None
    surfaces = np.asarray(small.filter(ImageFilter.MedianFilter(_WINDOW)), dtype=np.int16)
    if max(int(np.ptp(surfaces[..., c])) for c in range(3)) < 2 * _STEPS[0]:
        return None
    lines = np.abs(np.asarray(small, dtype=np.int16) - surfaces).max(axis=2)
    best: _Surface | None = None
    known: list[Mask] = []
    right = np.abs(np.diff(surfaces, axis=1)).max(axis=2)
    down = np.abs(np.diff(surfaces, axis=0)).max(axis=2)
    h, w = lines.shape
    rims = _rims(right > _JUMP, down > _JUMP)
    number = np.arange(h * w).reshape(h, w)
    for step in _STEPS:
        across, along = right <= step, down <= step
        a = np.concatenate([number[:, :-1][across], number[:-1][along]])
        b = np.concatenate([number[:, 1:][across], number[1:][along]])
        roots = connected(h * w, a, b).reshape(h, w)
        sizes = np.bincount(roots.ravel())
        if sizes.max() > _NEARLY_ALL * h * w:
            break  # at this step and all others the picture is one surface
        for root in np.flatnonzero(sizes >= _SMALLEST * h * w):
            region = roots == root
            if any((region ^ other).mean() < 1 - _NEARLY_ALL for other in known):
                continue
            known.append(region)
            surface = _judged(region, surfaces, lines, rims, step)
            if surface is not None and (best is None or surface.score > best.score):
                best = surface
    return best


def _judged(
    region: Mask,
    surfaces: npt.NDArray[np.int16],
    lines: npt.NDArray[np.int16],
    rims: Mask,
    step: int,
) -> _Surface | None:
    """Return a region as a surface with its score, or None if it cannot be the sheet."""
    h, w = region.shape
    if region[[0, 0, -1, -1], [0, -1, 0, -1]].all():
        return None  # it is all there is, or all round
    corners = hull(region)
    four = quadrilateral(corners)
    if four is None:
        return None
    real = []
    for start, end in zip(four, np.roll(four, -1, axis=0), strict=True):
        supported = _support(start, end, surfaces, step)
        if supported is None:
            continue
        if supported < 0.6:
            return None
        real.append((start, end))
    area, around = _area(corners), _area(four)
    solid = region.sum() / area
    square = area / around if len(real) == 4 else 1.0
    if not real or solid < 0.6 or square < 0.85:
        return None
    on = region & ~rims
    here = lines[on]
    if here.size == 0:
        return None
    faint = max(_FAINTEST, 6 * float(np.median(here)))
    visible = here[here > faint]
    if visible.size < _LEAST_INK * h * w:
        if (lines[~region & ~rims] > _CLEAR).sum() >= _LEAST_INK * h * w:
            return None  # the drawing is elsewhere
        if not all(_ends_suddenly(start, end, surfaces) for start, end in real):
            return None
        return _Surface((False, area / (h * w) * solid), real, _shrunk(four))
    ink = (lines > max(faint, 0.4 * float(np.quantile(visible, 0.95)))) & ~rims
    share = float((ink & on).sum() / ink.sum())
    if share < 0.7:
        return None
    smooth = float((here <= faint).mean())
    bright = float(surfaces[region].mean()) / 255
    score = area / (h * w) * solid * share**2 * smooth**2 * (0.3 + bright)
    return _Surface((True, score), real, _shrunk(four))


def _rims(right: Mask, down: Mask) -> Mask:
    """Return where a surface ends: there a median rounds corners, which then look like lines."""
    ends = np.pad(right, ((0, 0), (0, 1))) | np.pad(down, ((0, 1), (0, 0)))
    for _ in range(_WINDOW // 2):
        ends[1:] |= ends[:-1].copy()
        ends[:-1] |= ends[1:].copy()
        ends[:, 1:] |= ends[:, :-1].copy()
        ends[:, :-1] |= ends[:, 1:].copy()
    return ends


def _shrunk(four: Floats) -> Floats:
    """Move every side of a quadrilateral inwards, off what lies at the sheet's edge."""
    moved = []
    for start, end in zip(four, np.roll(four, -1, axis=0), strict=True):
        x, y = end - start
        inwards = _SHRINK * np.array([-y, x]) / max(1e-9, float(np.hypot(x, y)))
        moved.append((start + inwards, end + inwards))
    corners = [meeting(*moved[k - 1], *moved[k]) for k in range(4)]
    return np.array([four[k] if c is None else c for k, c in enumerate(corners)])


def _area(corners: Floats) -> float:
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _support(
    start: Floats, end: Floats, surfaces: npt.NDArray[np.int16], step: int
) -> float | None:
    """Return along what share of a side another surface begins; None where the picture ends.

    A side drawn with a pen has paper on both banks: beyond it, too, it must stay different.
    """
    h, w, _ = surfaces.shape
    along = end - start
    length = float(np.hypot(*along))
    if length < 1:
        return None
    normal = np.array([along[1], -along[0]]) / length  # outwards: the hull runs clockwise
    places = start + np.linspace(0.04, 0.96, 40)[:, None] * along
    inner, near, *far = (places + k * _RIM * normal for k in (-1, 1, 2, 3, 4))
    known = _inside(inner, w, h) & _inside(near, w, h)
    colour = _at(surfaces, inner)
    different = np.ones(len(places), bool)
    for outer in (near, *far):
        apart = np.abs(_at(surfaces, outer) - colour).max(axis=1) > max(6, step)
        different &= apart | ~_inside(outer, w, h)
    if known.mean() < 0.3:
        return None
    return float(different[known].mean())


def _ends_suddenly(start: Floats, end: Floats, surfaces: npt.NDArray[np.int16]) -> bool:
    """Tell whether a surface is brighter than what lies beyond a side, and ends there at once."""
    along = end - start
    normal = np.array([along[1], -along[0]]) / float(np.hypot(*along))
    places = start + np.linspace(0.1, 0.9, 33)[:, None] * along
    near, far = (
        _at(surfaces, places - k * normal).mean(axis=1)
        - _at(surfaces, places + k * normal).mean(axis=1)
        for k in (_NEAR, _FAR)
    )
    return bool(np.median(far) > _BRIGHTER and np.median(near) > _SUDDEN * np.median(far))


def _inside(points: Floats, w: int, h: int) -> Mask:
    return np.asarray(((points >= 0) & (points < [w, h])).all(axis=1))


def _at(pixels: npt.NDArray[np.int16], points: Floats) -> npt.NDArray[np.int16]:
    h, w, _ = pixels.shape
    x, y = np.floor(points).astype(int).T
    return np.asarray(pixels[y.clip(0, h - 1), x.clip(0, w - 1)])


def _straight(found: _Surface) -> tuple[Floats, Floats]:
    """Return four points of the picture and where they come to lie once the sheet is straight."""
    if len(found.real) == 4:
        four = found.four
        first = int(np.argmin(four.sum(axis=1)))
        four = np.roll(four, -first, axis=0)  # from the top left, clockwise
        lengths = np.hypot(*(np.roll(four, -1, axis=0) - four).T)
        width, height = (lengths[0] + lengths[2]) / 2, (lengths[1] + lengths[3]) / 2
        return four, np.array([[0, 0], [width, 0], [width, height], [0, height]])
    angles = []
    for start, end in found.real:
        x, y = end - start
        angle = np.arctan2(y, x)
        angles.append(angle - np.round(angle / (np.pi / 2)) * (np.pi / 2))
    angle = float(np.mean(angles))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turned = found.four @ turn
    low, high = turned.min(axis=0), turned.max(axis=0)
    box = np.array([low, [high[0], low[1]], high, [low[0], high[1]]])
    return box @ turn.T, box - low


def _transformed(
    picture: Image, outline: Floats, corners: Floats, target: Floats, side: int
) -> tuple[Image, Mask]:
    from PIL import Image, ImageDraw

    length = float(target.max())
    factor = max(1, int(length / side))  # first smaller, so that every pixel counts
    if factor > 1:
        picture = picture.reduce(factor)
        outline, corners = outline / factor, corners / factor
    target = target * min(1.0, side / length)
    width, height = (max(1, int(n)) for n in target.max(axis=0))
    matrix = projection(target, corners)
    cover = Image.new("L", picture.size)
    ImageDraw.Draw(cover).polygon([(float(x), float(y)) for x, y in outline], fill=255)
    how = Image.Transform.PERSPECTIVE, matrix
    sheet = picture.transform((width, height), *how, Image.Resampling.BICUBIC)
    paper = np.array(cover.transform((width, height), *how, Image.Resampling.NEAREST)) > 0
    return sheet, paper
