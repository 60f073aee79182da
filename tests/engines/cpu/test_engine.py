"""What an engine promises its callers, kept by the fast one as by the reference."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from inkgrad.engines import Engine, ReferenceEngine, Trainer
from inkgrad.engines.cpu import CpuEngine
from inkgrad.errors import InkgradError
from inkgrad.layers import NO_CLASS, BatchNorm, Conv2D, Dense, Flatten, MaxPool2D, ReLU, softmax
from inkgrad.network import Network, Parameters, seed_network
from inkgrad.optimizers import Adam
from tests.agreement import TOLERANCE, error
from tests.networks import random_batch, random_block_network, random_network, random_parameters

pytestmark = pytest.mark.usefixtures("nothing_compiles")

LAYERS_BEFORE = Network(  # whose first convolution and pool are none of the kernels'
    [Conv2D(3, 3), MaxPool2D(3, 1), Conv2D(4, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(5)],
    (1, 12, 12),
)
NOTHING_FOR_KERNELS = Network([Flatten(), Dense(4), ReLU()], (1, 3, 3))


def drawn(network: Network, n: int, seed: int = 0, dtype: type = np.float32):
    """Return parameters, inputs and labels."""
    rng = np.random.default_rng(seed)
    numbers = random_parameters(network, rng, dtype)
    return numbers, *random_batch(network, n, rng, dtype, least_label=NO_CLASS)


@pytest.mark.parametrize("kind", [CpuEngine, ReferenceEngine])
def test_it_keeps_what_an_engine_promises(kind):
    engine = kind(seed_network())
    trainer = engine.trainer(engine.network.initialise(), Adam())
    assert {name for name in vars(Trainer) if not name.startswith("_")} <= set(dir(trainer))
    assert {name for name in vars(Engine) if not name.startswith("_")} <= set(dir(engine))


def test_it_says_who_it_is():
    engine = CpuEngine(seed_network())
    assert engine.name == "cpu"
    assert engine.network == seed_network()


def test_a_number_of_threads_below_one_is_refused():
    for threads in (0, -1):
        with pytest.raises(InkgradError) as caught:
            CpuEngine(seed_network(), threads=threads)
        assert str(caught.value) == f"threads is {threads}; give a whole number of at least 1"


@pytest.mark.parametrize("seed", range(24))
def test_forward_predict_predictor_and_gradients_agree(seed):
    rng = np.random.default_rng(seed)
    network = (random_network if seed % 3 == 0 else random_block_network)(rng)
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, seed + 1, seed)
    logits = engine.forward(parameters, x)
    assert logits.shape == (len(x), *network.output_shape)
    result = engine.gradients(parameters, x, labels)
    np.testing.assert_array_equal(result.logits, logits)
    probabilities = engine.predict(parameters, x)
    np.testing.assert_allclose(probabilities, softmax(logits), rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(engine.predictor(parameters)(x), probabilities)
    np.testing.assert_allclose(
        engine.predictor(parameters, logits=True)(x), logits, rtol=1e-5, atol=1e-6
    )
    assert {a.dtype for a in (logits, probabilities, result.vector)} == {np.dtype(np.float32)}
    assert isinstance(result.loss, float)


@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE, NOTHING_FOR_KERNELS])
def test_a_predictor_keeps_to_the_parameters_it_was_made_of(network):
    """For batch sizes it has seen and for new ones, whose workspace is made later."""
    engine, (parameters, x, _) = CpuEngine(network), drawn(network, 20)
    expected = engine.predict(parameters, x)
    predict, used = engine.predictor(parameters), engine.predictor(parameters)
    scores, logits = engine.forward(parameters, x), engine.predictor(parameters, logits=True)
    used(x[:3])
    parameters.vector[:] = 0
    for function in (predict, used):
        for n in (3, 20, 1):
            np.testing.assert_array_equal(function(x[:n]), expected[:n])
        assert function(x[:0]).shape == (0, *network.output_shape)
    for n in (3, 20, 1, 0):
        np.testing.assert_allclose(logits(x[:n]), scores[:n], rtol=1e-5, atol=1e-6)


def test_several_threads_may_use_a_predictor_before_it_was_ever_used():
    network = seed_network()
    engine, (parameters, x, _) = CpuEngine(network), drawn(network, 8)
    expected, predict = engine.predict(parameters, x), engine.predictor(parameters)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(predict, [x] * 8):
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE])
def test_no_drawings_give_no_rows(network):
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 1)
    nothing = x[:0]
    assert engine.predict(parameters, nothing).shape == (0, 5)
    assert engine.forward(parameters, nothing).shape == (0, 5)
    before = parameters.vector.copy()
    for call in (
        lambda: engine.gradients(parameters, nothing, labels[:0]),
        lambda: engine.trainer(parameters, Adam()).step(nothing, labels[:0], 0.01),
    ):
        with pytest.raises(InkgradError, match="at least one of each"):
            call()
    np.testing.assert_array_equal(parameters.vector, before)


def error_of(call) -> tuple[type, str]:
    """Return what a call raises."""
    with pytest.raises(Exception) as caught:
        call()
    return caught.type, str(caught.value)


@pytest.mark.parametrize("shape", [(), (1, 28, 28), (2, 28, 28, 1), (2, 3, 28, 28), (2, 784)])
def test_an_input_of_another_shape_is_refused_as_by_the_reference(shape):
    network, x, labels = seed_network(), np.zeros(shape, np.float32), np.zeros(2, int)
    parameters = network.initialise()
    engine, reference = CpuEngine(network), ReferenceEngine(network)
    expected = error_of(lambda: reference.forward(parameters, x))
    for call in (
        lambda: engine.forward(parameters, x),
        lambda: engine.predict(parameters, x),
        lambda: engine.predictor(parameters)(x),
        lambda: engine.gradients(parameters, x, labels),
        lambda: engine.trainer(parameters, Adam()).step(x, labels, 0.01),
    ):
        assert error_of(call) == expected


@pytest.mark.parametrize(
    "labels",
    [[0, 1, 5], [0, -2, 2], [0, 1], [[0, 1, 2]], [0.0, 1.0, 2.0], [True, False, True]],
)
@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE])
def test_labels_that_do_not_fit_are_refused_as_by_the_reference(network, labels):
    """Before anything is changed: the parameters can go on learning."""
    labels = np.array(labels)
    engine, (parameters, x, _) = CpuEngine(network), drawn(network, 3)
    before, trainer = parameters.vector.copy(), engine.trainer(parameters, Adam())
    expected = error_of(lambda: ReferenceEngine(network).gradients(parameters, x, labels))
    assert error_of(lambda: engine.gradients(parameters, x, labels)) == expected
    assert error_of(lambda: trainer.step(x, labels, 0.01)) == expected
    np.testing.assert_array_equal(parameters.vector, before)
    assert not trainer.state.arrays["m"].any()
    assert trainer.state.steps == 0


def test_labels_of_another_number_are_refused_before_a_batch_is_shared_out():
    network = Network([Conv2D(2, 3), BatchNorm(), Flatten(), Dense(3)], (1, 5, 5))
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 150)
    for wrong in (labels[:2], np.full(150, 3)):
        calls = [
            lambda made=made, wrong=wrong: made.gradients(parameters, x, wrong)
            for made in (engine, ReferenceEngine(network))
        ]
        assert error_of(calls[0]) == error_of(calls[1])


def test_a_network_that_ends_in_pictures_has_no_loss():
    network = Network([Conv2D(2, 3)], (1, 5, 5))
    engine, x = CpuEngine(network), np.zeros((1, 1, 5, 5), np.float32)
    parameters = network.initialise()
    assert engine.forward(parameters, x).shape == (1, 2, 3, 3)
    with pytest.raises(InkgradError, match=r"the loss needs logits \(n, classes\)"):
        engine.gradients(parameters, x, np.array([0]))


@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE, NOTHING_FOR_KERNELS])
def test_nothing_handed_in_is_modified_or_handed_out_again(network):
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 9)
    before = [array.copy() for array in (x, labels, parameters.vector)]
    results = []
    for _ in range(2):
        gradients = engine.gradients(parameters, x, labels)
        results += [gradients.vector, gradients.logits, engine.forward(parameters, x)]
        results += [engine.predict(parameters, x), engine.predictor(parameters)(x)]
    copies = [result.copy() for result in results]
    engine.trainer(parameters.copy(), Adam()).step(x, labels, 0.01)
    for array, copy in zip([x, labels, parameters.vector], before, strict=True):
        np.testing.assert_array_equal(array, copy)
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)  # what was handed out is the caller's
    assert not any(np.shares_memory(a, b) for i, a in enumerate(results) for b in [*results[:i], x])


def unaligned(array: np.ndarray) -> np.ndarray:
    """Return a copy that begins at an odd address."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    copy = memory[1:].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a copy that nobody may write to."""
    copy = array.copy()
    copy.flags.writeable = False
    return copy


