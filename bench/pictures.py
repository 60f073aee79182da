"""How well pictures of drawings are read, scene by scene: a packaged model's accuracy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from bench.strokes import find_folder, read_strokes
from inkgrad.drawing import bitmap_from_image
from inkgrad.errors import DataError
from inkgrad.insight.scenes import SCENES, make_scene
from inkgrad.model import Model, load
from inkgrad.quickdraw.doodles import ANIMALS, doodles

__all__ = ["bench_pictures"]


def bench_pictures(
    data: str | None,
    *,
    model: str = "twenty",
    drawings: int,
    on_scene: Callable[[str], object] = lambda _: None,
) -> list[dict[str, Any]]:
    """Let a model recognise the same drawings in every scene.

    Parameters
    ----------
    data : path, optional
        Holds ``simplified/CLASS.ndjson``; by default what ``INKGRAD_DATA`` names. Without it,
        built-in doodles are taken.
    model : str
        Name of a packaged model, or a path.
    drawings : int
        Of all classes together; each is seen once in every scene.
    on_scene : callable
        Called with the name of each scene before it is made.

    Returns
    -------
    rows : list of dict
        For the drawings themselves and for each scene: ``name``, ``drawings``, ``top1`` and
        ``top3`` (shares), ``to_plain`` (by how much top1 is above that of plain pictures),
        ``unread`` (how many pictures were refused), ``truth`` ("drawings" or "doodles").
    """
    loaded = load(model)
    strokes, classes, truth = _drawings(loaded, data, drawings)
    rows = [_row("drawings", loaded.predict_proba(strokes), classes, 0, truth)]
    for name in SCENES:
        on_scene(name)
        read, known = [], []
        for seed, drawing in enumerate(strokes):
            scene = Image.fromarray(make_scene(name, drawing, seed))
            try:
                read.append(bitmap_from_image(scene))
                known.append(seed)
            except DataError:
                continue
        probabilities = np.zeros((len(strokes), len(loaded.classes)))
        if known:
            probabilities[known] = loaded.predict_proba(np.stack(read))
        rows.append(_row(name, probabilities, classes, len(strokes) - len(known), truth))
    plain = next(row["top1"] for row in rows if row["name"] == "plain")
    return [{**row, "to_plain": row["top1"] - plain} for row in rows]


def _drawings(model: Model, data: str | None, count: int) -> tuple[list[Any], Any, str]:
    """Return drawings, the index of the class of each, and where they are from."""
    folder = find_folder(data, "simplified")
    if folder is None:
        animals = [name for name in model.classes if name in ANIMALS]
        drawn, labels = doodles(animals, -(-count // len(animals)))
        return drawn, np.array([model.classes.index(animals[k]) for k in labels]), "doodles"
    strokes: list[Any] = []
    classes: list[int] = []
    for k, name in enumerate(model.classes):
        path = folder / "simplified" / f"{name}.ndjson"
        for _, drawing in islice(read_strokes(path), -(-count // len(model.classes))):
            strokes.append(drawing)
            classes.append(k)
    return strokes, np.array(classes), "drawings"


def _row(name: str, probabilities: Any, classes: Any, unread: int, truth: str) -> dict[str, Any]:
    best = np.argsort(-probabilities, axis=1)[:, :3] == classes[:, None]
    return {
        "name": name,
        "truth": truth,
        "drawings": len(classes),
        "top1": float(best[:, 0].mean()),
        "top3": float(best.any(axis=1).mean()),
        "unread": unread,
    }
