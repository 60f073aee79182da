"""The small parts that layers share: numbers checked, lengths counted, weights drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.errors import InkgradError, ShapeError
from inkgrad.insight.loops import places
from inkgrad.layers.layer import check_shapes, he_normal, output_length, pair, whole_number

NOT_WHOLE = [True, False, np.True_, 1.0, np.float64(2), "3", None, [], {}, math.nan, 2j]


@pytest.mark.parametrize("value", [1, 7, np.int8(7), np.uint64(7)])
def test_whole_numbers_become_ints(value):
    assert type(whole_number(value, "filters")) is int
    assert whole_number(value, "filters") == value


@pytest.mark.parametrize("value", [*NOT_WHOLE, 0, -1, np.int64(0)])
def test_what_is_no_whole_number_is_refused(value):
    with pytest.raises(ShapeError) as caught:
        whole_number(value, "filters")
    assert str(caught.value) == f"filters is {value!r}; give a whole number of at least 1"


def test_least_is_the_least_that_passes():
    assert whole_number(0, "padding", least=0) == 0
    with pytest.raises(ShapeError, match="of at least 0"):
        whole_number(-1, "padding", least=0)


@pytest.mark.parametrize(
    ("value", "both"),
    [(3, (3, 3)), ((5, 3), (5, 3)), ([5, 3], (5, 3)), (np.int64(2), (2, 2)), ((1, 1), (1, 1))],
)
def test_one_number_stands_for_rows_and_columns(value, both):
    got = pair(value, "stride")
    assert got == both
    assert [type(v) for v in got] == [int, int]


@pytest.mark.parametrize(
    "value", [*NOT_WHOLE, 0, (1,), (1, 2, 3), (0, 1), (1, 0), (1, True), [[1, 2], 3], ("1", "2")]
)
def test_what_is_no_pair_is_refused(value):
    with pytest.raises(ShapeError) as caught:
        pair(value, "stride")
    assert str(caught.value) == (
        f"stride is {value!r}; give one or two (rows, columns) whole numbers of at least 1"
    )


def test_a_pair_may_be_zero_where_that_makes_sense():
    assert pair((0, 2), "padding", least=0) == (0, 2)
    with pytest.raises(ShapeError, match="at least 0"):
        pair((0, -1), "padding", least=0)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 9), st.integers(0, 9))
def test_output_length_counts_the_places(n, size, stride, padding):
    """The formula against walking along the axis; below 1 means that the window does not fit."""
    assert max(0, output_length(n, size, stride, padding)) == len(places(n, size, stride, padding))


def test_output_length_of_the_notes_that_inkgrad_grew_from():
    assert output_length(28, size=2, stride=2) == 14  # the notes' formula gives 13.5


def test_check_shapes_names_parameter_given_and_needed():
    needed = {"weight": (2, 3), "bias": (3,)}
    check_shapes(needed, weight=np.zeros((2, 3)), bias=np.zeros(3))
    with pytest.raises(ShapeError) as caught:
        check_shapes(needed, weight=np.zeros((2, 3)), bias=np.zeros((3, 1)))
    assert str(caught.value) == "the bias has shape (3, 1), but with this input it needs (3,)"


def test_shape_errors_can_be_caught_as_value_errors():
    assert issubclass(ShapeError, InkgradError)
    assert issubclass(ShapeError, ValueError)


@pytest.mark.parametrize("fan_in", [9, 288, 3136])
def test_he_weights_have_mean_0_and_variance_2_over_fan_in(fan_in):
    w = he_normal((200, 500), fan_in, np.random.default_rng(fan_in))
    sigma, n = math.sqrt(2 / fan_in), w.size
    assert w.shape == (200, 500)
    assert abs(w.mean()) < 4 * sigma / math.sqrt(n)
    assert w.std() == pytest.approx(sigma, rel=4 / math.sqrt(2 * n))
    # Normal, not uniform: 68.27 % within one standard deviation, 95.45 % within two.
    assert np.mean(abs(w) < sigma) == pytest.approx(0.6827, abs=0.006)
    assert np.mean(abs(w) < 2 * sigma) == pytest.approx(0.9545, abs=0.004)


def test_he_weights_come_from_the_generator_alone():
    def draw(seed):
        return he_normal((4, 5), 4, np.random.default_rng(seed)).tobytes()

    np.random.seed(1)  # noqa: NPY002 - to show that the global state plays no part
    assert draw(0) == draw(0) != draw(1)