ARRANGEMENTS = {
    "read-only": read_only,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "by columns": np.asfortranarray,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "unaligned": unaligned,
    "float64": lambda x: x.astype(np.float64),
}


@pytest.mark.parametrize("how", ARRANGEMENTS)
@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE])
def test_inputs_may_be_arranged_anyhow(network, how):
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 3)
    odd = ARRANGEMENTS[how](x)
    expected, got = (engine.gradients(parameters, data, labels) for data in (x, odd))
    np.testing.assert_array_equal(got.vector, expected.vector)
    for function in (engine.forward, engine.predict):
        np.testing.assert_array_equal(function(parameters, odd), function(parameters, x))
    predict = engine.predictor(parameters)
    np.testing.assert_array_equal(predict(odd), predict(x))


@pytest.mark.parametrize("how", ["read-only", "unaligned"])
def test_parameters_may_be_arranged_anyhow(how):
    network = seed_network()
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 3)
    odd = Parameters(network, ARRANGEMENTS[how](parameters.vector))
    expected, got = (engine.gradients(p, x, labels) for p in (parameters, odd))
    np.testing.assert_array_equal(got.vector, expected.vector)
    np.testing.assert_array_equal(engine.predict(odd, x), engine.predict(parameters, x))
    np.testing.assert_array_equal(engine.predictor(odd)(x), engine.predict(parameters, x))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64, ">i4"])
