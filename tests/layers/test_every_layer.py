"""What holds for every layer alike: one battery, run over all of them."""

from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given

from inkgrad.layers import (
    INFERENCE,
    LAYERS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    Layer,
    LeakyReLU,
    MaxPool2D,
    Mode,
    Parallel,
    ReLU,
)
from inkgrad.layers.norm import shards
from inkgrad.network import Network
from tests.derivatives import backward_jacobian, numerical_jacobian, projection_error
from tests.layers.strategies import ANY_LAYER, ARRANGEMENTS, Case, cases

STEP = 1e-5  # `away_from_ties` keeps kinks further off than any step goes

# Each layer as small as it can be while rows differ from columns and windows overlap or skip.
TINY: dict[str, tuple[Layer, tuple[int, ...]]] = {
    "conv": (Conv2D(2, (2, 3), stride=(1, 2), padding=(0, 1)), (2, 2, 3, 4)),
    "conv, stride beyond size": (Conv2D(1, 1, stride=2), (1, 1, 3, 4)),
    "conv, groups": (Conv2D(4, (1, 2), groups=2, bias=False), (1, 4, 2, 3)),
    "conv, dilation": (Conv2D(1, (2, 3), dilation=(3, 2), padding=((1, 0), (0, 2))), (1, 2, 4, 5)),
    "pool": (MaxPool2D(2), (2, 1, 4, 5)),
    "pool, padding": (MaxPool2D((3, 2), stride=(2, 1), padding=(2, 1)), (1, 2, 3, 4)),
    "pool, overlapping": (MaxPool2D((3, 2), stride=(1, 1)), (1, 2, 4, 3)),
    "pool, gaps": (MaxPool2D(1, stride=(2, 3)), (1, 1, 3, 4)),
    "average": (AveragePool2D((1, 2)), (2, 2, 3, 5)),
    "average, overlapping": (AveragePool2D((3, 2), stride=(1, 1)), (1, 2, 4, 3)),
    "global": (GlobalAveragePool(), (2, 2, 3, 4)),
    "relu": (ReLU(), (2, 3, 2)),
    "leaky": (LeakyReLU(0.25), (2, 3, 2)),
    "flatten": (Flatten(), (2, 2, 3, 1)),
    "dense": (Dense(3), (2, 4)),
    "norm": (BatchNorm(shard=2, epsilon=0.1), (5, 2, 2, 3)),
    "norm of rows": (BatchNorm(shard=3, epsilon=0.5), (3, 4)),
    "dropout": (Dropout(0.4), (2, 3, 2)),
    "parallel, residual": (
        Parallel([[Conv2D(2, 3, padding=1), BatchNorm(2, epsilon=0.1), Dropout(0.2)], []]),
        (3, 2, 2, 3),
    ),
    "parallel, inception": (
        Parallel([[Conv2D(1, 1)], [], [MaxPool2D(1), Conv2D(2, 1)]], join="concatenate"),
        (2, 2, 3, 2),
    ),
}
TRAINING = Mode.of_step(seed=3, step=5)
tiny = pytest.mark.parametrize(("layer", "x_shape"), TINY.values(), ids=TINY.keys())


