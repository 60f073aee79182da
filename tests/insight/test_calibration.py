"""Calibration: the error by its formula, and what chance alone makes of a perfect model."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from inkgrad.insight.calibration import measure_calibration, reliability_diagram


def answers(n: int, sureness: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities of ten classes, and labels that are drawn by them, made surer."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 10))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (rng.random((n, 1)) > true.cumsum(axis=1)[:, :-1]).sum(axis=1)
    told = np.exp(sureness * logits)
    return told / told.sum(axis=1, keepdims=True), labels


def in_loops(p: np.ndarray, labels: np.ndarray) -> float:
    """Compute the error from the definition."""
    pairs = sorted((float(row.max()), k) for k, row in enumerate(p))
    edges = [round(len(p) * b / 15) for b in range(16)]
    error = 0.0
    for first, last in pairwise(edges):
        some = pairs[first:last]
        accuracy = sum(p[k].argmax() == labels[k] for _, k in some) / len(some)
        confidence = sum(sure for sure, _ in some) / len(some)
        error += len(some) / len(p) * abs(accuracy - confidence)
    return error


@pytest.mark.parametrize("sureness", [0.5, 1.0, 2.0])
def test_the_error_is_its_formula_with_bins_of_equal_count(sureness):
    p, labels = answers(1000, sureness)
    found = measure_calibration(p, labels)
    assert found.error == pytest.approx(in_loops(p, labels), rel=1e-12)
    assert len(found.bins) == 15
    assert {each.drawings for each in found.bins} == {66, 67}
    assert found.confidence == pytest.approx(p.max(axis=1).mean())
    assert found.accuracy == (p.argmax(axis=1) == labels).mean()
    assert sum(each.drawings * each.accuracy for each in found.bins) == pytest.approx(
        1000 * found.accuracy
    )


def test_a_calibrated_model_is_about_as_far_off_as_chance_makes_it():
    errors = [measure_calibration(*answers(3000, 1.0, seed)) for seed in range(8)]
    off = np.mean([found.error for found in errors])
    chance = np.mean([found.perfect for found in errors])
    assert off == pytest.approx(chance, rel=0.15)
    assert 0.005 < chance < 0.03
    for sureness in (0.5, 2.0):
        found = measure_calibration(*answers(3000, sureness))
        assert found.error > 5 * found.perfect


def test_chance_is_less_with_more_drawings():
    few, many = (measure_calibration(*answers(n, 1.0)).perfect for n in (300, 30_000))
    assert many == pytest.approx(few / 10, rel=0.3)


def test_few_drawings_and_certain_ones():
    found = measure_calibration(np.array([[1.0, 0.0]]), [0])
    assert (found.error, found.perfect, len(found.bins)) == (0.0, 0.0, 1)
    assert len(measure_calibration(*answers(4, 1.0)).bins) == 4
    assert measure_calibration(np.array([[1.0000001, 0.0]] * 30), [1] * 30).error == 1.0


def test_the_same_figures_every_time_in_plain_values():
    p, labels = answers(500, 1.0)
    first, again = (measure_calibration(p, labels) for _ in range(2))
    assert first == again
    assert json.loads(json.dumps(first.to_dict()))["bins"][0]["drawings"] == 33


def test_the_diagram_has_a_dot_for_each_bin():
    found = measure_calibration(*answers(1500, 2.0))
    diagram = reliability_diagram(found)
    assert len(diagram.dots) == 15
    for dot, each in zip(diagram.dots, found.bins, strict=True):
        share = (dot.x - diagram.left) / (diagram.right - diagram.left)
        assert share == pytest.approx(each.confidence, abs=1e-3)
        up = (diagram.bottom - dot.y) / (diagram.bottom - diagram.top)
        assert up == pytest.approx(each.accuracy, abs=1e-3)
    assert len(diagram.line.split()) == 15
