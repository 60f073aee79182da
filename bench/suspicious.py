"""Whether leaving suspicious drawings out of training helps, on real drawings looked at by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.engines import Engine, ready_engine
from inkgrad.model import Model
from inkgrad.network import seed_network
from inkgrad.quickdraw import Drawings, find_task, load_drawings
from inkgrad.training import Batches, Recipe, fit
from inkgrad.workflows import Settings
from inkgrad.workflows.suspicious import drawing_id, named_in, read_suspicious

__all__ = ["LOOKED_AT", "bench_suspicious"]

LOOKED_AT = Path(__file__).with_name("looked_at.json")
"""Drawings of the test part of `twenty`, by id: those that show what they should, and others."""

_TASK = "twenty"


@dataclass(frozen=True, eq=False)
class _Sparing:
    """Drawings of which some are met in one epoch out of several, others in each epoch."""

    drawings: Drawings
    is_rare: NDArray[np.bool_]
    share: float
    seed: int
    epoch: int = 0

    @property
    def rows(self) -> NDArray[np.int64]:
        """The drawings that this epoch meets: as many in each."""
        rare = np.flatnonzero(self.is_rare)
        chance = np.random.default_rng([self.seed, 17, self.epoch])
        some = chance.choice(rare, round(self.share * len(rare)), replace=False)
        return np.sort(np.concatenate([np.flatnonzero(~self.is_rare), some]))

    def __len__(self) -> int:
        return int(np.count_nonzero(~self.is_rare)) + round(self.share * self.is_rare.sum())

    def in_epoch(self, epoch: int) -> Drawings:
        """Return the drawings that an epoch meets."""
        rows = _Sparing(self.drawings, self.is_rare, self.share, self.seed, epoch).rows
        return self.drawings.subset(rows)

    def batch(self, indices: NDArray[np.int64]) -> Any:
        """Return drawings of the first epoch."""
        return self.drawings.batch(self.rows[indices])


def bench_suspicious(
    listed: Path,
    data: str | None = None,
    *,
    seeds: int = 3,
    epochs: int = 6,
    on_run: Callable[[str], object] = print,
) -> list[dict[str, Any]]:
    """Train the seed network with all drawings, and with fewer of the suspicious ones.

    Parameters
    ----------
    listed : path
        What ``inkgrad inspect --task twenty`` has written.
    data : path, optional
        Real drawings; by default what ``INKGRAD_DATA`` names.
    seeds : int
        How often to train each way; the split is that of seed 42.
    epochs : int
    on_run : callable
        Told what is trained.

    Returns
    -------
    rows : list of dict
        ``name``; ``drawings`` in an epoch; ``top1``, ``spread`` (its standard deviation over the
        seeds) and ``tested``: of the whole test part, by its labels; ``top1_clean``,
        ``spread_clean`` and ``clean``: of the drawings there that somebody has looked at and that
        show what they should.
    """
    classes = find_task(task=_TASK, data=data)
    drawings = load_drawings(classes, data=data, offline=True).drawings
    parts = Settings(classes, recipe=Recipe(seed=42)).divide(drawings)
    suspicious = named_in(parts.train, read_suspicious(listed))
    is_clean = _looked_at(parts.test)
    engine = ready_engine("auto", seed_network(len(classes)))
    rows = []
    for name, share in {"all of them": 1.0, "a third": 1 / 3, "none of them": 0.0}.items():
        found = []
        for seed in range(42, 42 + seeds):
            on_run(f"{name}, seed {seed}")
            data_of_run = _Sparing(parts.train, suspicious, share, seed)
            found.append(_train(data_of_run, parts.validation, parts.test, seed, epochs, engine))
        whole = [float(right.mean()) for right in found]
        clean = [float(right[is_clean].mean()) for right in found]
        rows.append(
            {
                "name": name,
                "drawings": len(data_of_run),
                "top1": mean(whole),
                "spread": stdev(whole) if seeds > 1 else 0.0,
                "tested": len(parts.test),
                "top1_clean": mean(clean),
                "spread_clean": stdev(clean) if seeds > 1 else 0.0,
                "clean": int(is_clean.sum()),
            }
        )
    return rows


def _train(
    data: Batches, validation: Batches, test: Drawings, seed: int, epochs: int, engine: Engine
) -> NDArray[np.bool_]:
    """Train a seed network; return which drawings of the test part it recognises."""
    recipe = Recipe(epochs=epochs, seed=seed)
    fitted = fit(engine.network, data, validation=validation, recipe=recipe, engine=engine)
    model = Model(engine.network, fitted.parameters, test.classes, engine=engine)
    return np.asarray(model.predict_proba(test.bitmaps).argmax(axis=1) == test.labels)


def _looked_at(test: Drawings) -> NDArray[np.bool_]:
    """Return which drawings of the test part were looked at and show what they should."""
    right = {
        (name, one)
        for name, ids in json.loads(LOOKED_AT.read_text("utf-8"))["classes"].items()
        for one in ids["right"].split()
    }

    def found() -> Iterator[bool]:
        for label, bitmap in zip(test.labels.tolist(), test.bitmaps, strict=True):
            yield (test.classes[label], drawing_id(bitmap)) in right

    return np.fromiter(found(), np.bool_, len(test))
