"""A learning curve: accuracy by how many drawings of each class there are to learn from."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import mean, stdev
from typing import Any

import numpy as np

from inkgrad.engines import ready_engine
from inkgrad.model import Model
from inkgrad.quickdraw import Drawings, Even, Varied, find_task, load_drawings
from inkgrad.training import Recipe, fit
from inkgrad.workflows import Settings
from inkgrad.workflows.networks import find_network

__all__ = ["SHARES", "bench_curve"]

SHARES = (0.05, 0.1, 0.25, 0.5, 1.0)


def bench_curve(
    data: str | None = None,
    *,
    task: str = "twenty",
    network: str = "seed",
    epochs: int = 8,
    seeds: int = 1,
    on_run: Callable[[str], object] = print,
) -> list[dict[str, Any]]:
    """Train a network on a part of the drawings of each class, with variants; judge it by the rest.

    Every run takes as many steps and shows all classes alike, so those with few drawings meet each
    of them more often, always in a new variant. The drawings to judge by are the same in all: those
    that the split of seed 42 sets aside.

    Parameters
    ----------
    data : path, optional
        Real drawings; by default what ``INKGRAD_DATA`` names.
    task, network : str
        As for ``inkgrad train``.
    epochs : int
        Over all drawings.
    seeds : int
        Runs for each share.
    on_run : callable
        Told what is trained.

    Returns
    -------
    rows : list of dict
        ``name`` (the share), ``drawings`` (to learn from), ``per_class`` (their mean), ``top1``,
        ``spread`` (its standard deviation over the seeds), ``balanced`` and ``tested``.
    """
    classes = find_task(task=task, data=data)
    drawings = load_drawings(classes, data=data, offline=True, strokes=True).drawings
    parts = Settings(classes, recipe=Recipe(seed=42)).divide(drawings)
    made = find_network(network, len(classes))
    engine = ready_engine("auto", made)
    rows = []
    for share in SHARES:
        some, found = _share_of(parts.train, share), []
        for seed in range(42, 42 + seeds):
            on_run(f"{share:.0%}, seed {seed}")
            recipe = Recipe(
                epochs, optimizer="adamw", weight_decay=0.02, label_smoothing=0.05, seed=seed
            )
            shown = Varied(Even(some, len(parts.train) // len(classes), seed), seed=seed)
            fitted = fit(made, shown, recipe=recipe, engine=engine)
            model = Model(made, fitted.parameters, classes, engine=engine)
            right = model.predict_proba(parts.test.bitmaps).argmax(axis=1) == parts.test.labels
            found.append(right)
        top1 = [float(right.mean()) for right in found]
        labels = parts.test.labels
        recalls = [np.mean([right[labels == k] for right in found]) for k in range(len(classes))]
        rows.append(
            {
                "name": f"{share:.0%}",
                "drawings": len(some),
                "per_class": len(some) / len(classes),
                "top1": mean(top1),
                "spread": stdev(top1) if seeds > 1 else 0.0,
                "balanced": float(np.mean(recalls)),
                "tested": len(parts.test),
            }
        )
    return rows


def _share_of(drawings: Drawings, share: float) -> Drawings:
    """Return a share of the drawings of each class, the same as is in every larger share."""
    chance = np.random.default_rng(42)
    rows = [
        chance.permutation(np.flatnonzero(drawings.labels == k))[: math.ceil(share * count)]
        for k, count in enumerate(drawings.counts().values())
    ]
    return drawings.subset(np.sort(np.concatenate(rows)))
