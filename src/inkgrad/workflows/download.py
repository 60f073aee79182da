"""Fetch drawings, to keep."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.quickdraw import GOOGLE_BUCKET, OnProgress, fetch, find_task

__all__ = ["download"]


def download(
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    limit: int | None = 10_000,
    kind: str = "numpy_bitmap",
    source: str | None = None,
    to: str | os.PathLike[str] | None = None,
    on_progress: OnProgress | None = None,
) -> dict[str, Path]:
    """Fetch the first drawings of classes into the cache, or another folder.

    Parameters
    ----------
    classes : list of str or comma-separated str, optional
        Names as one would say them; or
    task : str, optional
        a task, such as ``"animals"`` or ``"all"``.
    limit : int, optional
        The first so many drawings of each class; None: all. Binary files always come whole.
    kind : "numpy_bitmap", "simplified", "raw" or "binary"
    source : str, optional
        The address of a mirror; by default Google's bucket.
    to : path, optional
        The folder to keep them in; by default the cache, where training finds them.
    on_progress : callable, optional
        Called with ``("fetch", class, bytes here, bytes wanted)``; and with
        ``("note", sentence, 1, 1)``, once, if the server tells nothing by which its files can be
        checked.

    Returns
    -------
    files : dict of class to path

    Raises
    ------
    InkgradError
        If no class is named, or one is not known or cannot be fetched.
    """
    if not classes and task is None:
        raise InkgradError(
            "no classes are named; give classes such as cat dog, or a task such as animals"
        )
    return fetch(
        kind,
        find_task(classes or None, task=task, data=source),
        None if kind == "binary" else limit,
        base_url=GOOGLE_BUCKET if source is None else source,
        cache=to,
        progress=None if on_progress is None else functools.partial(on_progress, "fetch"),
        note=None if on_progress is None else lambda note: on_progress("note", note, 1, 1),
    )
