"""engine.js, network.js and layers/*.js = the reference engine, number by number.

The reference sums in float32, the page in doubles, so they may differ in the last bits, and where a
ReLU's input or the difference of a window's two strongest cells is within rounding of 0 they may
decide differently. Of the fixed seeds here none does. (With sums that float32 holds exactly, the
decisions must be the same everywhere, ties included.)
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from inkgrad.engines import ReferenceEngine
from inkgrad.errors import ShapeError
from inkgrad.layers import (
    LAYERS,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.network import Network, Parameters, seed_network
from tests.agreement import error, layer_errors
from tests.networks import (
    all_layers,
    any_network,
    exact_batch,
    exact_parameters,
    random_batch,
    random_block_network,
    random_network,
    random_parameters,
)
from tests.test_network import HOSTILE
from tests.thorough import THOROUGH
from tests.web.javascript import JavaScriptError

# See tests/engines/cpu/test_equality.py: some BLAS raise this flag with finite numbers.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")

MODULE = "tests/engine.js"
RATE = 0.1
LOGITS, GRADIENTS = 1e-5, 1e-4  # the bars


def networks() -> list[Network]:
    """Return random networks of all sorts, odd ones made by hand, and the seed network."""
    found = [random_network(np.random.default_rng(seed)) for seed in range(60)]
    found += [any_network(np.random.default_rng(seed)) for seed in range(90)]
    found += [random_block_network(np.random.default_rng(seed)) for seed in range(12)]
    found += [
        Network([Dense(3)], (7,)),
        Network([Flatten(), Dense(2)], (2, 3, 1)),
        Network([Conv2D(2, 5, padding=4), Flatten(), Dense(2)], (1, 2, 3)),
        Network([Conv2D(3, (1, 4), stride=(3, 2), padding=(0, 5)), Flatten(), Dense(2)], (2, 7, 4)),
        Network(
            [MaxPool2D(3, 1), ReLU(), MaxPool2D((1, 2), (2, 3)), Flatten(), Dense(4)], (3, 9, 8)
        ),
        Network([ReLU(), Flatten(), ReLU(), Dense(4), Dense(3)], (1, 4, 4)),
        seed_network(),
    ]
    return found


def sent(network: Network, parameters: Parameters, x: np.ndarray, label: int) -> tuple[Any, ...]:
    """Return the arguments of `run` for the batch's only drawing."""
    flat = [{name: a.ravel() for name, a in p.items()} for p in (parameters, parameters.statistics)]
    return network.to_config(), *flat, x.ravel(), int(label), RATE


def reference(
    network: Network, parameters: Parameters, x: np.ndarray, label: int
) -> dict[str, Any]:
    """Do what `run` does, by Python's layers."""
    outputs, trail = [x], []
    for stage in network.stages:
        x, saved = stage.layer.forward(x, **parameters.of(stage))
        outputs.append(x)
        trail.append(saved)
    loss = SoftmaxCrossEntropy()
    value, saved = loss.forward(x, np.array([label]))
    derivatives, gradients = [loss.backward(saved)], {}
    for stage, saved in zip(reversed(network.stages), reversed(trail), strict=True):
        dx, found = stage.layer.backward(derivatives[0], saved)
        derivatives.insert(0, dx)
        gradients |= {f"{stage.name}.{name}": values for name, values in found.items()}
    return {
        "outputs": outputs,
        "derivatives": derivatives,
        "gradients": gradients,
        "loss": float(value),
        "probabilities": ReferenceEngine(network).predict(parameters, outputs[0])[0],
    }


