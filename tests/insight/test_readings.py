"""Which drawings were misread, and what the network made of each."""

from __future__ import annotations

import numpy as np

from inkgrad.insight.readings import most_confident_mistakes, read_drawings


def test_the_surest_mistakes_come_first_and_right_answers_never():
    p = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.8, 0.2]])
    labels = [0, 1, 0, 0, 1]  # the first is right; the others are misread with .6 .8 .7 .8
    assert most_confident_mistakes(p, labels, 10).tolist() == [2, 4, 3, 1]
    assert most_confident_mistakes(p, labels, 2).tolist() == [2, 4]
    assert most_confident_mistakes(p[:1], labels[:1], 2).tolist() == []


def test_readings_name_the_guesses_in_order():
    bitmaps = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
    p = np.array([[0.1, 0.2, 0.3, 0.4], [0.25, 0.25, 0.25, 0.25]], np.float32)
    classes = ["cat", "dog", "fish", "owl"]
    first, second = read_drawings(bitmaps, p, classes, [0, 3], most=2)
    assert first.drawn == "cat"
    assert first.read == "owl"
    assert first.probability == float(np.float32(0.4))
    assert [name for name, _ in first.guesses] == ["owl", "fish"]
    assert [name for name, _ in second.guesses] == ["cat", "dog"]
    np.testing.assert_array_equal(second.bitmap, bitmaps[1])


def test_the_right_answer_may_be_unknown():
    (reading,) = read_drawings(np.zeros((1, 28, 28), np.uint8), np.array([[1.0]]), ["cat"])
    assert reading.drawn is None
    assert reading.guesses == (("cat", 1.0),)
