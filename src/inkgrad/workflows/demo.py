"""The first thing a newcomer sees: five animals, from drawings to a recogniser."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from inkgrad.quickdraw import OnProgress, find_task, load_drawings
from inkgrad.quickdraw.data_locations import VARIABLE
from inkgrad.workflows.claim import claim
from inkgrad.workflows.run import refuse_to_overwrite
from inkgrad.workflows.train import Trained, train

__all__ = ["DEMO_FOLDER", "demo"]

DEMO_FOLDER = Path("runs") / "demo"
"""Where the demo writes if it is not told another place."""

_TASK = "animals"
_ROWS = 10_000  # drawings a class: 39 MB in all when they come from Google
_LOOKS = 64_000  # drawings looked at, all epochs together: half a minute or so on two cores
_EPOCHS = (3, 8)  # at least and at most: more only teaches rare animals by heart


def demo(
    data: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] = DEMO_FOLDER,
    limit: int = _ROWS,
    epochs: int | None = None,
    restart: bool | None = None,
    offline: bool = False,
    on_progress: OnProgress | None = None,
    **options: Any,
) -> Trained:
    """Train the seed network on the five animals, in a minute or two.

    It is `train` for the task ``animals``, with rare animals shown more often, on at most 10,000
    drawings of each.

    Parameters
    ----------
    data : path or address, optional
        See `inkgrad.quickdraw.load_drawings`.
    out : path
        The folder to write to.
    limit : int
        At most so many drawings a class.
    epochs : int, optional
        By default as many as show the network about 64,000 drawings, from 3 to 8.
    restart : bool, optional
        Discard an interrupted run in `out`; by default only one in the demo's own folder.
    offline, on_progress, **options
        As for `train`.

    Returns
    -------
    trained : Trained
    """
    if restart is None:
        restart = Path(out) == DEMO_FOLDER
    with claim(Path(out), options.get("on_event")):  # before anything is fetched
        refuse_to_overwrite(Path(out), restart)
        if data is None:
            data = os.environ.get(VARIABLE) or None
        loaded = load_drawings(
            find_task(task=_TASK, data=data, offline=offline),
            data=data,
            limit=limit,
            offline=offline,
            on_progress=on_progress,
        )
        if epochs is None:
            least, most = _EPOCHS
            epochs = min(max(round(_LOOKS / len(loaded.drawings)), least), most)
        choices = {"limit": limit, "epochs": epochs, "balance": True, "restart": restart, **options}
        return train(
            task=_TASK,
            data=data,
            loaded=loaded,
            out=out,
            offline=offline,
            on_progress=on_progress,
            **choices,
        )
