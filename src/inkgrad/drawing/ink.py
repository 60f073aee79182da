"""Ink on a sheet of paper: what differs from the paper, and is neither a line nor a hole of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.regions import label
from inkgrad.drawing.ruling import without_ruling
from inkgrad.drawing.thinning import depth

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["find_ink"]

Floats = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

_FAINTEST = 24.0  # of 255: ink must differ from the paper at least by this
_BROAD = 12  # of 255: a shadow or a finger differs from the smooth paper by more
_MARGIN = 0.15  # of a sheet's side: holes are punched no farther from its edge
_DARKEST_SHADE = 0.4  # of the light is left at least in a shadow
_SURFACES = 128  # side of the small picture in which shadows at the edge are looked for
_WINDOW = 9  # of the median that takes thin lines away there
_SPREAD = 2  # pixels at either side: what is thinner than both is painted over there


def find_ink(pixels: Floats, paper: Mask | None = None) -> Floats:
    """Measure how far a sheet's pixels differ from its paper.

    Parameters
    ----------
    pixels : float array (h, w, 3), 0 to 255
    paper : bool array (h, w), optional
        Where the sheet is, if not everywhere.

    Returns
    -------
    strength : float64 array (h, w), 0 to 1
        Above 0.5 where there is ink.
    """
    on = np.ones(pixels.shape[:2], bool) if paper is None else paper
    surface = _surface(pixels, on)
    contrast = _contrast(pixels, surface, on)
    faintest = max(_FAINTEST, 6 * float(np.median(contrast[on])))  # the median is the grain
    contrast = without_ruling(contrast, on, faintest)
    threshold = _threshold(contrast, faintest, 0.25)
    background = _background(contrast > threshold, on)
    contrast = np.where(background, 0.0, contrast)
    threshold = _threshold(contrast, faintest, 0.4)
    ink = contrast > threshold
    if not ink.any():
        return np.zeros(contrast.shape)
    drawn = _without_holes(_without_specks(ink))
    return np.where(ink & ~drawn, 0.0, np.minimum(0.5 * contrast / threshold, 1.0))


def _threshold(contrast: Floats, faintest: float, share: float) -> float:
    """Return the contrast above which there is ink: a share of what the clearest has."""
    visible = contrast[contrast > faintest]
    return max(faintest, share * float(np.quantile(visible, 0.9))) if visible.size else faintest


def _surface(pixels: Floats, on: Mask) -> Floats:
    """Estimate the colour that the paper has, or would have, at every pixel.

    The brightness of evenly lit paper changes smoothly across a photo: each colour is a
    polynomial of second degree in x and y, fitted to the half of the pixels that it fits best
    (least trimmed squares), which ink does not belong to.
    """
    h, w, _ = pixels.shape
    x, y = np.linspace(-1, 1, w), np.linspace(-1, 1, h)[:, None]
    step = max(1, max(h, w) // 64)  # some thousand pixels tell enough
    some = np.s_[::step, ::step]
    u, v = np.broadcast_arrays(x[::step], y[::step])
    terms = np.stack([np.ones_like(u), u, v, u * u, u * v, v * v], axis=-1)  # (h', w', 6)
    known = on[some] if on[some].any() else np.ones(u.shape, bool)
    a, b = terms[known], pixels[some][known].astype(np.float64)
    fitted = np.median(b, axis=0)
    for _ in range(10):
        misfit = np.abs(b - fitted).max(axis=1)
        best = misfit <= np.quantile(misfit, 0.5)
        normal, right = a[best].T @ a[best], a[best].T @ b[best]  # (6, 6), (6, 3)
        c = np.linalg.lstsq(normal, right, rcond=None)[0]  # may be singular: one row
        fitted = a @ c
    columns = x[:, None] * c[1] + (x * x)[:, None] * c[3]  # (w, 3)
    rows = c[0] + y * c[2] + y * y * c[5]  # (h, 3)
    both = (y * x)[..., None].astype(pixels.dtype) * c[4].astype(pixels.dtype)  # (h, w, 3)
    both += rows[:, None].astype(pixels.dtype)
    both += columns.astype(pixels.dtype)
    return np.asarray(both)


def _contrast(pixels: Floats, surface: Floats, on: Mask) -> Floats:
    """Return by how much pixels differ from the paper, whose colour jumps where a shadow begins.

    Broad regions that touch the edge and differ from the rest are shadows, or fingers: there the
    paper's colour is taken from the small picture's median, anything that it is nearby. They are
    looked for once thin lines are painted over, or close squares would look like shadows too.
    """
    from PIL import Image, ImageFilter

    contrast = np.abs(pixels - surface).max(axis=2)
    h, w = on.shape
    rim = np.zeros(on.shape, bool)
    band = max(h, w) // 64 + 1
    rim[:band] = rim[-band:] = rim[:, :band] = rim[:, -band:] = True
    if min(h, w) < 4 * _WINDOW or (contrast[rim] > _BROAD).mean() < 0.01:
        return np.where(on, contrast, 0.0)
    factor = max(1.0, max(h, w) / _SURFACES)
    size = max(1, round(w / factor)), max(1, round(h / factor))
    filled = np.where(on[..., None], pixels, surface).clip(0, 255)
    small = _small(filled, size)
    broad = small.filter(ImageFilter.MedianFilter(_WINDOW))
    beside = np.asarray(small, np.float32) - np.asarray(broad)
    darker = float(beside[np.abs(beside).max(axis=2) > _BROAD].sum()) <= 0  # than what is nearby
    over, back = (np.maximum, np.minimum) if darker else (np.minimum, np.maximum)
    lineless = _small(_spread(_spread(filled, over), back), size)
    plain = np.asarray(lineless.filter(ImageFilter.MedianFilter(_WINDOW)), np.float32)
    there = np.asarray(Image.fromarray(on).resize(size, Image.Resampling.NEAREST))
    smooth = np.asarray(_small(surface.clip(0, 255), size), np.float32)
    smooth = smooth + np.median((plain - np.asarray(broad))[there], axis=0)
    apart = np.abs(plain - smooth).max(axis=2) > _BROAD
    labels, count = label(apart)
    if count == 0:
        return np.where(on, contrast, 0.0)
    outer = np.zeros(count + 1, bool)
    for border in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        outer[border] = True
    outer[0] = False
    light = plain / np.maximum(smooth, 1)
    darkest = np.ones(count + 1)
    np.minimum.at(darkest, labels, light.min(axis=2))
    outer &= darkest > _DARKEST_SHADE  # what is darker is a thing, not a shadow
    shaded = _grown(outer[labels], 3)
    if not shaded.any():
        return np.where(on, contrast, 0.0)
    low, high = (
        np.asarray(
            broad.filter(kind(_WINDOW)).resize((w, h), Image.Resampling.BILINEAR), np.float32
        )
        for kind in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
    )
    nearby = np.maximum(np.maximum(low - pixels, pixels - high), 0).max(axis=2)
    within = np.array(Image.fromarray(shaded).resize((w, h), Image.Resampling.NEAREST))
    return np.where(on, np.where(within, np.minimum(nearby, contrast), contrast), 0.0)


def _small(pixels: Floats, size: tuple[int, int]) -> Image:
    from PIL import Image

    whole = Image.fromarray(np.rint(pixels).astype(np.uint8))
    return whole.resize(size, Image.Resampling.BOX)


def _spread(pixels: Floats, most: np.ufunc) -> Floats:
    """Give each pixel the brightest or darkest value within `_SPREAD` of it."""
    for axis in (0, 1):
        rows = np.moveaxis(pixels, axis, 0)
        padded = np.concatenate([rows[:1], rows[:1], rows, rows[-1:], rows[-1:]])
        spread = most(most(padded[:-4], padded[1:-3]), most(padded[3:-1], padded[4:]))
        pixels = np.moveaxis(most(spread, rows), 0, axis)
    return pixels


def _grown(mask: Mask, reach: int, *, diagonally: bool = False) -> Mask:
    """Grow a mask to all sides; diagonally every other time, as `depth` peels."""
    for k in range(reach):
        rows = mask.copy()
        rows[1:] |= mask[:-1]
        rows[:-1] |= mask[1:]
        wide = rows if diagonally and k % 2 else mask
        grown = rows.copy()
        grown[:, 1:] |= wide[:, :-1]
        grown[:, :-1] |= wide[:, 1:]
        mask = grown
    return mask


def _without_specks(ink: Mask) -> Mask:
    """Remove ink that has far less ink around it than a dot of the pen would have."""
    thickness = 2 * int(np.quantile(depth(ink)[ink], 0.9)) - 1
    reach = thickness + 1
    total = np.pad(ink, ((reach + 1, reach), (reach + 1, reach))).cumsum(axis=0).cumsum(axis=1)
    window = 2 * reach + 1
    around = (
        total[window:, window:]
        - total[:-window, window:]
        - total[window:, :-window]
        + total[:-window, :-window]
    )  # (h, w): ink within `reach`
    return np.asarray(ink & (around >= 0.4 * thickness**2))


def _background(ink: Mask, on: Mask) -> Mask:
    """Return what reaches in from the edge and is thicker than the pen: a desk's rest, a finger.

    If that were all there is, it is the drawing.
    """
    nothing = np.zeros_like(ink)
    edge = _grown(~np.pad(on, 1), 2)[1:-1, 1:-1]
    if not (ink & edge).any():
        return nothing
    labels, count = label(ink)
    outer = np.zeros(count + 1, bool)
    outer[labels[ink & edge]] = True
    outer[0] = False
    reaching = outer[labels]
    drawn = ink & ~reaching
    if drawn.sum() < 12:
        drawn = ink
    layers = depth(drawn, most=40)
    pen = max(2, 2 * int(np.quantile(layers[drawn], 0.9)) - 1)
    thick = depth(reaching, most=pen + 2) > 0.75 * pen + 1
    background = _grown(thick, pen + 3, diagonally=True) & reaching if thick.any() else nothing
    fragments, _ = label(reaching & ~background)
    small = np.bincount(fragments.ravel()) < 2 * pen * pen
    background = background | (small[fragments] & (fragments > 0))
    return background if (ink & ~background).sum() >= 12 else nothing


def _without_holes(ink: Mask) -> Mask:
    """Remove punched holes: alike and round, in a row along an edge, off the drawing."""
    h, w = ink.shape
    deep, wide = (int(_MARGIN * n) + 1 for n in (h, w))
    if not any(strip.any() for strip in (ink[:deep], ink[-deep:], ink[:, :wide], ink[:, -wide:])):
        return ink
    labels, count = label(ink)
    if count < 3:
        return ink
    y, x = np.nonzero(ink)
    which = labels[y, x]
    low, high = np.full((count + 1, 2), max(h, w)), np.full((count + 1, 2), -1)
    for axis, places in enumerate((y, x)):
        np.minimum.at(low[:, axis], which, places)
        np.maximum.at(high[:, axis], which, places)
    extent = high - low + 1
    full = np.bincount(which, minlength=count + 1) / extent.prod(axis=1)
    across = extent.max(axis=1)
    round_ = (extent.min(axis=1) > 0.75 * across) & (full > 0.62) & (full < 0.95) & (across > 4)
    round_ &= across < 0.08 * max(h, w)
    round_[0] = False
    centre = (low + high + 1) / 2
    gaps = np.stack([centre[:, 0], w - centre[:, 1], h - centre[:, 0], centre[:, 1]], axis=1)
    for side in range(4):
        near = round_ & (gaps[:, side] < _MARGIN * (h if side % 2 == 0 else w))
        for k in np.flatnonzero(near):
            row = near & (np.abs(gaps[:, side] - gaps[k, side]) < 0.5 * across[k])
            row &= np.abs(across - across[k]) < 0.3 * across[k]
            if row.sum() < 2:
                continue
            others = np.ones(count + 1, bool)
            others[0] = False
            others &= ~row
            if not others.any():
                continue
            inner = (
                low[others, 0],
                w - 1 - high[others, 1],
                h - 1 - high[others, 0],
                low[others, 1],
            )
            if inner[side].min() > gaps[row, side].max() + across[k] / 2:
                return np.asarray(ink & ~row[labels])
    return ink
