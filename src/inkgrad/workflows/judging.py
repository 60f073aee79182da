"""Asking a model about many drawings, and telling how far it has got."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from inkgrad.engines import Engine, ready_engine
from inkgrad.layers import Array
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.quickdraw import OnProgress

__all__ = ["get_ready", "judge", "judge_logits"]

_AT_ONCE = 1024  # drawings between two reports: about a second of the slowest engine


def get_ready(
    engine: str | Engine,
    network: Network,
    on_progress: OnProgress | None = None,
    precision: str = "float32",
) -> Engine:
    """Return what `inkgrad.engines.ready_engine` does.

    Parameters
    ----------
    engine, network
        See `inkgrad.engines.make_engine`.
    on_progress : callable, optional
        Told ``("compile", "", done, kernels)``, if there is anything to compile.
    precision : str
        See `inkgrad.engines.Engine.prepare`.
    """

    def tell(done: int, total: int) -> None:
        if on_progress is not None:
            on_progress("compile", "", done, total)

    return ready_engine(engine, network, tell, precision)


def judge(model: Model, bitmaps: Array, on_progress: OnProgress | None = None) -> Array:
    """Return what `Model.predict_proba` does: (n, classes) float32.

    Parameters
    ----------
    model : Model
    bitmaps : (n, side, side) uint8 array
    on_progress : callable, optional
        Told ``("judge", "", done, n)``.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> model = Model(seed_network(2), seed_network(2).initialise(), ("cat", "dog"))
    >>> _ = judge(model, np.zeros((3, 28, 28), np.uint8), on_progress=print)
    judge  3 3
    """
    return _in_pieces(model.predict_proba, len(model.classes), bitmaps, on_progress)


def judge_logits(model: Model, bitmaps: Array, on_progress: OnProgress | None = None) -> Array:
    """Return what `Model.logits` does: (n, classes) float32. See `judge`."""
    return _in_pieces(model.logits, len(model.classes), bitmaps, on_progress)


def _in_pieces(
    answer: Callable[[Array], Array], classes: int, bitmaps: Array, on_progress: OnProgress | None
) -> Array:
    """Return the answers to bitmaps, asked for some at a time."""
    pieces = [np.zeros((0, classes), np.float32)]
    for start in range(0, len(bitmaps), _AT_ONCE):
        pieces.append(answer(bitmaps[start : start + _AT_ONCE]))
        if on_progress is not None:
            on_progress("judge", "", min(start + _AT_ONCE, len(bitmaps)), len(bitmaps))
    return np.concatenate(pieces)
