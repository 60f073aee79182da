"""attribution.js, parts.js and the learner's part of them = inkgrad.insight.attribution.

The gradient and Grad-CAM sum in doubles what the reference sums in float32, and the falls come from
the folded network by WebAssembly: they agree to 1e-4 of the largest number, falls of the largest
log-odds. Parts are the same bits.
"""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad import load
from inkgrad.drawing import Raster, check_strokes, into_frame
from inkgrad.engines import ReferenceEngine
from inkgrad.insight.attribution import (
    bitmaps_without,
    cam_place,
    class_gradient,
    explain_drawing,
    falls,
    grad_cam,
    log_odds,
    occlude,
    occlusion_map,
    parts_of,
    patches,
    upsample,
)
from inkgrad.layers import Conv2D, Dense, Flatten
from inkgrad.network import Network, seed_network, sketch_network
from inkgrad.packaged import PACKAGED
from inkgrad.quickdraw.doodles import ANIMALS, doodles
from tests.networks import any_network, random_batch, random_network, random_parameters
from tests.web.javascript import JavaScriptError

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul:RuntimeWarning")

MODULE = "tests/attribution.js"
BAR = 1e-4
DOODLES = doodles(ANIMALS, 1, 11)[0]


def networks() -> list[Network]:
    found = [any_network(np.random.default_rng(seed)) for seed in range(60)]
    found += [random_network(np.random.default_rng(seed)) for seed in range(20)]
    return [*found, seed_network(), sketch_network(), Network([Flatten(), Dense(3)])]


def off(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest error, in sizes of the largest number, or of 1 where that is less."""
    found, expected = np.asarray(found).ravel(), np.asarray(expected).ravel()
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-3))


def test_any_network_is_explained_as_by_python(javascript):
    cases, inputs = [], []
    for seed, network in enumerate(networks()):
        rng = np.random.default_rng(seed)
        numbers = random_parameters(network, rng, np.float32)
        x, labels = random_batch(network, 1, rng, np.float32)
        cases.append((network, numbers, x[0], int(labels[0])))
        flat = {name: values.ravel() for name, values in numbers.numbers.items()}
        inputs.append((network.to_config(), flat, x.ravel(), int(labels[0])))
    results = javascript.call_many(MODULE, "explain", inputs)
    with_maps = 0
    for (network, numbers, x, k), found in zip(cases, results, strict=True):
        assert found["isCareful"]
        assert found["place"] == cam_place(network)
        assert off(found["gradient"], class_gradient(network, numbers, x, k)) < BAR
        cam = grad_cam(network, numbers, x, k)
        if cam is None:
            assert found["cam"] is found["camLayer"] is None
        else:
            with_maps += 1
            assert found["camLayer"] == network.stages[cam_place(network) - 1].name
            assert off(found["cam"], cam) < BAR
        engine = ReferenceEngine(network)

        def logits_of(x, engine=engine, numbers=numbers):
            return engine.forward(numbers, x)

        (odds,) = log_odds(logits_of(x[None]), k)
        lost = falls(logits_of, x, [occlude(x, patch) for patch in patches(x.shape)], k)
        bar = BAR * max(1, abs(odds), np.abs(lost).max())
        assert abs(found["logOdds"] - odds) < bar
        assert np.abs(found["occlusion"] - occlusion_map(x.shape, lost).ravel()).max() < bar
    assert with_maps > 60


def test_one_class_is_refused_in_the_same_words(javascript):
    network = Network([Conv2D(1, 3), Flatten(), Dense(1)], (1, 5, 5))
    numbers = network.initialise()
    flat = {name: values.ravel() for name, values in numbers.numbers.items()}
    (found,) = javascript.call_many(
        MODULE, "explain", [(network.to_config(), flat, np.ones(25, np.float32), 0)]
    )
    assert isinstance(found, JavaScriptError)
    assert str(found) == (
        "ShapeError: an explanation compares a class with others; this network has only one"
    )


@pytest.mark.parametrize("size", [((2, 3), (9, 4)), ((1, 1), (3, 3)), ((7, 7), (28, 28))])
def test_upsampling_is_pythons(javascript, size):
    picture = np.random.default_rng(0).random(size[0])
    found = javascript.call(
        "static/network/attribution.js", "upsample", picture.ravel(), *map(list, size)
    )
    np.testing.assert_allclose(found, upsample(picture, size[1]).ravel(), rtol=0, atol=1e-15)


def drawings():
    rng = np.random.default_rng(5)
    found = [[np.asarray(stroke, float).tolist() for stroke in one] for one in DOODLES]
    found += [
        [[[0, 255], [0, 0]]],
        [[[7], [7]]],
        [[[0], [0]], [[255], [255]]],
        [[[0, 90, 90, 0, 0], [0, 0, 90, 90, 0]]],
        [[[0, 255, 255], [0, 0, 100]], [[9, 10], [50, 90]]],
        [[[x, x], [0, 255]] for x in range(200)],
    ]
    for strokes in (1, 1, 2, 2, 3):
        found += [
            [np.rint(rng.uniform(0, 255, (2, n))).tolist() for n in rng.integers(1, 40, strokes)]
            for _ in range(8)
        ]
    return found


def test_parts_are_the_same_bits(javascript):
    raster = Raster(side=32, pen=13.0, padding=9.0)
    settings = raster.to_dict()
    for found, drawing in zip(
        javascript.call_many(MODULE, "divide", [(one, settings) for one in drawings()]),
        drawings(),
        strict=True,
    ):
        framed = into_frame(check_strokes(drawing))
        parts = parts_of(framed)
        assert len(found) == len(parts)
        without = bitmaps_without(parts, framed, raster)
        for theirs, ours, bitmap in zip(found, parts, without, strict=True):
            assert [theirs[key] for key in ("first", "last", "piece")] == [
                *(ours.first, ours.last, ours.piece)
            ]
            for kind in ("strokes", "rest"):
                strokes = getattr(ours, kind)
                assert len(theirs[kind]) == len(strokes)
                for a, b in zip(theirs[kind], strokes, strict=True):
                    np.testing.assert_array_equal(np.array(a), b)
            np.testing.assert_array_equal(theirs["without"].reshape(32, 32), bitmap)


@pytest.mark.parametrize("name", sorted(PACKAGED))
def test_the_packaged_models_explain_as_in_python(node, name):
    model = load(name, engine="reference")
    data = np.frombuffer(PACKAGED[name].read_bytes(), np.uint8)
    for drawing in (DOODLES[0], DOODLES[2]):
        why = explain_drawing(model, drawing)
        k = model.classes.index(why.class_name)
        plain = [np.asarray(stroke, float).tolist() for stroke in drawing]
        found = node.call(MODULE, "throughLearner", data, plain, k)
        assert found["early"] == [
            "DrawingError: there is no drawing yet; draw something first",
            "DrawingError: there is no drawing yet; draw something first",
        ]
        assert off(found["gradient"], why.gradient) < BAR
        assert off(found["cam"], why.cam) < BAR
        assert found["camLayer"] == why.cam_layer
        assert off(found["strokes"], why.strokes) < BAR
        lost = np.array(found["occlusion"])
        assert off(occlusion_map((1, 28, 28), lost), why.occlusion) < BAR
        assert found["stale"] == [None, None]
