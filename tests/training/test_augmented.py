"""Augmentation: variants that stay what they were, and come out the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.errors import DataError
from inkgrad.layers import Dense, Flatten
from inkgrad.network import Network
from inkgrad.training import ArrayBatches, Augmented, Recipe, describe_source, fit
from inkgrad.training.augmented import _seen_through

SIDE = 20


@pytest.fixture
def data() -> ArrayBatches:
    """Return pictures of a blot somewhere near the middle, of two channels, and labels."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[:SIDE, :SIDE]
    at = rng.uniform(8, 12, (30, 2, 2))
    squared = (u - at[..., 0, None, None]) ** 2 + (v - at[..., 1, None, None]) ** 2
    return ArrayBatches(np.exp(-squared / 8).astype(np.float32), np.arange(30))


def test_each_example_stands_in_every_variant_with_its_label(data):
    many = Augmented(data, times=3, seed=5)
    assert len(many) == 90
    x, labels = many.batch(np.arange(90))
    assert x.shape == (90, 2, SIDE, SIDE)
    assert x.dtype == np.float32
    assert labels.tolist() == [*range(30)] * 3
    assert len({picture.tobytes() for picture in x}) == 90
    # The ink is still there, within what stretching adds or takes.
    share = x.sum(axis=(1, 2, 3)) / np.tile(data.x.sum(axis=(1, 2, 3)), 3)
    assert 0.6 < share.min() < share.max() < 1.6


def test_a_place_holds_the_same_picture_in_any_batch(data):
    many = Augmented(data, times=4, seed=5)
    together, _ = many.batch(np.arange(120))
    for place in (0, 31, 119):
        alone, _ = Augmented(data, times=4, seed=5).batch(np.array([place, 7]))
        np.testing.assert_array_equal(alone[0], together[place])
    other, _ = Augmented(data, times=4, seed=6).batch(np.arange(120))
    assert not np.array_equal(other, together)


def test_a_map_is_carried_out_as_the_formula_says():
    rng = np.random.default_rng(1)
    x = rng.random((3, 2, 7, 9), dtype=np.float32)
    matrix, shift = rng.normal(0, 0.8, (3, 2, 2)), rng.normal(0, 0.1, (3, 2))
    found = _seen_through(x, matrix, shift)
    for n, c, row, column in np.ndindex(x.shape):
        u, v = matrix[n] @ [column - 4, row - 3] + shift[n] * [9, 7] + [4, 3]
        expected = 0.0
        for i in (int(np.floor(v)), int(np.floor(v)) + 1):
            for j in (int(np.floor(u)), int(np.floor(u)) + 1):
                if 0 <= i < 7 and 0 <= j < 9:
                    expected += x[n, c, i, j] * (1 - abs(v - i)) * (1 - abs(u - j))
        assert abs(found[n, c, row, column] - expected) < 1e-5


def test_nothing_moves_where_nothing_is_asked_for():
    x = np.random.default_rng(2).random((4, 1, 28, 28), dtype=np.float32)
    same = np.broadcast_to(np.eye(2), (4, 2, 2))
    np.testing.assert_allclose(_seen_through(x, same, np.zeros((4, 2))), x, atol=1e-6)
    mirror = same * [[-1.0, 1.0], [1.0, 1.0]]
    np.testing.assert_allclose(_seen_through(x, mirror, np.zeros((4, 2))), x[..., ::-1], atol=1e-6)


def test_about_half_are_mirrored_and_none_stands_on_its_head(data):
    left = np.zeros((1, 1, SIDE, SIDE), np.float32)
    left[..., 2:6, 2:6] = 1  # ink at the upper left
    x, _ = Augmented(ArrayBatches(left, np.array([0])), times=400).batch(np.arange(400))
    assert (x[:, 0, SIDE // 2 + 4 :].sum(axis=(1, 2)) == 0).all()
    mirrored = x[:, 0, :, SIDE // 2 :].sum(axis=(1, 2)) > 2
    assert 0.4 < mirrored.mean() < 0.6


def test_what_is_trained_on_can_be_told_apart(data):
    prints = {
        describe_source(source).fingerprint
        for source in (data, Augmented(data, 2), Augmented(data, 3), Augmented(data, 2, seed=1))
    }
    assert len(prints) == 4


def test_less_than_one_variant_is_refused(data):
    with pytest.raises(DataError, match="augment is 0; give 1 for no variants, or more"):
        Augmented(data, times=0)


def test_networks_learn_from_them_and_it_repeats(data):
    network = Network([Flatten(), Dense(30)], (2, SIDE, SIDE))
    recipe = Recipe(epochs=1, batch_size=7)
    first, second = (
        fit(network, Augmented(data, 2), recipe=recipe, engine="reference").parameters.vector
        for _ in range(2)
    )
    assert first.tobytes() == second.tobytes()
    plain = fit(network, data, recipe=recipe, engine="reference").parameters.vector
    assert first.tobytes() != plain.tobytes()
