"""Softmax with cross-entropy: loops as the truth, stable where exponentials overflow."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import ShapeError
from inkgrad.layers import NO_CLASS, SoftmaxCrossEntropy, log_softmax, softmax
from tests.derivatives import numerical_jacobian, projection_error
from tests.layers.loops import cross_entropy
from tests.layers.strategies import ARRANGEMENTS, arranged

smoothings = st.sampled_from([0.0, 0.1, 0.5, 0.99])


@st.composite
def scored(draw):
    """Draw logits (n, K) in any arrangement, and labels, of no class too."""
    n, k = draw(st.integers(1, 5)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = 3 * rng.standard_normal((n, k))
    return arranged(logits, draw(st.sampled_from(ARRANGEMENTS))), rng.integers(NO_CLASS, k, n), rng


@given(scored(), smoothings)
def test_the_loss_is_the_formula_in_loops(drawn, smoothing):
    logits, labels, _ = drawn
    value, _ = SoftmaxCrossEntropy(smoothing).forward(logits, labels)
    assert float(value) == pytest.approx(cross_entropy(logits, labels, smoothing), rel=1e-12)


@given(scored(), smoothings)
def test_backward_is_the_derivative_of_the_loss(drawn, smoothing):
    logits, labels, rng = drawn
    loss = SoftmaxCrossEntropy(smoothing)

    def value(z):
        return np.asarray(loss.forward(z, labels)[0])

    dlogits = loss.backward(loss.forward(logits, labels)[1])
    if logits.shape[1] == 1:  # one class alone: always right, nothing to learn
        np.testing.assert_array_equal(dlogits, np.zeros_like(logits))
    else:
        assert projection_error(value, logits, dlogits, 1.0, rng) <= 1e-7
        np.testing.assert_allclose(
            dlogits.ravel(), numerical_jacobian(value, logits)[:, 0], rtol=1e-6, atol=1e-9
        )


@given(scored(), smoothings)
def test_gradients_of_each_row_sum_to_0(drawn, smoothing):
    """Adding one number to all logits changes nothing, so the slope that way is 0."""
    logits, labels, _ = drawn
    loss = SoftmaxCrossEntropy(smoothing)
    dlogits = loss.backward(loss.forward(logits, labels)[1])
    np.testing.assert_allclose(dlogits.sum(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(log_softmax(logits + 5), log_softmax(logits), atol=1e-13)


@given(scored())
def test_softmax_gives_probabilities(drawn):
    logits, _, _ = drawn
    p = softmax(logits)
    assert p.shape == logits.shape
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    for b, row in enumerate(logits):
        total = sum(math.exp(z) for z in row)
        np.testing.assert_allclose(p[b], [math.exp(z) / total for z in row], rtol=1e-13)
    np.testing.assert_allclose(np.exp(log_softmax(logits)), p)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_stable_where_exponentials_overflow(dtype, size):
    logits = np.array([[size, -size, 0], [-size, -size, -size], [size, size, -size]], dtype)
    labels = np.array([1, 0, 1])
    np.testing.assert_allclose(
        softmax(logits), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]], rtol=1e-6
    )
    value, saved = SoftmaxCrossEntropy().forward(logits, labels)
    expected = (2 * size + math.log(3) + math.log(2)) / 3
    assert float(value) == pytest.approx(expected, rel=1e-6)
    np.testing.assert_allclose(
        3 * SoftmaxCrossEntropy().backward(saved),
        [[1, -1, 0], [-2 / 3, 1 / 3, 1 / 3], [0.5, -0.5, 0]],
        rtol=1e-6,
    )


def test_a_certain_right_answer_costs_nothing():
    logits = np.array([[1e4, -1e4]])
    value, saved = SoftmaxCrossEntropy().forward(logits, np.array([0]))
    assert value == 0
    np.testing.assert_array_equal(SoftmaxCrossEntropy().backward(saved), [[0.0, 0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("label_dtype", [np.int64, np.int8, np.uint8])
def test_dtypes_are_kept(dtype, label_dtype):
    logits, labels = np.zeros((2, 3), dtype), np.array([0, 2], label_dtype)
    value, saved = SoftmaxCrossEntropy(0.1).forward(logits, labels)
    dlogits = SoftmaxCrossEntropy(0.1).backward(saved)
    arrays = [value, dlogits, softmax(logits), log_softmax(logits), *saved]
    assert {np.asarray(a).dtype for a in arrays} == {np.dtype(dtype)}


def test_nothing_handed_in_is_modified():
    logits, labels = np.random.default_rng(0).standard_normal((4, 3)), np.array([0, 1, 2, 0])
    for array in (logits, labels):
        array.flags.writeable = False
    _, saved = SoftmaxCrossEntropy(0.2).forward(logits, labels)
    first, again = (SoftmaxCrossEntropy(0.2).backward(saved) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    softmax(logits)


def test_the_loss_is_the_mean_over_the_batch():
    logits, labels = np.random.default_rng(0).standard_normal((6, 4)), np.array([0, 1, 2, 3, 0, 1])
    loss = SoftmaxCrossEntropy(0.1)
    value, saved = loss.forward(logits, labels)
    singles = [loss.forward(logits[b : b + 1], labels[b : b + 1]) for b in range(6)]
    assert float(value) == pytest.approx(np.mean([float(v) for v, _ in singles]), rel=1e-13)
    expected = np.concatenate([loss.backward(s) for _, s in singles]) / 6
    np.testing.assert_allclose(loss.backward(saved), expected, rtol=1e-12)


@given(scored(), smoothings)
def test_of_no_class_the_least_loss_is_log_k_where_all_are_alike(drawn, smoothing):
    """Hendrycks et al.: the target is uniform, whatever the smoothing."""
    logits, labels, _ = drawn
    labels, loss = np.full_like(labels, NO_CLASS), SoftmaxCrossEntropy(smoothing)
    k = logits.shape[1]
    value, saved = loss.forward(logits, labels)
    divergence = (np.log(1 / k) - log_softmax(logits)).mean(axis=1).mean()  # KL(uniform | p)
    assert float(value) == pytest.approx(math.log(k) + divergence, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(
        loss.backward(saved), (softmax(logits) - 1 / k) / len(labels), atol=1e-15
    )
    alike, saved = loss.forward(np.full_like(logits, 7.0), labels)
    assert float(alike) == pytest.approx(math.log(k), rel=1e-14)
    np.testing.assert_allclose(loss.backward(saved), 0, atol=1e-16)


def test_softmax_of_no_rows_is_no_rows():
    assert softmax(np.zeros((0, 5))).shape == (0, 5)


@pytest.mark.parametrize("smoothing", [-0.1, 1.0, 1.5, math.nan, math.inf])
def test_impossible_smoothing_is_refused(smoothing):
    with pytest.raises(ShapeError) as caught:
        SoftmaxCrossEntropy(smoothing)
    assert str(caught.value) == (
        f"label_smoothing is {smoothing!r}; give a number from 0 to below 1"
    )


@pytest.mark.parametrize("shape", [(), (5,), (0, 5), (5, 0), (2, 3, 4)])
def test_only_logits_are_taken(shape):
    with pytest.raises(ShapeError) as caught:
        SoftmaxCrossEntropy().forward(np.zeros(shape), np.zeros(len(shape), int))
    assert str(caught.value) == (
        f"the loss needs logits (n, classes), at least one of each, but their shape is {shape}"
    )


@pytest.mark.parametrize(
    "labels",
    [
        np.zeros(3, int),
        np.zeros((2, 1), int),
        np.array(0),
        np.zeros(2),
        np.zeros(2, bool),
        np.array(["a", "b"]),
        np.array([0, None]),
    ],
)
def test_labels_of_another_shape_or_kind_are_refused(labels):
    with pytest.raises(ShapeError) as caught:
        SoftmaxCrossEntropy().forward(np.zeros((2, 5)), labels)
    assert str(caught.value) == (
        f"logits of shape (2, 5) need labels of shape (2,), whole numbers, but they have shape "
        f"{labels.shape} and are {labels.dtype}"
    )


@pytest.mark.parametrize(("labels", "least", "most"), [([0, 5], 0, 5), ([-2, 4], -2, 4)])
def test_labels_out_of_range_are_refused(labels, least, most):
    """-2 would count from the end, without a word."""
    with pytest.raises(ShapeError) as caught:
        SoftmaxCrossEntropy().forward(np.zeros((2, 5)), np.array(labels))
    assert str(caught.value) == (
        "labels must run from 0 to 4 with logits of shape (2, 5), or be -1 for none, "
        f"but they run from {least} to {most}"
    )
