"""Disturbances: each changes what it says, by as much as it says, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.drawing import Strokes, bounding_box, check_strokes, into_frame, is_simplified
from inkgrad.insight.disturbances import (
    DISTURBANCES,
    cut_off,
    dropped,
    moved,
    resized,
    turned,
    wobbly,
)


def drawing(seed=0, strokes=4):
    """Return strokes in Google's frame."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 9, strokes)
    lengths[0] += 1
    return into_frame([rng.integers(-40, 300, (2, n)) for n in lengths])


def chance(seed=1):
    return np.random.default_rng(seed)


def points(strokes):
    return np.concatenate(strokes, axis=1)


@pytest.mark.parametrize("row", DISTURBANCES, ids=lambda row: f"{row.name} {row.strength}")
def test_each_keeps_what_it_is_given_and_repeats_itself(row):
    given = drawing()
    before = [stroke.copy() for stroke in given]
    first, again = row.change(given, chance()), row.change(given, chance())
    assert isinstance(first, Strokes)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float64
        assert one.shape[0] == 2
        assert one.shape[1] >= 1
        assert np.isfinite(one).all()
    for one, other in zip(given, before, strict=True):
        np.testing.assert_array_equal(one, other)
    check_strokes([stroke.tolist() for stroke in first])


@pytest.mark.parametrize("row", DISTURBANCES, ids=lambda row: f"{row.name} {row.strength}")
def test_a_dot_is_survived(row):
    found = row.change(check_strokes([[[7], [9]]]), chance())
    assert found is None or into_frame(found) is not None


def test_a_moved_drawing_has_its_size_and_lies_on_the_canvas():
    given = drawing()
    size = np.ptp(points(given), axis=1)
    places = []
    for seed in range(50):
        found = moved(given, chance(seed))
        low, high = bounding_box(found)
        np.testing.assert_allclose(high - low, size, atol=1e-9)
        assert (low >= 0).all()
        assert (high <= 1000).all()
        assert not is_simplified(found)
        places.append(low)
    assert np.ptp(places, axis=0).min() > 500


def test_what_is_larger_than_the_canvas_stays_at_its_corner():
    found = moved(check_strokes([[[5, 3000], [0, 10]]]), chance())
    assert bounding_box(found)[0][0] == 0.0


@pytest.mark.parametrize("factor", [0.25, 0.5, 1.0, 2.0])
def test_sizes_are_exact(factor):
    given = drawing()
    np.testing.assert_array_equal(points(resized(factor)(given, chance())), factor * points(given))


def test_turning_by_nothing_is_the_identity():
    given = drawing()
    np.testing.assert_array_equal(points(turned(0)(given, chance())), points(given))


@pytest.mark.parametrize("degrees", [5, 30, 90])
def test_turning_keeps_lengths_and_turns_by_the_angle_to_both_sides(degrees):
    given = drawing()
    before = points(given)
    signs = set()
    for seed in range(20):
        after = points(turned(degrees)(given, chance(seed)))
        dx, dy = np.diff(before, axis=1), np.diff(after, axis=1)
        np.testing.assert_allclose(np.hypot(*dx), np.hypot(*dy), atol=1e-9)
        was, now = (np.arctan2(d[1], d[0])[np.hypot(*dx) > 0] for d in (dx, dy))
        turn = np.rad2deg(np.angle(np.exp(1j * (now - was))))
        np.testing.assert_allclose(turn, turn[0], atol=1e-9)
        assert abs(turn[0]) == pytest.approx(degrees)
        signs.add(np.sign(turn[0]))
    assert signs == {-1, 1}


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_cut_off_keeps_the_first_points(share):
    for seed in range(10):
        given = drawing(seed)
        found = cut_off(share)(given, chance())
        left = points(found).shape[1]
        total = points(given).shape[1]
        assert left == max(1, int(np.ceil(share * total - 1e-9)))
        np.testing.assert_array_equal(points(found), points(given)[:, :left])
        for one, other in zip(found[:-1], given, strict=False):
            np.testing.assert_array_equal(one, other)


def test_a_third_of_three_points_is_one_in_spite_of_rounding():
    three = check_strokes([[[0, 1, 2], [0, 0, 0]]])
    assert points(cut_off(1 / 3)(three, chance())).shape[1] == 1
    ten = check_strokes([[list(range(10)), [0] * 10]])
    assert points(cut_off(0.7)(ten, chance())).shape[1] == 7


def test_a_hand_wobbles_by_as_much_as_it_should_and_more_when_stronger():
    line = check_strokes([[[0, 25_500], [0, 0]]])  # 1,062 tremors of a drawing of that size
    unit = check_strokes([[[0, 255]] * 2] * 400)
    for share in (0.01, 0.02, 0.04):
        off = points(wobbly(share)(unit, chance()))
        across = (off[0] - off[1]) / np.sqrt(2)
        # Halfway between two knots the deviation is √½ of theirs; over a whole wave, √¾.
        assert np.std(across) == pytest.approx(share * 255 * np.sqrt(0.75), rel=0.1)
    weak, strong = (wobbly(share)(line, chance())[0] for share in (0.01, 0.03))
    np.testing.assert_allclose(strong[1], 3 * weak[1], atol=1e-9)


def test_a_hand_that_does_not_wobble_draws_the_same_line():
    given = drawing()
    found = wobbly(0.0)(given, chance())
    for one, other in zip(found, given, strict=True):
        lengths = [np.hypot(*np.diff(stroke, axis=1)).sum() for stroke in (one, other)]
        assert lengths[0] == pytest.approx(lengths[1])
        np.testing.assert_array_equal(one[:, [0, -1]], other[:, [0, -1]])


def test_missing_strokes_are_missing_and_the_others_are_as_they_were():
    given = drawing(strokes=5)
    kept = set()
    for seed in range(60):
        found = dropped(2)(given, chance(seed))
        places = [next(k for k, s in enumerate(given) if s is stroke) for stroke in found]
        assert places == sorted(places)
        assert len(places) == 3
        kept.add(tuple(places))
    assert len(kept) == 10  # every choice of 3 among 5
    assert dropped(5)(given, chance()) is None
