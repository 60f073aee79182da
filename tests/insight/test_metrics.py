"""Metrics: each by plain loops, and what they have in common."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inkgrad.insight.evaluation import ranked_classes
from inkgrad.insight.metrics import METRICS, Judged


def judged(n=200, k=5, seed=0):
    rng = np.random.default_rng(seed)
    p, answers = rng.dirichlet(np.ones(k), n), rng.integers(0, k - 1, n)  # a class without drawings
    rank = np.argmax(ranked_classes(p) == answers[:, None], axis=1) + 1
    return Judged(p, answers, rank)


def by_loops(found: Judged) -> dict[str, float]:
    n, hits = len(found.answers), {}
    for answer, rank in zip(found.answers.tolist(), found.rank.tolist(), strict=True):
        hits.setdefault(answer, []).append(rank == 1)
    ranks = found.rank.tolist()
    return {
        "top1": sum(r == 1 for r in ranks) / n,
        "top3": sum(r <= 3 for r in ranks) / n,
        "map3": sum(1 / r for r in ranks if r <= 3) / n,
        "balanced_accuracy": sum(sum(h) / len(h) for h in hits.values()) / len(hits),
        "log_loss": -sum(math.log(found.probabilities[b, found.answers[b]]) for b in range(n)) / n,
    }


def test_each_is_what_loops_say():
    expected = by_loops(judged())
    found = {name: metric.of(judged()) for name, metric in METRICS.items()}
    assert found == pytest.approx(expected, rel=1e-12)


def test_each_has_a_title_and_a_note_and_gives_plain_numbers():
    assert len({metric.title for metric in METRICS.values()}) == len(METRICS)
    for metric in METRICS.values():
        assert metric.title
        assert metric.note[0].isupper()
        assert not metric.note.endswith(".")
        assert type(metric.of(judged())) is float
        if metric.is_share:
            assert 0 <= metric.of(judged()) <= 1
