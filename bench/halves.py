"""What it costs that an exported page has its weights in float16: the same drawings, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.export.halves import in_halves
from inkgrad.model import load
from inkgrad.workflows import evaluate

__all__ = ["bench_halves"]


def bench_halves(models: Sequence[str], data: str | None = None) -> list[dict[str, Any]]:
    """Judge models as they are and with their weights rounded to float16.

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
        For each model: ``name``, ``part``, ``drawings``, ``top1``, ``top1_halves``, ``others`` (how
        many drawings get another answer) and ``largest`` (by how much a probability differs).
    """
    rows = []
    for name in models:
        model = load(name)
        whole, half = (evaluate(m, data, offline=True) for m in (model, in_halves(model)))
        answers = [found.probabilities.argmax(axis=1) for found in (whole, half)]
        rows.append(
            {
                "name": Path(name).stem,
                "part": whole.part,
                "drawings": whole.evaluation.n,
                "top1": whole.evaluation.top1,
                "top1_halves": half.evaluation.top1,
                "others": int((answers[0] != answers[1]).sum()),
                "largest": float(np.abs(whole.probabilities - half.probabilities).max()),
            }
        )
    return rows
