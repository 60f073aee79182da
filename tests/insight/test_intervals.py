"""Intervals: known values, what must not happen at the ends, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.insight import METRICS, evaluate
from inkgrad.insight.intervals import mean_interval, paired_difference, recall_interval, wilson


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # the first four from Newcombe's comparison of methods, Statistics in Medicine 17 (1998)
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (8, 10, 0.4902, 0.9433),
        (10, 10, 0.7225, 1.0),
    ],
)
def test_wilson_gives_published_values(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_without_drawings_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)
    assert mean_interval([]) == (0.0, 1.0)
    assert recall_interval([0, 0], [0, 0]) == (0.0, 1.0)


@pytest.mark.parametrize("n", [1, 2, 7, 39, 1000, 123_457])
def test_the_figure_lies_inside_and_all_is_reachable(n):
    for hits in {0, 1, n // 2, n - 1, n}:
        low, high = wilson(hits, n)
        assert 0.0 <= low <= hits / n <= high <= 1.0
        assert low < high
    assert wilson(0, n).low == 0.0
    assert wilson(n, n).high == 1.0


def test_of_zeros_and_ones_the_mean_is_a_share():
    values = [1.0] * 31 + [0.0] * 9
    assert mean_interval(values) == pytest.approx(wilson(31 / 40 * 39, 39), abs=1e-12)
    assert mean_interval([1.0] * 25) == wilson(25, 25)
    assert mean_interval([0.0] * 25) == wilson(0, 25)


def test_values_between_make_a_mean_more_certain():
    half = mean_interval([0.4, 0.6] * 50)
    assert half.high - half.low < 0.3 * (wilson(50, 100).high - wilson(50, 100).low)


def test_one_class_is_a_share_and_empty_classes_count_for_nothing():
    assert recall_interval([31], [40]) == pytest.approx(wilson(31 / 40 * 39, 39), abs=1e-12)
    assert recall_interval([31, 0, 5], [40, 0, 9]) == recall_interval([31, 5], [40, 9])


def test_a_rare_class_decides_how_certain_the_balanced_accuracy_is():
    few, many = (
        recall_interval([9000, 30], [10_000, 40]),
        recall_interval([9000, 7500], [10_000] * 2),
    )
    assert few.high - few.low > 10 * (many.high - many.low)
    assert recall_interval([40, 4], [40, 4]) == wilson(4 / (1 / 40 + 1 / 4), 4 / (1 / 40 + 1 / 4))


@pytest.mark.parametrize(
    ("recalls", "drawings"),
    [
        pytest.param([0.93, 0.9, 0.88, 0.62, 0.75], [1440, 1200, 130, 40, 40], id="animals"),
        pytest.param([0.98, 0.97, 0.95, 0.9, 0.95], [40] * 5, id="few"),
        pytest.param(np.linspace(0.3, 0.98, 345), [4] * 345, id="four of each"),
        pytest.param(np.linspace(0.85, 1.0, 345), [4] * 345, id="four of each, nearly all right"),
        pytest.param(np.linspace(0.85, 1.0, 20), [1000] * 20, id="twenty"),
    ],
)
def test_the_balanced_accuracy_is_held_by_nineteen_of_twenty(recalls, drawings):
    rng = np.random.default_rng(1)
    truth, trials = float(np.mean(recalls)), 2000
    found = [recall_interval(rng.binomial(drawings, recalls), drawings) for _ in range(trials)]
    share = np.mean([low <= truth <= high for low, high in found])
    assert 0.935 <= share <= 0.97


@pytest.mark.parametrize("n", [30, 300])
def test_a_mean_of_precisions_is_held_by_nineteen_of_twenty(n):
    rng = np.random.default_rng(2)
    values, chances = np.array([1.0, 1 / 2, 1 / 3, 0.0]), [0.7, 0.12, 0.06, 0.12]
    truth = float(values @ chances)
    found = [mean_interval(rng.choice(values, n, p=chances)) for _ in range(2000)]
    assert 0.935 <= np.mean([low <= truth <= high for low, high in found]) <= 0.97


def pairs(both, gained, lost, neither):
    before = [True] * both + [False] * gained + [True] * lost + [False] * neither
    after = [True] * both + [True] * gained + [False] * lost + [False] * neither
    return before, after


def test_paired_differences_give_the_formula_by_hand():
    # (1 + 1) / 23 - (7 + 1) / 23 = -0.26087; (10 / 23 - 0.26087²) / 23 = 0.015944; ± 1.96 √…
    assert paired_difference(*pairs(1, 1, 7, 12)) == pytest.approx((-0.50835, -0.01339), abs=2e-5)
    low, high = paired_difference(*pairs(50, 0, 0, 10))
    assert low == -high < 0.0


def test_what_both_agree_on_makes_the_difference_more_certain():
    narrow, wide = (
        paired_difference(*pairs(980, 10, 10, 0)),
        paired_difference(*pairs(0, 10, 10, 0)),
    )
    assert narrow.high - narrow.low < 0.05 * (wide.high - wide.low)


@pytest.mark.parametrize("n", [60, 1000])
def test_a_paired_difference_is_held_by_nineteen_of_twenty(n):
    rng = np.random.default_rng(3)
    chances = [0.8, 0.02, 0.06, 0.12]
    counts = rng.multinomial(n, chances, size=2000)
    found = [paired_difference(*pairs(*row)) for row in counts.tolist()]
    assert 0.935 <= np.mean([low <= -0.04 <= high for low, high in found]) <= 0.98


def test_an_evaluation_tells_its_intervals():
    rng = np.random.default_rng(4)
    p, labels = rng.dirichlet(np.ones(4), 50), rng.integers(0, 3, 50)
    result = evaluate(p, labels, ["cat", "dog", "fish", "owl"])
    assert set(result.intervals) == {name for name, m in METRICS.items() if m.interval}
    assert set(result.intervals) == {"top1", "top3", "map3", "balanced_accuracy"}
    for name, (low, high) in result.intervals.items():
        assert low < result.figures[name] < high
    plain = result.to_dict()
    assert plain["intervals"]["top1"] == list(wilson(round(50 * result.top1), 50))
    cat, owl = plain["per_class"][0], plain["per_class"][3]
    hits = int(result.confusion[0, 0])
    assert cat["recall_interval"] == list(wilson(hits, cat["support"]))
    assert owl["recall_interval"] is None
