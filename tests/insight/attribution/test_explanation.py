"""Explanations of drawings by a model: their parts agree with what the model itself says."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from inkgrad import Model, Network, load
from inkgrad.confidence import Confidence
from inkgrad.drawing import into_frame, rasterize, to_input
from inkgrad.errors import DataError, InkgradError
from inkgrad.insight.attribution import (
    bitmaps_without,
    class_gradient,
    draw_explanation,
    explain_drawing,
    parts_of,
)
from inkgrad.layers import Dense, Flatten
from inkgrad.quickdraw.doodles import ANIMALS, doodles

DOODLES = dict(zip(ANIMALS, doodles(ANIMALS, 1, 3)[0], strict=True))


@pytest.fixture(scope="module")
def animals():
    return load("seed", engine="reference")


def odds(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("name", ["cat", "dog"])
def test_strokes_are_what_the_model_says_without_them(animals, name):
    drawing = DOODLES[name]
    why = explain_drawing(animals, drawing, name)
    k = animals.classes.index(name)
    framed = into_frame(drawing)
    without = animals.predict_proba(bitmaps_without(parts_of(framed), framed, animals.raster))
    (whole,) = animals.predict_proba([drawing])
    assert why.probability == whole[k]
    np.testing.assert_allclose(why.log_odds, odds(float(whole[k])), atol=0.02)
    np.testing.assert_allclose(
        why.strokes, odds(float(whole[k])) - odds(without[:, k].astype(float)), atol=0.02
    )
    assert [part.name for part in why.parts] == [part.name for part in parts_of(framed)]


def test_gradient_and_guesses_are_the_model_s(animals):
    why = explain_drawing(animals, DOODLES["zebra"])
    assert why.class_name == animals.predict([DOODLES["zebra"]])[0] == why.guesses[0][0]
    bitmap = rasterize(into_frame(DOODLES["zebra"]))
    np.testing.assert_array_equal(why.bitmap, bitmap)
    (x,) = to_input(bitmap[None])
    k = animals.classes.index(why.class_name)
    gradient = class_gradient(animals.network, animals.parameters, x, k)[0]
    np.testing.assert_array_equal(why.gradient, gradient)
    np.testing.assert_allclose(why.gradient_times_input, gradient * x[0], rtol=1e-6)
    assert why.cam.shape == why.occlusion.shape == (28, 28)
    assert why.cam.min() == 0
    assert why.cam.max() > 0


def test_a_bitmap_has_no_strokes_and_the_same_maps(animals):
    drawing = DOODLES["dolphin"]
    bitmap = rasterize(into_frame(drawing))
    whole, pixels, flat = (
        explain_drawing(animals, given) for given in (drawing, bitmap, bitmap.ravel())
    )
    assert pixels.parts == ()
    assert pixels.strokes.shape == (0,)
    for name in ("gradient", "cam", "occlusion", "bitmap"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(pixels, name))
        np.testing.assert_array_equal(getattr(whole, name), getattr(flat, name))


def test_any_coordinates_are_explained_alike(animals):
    drawing = DOODLES["elephant"]
    moved = [[(3 * np.array(row) + 17).tolist() for row in stroke] for stroke in drawing]
    a, b = (explain_drawing(animals, given, "elephant") for given in (drawing, moved))
    assert len(a.parts) == len(b.parts)
    np.testing.assert_allclose(a.strokes, b.strokes, atol=2)


def test_the_same_twice(animals):
    a, b = (explain_drawing(animals, DOODLES["cat"]).to_dict() for _ in range(2))
    assert json.dumps(a) == json.dumps(b)
    assert sorted(a) == sorted(
        [
            *("bitmap", "cam", "cam_layer", "class", "gradient", "gradient_times_input"),
            *("guesses", "is_rejected", "log_odds", "occlusion", "probability", "strokes"),
        ]
    )


def test_what_is_none_of_the_classes_is_explained_all_the_same(animals):
    assert not explain_drawing(animals, DOODLES["cat"]).is_rejected
    strict = dataclasses.replace(animals, confidence=Confidence("logit", 1e9, 1.0, 0.5))
    why = explain_drawing(strict, DOODLES["cat"])
    assert why.is_rejected
    assert why.to_dict()["is_rejected"]
    assert "none of its classes" in draw_explanation(why, suffix=".svg").decode()
    np.testing.assert_array_equal(
        why.strokes, explain_drawing(animals, DOODLES["cat"], why.class_name).strokes
    )


def test_a_network_without_maps():
    network = Network([Flatten(), Dense(2)])
    model = Model(network, network.initialise(seed=1), ("yes", "no"), engine="reference")
    why = explain_drawing(model, DOODLES["cat"], "no")
    assert why.cam is None
    assert why.cam_layer is None
    assert why.to_dict()["cam"] is None
    weights = model.parameters["dense1.weight"].reshape(28, 28, 2)
    np.testing.assert_array_equal(why.gradient, weights[:, :, 1])


def test_what_is_refused(animals):
    with pytest.raises(InkgradError) as refused:
        explain_drawing(animals, DOODLES["cat"], "doge")
    assert str(refused.value) == (
        "this model does not know the class 'doge'; the nearest that it knows are dog, dolphin, "
        "zebra"
    )
    with pytest.raises(DataError, match="there are no strokes"):
        explain_drawing(animals, [])
    with pytest.raises(DataError, match="shape"):
        explain_drawing(animals, np.zeros((5, 5), np.uint8))
    network = Network([Flatten(), Dense(1)])
    one = Model(network, network.initialise(), ("all",), engine="reference")
    with pytest.raises(InkgradError, match="this network has only one"):
        explain_drawing(one, DOODLES["cat"])
