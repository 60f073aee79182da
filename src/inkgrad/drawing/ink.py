"""Ink on a sheet of paper: what differs from the paper, and is neither a line nor a hole of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from inkgrad.drawing.regions import label
from inkgrad.drawing.ruling import without_ruling
from inkgrad.drawing.thinning import depth

__all__ = ["find_ink"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FAINTEST = 24.0  # of 255: ink must differ from the paper at least by this
_SURFACES = 128  # side of the small picture in which shadows at the edge are looked for
_WINDOW = 9  # of the median that takes thin lines away there


def find_ink(pixels: Floats, paper: Mask | None = None) -> Floats:
    """Measure how far a sheet's pixels differ from its paper.

    Parameters
    ----------
    pixels : float64 array (h, w, 3), 0 to 255
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
    contrast = without_ruling(contrast, faintest)
    visible = contrast[contrast > faintest]
    if visible.size == 0:
        return np.zeros(contrast.shape)
    threshold = max(faintest, 0.4 * float(np.quantile(visible, 0.9)))
    ink = contrast > threshold
    drawn = _without_background(_without_specks(ink), on)
    return np.where(ink & ~drawn, 0.0, np.minimum(0.5 * contrast / threshold, 1.0))


def _surface(pixels: Floats, on: Mask) -> Floats:
    """Estimate the colour that the paper has, or would have, at every pixel.

    The brightness of evenly lit paper changes smoothly across a photo: each colour is a
    polynomial of second degree in x and y, fitted to the half of the pixels that it fits best
    (least trimmed squares), which ink does not belong to.
    """
    h, w, _ = pixels.shape
    y, x = np.meshgrid(np.linspace(-1, 1, h), np.linspace(-1, 1, w), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)  # (h, w, 6)
    step = max(1, max(h, w) // 64)  # some thousand pixels tell enough
    known = on[::step, ::step]
    if not known.any():
        known = np.ones_like(known)
    a, b = terms[::step, ::step][known], pixels[::step, ::step][known]
    fitted = np.median(b, axis=0)
    for _ in range(10):
        misfit = np.abs(b - fitted).max(axis=1)
        best = misfit <= np.quantile(misfit, 0.5)
        normal, right = a[best].T @ a[best], a[best].T @ b[best]  # (6, 6), (6, 3)
        coefficients = np.linalg.lstsq(normal, right, rcond=None)[0]  # may be singular: one row
        fitted = a @ coefficients
    return np.asarray(terms @ coefficients)


def _contrast(pixels: Floats, surface: Floats, on: Mask) -> Floats:
    """Return by how much pixels differ from the paper, whose colour jumps where a shadow begins.

    Broad regions that touch the edge and differ from the smooth surface are shadows, or fingers:
    there the paper's colour is taken from the small picture's median, anything that it is nearby.
    """
    from PIL import Image, ImageFilter

    contrast = np.abs(pixels - surface).max(axis=2)
    h, w = on.shape
    if min(h, w) < 4 * _WINDOW:
        return np.where(on, contrast, 0.0)
    factor = max(1.0, max(h, w) / _SURFACES)
    size = max(1, round(w / factor)), max(1, round(h / factor))
    filled = np.where(on[..., None], pixels, surface).clip(0, 255)
    small = Image.fromarray(np.rint(filled).astype(np.uint8)).resize(size, Image.Resampling.BOX)
    broad = small.filter(ImageFilter.MedianFilter(_WINDOW))
    smooth = Image.fromarray(np.rint(surface.clip(0, 255)).astype(np.uint8)).resize(size)
    apart = np.abs(np.asarray(broad, np.int16) - np.asarray(smooth, np.int16)).max(axis=2) > 12
    labels, count = label(apart)
    if count == 0:
        return np.where(on, contrast, 0.0)
    rim = np.ones(apart.shape, bool)
    rim[1:-1, 1:-1] = False
    outer = np.zeros(count + 1, bool)
    outer[labels[rim]] = True
    outer[0] = False
    shaded = _grown(outer[labels], 3)
    if not shaded.any():
        return np.where(on, contrast, 0.0)
    low, high = (
        np.asarray(broad.filter(kind(3)).resize((w, h), Image.Resampling.BILINEAR), np.float64)
        for kind in (ImageFilter.MinFilter, ImageFilter.MaxFilter)
    )
    nearby = np.maximum(np.maximum(low - pixels, pixels - high), 0).max(axis=2)
    within = np.array(Image.fromarray(shaded).resize((w, h), Image.Resampling.NEAREST))
    return np.where(on, np.where(within, np.minimum(nearby, contrast), contrast), 0.0)


def _grown(mask: Mask, reach: int) -> Mask:
    h, w = mask.shape
    for _ in range(reach):
        framed = np.pad(mask, 1)
        mask = framed[:-2, 1:-1] | framed[2:, 1:-1] | framed[1:-1, :-2] | framed[1:-1, 2:] | mask
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


def _without_background(ink: Mask, on: Mask) -> Mask:
    return ink
