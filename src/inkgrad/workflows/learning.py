"""What an epoch of training shows: drawings, balanced, in variants, with outliers among them."""

from __future__ import annotations

from inkgrad.drawing import Raster
from inkgrad.errors import InkgradError
from inkgrad.quickdraw import Balanced, Drawings, Even, Loaded, Varied
from inkgrad.training import Batches, WithOutliers
from inkgrad.workflows.settings import Parts, Settings

__all__ = ["check_parts", "to_learn_from"]


def to_learn_from(
    drawings: Drawings, outliers: Parts | None, chosen: Settings, raster: Raster
) -> Batches:
    """Return the training part: balanced, in variants, with outliers, if that is asked for."""

    def shown(data: Drawings | Balanced | Even, times: int) -> Batches:
        if times == 0:
            return data
        return Varied(data, times, chosen.variation, chosen.recipe.seed, raster)

    sampled: Drawings | Balanced | Even = Balanced(drawings) if chosen.balance else drawings
    if chosen.per_class is not None:
        sampled = Even(drawings, chosen.per_class, chosen.recipe.seed)
    known = shown(sampled, chosen.augment)
    if outliers is None:
        return known
    others = shown(outliers.train, min(chosen.augment, 1))
    return WithOutliers(known, others, chosen.outliers, chosen.recipe.seed)


def check_parts(parts: Parts, loaded: Loaded) -> None:
    """Refuse to train where a class has nothing to learn from or to be judged by."""
    for part, purpose in ((parts.train, "to learn from"), (parts.test, "to judge by")):
        empty = [name for name, count in part.counts().items() if count == 0]
        if empty:
            more = f" and {len(empty) - 5} more classes" if len(empty) > 5 else ""
            raise InkgradError(
                f"{loaded.source} has too few drawings of {', '.join(empty[:5])}{more}: none are "
                f"left {purpose}; give more, or leave the class out"
            )
