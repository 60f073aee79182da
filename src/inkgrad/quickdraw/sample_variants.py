"""Samples with their variants: each drawing, and behind it what training makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inkgrad.drawing import Packed, Raster, pack
from inkgrad.drawing.variants import (
    Variation,
    chance_keys,
    draw_variants,
    vary_bitmaps,
    vary_strokes,
)
from inkgrad.quickdraw.mirroring import may_mirror
from inkgrad.quickdraw.samples import Sample

__all__ = ["with_variants"]


def with_variants(
    samples: Sequence[Sample], times: int, how: Variation, seed: int
) -> tuple[Sample, ...]:
    """Return each sample, followed by `times` variants of it as training shows them.

    Examples
    --------
    >>> from inkgrad.quickdraw.samples import sample_doodles
    >>> shown = with_variants(sample_doodles(2).samples, 3, Variation(), seed=42)
    >>> [sample.caption for sample in shown[:4]]
    ['cat', 'cat, variant 1', 'cat, variant 2', 'cat, variant 3']
    """
    shown = []
    for place, sample in enumerate(samples):
        shown.append(sample)
        for number in range(times):
            keys = chance_keys(seed, number, np.array([place]))
            varied = _vary(sample, keys, how)
            shown.append(replace(varied, label=f"{sample.caption}, variant {number + 1}"))
    return tuple(shown)


def _vary(sample: Sample, keys: np.ndarray, how: Variation) -> Sample:
    """Return one variant."""
    may = np.array([sample.label is None or may_mirror(sample.label)])
    raster = Raster(side=sample.bitmap.shape[0])
    if sample.strokes is None:
        bitmap = vary_bitmaps(sample.bitmap[None], keys, how, may, raster)[0]
        return replace(sample, bitmap=bitmap, picture=None)
    packed = pack([sample.strokes])
    points = vary_strokes(packed, keys, how, may)
    x, y = (np.asarray(axis).astype(np.uint8) for axis in (points.x, points.y))
    strokes = Packed(x, y, np.asarray(points.strokes), np.asarray(points.drawings))[0]
    bitmap = draw_variants(packed, keys, how, may, raster)[0]
    return replace(sample, bitmap=bitmap, strokes=strokes)
