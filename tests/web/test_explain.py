"""explain.js: what is explained adds up, and is Python's number, on any network."""

from __future__ import annotations

import math

import numpy as np
import pytest

from inkgrad.layers import (
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.layers.row import forward
from inkgrad.network import Network
from tests.networks import any_network, random_batch, random_network, random_parameters

MODULE = "static/network/explain.js"
SOFTMAX = "static/layers/softmax.js"
CELLS = 6  # looked at in every array


class Scene:
    """A network's numbers for one drawing as the page has them, made by Python's layers."""

    def __init__(self, network: Network, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.network = network
        self.parameters = parameters = random_parameters(network, rng)
        x, labels = random_batch(network, 1, rng)
        self.outputs, saved = [x], []
        for stage in network.stages:
            x, kept = stage.layer.forward(x, **parameters.of(stage))
            self.outputs.append(x)
            saved.append(kept)
        loss = SoftmaxCrossEntropy()
        _, kept = loss.forward(x, labels)
        self.probabilities = np.exp(kept[0])
        dy = loss.backward(kept)
        self.derivatives, self.gradients = [dy], {}
        for stage, kept in zip(reversed(network.stages), reversed(saved), strict=True):
            dy, gradients = stage.layer.backward(dy, kept)
            self.derivatives.insert(0, dy)
            self.gradients |= {f"{stage.name}.{name}": g for name, g in gradients.items()}
        self.plain = {
            "layers": [
                {
                    "name": stage.name,
                    "type": type(stage.layer).__name__,
                    "settings": {
                        name: value
                        for name, value in stage.layer.to_config().items()
                        if name != "type"
                    },
                    "inputShape": list(stage.input_shape),
                    "outputShape": list(stage.output_shape),
                }
                for stage in network.stages
            ],
            "parameters": {name: value.ravel() for name, value in parameters.items()},
            "statistics": {name: value.ravel() for name, value in parameters.statistics.items()},
            "outputs": [output.ravel() for output in self.outputs],
            "probabilities": self.probabilities.ravel(),
            "label": int(labels[0]),
            "derivatives": [derivative.ravel() for derivative in self.derivatives],
            "gradients": {name: value.ravel() for name, value in self.gradients.items()},
        }


def scenes():
    networks = [random_network(np.random.default_rng(seed)) for seed in range(20)]
    networks += [any_network(np.random.default_rng(seed)) for seed in range(20)]
    corners = [
        # Padding larger than the filter, so that some patches see nothing but zeros.
        Network([Conv2D(2, 1, 1, 2), ReLU(), MaxPool2D(2), Flatten(), Dense(3)], (2, 4, 5)),
        Network(
            [
                Conv2D(3, (2, 3), (3, 2), (1, 0)),
                MaxPool2D((3, 2), (2, 1)),
                ReLU(),
                Flatten(),
                Dense(2),
            ],
            (5, 14, 9),
        ),
        Network([Dense(9), ReLU(), Dense(4)], (7,)),
    ]
    return [Scene(network, seed) for seed, network in enumerate(networks + corners)]


@pytest.fixture(scope="module")
def all_scenes():
    return scenes()


def some(length, rng):
    """Return some places of an array, its first and its last among them."""
    return sorted({0, length - 1, *(int(n) for n in rng.integers(0, length, CELLS))})


def explain(javascript, function, calls, module=MODULE):
    results = javascript.call_many(module, function, [(s.plain, *rest) for s, *rest in calls])
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results


def summed(explained):
    """Add up what is listed, as a reader would."""
    parts = sum(part["sum"] for part in explained["parts"])
    return parts + explained["others"]["sum"] + explained.get("bias", 0)


def check_parts(explained):
    """Check that what is listed adds up, each part to its products; the largest come first."""
    assert math.isclose(summed(explained), explained["value"], rel_tol=1e-9, abs_tol=1e-12)
    sizes = [abs(part["sum"]) for part in explained["parts"]]
    assert sizes == sorted(sizes, reverse=True)
    for part in explained["parts"]:
        if "right" not in part:
            continue
        left, right = np.atleast_1d(part["left"]), np.atleast_1d(part["right"])
        assert math.isclose(float(left @ right), part["sum"], rel_tol=1e-9, abs_tol=1e-12)


def cells_of(source, shape):
    """Return the flat indices that a source's boxes cover."""
    covered = []
    for box in source["boxes"]:
        for row in range(box["rows"]):
            start = box["cell"] + row * shape[-1]
            covered += range(start, start + box["columns"])
    return covered


def test_outputs(javascript, all_scenes):
    rng = np.random.default_rng(1)
    calls = [
        (scene, index, cell)
        for scene in all_scenes
        for index in range(len(scene.network.stages))
        for cell in some(scene.outputs[index + 1].size, rng)
    ]
    for (scene, index, cell), explained in zip(
        calls, explain(javascript, "explainOutput", calls), strict=True
    ):
        expected = scene.outputs[index + 1].ravel()[cell]
        assert math.isclose(explained["value"], expected, rel_tol=1e-9, abs_tol=1e-12), explained
        assert explained["stored"] == expected
        if "parts" in explained:
            check_parts(explained)
        check_sources_forward(scene, index, cell, explained)


def check_sources_forward(scene, index, cell, explained):
    """Check that the cells that are said to matter hold the numbers that are listed."""
    stage, x = scene.network.stages[index], scene.outputs[index].ravel()
    (source,) = explained["sources"]
    assert (source["of"], source["index"]) == ("outputs", index)
    covered = cells_of(source, stage.input_shape)
    kind = explained["kind"]
    if kind == "Conv2D":
        listed = [
            number
            for part in sorted(explained["parts"], key=lambda part: part["map"])
            for number, blank in zip(part["left"], part["isPadding"], strict=True)
            if not blank
        ]
        maps = {part["map"] for part in explained["parts"]}
        area = math.prod(stage.input_shape[1:])
        assert [x[c] for c in covered if c // area in maps] == listed
    elif kind == "MaxPool2D":
        assert [x[c] for c in covered] == explained["candidates"]
        assert x[explained["winner"]] == explained["value"]
        assert explained["candidates"].index(max(explained["candidates"])) == explained["best"]
    elif kind == "AveragePool2D":
        assert [x[c] for c in covered] == explained["candidates"]
        assert explained["cells"] == len(covered)
    elif kind == "GlobalAveragePool":
        assert math.isclose(math.fsum(x[covered]), explained["total"], rel_tol=1e-9, abs_tol=1e-12)
        assert explained["cells"] == len(covered)
    elif kind == "Dense":
        assert [x[c] for c in covered] == [part["left"] for part in explained["parts"]]
    elif kind == "Parallel":
        check_branches(scene, index, cell, explained, covered)
    else:
        assert covered == [cell]


def check_branches(scene, index, cell, explained, covered):
    """Check what each branch gives, and that an empty one says which cell it hands on."""
    stage = scene.network.stages[index]
    numbers = scene.parameters.of(stage)
    rows = stage.layer.rows(stage.input_shape)
    given = [
        forward(
            stages,
            scene.outputs[index],
            {n.removeprefix(f"{k}."): a for n, a in numbers.items() if n.startswith(f"{k}.")},
        )[0]
        for k, stages in enumerate(rows, start=1)
    ]
    if stage.layer.join == "add":
        for part in explained["parts"]:
            assert part["sum"] == pytest.approx(given[part["branch"] - 1].ravel()[cell], rel=1e-9)
            assert part["isEmpty"] == (rows[part["branch"] - 1] == ())
        assert covered == [cell] * rows.count(())
        return
    k = explained["branch"] - 1
    before = sum(each.size for each in given[:k])
    place = np.unravel_index(cell - before, given[k].shape[1:])
    assert explained["place"] == [int(n) for n in place]
    assert explained["value"] == pytest.approx(given[k][0][place], rel=1e-9)
    assert covered == ([] if rows[k] else [cell - before])


def test_probabilities_and_logits(javascript, all_scenes):
    calls = [(s, k) for s in all_scenes for k in range(s.network.output_shape[0])]
    shares = explain(javascript, "explainProbability", calls, SOFTMAX)
    slopes = explain(javascript, "explainLogit", calls, SOFTMAX)
    for (scene, k), share, slope in zip(calls, shares, slopes, strict=True):
        assert math.isclose(share["value"], scene.probabilities[0, k], rel_tol=1e-12)
        assert math.isclose(share["power"] / sum(share["powers"]), share["value"], rel_tol=1e-12)
        assert math.isclose(slope["value"], scene.derivatives[-1][0, k], rel_tol=1e-9)
        assert slope["probability"] - slope["target"] == slope["value"]


def test_large_logits_do_not_overflow(javascript):
    scene = {"layers": [], "outputs": [[1000.0, 999.0]], "probabilities": [0.7, 0.3]}
    explained = javascript.call(SOFTMAX, "explainProbability", scene, 0)
    assert explained["shift"] == 1000
    assert math.isclose(explained["value"], 1 / (1 + math.exp(-1)))


def test_derivatives(javascript, all_scenes):
    rng = np.random.default_rng(2)
    calls = [
        (scene, index, cell)
        for scene in all_scenes
        for index in range(len(scene.network.stages))
        for cell in some(scene.derivatives[index].size, rng)
    ]
    for (scene, index, cell), explained in zip(
        calls, explain(javascript, "explainDerivative", calls), strict=True
    ):
        expected = scene.derivatives[index].ravel()[cell]
        assert math.isclose(explained["value"], expected, rel_tol=1e-9, abs_tol=1e-12), explained
        assert explained["stored"] == expected
        dy = scene.derivatives[index + 1].ravel()
        (source,) = explained["sources"]
        covered = cells_of(source, scene.network.stages[index].output_shape)
        if "parts" in explained:
            check_parts(explained)
        if explained["kind"] == "Conv2D.dx":
            area = math.prod(scene.network.stages[index].output_shape[1:])
            for part in explained["parts"]:
                pairs = zip(part["left"], part["isPadding"], strict=True)
                listed = [number for number, blank in pairs if not blank]
                here = [dy[c] for c in covered if c // area == part["map"]]
                assert sorted(here) == sorted(listed)
        if explained["kind"] == "MaxPool2D.dx":
            won = [window for window in explained["windows"] if window["isWon"]]
            assert explained["passes"] == bool(won)
            assert [dy[c] for c in covered] == [w["derivative"] for w in explained["windows"]]


def test_gradients(javascript, all_scenes):
    rng = np.random.default_rng(3)
    calls = [
        (scene, name, cell)
        for scene in all_scenes
        for name, gradient in scene.gradients.items()
        for cell in some(gradient.size, rng)
    ]
    for (scene, name, cell), explained in zip(
        calls, explain(javascript, "explainGradient", calls), strict=True
    ):
        expected = scene.gradients[name].ravel()[cell]
        assert math.isclose(explained["value"], expected, rel_tol=1e-9, abs_tol=1e-12), explained
        assert explained["stored"] == expected
        place = np.unravel_index(cell, scene.gradients[name].shape)
        assert explained["place"] == [int(n) for n in place]
        if "parts" in explained:
            check_parts(explained)


def test_blocked_cells_are_those_that_get_nothing(javascript, all_scenes):
    """Wherever ReLU or a pool passes some gradient, the cell is open, and nowhere else."""
    calls, expected = [], []
    for scene in all_scenes:
        for index, stage in enumerate(scene.network.stages):
            x = scene.outputs[index]
            calls.append((scene.plain["layers"][index], x.ravel()))
            if isinstance(stage.layer, (ReLU, MaxPool2D)):
                y, saved = stage.layer.forward(x)
                expected.append(stage.layer.backward(np.ones_like(y), saved)[0].ravel() == 0)
            else:
                expected.append(None)
    results = javascript.call_many(MODULE, "blocked", calls)
    for result, stops in zip(results, expected, strict=True):
        if stops is None:
            assert result is None
        else:
            np.testing.assert_array_equal(result.astype(bool), stops)


def test_figures(javascript):
    def call(name, *values):
        return javascript.call_many("static/page/figures.js", name, [(value,) for value in values])

    assert call("inDigits", -0.04567, 1.23e-5, 0, 123456.7, 9.999, 1e9, math.inf) == [
        "−0.0457", "1.23·10⁻⁵", "0", "123457", "10.0", "1.00·10⁹", "∞",
    ]  # fmt: skip
    assert call("inCell", 0.25, -12.34, 0, 0.0012, -3e-6, 0.999, 0.0096, -0.005) == [
        ".25", "−12", "0", ".001", "−10⁻⁶", "1.0", ".01", "−.005",
    ]  # fmt: skip
    assert call("inPercent", 0.98765, 0.00001, 0.99999, 1, 0) == [
        "98.8 %", "< 0.1 %", "> 99.9 %", "100.0 %", "0.0 %",
    ]  # fmt: skip
    pairs = [(0.12345, 0.12346), (1, 1), (1, -1), (0, 5e-324)]
    assert javascript.call_many("static/page/figures.js", "digitsInCommon", pairs) == [4, 15, 0, 0]


SHAPES = [(32, 28, 28), (5, 3, 4), (64, 32, 3, 3), (8, 1, 3, 3), (3136,), (128,), (7,), (1,),
          (128, 5), (7, 3)]  # fmt: skip


def test_every_number_has_one_place(node):
    for shape, (places, back, size) in zip(
        SHAPES, node.call_many("tests/layouts.js", "places", [(list(s),) for s in SHAPES]),
        strict=True,
    ):  # fmt: skip
        length = math.prod(shape)
        assert back == list(range(length))
        assert len({tuple(place) for place in places}) == length
        assert all(0 <= n < m for place in places for n, m in zip(place, size, strict=True))