def run(case: Case) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Return y, dx and the gradients."""
    y, saved = case.forward()
    return y, *case.layer.backward(case.dy, saved)


def test_the_tiny_cases_are_of_every_kind_of_layer():
    assert {type(layer) for layer, _ in TINY.values()} == set(LAYERS.values())


@given(cases(ANY_LAYER))
def test_backward_is_the_derivative_of_forward(case):
    """⟨dx, v⟩ = ⟨dy, J v⟩ with J v by central differences, for x and for every parameter."""
    _, dx, gradients = run(case)

    def forward(**changed):
        return case.forward(**changed)[0]

    assert projection_error(lambda x: forward(x=x), case.x, dx, case.dy, case.rng, STEP) <= 1e-7
    assert gradients.keys() == case.parameters.keys()
    for name, value in case.parameters.items():
        error = projection_error(
            lambda p, name=name: forward(**{name: p}),
            value,
            gradients[name],
            case.dy,
            case.rng,
            STEP,
        )
        assert error <= 1e-7, name


@tiny
@pytest.mark.parametrize("mode", [INFERENCE, TRAINING], ids=["in use", "training"])
def test_every_element_of_the_jacobian(layer, x_shape, mode):
    case = Case.of(layer, x_shape, seed=1, mode=mode)
    y, saved = case.forward()
    np.testing.assert_allclose(
        backward_jacobian(lambda dy: layer.backward(dy, saved)[0], y.shape, x_shape),
        numerical_jacobian(lambda x: case.forward(x=x)[0], case.x, STEP),
        rtol=1e-7,
        atol=1e-8,
    )
    for name, value in case.parameters.items():
        np.testing.assert_allclose(
            backward_jacobian(
                lambda dy, name=name: layer.backward(dy, saved)[1][name], y.shape, value.shape
            ),
            numerical_jacobian(
                lambda p, name=name: case.forward(**{name: p})[0],
                value,
                STEP,
            ),
            rtol=1e-7,
            atol=1e-8,
        )


@given(cases(ANY_LAYER))
def test_output_and_gradients_have_the_shapes_that_were_inferred(case):
    y, dx, gradients = run(case)
    n, *one = case.x.shape
    assert y.shape == (n, *case.layer.output_shape(tuple(one)))
    assert dx.shape == case.x.shape
    needed = case.layer.parameter_shapes(tuple(one))
    assert {name: value.shape for name, value in gradients.items()} == needed


@given(cases(ANY_LAYER))
def test_nothing_handed_in_is_modified(case):
    handed = [case.x, *case.parameters.values(), *case.statistics.values(), case.dy]
    before = [array.tobytes() for array in handed]
    for array in handed:
        array.flags.writeable = False  # writing in place would raise at once
    y, saved = case.forward()
    y_before = y.copy()
    first = case.layer.backward(case.dy, saved)
    case.layer.next_state(saved, **case.statistics)
    again = case.layer.backward(case.dy, saved)  # `saved` is not used up either
    assert [array.tobytes() for array in handed] == before
    np.testing.assert_array_equal(y, y_before)
    np.testing.assert_array_equal(first[0], again[0])
    for name in first[1]:
        np.testing.assert_array_equal(first[1][name], again[1][name])


@tiny
@pytest.mark.parametrize("how", ARRANGEMENTS)
def test_the_arrangement_in_memory_changes_nothing(layer, x_shape, how):
    expected = run(Case.of(layer, x_shape, seed=2))
    got = run(Case.of(layer, x_shape, seed=2, how=how))
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-13, atol=1e-13)
    for name in expected[2]:
        np.testing.assert_allclose(got[2][name], expected[2][name], rtol=1e-13, atol=1e-13)


@tiny
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtypes_are_kept(layer, x_shape, dtype):
    for mode in (INFERENCE, TRAINING):
        case = Case.of(layer, x_shape, dtype=dtype, mode=mode)
        y, saved = case.forward()
        dx, gradients = layer.backward(case.dy, saved)
        floats = [a for a in saved if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
        floats += layer.next_state(saved, **case.statistics).values()
        assert {a.dtype for a in [y, dx, *gradients.values(), *floats]} == {np.dtype(dtype)}


@tiny
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, -0.0, 1.0, -3.5, 1e30, -1e30, 1e-30])
def test_constant_zero_and_huge_inputs_stay_finite(layer, x_shape, dtype, value):
    for mode in (INFERENCE, TRAINING):
        case = Case.of(layer, x_shape, dtype=dtype, mode=mode)
        case.x[...] = value
        y, dx, gradients = run(case)
        for array in (y, dx, *gradients.values()):
            assert np.isfinite(array).all()


@given(cases(ANY_LAYER))
def test_drawings_of_a_batch_do_not_see_each_other(case):
    """A batch gives what its drawings give one by one; their parameter gradients add up.

    So do shards, where the layer has its drawings measured together.
    """
    y, dx, gradients = run(case)
    singles = [
        run(
            dataclasses.replace(
                case,
                x=case.x[part],
                dy=case.dy[part],
                mode=dataclasses.replace(case.mode, first=part.start),
            )
        )
        for part in shards(len(case.x), case.layer.together if case.mode.training else 1)
    ]
    np.testing.assert_allclose(y, np.concatenate([s[0] for s in singles]), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dx, np.concatenate([s[1] for s in singles]), rtol=1e-12, atol=1e-12)
    for name, value in gradients.items():
        total = sum(s[2][name] for s in singles)
        np.testing.assert_allclose(value, total, rtol=1e-11, atol=1e-11)


@tiny
def test_an_empty_batch_passes(layer, x_shape):
    for mode in (INFERENCE, TRAINING):
        case = Case.of(layer, (0, *x_shape[1:]), mode=mode)
        y, dx, gradients = run(case)
        assert y.shape == (0, *layer.output_shape(x_shape[1:]))
        assert dx.shape == (0, *x_shape[1:])
        assert all((value == 0).all() for value in gradients.values())
        measured = layer.next_state(case.forward()[1], **case.statistics)
        assert {k: v.tolist() for k, v in measured.items()} == {
            k: v.tolist() for k, v in case.statistics.items()
        }


@tiny
def test_one_layer_serves_several_threads(layer, x_shape):
    several = [Case.of(layer, x_shape, seed) for seed in range(8)]
    alone = [run(case) for case in several]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(run, several * 5))
    for got, expected in zip(together, alone * 5, strict=True):
        np.testing.assert_array_equal(got[0], expected[0])
        np.testing.assert_array_equal(got[1], expected[1])


@tiny
def test_a_layer_is_rebuilt_from_its_configuration(layer, x_shape):
    config = json.loads(json.dumps(layer.to_config()))
    again = Network.from_config({"input_shape": x_shape[1:], "layers": [config]}).layers[0]
    assert again == layer
    assert hash(again) == hash(layer)


@tiny
def test_a_layer_keeps_nothing(layer, x_shape):
    before = dict(vars(layer))
    run(Case.of(layer, x_shape))
    assert vars(layer) == before


@tiny
def test_first_values_fit_the_parameters(layer, x_shape):
    values = layer.initialise(x_shape[1:], np.random.default_rng(0))
    shapes = layer.parameter_shapes(x_shape[1:])
    assert {name: value.shape for name, value in values.items()} == shapes
    assert list(values) == list(shapes)
    measured, shapes = layer.first_state(x_shape[1:]), layer.state_shapes(x_shape[1:])
    assert {name: value.shape for name, value in measured.items()} == shapes


@tiny
def test_what_answers_measures_nothing(layer, x_shape):
    case = Case.of(layer, x_shape)
    measured = layer.next_state(case.forward()[1], **case.statistics)
    assert measured.keys() == case.statistics.keys()
    for name, values in measured.items():
        np.testing.assert_array_equal(values, case.statistics[name])