def test_labels_may_be_whole_numbers_of_any_kind(dtype):
    network = seed_network()
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 9)
    labels = np.maximum(labels, 0)
    expected = engine.gradients(parameters, x, labels)
    for kind in (labels.astype(dtype), read_only(labels), np.repeat(labels, 2)[::2]):
        got = engine.gradients(parameters, x, kind)
        assert got.loss == expected.loss
        np.testing.assert_array_equal(got.vector, expected.vector)


@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE])
def test_parameters_of_float64_are_left_to_the_reference(network):
    engine, reference = CpuEngine(network), ReferenceEngine(network)
    parameters, x, labels = drawn(network, 3, dtype=np.float64)
    got, expected = (e.gradients(parameters, x, labels) for e in (engine, reference))
    assert got.loss == expected.loss
    np.testing.assert_array_equal(got.vector, expected.vector)
    assert got.vector.dtype == got.logits.dtype == np.float64
    np.testing.assert_array_equal(engine.predict(parameters, x), reference.predict(parameters, x))
    np.testing.assert_array_equal(engine.predictor(parameters)(x), reference.predict(parameters, x))


@pytest.mark.parametrize("network", [seed_network(), LAYERS_BEFORE])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30, 3e38])
def test_numbers_that_are_none_neither_crash_nor_hide(network, value):
    """Training looks at the loss and the length of the gradient: one of them must tell."""
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 9)
    good = engine.gradients(parameters, x, labels)
    spoilt = x.copy()
    spoilt[4] = value
    with np.errstate(all="ignore"):
        trainer = engine.trainer(parameters.copy(), Adam())
        loss, _, norm = trainer.step(spoilt, labels, 0.01)
        engine.gradients(parameters, spoilt, labels)
        engine.predictor(parameters)(spoilt)
    if not abs(value) < 1e38:
        assert not (np.isfinite(loss) and np.isfinite(norm))
    again = engine.gradients(parameters, x, labels)  # and nothing of it is left behind
    np.testing.assert_array_equal(again.vector, good.vector)


def test_parameters_that_are_no_numbers_show_in_the_loss():
    network = seed_network()
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 9)
    for name in parameters:
        spoilt = parameters.copy()
        spoilt[name].ravel()[0] = np.nan
        loss, _, norm = engine.trainer(spoilt, Adam()).step(x, labels, 0.01)
        assert not (np.isfinite(loss) and np.isfinite(norm)), name


def test_large_logits_are_no_trouble():
    network = seed_network()
    engine, (parameters, x, labels) = CpuEngine(network), drawn(network, 9)
    parameters.vector *= 30
    got, expected = (e.gradients(parameters, x, labels) for e in (engine, ReferenceEngine(network)))
    assert np.abs(expected.logits).max() > 1e5
    assert got.loss == pytest.approx(expected.loss, rel=TOLERANCE)
    assert error(got.logits, expected.logits) <= TOLERANCE
    assert np.isfinite(engine.predict(parameters, x)).all()
