"""What `inkgrad tune` does to a model: how well new classes are known, and what old ones lose."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from inkgrad.model import load
from inkgrad.quickdraw import load_drawings
from inkgrad.quickdraw.data_locations import BucketFolder, find_data_location
from inkgrad.quickdraw.outliers import unknown_classes
from inkgrad.workflows import tune

__all__ = ["bench_tune"]

_TAUGHT = 10  # drawings of each new class; the others judge


def bench_tune(
    models: Sequence[str],
    data: str | None = None,
    *,
    trials: int = 10,
    together: int = 10,
    on_run: Callable[[str], object] = print,
) -> list[dict[str, Any]]:
    """Add classes to models, from ten drawings each, and evaluate old and new ones on others.

    The new classes are those that the data's ``unknown.txt`` names, which a model trained with
    ``--reject`` has never seen in any form.

    Parameters
    ----------
    models : sequence of str
        Names or files.
    data : path, optional
        A folder with the layout of Google's bucket; by default what ``INKGRAD_DATA`` names.
    trials : int
        How often one class is added, each time another one.
    together : int
        How many are added at once, in as many trials as there are such classes for.
    on_run : callable
        Told what is added.

    Returns
    -------
    rows : list of dict
        ``name``, ``trials``, ``lost`` (the share of the old classes' drawings, in the mean) and
        ``most_lost``, ``recall`` (of the new classes' other drawings) and ``least_recall``,
        ``refused`` (of these, how many are none of the classes, by the model) and ``seconds`` (of
        `inkgrad.tune`, with measuring what was lost).
    """
    names = np.random.default_rng(42).permutation(unknown_classes(data)).tolist()
    rows = []
    for model in models:
        new = [name for name in names if name not in load(model).classes]
        for number in (1, together):
            groups = [new[start : start + number] for start in range(0, len(new), number)]
            groups = [group for group in groups if len(group) == number][:trials]
            found = []
            for group in groups:
                on_run(f"{model} and {', '.join(group)}")
                found.append(_add(model, group, data))
            row: dict[str, Any] = {"name": f"{model} and {number} more", "trials": len(found)}
            row |= {key: mean(one[key] for one in found) for key in found[0]}
            row["most_lost"] = max(one["lost"] for one in found)
            row["least_recall"] = min(one["recall"] for one in found)
            rows.append(row)
    return rows


def _add(model: str, names: Sequence[str], data: str | None) -> dict[str, float]:
    """Add classes to a model, and judge what came of it."""
    bucket = find_data_location(data)
    if not isinstance(bucket, BucketFolder):
        raise ValueError("no folder of drawings is named; name one with --data")
    folder = bucket.path
    with tempfile.TemporaryDirectory(prefix="tune-") as place:
        own, rest = Path(place, "own"), Path(place, "rest", "simplified")
        own.mkdir()
        rest.mkdir(parents=True)
        for name in names:
            lines = (folder / "simplified" / f"{name}.ndjson").read_text("utf-8").splitlines()
            (own / f"{name}.ndjson").write_text("\n".join(lines[:_TAUGHT]), "utf-8")
            (rest / f"{name}.ndjson").write_text("\n".join(lines[_TAUGHT:]), "utf-8")
        start = time.perf_counter()
        tuned = tune(model, own, out=Path(place, "tuned.safetensors"), data=data)
        seconds = time.perf_counter() - start
        others = load_drawings(names, data=rest.parent, raster=tuned.model.raster).drawings
    if tuned.old is None:
        raise RuntimeError(f"{model} says nothing of what it lost")
    read = tuned.model.recognise(others.bitmaps)
    label_of = np.array([tuned.model.classes.index(name) for name in names])
    right = read.probabilities.argmax(axis=1) == label_of[others.labels]
    return {
        "lost": tuned.old.before - tuned.old.after,
        "recall": float(right.mean()),
        "refused": float(read.rejected.mean()),
        "seconds": seconds,
    }
