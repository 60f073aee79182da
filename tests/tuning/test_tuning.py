"""Classes added to, refined in and removed from a last layer: exactly, and nothing else changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inkgrad.errors import ModelError
from inkgrad.layers import BatchNorm, Conv2D, Dense, Flatten, GlobalAveragePool, ReLU
from inkgrad.model import Model, load
from inkgrad.network import Network
from inkgrad.tuning import add_classes, head_of, refine_classes, remove_classes, with_head
from inkgrad.tuning.regression import Rows, fit
from tests.networks import random_parameters
from tests.tuning.gaussians import CLASSES, INPUTS, gaussian_head, gaussian_rows


def recall(head, label, like=None):
    """Return the share of other drawings of a class that the layer recognises."""
    rows = gaussian_rows(label if like is None else like, 500, seed=9)[:, 0]
    return (head.read(rows) == label).mean()


@pytest.mark.parametrize("columns", [1, 3])
def test_the_columns_are_where_the_loss_is_flat(columns):
    """Where the steps lead is where the derivative of the loss, by differences, is 0."""
    rng = np.random.default_rng(0)
    x, start = rng.normal(size=(60, 5)), rng.normal(size=(6, columns))
    rows = Rows(x, np.full(60, 1 / 60), rng.integers(-1, columns, 60))
    fixed = rng.normal(size=(60, 2))
    ridge = 0.01 * x.var(axis=0).mean()

    def loss(table):
        logits = np.hstack([fixed, x @ table[:-1] + table[-1]])
        total = np.log(np.exp(logits).sum(axis=1))
        none = np.log(np.exp(fixed).sum(axis=1))
        of_row = np.where(rows.column < 0, none, logits[np.arange(60), 2 + rows.column])
        return (total - of_row).mean() + 0.5 * ridge * ((table - start)[:-1] ** 2).sum()

    found = fit(rows, fixed, start)
    assert loss(found) < loss(start)
    for place in np.ndindex(found.shape):
        nudge = np.zeros_like(found)
        nudge[place] = 1e-5
        slope = (loss(found + nudge) - loss(found - nudge)) / 2e-5
        assert abs(slope) < 2e-4


def test_no_step_makes_the_loss_larger_even_where_features_are_huge():
    rows = Rows(
        np.random.default_rng(1).normal(size=(20, 3)) * 1e4,
        np.full(20, 0.05),
        np.repeat([0, -1], 10),
    )
    columns = fit(rows, np.zeros((20, 1)), np.zeros((4, 1)))
    assert np.isfinite(columns).all()
    z = (rows.x @ columns[:-1] + columns[-1])[:, 0]
    assert np.logaddexp(0, np.where(rows.column == 0, -z, z)).mean() <= np.log(2)


def test_features_that_are_all_alike_do_no_harm():
    head = gaussian_head()
    head = replace(head, features=type(head.features)(head.features.examples * 0))
    added = add_classes(head, [np.zeros((5, 2, INPUTS), np.float32)]).head
    assert np.isfinite(added.weight).all()
    assert np.isfinite(added.bias).all()


def test_a_new_class_is_learnt_and_the_old_ones_stay_to_the_bit():
    head = gaussian_head()
    change = add_classes(head, [gaussian_rows(CLASSES, 10, 4)])
    np.testing.assert_array_equal(change.head.weight[:, :CLASSES], head.weight)
    np.testing.assert_array_equal(change.head.bias[:CLASSES], head.bias)
    assert change.lost == 0
    assert change.found[0].all()
    assert recall(change.head, CLASSES) > 0.99
    assert min(recall(change.head, k) for k in range(CLASSES)) > 0.99


def test_several_classes_are_learnt_at_once():
    new = [gaussian_rows(CLASSES + j, 10, 4) for j in range(5)]
    change = add_classes(gaussian_head(), new)
    assert min(recall(change.head, k) for k in range(CLASSES + 5)) > 0.98
    assert [len(found) for found in change.found] == [10] * 5


def test_where_classes_overlap_no_more_is_lost_than_allowed():
    head = gaussian_head(spread=1.2)
    change = add_classes(head, [gaussian_rows(CLASSES, 10, 4, spread=1.2)])
    old = head.features.examples
    right = head.read(old) == head.labels
    lost = (right & (change.head.read(old) != head.labels)).sum()
    assert change.lost == int(0.01 * len(old))
    assert lost <= 3 * change.lost  # learnt with these rows, which were held out above
    rows = gaussian_rows(CLASSES, 500, spread=1.2, seed=9)[:, 0]
    assert 0.3 < (change.head.read(rows) == CLASSES).mean() < 0.97


def test_adding_and_then_removing_gives_the_layer_back_to_the_bit():
    head = gaussian_head()
    added = add_classes(head, [gaussian_rows(CLASSES + j, 6, 2) for j in range(2)]).head
    back = remove_classes(added, [CLASSES, CLASSES + 1])
    for ours, theirs in (
        (back.weight, head.weight),
        (back.bias, head.bias),
        (back.features.examples, head.features.examples),
    ):
        assert ours.tobytes() == theirs.tobytes()
        assert ours.shape == theirs.shape


def test_what_is_remembered_of_a_new_class_lets_another_follow():
    rows = gaussian_rows(CLASSES, 10, 3)
    once = add_classes(gaussian_head(), [rows]).head
    examples = once.features.of_class(CLASSES, CLASSES + 1)
    np.testing.assert_array_equal(examples[:10], rows[:, 0])
    np.testing.assert_array_equal(examples[10:20], rows[:, 1])
    np.testing.assert_array_equal(examples[30:], rows[:, 0])  # repeated
    twice = add_classes(once, [gaussian_rows(CLASSES + 1, 10, 3)]).head
    assert min(recall(twice, k) for k in range(CLASSES + 2)) > 0.98


def test_a_class_is_refined_by_drawings_unlike_its_own():
    head = gaussian_head()
    odd = gaussian_rows(CLASSES, 10, 4)
    change = refine_classes(head, {1: odd})
    assert recall(head, 1, like=CLASSES) < 0.9 < recall(change.head, 1, like=CLASSES)
    assert min(recall(change.head, k) for k in range(CLASSES)) > 0.98
    others = [k for k in range(CLASSES) if k != 1]
    np.testing.assert_array_equal(change.head.weight[:, others], head.weight[:, others])
    examples = change.head.features.of_class(1, CLASSES)
    np.testing.assert_array_equal(examples[::2], head.features.of_class(1, CLASSES)[::2])
    np.testing.assert_array_equal(examples[1:20:2], odd[:, 0])


def test_refining_by_drawings_of_another_class_spoils_nothing():
    head = gaussian_head()
    change = refine_classes(head, {1: gaussian_rows(2, 10, 4)})
    assert change.lost <= 1
    assert min(recall(change.head, k) for k in range(CLASSES)) > 0.97


def test_all_classes_can_be_refined_at_once():
    head = gaussian_head()
    change = refine_classes(head, {k: gaussian_rows(k, 8, 2) for k in range(CLASSES)})
    assert min(recall(change.head, k) for k in range(CLASSES)) > 0.98


def test_it_is_the_same_every_time_and_changes_nothing_given():
    head, rows = gaussian_head(), gaussian_rows(CLASSES, 10, 4)
    before = [a.tobytes() for a in (head.weight, head.bias, head.features.examples, rows)]
    first, second = (add_classes(head, [rows]).head for _ in range(2))
    assert first.weight.tobytes() == second.weight.tobytes()
    refine_classes(head, {0: rows})
    after = [a.tobytes() for a in (head.weight, head.bias, head.features.examples, rows)]
    assert before == after


def test_what_cannot_be_learnt_is_refused():
    head, one = gaussian_head(), gaussian_rows(CLASSES, 1)
    for change in (
        lambda head, rows: add_classes(head, [rows]),
        lambda head, rows: refine_classes(head, {0: rows}),
    ):
        with pytest.raises(ModelError, match="less than 2 drawings; give at least 2"):
            change(head, one)
        with pytest.raises(ModelError, match=r"does not remember .* train it anew"):
            change(replace(head, features=None), gaussian_rows(CLASSES, 3))


def test_a_model_with_another_layer_is_the_same_but_for_it(tmp_path):
    """For a network with statistics, whose numbers stay to the bit."""
    layers = [Conv2D(INPUTS, 5, 3), BatchNorm(), ReLU(), GlobalAveragePool(), Dense(CLASSES)]
    network = Network(layers)
    parameters = random_parameters(network, np.random.default_rng(2), np.float32)
    head = gaussian_head()
    model = Model(network, parameters, tuple("abcd"), record={"seed": 2}, features=head.features)
    added = add_classes(head_of(model), [gaussian_rows(CLASSES, 10, 2)]).head
    wider = with_head(model, added, [*model.classes, "e"])
    bitmaps = np.random.default_rng(3).integers(0, 256, (9, 28, 28), np.uint8)
    np.testing.assert_allclose(
        wider.logits(bitmaps)[:, :CLASSES], model.logits(bitmaps), rtol=1e-5, atol=1e-5
    )
    back = with_head(wider, remove_classes(head_of(wider), [CLASSES]), model.classes)
    assert back.to_bytes() == model.to_bytes()
    wider.save(tmp_path / "wider.safetensors")
    assert load(tmp_path / "wider.safetensors").classes == ("a", "b", "c", "d", "e")


def test_a_network_that_does_not_end_in_dense_is_refused():
    network = Network([Conv2D(3, 28), Flatten()])
    model = Model(network, network.initialise(), ("a", "b", "c"))
    with pytest.raises(ModelError, match="ends in Flatten; only one that ends in Dense"):
        head_of(model)
