"""What fewer bits cost: an exported page's weights, and predictions in int8, on real drawings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.export.rounding import WEIGHTS, rounded
from inkgrad.model import load
from inkgrad.workflows import evaluate
from inkgrad.workflows.record import origin_of

__all__ = ["BYTES", "bench_rounding"]

BYTES = "int8, inputs too"
"""What is rounded where predictions are computed in int8."""


def bench_rounding(models: Sequence[str], data: str | None = None) -> list[dict[str, Any]]:
    """Judge models as they are, with their weights rounded to float16 and to int8, and in int8.

    Parameters
    ----------
    models : sequence of str
        Names of packaged models, or paths.
    data : path, optional
        Real drawings; by default what ``INKGRAD_DATA`` names. Of those that a model was trained on,
        only the test part is used.

    Returns
    -------
    rows : list of dict
        For each model and what is rounded: ``name``, ``classes``, ``seed`` (of the split),
        ``weights``, ``part``, ``drawings``, ``top1``, ``top1_rounded``, ``others`` (how many
        drawings get another answer) and ``largest`` (by how much a probability differs).
    """
    rows = []
    for name in models:
        model = load(name)
        whole = evaluate(model, data, offline=True)
        origin = origin_of(model)
        for weights in (*WEIGHTS, BYTES):
            if weights == BYTES:
                other = evaluate(model, data, offline=True, precision="int8")
            else:
                other = evaluate(rounded(model, weights), data, offline=True)
            answers = [found.probabilities.argmax(axis=1) for found in (whole, other)]
            rows.append(
                {
                    "name": Path(name).stem,
                    "classes": len(model.classes),
                    "seed": None if origin is None else origin.settings.recipe.seed,
                    "weights": weights,
                    "part": whole.part,
                    "drawings": whole.evaluation.n,
                    "top1": whole.evaluation.top1,
                    "top1_rounded": other.evaluation.top1,
                    "others": int((answers[0] != answers[1]).sum()),
                    "largest": float(np.abs(whole.probabilities - other.probabilities).max()),
                }
            )
    return rows
