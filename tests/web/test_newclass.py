"""Teaching a class in the page: a NumPy twin's numbers, old classes kept, variants of strokes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from inkgrad.drawing import to_bitmap
from tests.web.javascript import JavaScriptError

MODULE = "static/network/newclass.js"
CLASSES, INPUTS = 4, 12
HOUSE = [[[0, 0, 200, 200, 0], [80, 255, 255, 80, 80]], [[0, 100, 200], [80, 0, 80]]]


@pytest.fixture(scope="module")
def layer() -> dict:
    """Return a last layer that tells classes apart by where they are large, and their features."""
    rng = np.random.default_rng(0)
    mean = np.abs(rng.normal(0, 0.2, (CLASSES, INPUTS))).astype(np.float32)
    mean[np.arange(CLASSES), np.arange(CLASSES)] += 3
    weight = mean.T - mean.mean(axis=0)[:, None]
    return {
        "weight": np.ascontiguousarray(weight, np.float32).ravel(),
        "bias": rng.normal(0, 0.1, CLASSES).astype(np.float32),
        "features": {"mean": mean.ravel(), "deviation": np.full(mean.size, 0.4, np.float32)},
    }


@pytest.fixture(scope="module")
def rows() -> list[np.ndarray]:
    """Return features of drawings of a class that no old one is like."""
    rng = np.random.default_rng(1)
    made = np.abs(rng.normal(0, 0.3, (24, INPUTS)))
    made[:, CLASSES] += 3
    return list(made.astype(np.float32))


def learnt_by_numpy(layer, old, rows, label):
    """Do what `addClass` does by NumPy: softmax over all columns, of which one is moved."""
    x = np.vstack([old, rows]).astype(np.float64)
    weight = layer["weight"].astype(np.float64).reshape(INPUTS, CLASSES)
    table = np.vstack([weight, layer["bias"]])
    if label == CLASSES:
        table = np.hstack([table, table.mean(axis=1, keepdims=True)])
    x = np.hstack([x, np.ones((len(x), 1))])
    labels = np.concatenate([np.repeat(np.arange(CLASSES), 50), np.full(len(rows), label)])
    share = np.where(np.arange(len(x)) < len(old), 1 / 50, 0.5 / len(rows)) / (CLASSES + 0.5)
    m, v = np.zeros(INPUTS + 1), np.zeros(INPUTS + 1)
    for t in range(1, 101):
        logits = x @ table
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(x)), labels] -= 1
        gradient = x.T @ (share * p[:, label])
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        step = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        table[:, label] -= 0.01 * step
    return table[:-1], table[-1]


def read(layer, x):
    """Return the class that a layer sees in features."""
    bias = np.asarray(layer["bias"])
    return (x @ np.asarray(layer["weight"]).reshape(INPUTS, len(bias)) + bias).argmax(axis=1)


@pytest.mark.parametrize("label", [CLASSES, 1])
def test_the_numbers_are_those_of_softmax_in_numpy(javascript, layer, rows, label):
    old = javascript.call(MODULE, "replay", layer["features"], INPUTS, 50)
    taught = javascript.call(MODULE, "addClass", layer, rows, label)
    weight, bias = learnt_by_numpy(layer, old, rows, label)
    np.testing.assert_allclose(taught["weight"].reshape(weight.shape), weight, atol=1e-6)
    np.testing.assert_allclose(taught["bias"], bias, atol=1e-6)


def test_a_new_class_is_learnt_and_the_old_ones_are_kept(javascript, layer, rows):
    taught = javascript.call(MODULE, "addClass", layer, rows)
    losses = taught["losses"]
    assert len(losses) == 100
    assert all(after < before for before, after in itertools.pairwise(losses))
    old = np.array(javascript.call(MODULE, "replay", layer["features"], INPUTS, 80))[50:]
    labels = np.repeat(np.arange(CLASSES), 80)[50:]
    assert (read(layer, old) == labels).all()
    assert (read(taught, old) == labels).all()
    assert (read(taught, np.array(rows)) == CLASSES).all()
    kept = taught["weight"].reshape(INPUTS, CLASSES + 1)[:, :CLASSES]
    np.testing.assert_array_equal(kept.ravel(), layer["weight"])
    np.testing.assert_array_equal(taught["bias"][:CLASSES], layer["bias"])


def test_its_features_are_remembered_so_that_another_can_follow(javascript, layer, rows):
    taught = javascript.call(MODULE, "addClass", layer, rows)
    mean = taught["features"]["mean"].reshape(CLASSES + 1, INPUTS)
    spread = taught["features"]["deviation"].reshape(CLASSES + 1, INPUTS)
    np.testing.assert_allclose(mean[-1], np.mean(rows, axis=0), rtol=1e-5)
    np.testing.assert_allclose(spread[-1], np.std(rows, axis=0), rtol=1e-5)
    np.testing.assert_array_equal(mean[:-1].ravel(), layer["features"]["mean"])
    sixth = [np.roll(row, 1) for row in rows]
    again = javascript.call(MODULE, "addClass", taught, sixth)
    assert (read(again, np.array(rows)) == CLASSES).all()
    assert (read(again, np.array(sixth)) == CLASSES + 1).all()


def test_a_known_class_is_refined(javascript, layer, rows):
    odd = [row[::-1].copy() for row in rows]  # class 1, drawn in a way of one's own
    taught = javascript.call(MODULE, "addClass", layer, odd, 1)
    assert taught["bias"].shape == (CLASSES,)
    assert (read(taught, np.array(odd)) == 1).mean() > (read(layer, np.array(odd)) == 1).mean()
    both = np.array(javascript.call(MODULE, "replay", layer["features"], INPUTS, 50))
    assert (read(taught, both) == np.repeat(np.arange(CLASSES), 50)).all()
    # What is remembered is half of each.
    mean = taught["features"]["mean"].reshape(CLASSES, INPUTS)
    before = layer["features"]["mean"].reshape(CLASSES, INPUTS)
    np.testing.assert_allclose(mean[1], (before[1] + np.mean(odd, axis=0)) / 2, rtol=1e-5)


def test_one_drawing_is_enough_and_all_is_the_same_every_time(javascript, layer, rows):
    first, second = javascript.call_many(MODULE, "addClass", [(layer, rows[:1])] * 2)
    assert first["weight"].tobytes() == second["weight"].tobytes()
    assert read(first, np.array(rows[:1])) == CLASSES
    assert np.isfinite(first["weight"]).all()
    assert (first["features"]["deviation"][-INPUTS:] == 0).all()


@pytest.mark.parametrize(
    ("changes", "rows", "label", "message"),
    [
        ({"features": None}, [np.zeros(INPUTS)], 4, "does not remember .* train it anew"),
        ({}, [], 4, "there are no drawings to learn from; draw at least one"),
        ({}, [np.zeros(3)], 4, "do not fit the last layer, which has 12 inputs and 4 classes"),
        ({"features": {"mean": np.zeros(3), "deviation": np.zeros(3)}}, [], 4, "do not fit"),
        ({}, [np.zeros(INPUTS)], 5, "there is no class 5; there are 0 to 3"),
        ({}, [np.zeros(INPUTS)], -1, "there is no class -1"),
    ],
)
def test_what_cannot_be_taught_is_refused(javascript, layer, changes, rows, label, message):
    with pytest.raises(JavaScriptError, match=message) as caught:
        javascript.call(MODULE, "addClass", {**layer, **changes}, rows, label)
    assert caught.value.name == "ModelError"


def test_look_alikes_are_spread_as_they_should_be(javascript):
    features = {"mean": np.array([5.0, 0.0]), "deviation": np.array([2.0, 1.0])}
    made = np.array(javascript.call(MODULE, "replay", features, 1, 4000)).reshape(2, 4000)
    assert abs(made[0].mean() - 5) < 0.1
    assert abs(made[0].std() - 2) < 0.1
    assert made.min() == 0
    assert abs((made[1] == 0).mean() - 0.5) < 0.03


def test_features_of_a_norm_may_be_negative(javascript):
    features = {"mean": np.array([5.0, -1.0]), "deviation": np.array([2.0, 1.0])}
    made = np.array(javascript.call(MODULE, "replay", features, 1, 4000)).reshape(2, 4000)
    assert abs(made[1].mean() + 1) < 0.05
    assert abs(made[1].std() - 1) < 0.05


def test_variants_are_the_drawing_a_little_changed(javascript):
    made = javascript.call(MODULE, "variants", HOUSE)
    assert len(made) == 9
    assert made[0] == HOUSE
    pictures = [to_bitmap(drawing).astype(float) for drawing in made]
    assert len({picture.tobytes() for picture in pictures}) == 9
    upright, mirrored = pictures[0], pictures[0][:, ::-1]
    for number, picture in enumerate(pictures):
        nearest = mirrored if number % 2 else upright
        assert np.corrcoef(picture.ravel(), nearest.ravel())[0, 1] > 0.2
        assert [len(xs) for xs, _ in made[number]] == [5, 3]
    assert javascript.call(MODULE, "variants", HOUSE, 3)[2][0][0].tolist() == made[2][0][0].tolist()


def test_strokes_that_are_none_have_no_variants(javascript):
    with pytest.raises(JavaScriptError, match="there are no strokes"):
        javascript.call(MODULE, "variants", [])