def flat(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [array.ravel() for array in arrays]


@pytest.fixture(scope="module")
def cases() -> list[tuple[Network, Parameters, np.ndarray, int]]:
    """Return a drawing for each network."""
    found = []
    for seed, network in enumerate(networks()):
        rng = np.random.default_rng(seed)
        parameters = random_parameters(network, rng, np.float32)
        x, labels = random_batch(network, 1, rng, np.float32)
        found.append((network, parameters, x, int(labels[0])))
    return found


@pytest.fixture(scope="module")
def results(javascript, cases) -> list[dict[str, Any]]:
    """Return what the page makes of each."""
    return javascript.call_many(MODULE, "run", [sent(*case) for case in cases])


def test_networks_are_described_alike(javascript):
    described = javascript.call_many(MODULE, "described", [(n.to_config(),) for n in networks()])
    for network, found in zip(networks(), described, strict=True):
        config = json.loads(json.dumps(network.to_config()))
        assert found["config"] == config
        assert found["size"] == network.size
        assert found["outputShape"] == list(network.output_shape)
        layout = [[name, list(shape)] for name, (_, shape) in network.layout.items()]
        assert found["parameters"] == layout
        measured = [[name, list(shape)] for name, (_, shape) in network.statistics_layout.items()]
        assert found["statistics"] == measured
        assert found["layers"] == [
            {
                "name": stage.name,
                "type": entry.pop("type"),
                "settings": entry,
                "inputShape": list(stage.input_shape),
                "outputShape": list(stage.output_shape),
                "parameterShapes": {k: list(v) for k, v in stage.parameter_shapes.items()},
                "stateShapes": {k: list(v) for k, v in stage.state_shapes.items()},
                "multiplyAdds": stage.multiply_adds,
            }
            for stage, entry in zip(network.stages, config["layers"], strict=True)
        ]


def test_forward_and_backward(cases, results):
    for (network, parameters, x, label), found in zip(cases, results, strict=True):
        assert found["isCareful"] is True
        expected = reference(network, parameters, x, label)
        for ours, theirs in zip(found["outputs"], flat(expected["outputs"]), strict=True):
            assert ours.dtype == np.float32
            np.testing.assert_allclose(ours, theirs, rtol=LOGITS, atol=LOGITS)
        assert found["loss"] == pytest.approx(expected["loss"], rel=LOGITS, abs=LOGITS)
        np.testing.assert_allclose(found["probabilities"], expected["probabilities"], atol=LOGITS)
        for ours, theirs in zip(found["derivatives"], flat(expected["derivatives"]), strict=True):
            assert ours.dtype == np.float32
            assert error(ours, theirs) <= GRADIENTS, network
        assert list(found["gradients"]) == list(network.layout)
        gradients = {name: values.ravel() for name, values in expected["gradients"].items()}
        errors = layer_errors(network, found["gradients"], gradients)
        assert max(errors.values()) <= GRADIENTS, (network, errors)


@pytest.mark.slow
def test_many_networks_of_all_kinds_of_layers(javascript):
    """150 networks that no other test draws, in doubles."""
    drawn = []
    for seed in range(1000, 1000 + 150 * THOROUGH):
        rng = np.random.default_rng(seed)
        network = any_network(rng)
        parameters = random_parameters(network, rng)
        x, labels = random_batch(network, 1, rng)
        drawn.append((network, parameters, x, int(labels[0])))
    kinds = {type(layer).__name__ for n, *_ in drawn for layer in all_layers(n.layers)}
    assert kinds == set(LAYERS)
    results = javascript.call_many(MODULE, "run", [sent(*case) for case in drawn])
    for case, found in zip(drawn, results, strict=True):
        check_doubles(found, reference(*case))


def test_a_step(cases, results):
    """A step is of the same bits as the gradient that was handed out says; and Python's."""
    for (network, parameters, x, label), found in zip(cases, results, strict=True):
        theirs = ReferenceEngine(network).gradients(parameters, x, np.array([label])).vector
        stepped = Parameters(network, parameters.vector - np.float32(RATE) * theirs)
        assert list(found["stepped"]) == list(network.layout)
        for name, values in found["stepped"].items():
            before = parameters[name].ravel().astype(float)
            after = before - RATE * found["gradients"][name].astype(float)
            assert values.tobytes() == after.astype(np.float32).tobytes()
            np.testing.assert_allclose(values, stepped[name].ravel(), rtol=1e-5, atol=1e-5)


def test_the_loss_in_doubles(cases, results):
    for (network, parameters, x, label), found in zip(cases, results, strict=True):
        exact = reference(network, parameters.astype(np.float64), x.astype(np.float64), label)
        assert found["exact"] == pytest.approx(exact["loss"], rel=1e-12, abs=1e-14)


def test_doubles_stay_doubles(javascript, cases):
    """Arrays have the type that they come in: all of it in float64 is the reference's float64."""
    wide = [(n, p.astype(np.float64), x.astype(np.float64), label) for n, p, x, label in cases]
    results = javascript.call_many(MODULE, "run", [sent(*case) for case in wide])
    for case, found in zip(wide, results, strict=True):
        check_doubles(found, reference(*case))


def check_doubles(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name in ("outputs", "derivatives"):
        for ours, theirs in zip(found[name], flat(expected[name]), strict=True):
            assert ours.dtype == np.float64
            np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)
    for name, theirs in expected["gradients"].items():
        ours = found["gradients"][name]
        np.testing.assert_allclose(ours, theirs.ravel(), rtol=1e-9, atol=1e-11)


def test_ties_and_blank_paper(javascript):
    """Where sums are exact, every cell has the same bits and every tie the same winner."""
    rounding = (AveragePool2D, GlobalAveragePool, LeakyReLU, BatchNorm)
    exact = [
        n
        for n in networks()
        if not any(isinstance(layer, rounding) for layer in all_layers(n.layers))
    ]
    cases = []
    for seed, network in enumerate(exact):
        rng = np.random.default_rng(seed)
        x, labels = exact_batch(network, 1, rng)
        if seed % 9 == 0:
            x[:] = 0
        cases.append((network, exact_parameters(network, x, rng), x, int(labels[0])))
    results = javascript.call_many(MODULE, "run", [sent(*case) for case in cases])
    for case, found in zip(cases, results, strict=True):
        expected = reference(*case)
        for ours, theirs in zip(found["outputs"], flat(expected["outputs"]), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        for ours, theirs in zip(found["derivatives"], flat(expected["derivatives"]), strict=True):
            assert error(ours, theirs) <= 1e-5


def test_extreme_logits(javascript):
    """Neither overflows: a loss of thousands, and probabilities that are 0 and 1."""
    network = Network([Dense(3)], (1,))
    parameters = Parameters(network, np.array([1e4, -1e4, 0, 0, 0, 0], np.float32))
    x = np.ones((1, 1), np.float32)
    results = javascript.call_many(
        MODULE, "run", [sent(network, parameters, x, label) for label in range(3)]
    )
    assert [found["loss"] for found in results] == [0, 2e4, 1e4]
    assert [found["exact"] for found in results] == [0, 2e4, 1e4]
    assert results[0]["probabilities"].tolist() == [1, 0, 0]


def test_inputs_and_labels_that_do_not_fit_are_refused(javascript):
    network = Network([Flatten(), Dense(3)], (1, 2, 2))
    parameters = network.initialise()
    calls = [
        sent(network, parameters, np.zeros(n, np.float32), label)
        for n, label in [(4, 3), (4, -1), (3, 0)]
    ]
    calls += [(*calls[0][:-2], label, RATE) for label in (1.5, None, "1")]
    found = [str(result) for result in javascript.call_many(MODULE, "run", calls)]
    assert found == [
        "ShapeError: labels must run from 0 to 2, but one is 3",
        "ShapeError: labels must run from 0 to 2, but one is -1",
        "ShapeError: the input has 3 numbers; this network needs shape (1, 2, 2)",
        "ShapeError: labels must run from 0 to 2, but one is 1.5",
        "ShapeError: labels must run from 0 to 2, but one is null",
        "ShapeError: labels must run from 0 to 2, but one is 1",
    ]


# What JSON from Python cannot bring there, and the numbers that JavaScript cannot tell from whole
# ones; what is nested deeply is made there, below.
_ELSEWHERE = ("bytes", "digits", "nested 100,000 deep", "input shape fractions")


def test_hostile_descriptions_are_refused_in_one_sentence(javascript):
    names = [name for name in HOSTILE if not any(part in name for part in _ELSEWHERE)]
    results = javascript.call_many(MODULE, "described", [(HOSTILE[name],) for name in names])
    for name, result in zip(names, results, strict=True):
        assert isinstance(result, JavaScriptError), name
        assert result.name == "ShapeError", (name, result)
        assert result.message, name
        assert "\n" not in result.message, name
    assert len(names) > 50


def test_a_layer_that_gives_too_many_numbers_is_refused(javascript):
    """Pools and sums of branches take no multiply-adds; what they give is counted."""
    relu = {"type": "ReLU"}
    refused = [
        config(
            {"type": "MaxPool2D", "size": 3, "stride": 1, "padding": 1}, shape=(1, 10**6, 10**6)
        ),
        config(parallel(*[[relu]] * 101, join="concatenate"), shape=(10, 10**4, 10**4)),
    ]
    for result in javascript.call_many(MODULE, "described", [(entry,) for entry in refused]):
        assert "takes more than 100,000,000,000 multiply-adds a drawing" in result.message
    for description in refused:
        with pytest.raises(ShapeError, match=r"takes more than 100,000,000,000 multiply-adds"):
            Network.from_config(description)


def test_deep_descriptions_are_refused(javascript):
    places = ["layers", "input_shape", "type", "filters", "size", "stride", "padding", "branches"]
    for result in javascript.call_many(MODULE, "refusalOfDeep", [(place,) for place in places]):
        assert result.startswith("ShapeError: "), result
        assert len(result) < 200


def config(*layers: dict[str, Any], shape: Any = (1, 28, 28)) -> dict[str, Any]:
    return {"input_shape": list(shape), "layers": list(layers)}


def parallel(*branches: Any, join: Any = "add") -> dict[str, Any]:
    return {"type": "Parallel", "branches": list(branches), "join": join}


def test_mistakes_are_told_in_the_same_words(javascript):
    conv = {"type": "Conv2D", "filters": 4, "size": 3}
    given = [
        config(),
        config({"type": "Conv3D"}),
        config({"type": "ReLU", "slope": 1}),
        config({"type": "Conv2D", "filters": 4}),
        config({**conv, "filters": 0}),
        config({**conv, "filters": "4"}),
        config({**conv, "stride": [1, 0]}),
        config({**conv, "padding": -1}),
        config({**conv, "size": [2, 2, 2]}),
        config({**conv, "size": 31, "padding": 1}),
        config({"type": "Flatten"}, conv),
        config(conv, {"type": "ReLU"}, {"type": "Dense", "outputs": 5}),
        config(conv, {"type": "MaxPool2D", "size": 27}),
        config({"type": "Flatten"}, {"type": "MaxPool2D", "size": 2}),
        config({"type": "ReLU"}, shape=(1, 0, 28)),
        config({"type": "BatchNorm", "shard": 0}),
        config({"type": "BatchNorm", "momentum": 0}),
        config({"type": "BatchNorm", "momentum": 1.5}),
        config({"type": "BatchNorm", "epsilon": -0.5}),
        config({"type": "BatchNorm", "epsilon": "1"}),
        config({"type": "BatchNorm", "scale": 1}),
        config({"type": "Dropout", "rate": 1}),
        config({"type": "Dropout", "rate": -0.5}),
        config({"type": "Dropout", "rate": "half"}),
        config({"type": "Parallel"}),
        config({"type": "Parallel", "join": "add"}),
        config(parallel()),
        config(parallel([], {"type": "ReLU"})),
        config(parallel([], join="multiply")),
        config(parallel([], join=7)),
        config({**parallel([], []), "rate": 1}),
        config({**parallel([{"type": "Conv3D"}]), "rate": 1}),
        config(conv, parallel([], [{"type": "ReLU"}, {"type": "Conv3D"}])),
        config(parallel([parallel([], [{"type": "ReLU", "slope": 1}])])),
        config(parallel([parallel([], [{"type": "Dropout", "rate": 2}])])),
        config(parallel([parallel([], join="")])),
        config(conv, parallel([conv], [])),
        config(conv, parallel([], [conv], [], join="concatenate")),
        config(parallel([{"type": "Flatten"}], [], join="concatenate")),
        config(parallel([], [{"type": "ReLU"}, {"type": "Dense", "outputs": 5}])),
        config(parallel([parallel([], [conv, {"type": "MaxPool2D", "size": 27}])])),
        config(parallel([], [conv, parallel([conv], [])])),
        config({"type": "Flatten"}, {"type": "Dense", "outputs": 10**9}),
        config({**conv, "padding": [[10**6, 10**6], 10**6]}),
        config({"type": "Dropout", "rate": 0.25}, shape=(10**6, 10**6)),
        config({"type": "Parallel", "branches": [[], [conv]]}, shape=(3, 10**5, 10**5)),
    ]
    expected = []
    for description in given:
        with pytest.raises(ShapeError) as caught:
            Network.from_config(description)
        expected.append(str(caught.value))
    results = javascript.call_many(MODULE, "described", [(entry,) for entry in given])
    assert [result.message for result in results] == expected
