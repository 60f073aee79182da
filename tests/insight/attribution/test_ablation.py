"""Taking parts of the input away: log-odds, and occlusion against a plain loop."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ShapeError
from inkgrad.insight.attribution import falls, log_odds, occlude, occlusion_map, patches
from inkgrad.layers import softmax
from tests.networks import any_network, random_parameters


def test_log_odds_are_those_of_the_probabilities():
    logits = np.random.default_rng(0).normal(0, 3, (20, 5))
    p = softmax(logits)
    for k in range(5):
        np.testing.assert_allclose(log_odds(logits, k), np.log(p[:, k] / (1 - p[:, k])))


def test_log_odds_of_huge_logits_are_finite():
    logits = np.array([[1e30, 0.0, -1e30], [-1e30, 0.0, 1e30]], np.float32)
    np.testing.assert_allclose(log_odds(logits, 0), [1e30, -2e30], rtol=1e-6)


def test_one_class_has_no_odds():
    with pytest.raises(ShapeError, match="compares a class with others; this network has only one"):
        log_odds(np.zeros((1, 1)), 0)


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 5, 13), (1, 1, 1), (3, 6, 15), (1, 64, 30)])
def test_every_pixel_is_covered_and_every_patch_is_inside(shape):
    covered = np.zeros(shape[1:], int)
    for patch in patches(shape):
        for span, length in zip(patch, shape[1:], strict=True):
            assert 0 <= span.start < span.stop <= length
            assert span.stop - span.start == max(1, length // 7)
        covered[patch] += 1
    assert covered.min() >= 1
    assert len({(p[0].start, p[1].start) for p in patches(shape)}) == len(patches(shape))


@pytest.mark.parametrize("seed", range(5))
def test_occlusion_by_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    network = any_network(rng)
    numbers, x = random_parameters(network, rng), rng.random(network.input_shape)
    engine = ReferenceEngine(network)

    def odds(x):
        p = softmax(engine.forward(numbers, x[None]))[0]
        return np.log(p[1] / (1 - p[1]))

    _, rows, columns = network.input_shape
    total, count = np.zeros((rows, columns)), np.zeros((rows, columns))
    high, wide = max(1, rows // 7), max(1, columns // 7)
    tops = sorted({*range(0, rows - high, max(1, rows // 14)), rows - high})
    lefts = sorted({*range(0, columns - wide, max(1, columns // 14)), columns - wide})
    for top in tops:
        for left in lefts:
            other = x.copy()
            other[:, top : top + high, left : left + wide] = 0
            total[top : top + high, left : left + wide] += odds(x) - odds(other)
            count[top : top + high, left : left + wide] += 1

    covered = [occlude(x, patch) for patch in patches(x.shape)]
    found = falls(lambda x: engine.forward(numbers, x), x, covered, 1)
    np.testing.assert_allclose(occlusion_map(x.shape, found), total / count, rtol=1e-9, atol=1e-9)


def test_where_nothing_was_there_nothing_is_asked():
    asked = []

    def logits_of(x):
        asked.append(len(x))
        return np.stack([x.sum(axis=(1, 2, 3)), np.zeros(len(x))], axis=1)

    x = np.zeros((1, 28, 28))
    x[0, 0, 0] = 3
    found = falls(logits_of, x, [occlude(x, patch) for patch in patches(x.shape)], 0)
    assert asked == [1, 1]
    assert found[0] == 3
    assert not found[1:].any()


def test_many_inputs_go_in_batches():
    asked = []

    def logits_of(x):
        asked.append(len(x))
        return np.stack([x.sum(axis=(1, 2, 3)), np.zeros(len(x))], axis=1)

    left = [np.full((1, 1, 1), value) for value in range(100)]
    found = falls(logits_of, np.full((1, 1, 1), 200.0), left, 0)
    assert max(asked) == 32
    np.testing.assert_array_equal(found, 200 - np.arange(100))
