"""Varied drawings: each met in new variants, in every epoch others."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Raster, to_input
from inkgrad.drawing.raster import worth_compiling
from inkgrad.drawing.variants import Variation, chance_keys, draw_variants, vary_bitmaps
from inkgrad.errors import DataError
from inkgrad.quickdraw.balance import Balanced, Even
from inkgrad.quickdraw.drawings import GOOGLES, Drawings, Indices
from inkgrad.quickdraw.mirroring import mirror_mask

__all__ = ["Varied"]


@dataclass(frozen=True, eq=False)
class Varied:
    """Drawings that are never shown twice alike.

    An epoch meets each drawing `times` times, each time in a new variant: drawing i of n is at the
    places i, n + i, 2n + i, … The chance of a variant follows from (seed, epoch, place) alone, so a
    run that is resumed meets the same ones. Where strokes are known, they are varied and drawn;
    otherwise the bitmap is bent.

    Parameters
    ----------
    data : Drawings, Balanced or Even
    times : int
        1 or more.
    variation : Variation
        How different variants are. Classes that a mirror would spoil are never mirrored, whatever
        it says (`inkgrad.quickdraw.mirroring.may_mirror`).
    seed : int
    raster : Raster
        How the bitmaps were drawn.
    epoch : int

    Raises
    ------
    DataError
        If `times` is less than 1.

    Examples
    --------
    >>> cross = np.pad(255 * np.eye(14, dtype=np.uint8), 7)[None]
    >>> data = Varied(Drawings(cross, np.array([0]), ("cross",)), times=3)
    >>> x, labels = data.batch([0, 2])
    >>> y, _ = data.in_epoch(1).batch([0, 2])
    >>> len(data), x.shape, labels.tolist(), len(np.unique(np.concatenate([x, y]), axis=0))
    (3, (2, 1, 28, 28), [0, 0], 4)
    """

    takes_time: ClassVar[bool] = True
    """Batches are worth making ahead, while the network learns from those before."""

    data: Drawings | Balanced | Even
    times: int = 1
    variation: Variation = field(default_factory=Variation)
    seed: int = 0
    raster: Raster = GOOGLES
    epoch: int = 0
    _may: npt.NDArray[np.bool_] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.times < 1:
            raise DataError(f"the number of variants is {self.times}; give 1 or more")
        object.__setattr__(self, "_may", mirror_mask(self._drawings.classes))

    def __len__(self) -> int:
        return len(self.data) * self.times

    def in_epoch(self, epoch: int) -> Varied:
        """Return the data as an epoch, counted from 0, meets it."""
        data = self.data.in_epoch(epoch) if isinstance(self.data, Even) else self.data
        return replace(self, data=data, epoch=epoch)

    def batch(self, indices: npt.ArrayLike) -> tuple[npt.NDArray[np.float32], Indices]:
        """Return the variants at some places, (b, 1, side, side), and their labels (b,)."""
        places = np.asarray(indices, np.int64)
        rows = places % len(self.data)
        if not isinstance(self.data, Drawings):
            rows = self.data.rows[rows]
        keys = chance_keys(self.seed, self.epoch, places)
        labels = self._drawings.labels[rows]
        return to_input(self._vary(rows, keys, self._may[labels])), labels

    def fingerprint(self) -> str:
        """Return the data's fingerprint, marked with how it is varied."""
        how = ", ".join(f"{name} {value}" for name, value in self.variation.to_dict().items())
        return f"{self.times} variants ({how}) by {self.seed} of {self.data.fingerprint()}"

    @property
    def _drawings(self) -> Drawings:
        return self.data if isinstance(self.data, Drawings) else self.data.drawings

    def _vary(
        self, rows: Indices, keys: npt.NDArray[np.uint64], may_mirror: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.uint8]:
        """Return a variant of each row's drawing, as a bitmap."""
        strokes, drawings = self._drawings.strokes, self._drawings
        variants = np.empty((len(rows), drawings.side, drawings.side), np.uint8)
        known = np.zeros(len(rows), np.bool_) if strokes is None else strokes.known[rows]
        if strokes is not None and known.any():
            packed = strokes.take(rows[known])
            variants[known] = draw_variants(
                packed,
                keys[known],
                self.variation,
                may_mirror[known],
                self.raster,
                compiled=worth_compiling(len(self)),
            )
        if not known.all():
            bitmaps = drawings.bitmaps[rows[~known]]
            variants[~known] = vary_bitmaps(
                bitmaps,
                keys[~known],
                self.variation,
                may_mirror[~known],
                self.raster,
                compiled=worth_compiling(len(self)),
            )
        return variants
