"""The first thing a newcomer sees: five animals, from drawings to a recogniser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from inkgrad.workflows.train import Trained, train

__all__ = ["DEMO_FOLDER", "demo"]

DEMO_FOLDER = Path("runs") / "demo"

_DRAWINGS = 120_000  # to learn from, all epochs together: a minute or two on two cores


def demo(
    data: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] = DEMO_FOLDER,
    **options: Any,
) -> Trained:
    """Train the seed network on the five animals, quickly.

    It is `train` for the task ``animals``, with at most 10,000 drawings a class (39 MB when they
    come from Google), rare animals shown more often, and as many epochs as it takes to look at
    about 120,000 drawings.

    Parameters
    ----------
    data : path or address, optional
        See `inkgrad.quickdraw.load_drawings`.
    out : path
        The folder to write to.
    **options
        Passed on to `train`.
    """
    return train(
        task="animals",
        data=data,
        out=out,
        **{"limit": 10_000, "balance": True, "restart": True, "epochs": 3, **options},
    )
