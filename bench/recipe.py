"""How good a recipe is: trained with several seeds, or judged by every drawing in turn."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from inkgrad.insight.intervals import recall_interval
from inkgrad.model import load
from inkgrad.workflows import evaluate
from inkgrad.workflows.evaluate import Evaluated

__all__ = ["RecipeError", "bench_recipe"]

_FIGURES = ("top1", "top3", "balanced")


class RecipeError(Exception):
    """A training that did not end well, with what it said."""


def bench_recipe(
    options: Sequence[str],
    data: str | None = None,
    *,
    seeds: int = 3,
    folds: int | None = None,
    on_run: Callable[[str], object] = print,
) -> list[dict[str, Any]]:
    """Train by a recipe several times, and judge each network by the drawings it never saw.

    Parameters
    ----------
    options : sequence of str
        Those of ``inkgrad train``, but for seeds, fold, data and output.
    data : path, optional
        Real drawings; by default what ``INKGRAD_DATA`` names.
    seeds : int
        How many runs, with the seeds 42, 43, …; the split is that of seed 42.
    folds : int, optional
        Instead of seeds: this number of runs with seed 42, each holding out another part. The last
        row then counts each drawing once, with the interval of its balanced accuracy.
    on_run : callable
        Told what is trained.

    Returns
    -------
    rows : list of dict
        A run each: ``name``, ``parameters``, ``seconds`` (of the whole command), ``n`` (drawings
        to judge by), ``top1``, ``top3``, ``balanced``, ``calibration`` (the error; ``perfect`` is
        that of a perfectly calibrated model), and ``auroc`` and ``accepted`` where it rejects. Then
        their means, with ``spread_…``, the standard deviation over the runs.

    Raises
    ------
    RecipeError
        If a training fails.
    """
    place = [] if data is None else ["--data", data]
    rows, confusions = [], []
    with tempfile.TemporaryDirectory(prefix="recipe-") as folder:
        for name, chosen in _runs(seeds, folds):
            on_run(name)
            out = Path(folder) / name.replace("/", " of ")
            start = time.perf_counter()
            _train([*options, *place, *chosen, "--out", str(out)])
            seconds = time.perf_counter() - start
            model = load(out / "model.safetensors")
            found = evaluate(model, data, part="test")
            confusions.append(found.evaluation.confusion)
            row = {"name": name, "parameters": model.network.size, "seconds": seconds}
            rows.append({**row, **_figures(found)})
    return [*rows, _summary(rows, None if folds is None else sum(confusions))]


def _runs(seeds: int, folds: int | None) -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each run, and the options that make it differ."""
    if folds is None:
        for seed in range(42, 42 + seeds):
            yield f"seed {seed}", ["--seed", str(seed), "--split-seed", "42"]
    else:
        for number in range(1, folds + 1):
            yield f"fold {number}/{folds}", ["--fold", f"{number}/{folds}"]


def _train(words: list[str]) -> None:
    """Run ``inkgrad train`` in a process of its own, as a user does."""
    command = [sys.executable, "-m", "inkgrad", "train", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RecipeError(done.stderr.strip() or f"inkgrad train ended with {done.returncode}")


def _figures(found: Evaluated) -> dict[str, Any]:
    """Return what a row says of an evaluation."""
    evaluation, calibration, rejection = found.evaluation, found.calibration, found.rejection
    row: dict[str, Any] = {
        "n": evaluation.n,
        "top1": evaluation.top1,
        "top3": evaluation.top3,
        "balanced": evaluation.balanced_accuracy,
    }
    if calibration is not None:
        row |= {"calibration": calibration.error, "perfect": calibration.perfect}
    if rejection is not None:
        own = rejection.separations[0]
        row |= {"auroc": own.auroc, "accepted": own.accepted}
    return row


def _summary(rows: list[dict[str, Any]], confusion: Any) -> dict[str, Any]:
    """Return the row of means; over folds, of each drawing counted once."""
    keys = [key for key in rows[0] if key != "name" and all(key in row for row in rows)]
    row: dict[str, Any] = {
        "name": "mean",
        **{key: mean(each[key] for each in rows) for key in keys},
    }
    for key in _FIGURES:
        row[f"spread_{key}"] = stdev(each[key] for each in rows) if len(rows) > 1 else 0.0
    if confusion is not None:
        hits, drawings = np.diagonal(confusion), confusion.sum(axis=1)
        row["name"], row["n"] = "every drawing once", int(drawings.sum())
        row["top1"] = float(hits.sum() / drawings.sum())
        row["balanced"] = float((hits / drawings).mean())
        row["low"], row["high"] = recall_interval(hits.tolist(), drawings.tolist())
    return row
