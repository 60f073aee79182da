"""Chance: of seed, step, place, drawing and number alone; even; the paper's own figures."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from inkgrad.layers import INFERENCE, Mode
from inkgrad.layers.mode import _mix

GAMMA = 0x9E3779B97F4A7C15


def test_the_hash_is_splitmix64():
    """The first numbers of a generator that begins at 1234567, as its authors' C gives them."""
    state = (1234567 + GAMMA * np.arange(1, 6, dtype=object)) % 2**64
    expected = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert _mix(state.astype(np.uint64)).tolist() == expected


def test_it_is_even_and_below_one():
    drawn = Mode.of_step(seed=1, step=2).uniform((1000, 100))
    assert drawn.dtype == np.float32
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts, _ = np.histogram(drawn, bins=20, range=(0, 1))
    chi2 = ((counts - 5000) ** 2 / 5000).sum()
    assert chi2 < 45  # 19 degrees of freedom: 43.8 is passed once in a thousand times
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.02


def test_every_place_has_chance_of_its_own():
    modes = [
        Mode.of_step(seed, step).at(place).at(branch)
        for seed in (0, 1, 2**70)
        for step in range(3)
        for place in range(3)
        for branch in range(2)
    ]
    drawn = {mode.uniform((1, 4)).tobytes() for mode in modes}
    assert len(drawn) == len(modes)


def test_the_same_place_has_the_same_chance():
    a, b = (Mode.of_step(5, 6).at(7) for _ in "ab")
    assert a == b
    np.testing.assert_array_equal(a.uniform((2, 3, 4)), b.uniform((2, 3, 4)))


@pytest.mark.parametrize("first", [0, 1, 17, 2**33])
def test_a_part_of_a_batch_has_the_wholes(first):
    whole = Mode.of_step(0, 0, first=first).uniform((5, 3, 2))
    part = Mode.of_step(0, 0, first=first + 2).uniform((3, 3, 2))
    np.testing.assert_array_equal(part, whole[2:])


def test_where_nothing_is_learnt_there_is_no_chance():
    assert Mode() == INFERENCE
    assert INFERENCE.at(3) == INFERENCE
    assert not INFERENCE.training
    with pytest.raises(dataclasses.FrozenInstanceError):
        INFERENCE.training = True


def test_chance_stays_what_it_was():
    """A run that another version began is resumed with the same chance."""
    mode = Mode.of_step(42, 7).at(3)
    assert mode.key == 1132194705463443032
    expected = [
        [0.21875953674316406, 0.857366681098938],
        [0.6112969517707825, 0.9497554302215576],
    ]
    assert mode.uniform((2, 2)).tolist() == expected
    assert Mode.of_step(2**70 + 5, 0).key == 9771640065249142939
    third = Mode.of_step(0, 0, first=2)
    assert (third.key, third.first) == (12035550249420947055, 2)
    assert third.uniform((1, 2)).tolist() == [[0.6577690243721008, 0.3150901794433594]]


def test_a_mode_is_in_use_and_begins_with_the_first_drawing():
    assert Mode() == Mode(training=False, key=0, first=0)
    assert Mode.of_step(0, 0).first == 0
