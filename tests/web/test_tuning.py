"""tuning.js = inkgrad.tuning: the same columns from the same features; variants of strokes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inkgrad.drawing import to_bitmap
from inkgrad.tuning import Head, add_classes, refine_classes
from tests.tuning.gaussians import CLASSES, INPUTS, gaussian_head, gaussian_rows
from tests.web.javascript import JavaScriptError

MODULE = "static/network/tuning.js"
HOUSE = [[[0, 0, 200, 200, 0], [80, 255, 255, 80, 80]], [[0, 100, 200], [80, 0, 80]]]


def plain(head: Head) -> dict[str, Any]:
    """Return a layer as JavaScript has it."""
    features = None
    if head.features is not None:
        features = {"examples": head.features.examples.ravel()}
    return {"weight": head.weight.ravel(), "bias": head.bias, "features": features}


def as_rows(drawings: np.ndarray) -> list[list[np.ndarray]]:
    return [list(drawing) for drawing in drawings]


def assert_alike(found: dict[str, Any], expected: Head) -> None:
    head = found["head"]
    np.testing.assert_allclose(head["weight"], expected.weight.ravel(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(head["bias"], expected.bias, rtol=1e-5, atol=1e-6)
    examples = expected.features.examples.ravel()
    np.testing.assert_array_equal(head["features"]["examples"], examples)


@pytest.mark.parametrize(
    ("drawings", "variants", "spread"), [(10, 3, 0.4), (2, 1, 0.4), (7, 2, 2.0), (30, 4, 1.0)]
)
def test_a_class_is_added_as_in_python(javascript, drawings, variants, spread):
    head = gaussian_head(spread)
    rows = gaussian_rows(CLASSES, drawings, variants, spread)
    change = add_classes(head, [rows])
    found = javascript.call(MODULE, "addClass", plain(head), as_rows(rows))
    assert_alike(found, change.head)
    assert found["found"] == change.found[0].sum()
    np.testing.assert_array_equal(
        found["head"]["weight"].reshape(INPUTS, -1)[:, :CLASSES], head.weight
    )


@pytest.mark.parametrize(
    ("label", "like", "spread"), [(1, 1, 0.4), (0, CLASSES, 0.4), (2, 3, 2.0), (2, CLASSES, 2.0)]
)
def test_a_class_is_refined_as_in_python(javascript, label, like, spread):
    head = gaussian_head(spread)
    rows = gaussian_rows(like, 9, 3, spread)
    change = refine_classes(head, {label: rows})
    found = javascript.call(MODULE, "refineClass", plain(head), as_rows(rows), label)
    assert_alike(found, change.head)
    assert found["found"] == change.found[0].sum()


@pytest.mark.parametrize(
    ("changes", "rows", "message"),
    [
        ({"features": None}, [[np.zeros(INPUTS)]] * 3, "does not remember .* train it anew"),
        ({}, [[np.zeros(INPUTS)]], "a class has less than 2 drawings; give at least 2"),
        ({}, [], "a class has less than 2 drawings; give at least 2"),
        ({}, [[np.zeros(3)]] * 3, "do not fit the last layer, which has 12 inputs and 4 classes"),
        ({"features": {"examples": np.zeros(13)}}, [[np.zeros(INPUTS)]] * 3, "do not fit"),
    ],
)
def test_what_cannot_be_taught_is_refused(javascript, changes, rows, message):
    calls = [("addClass", ()), ("refineClass", (1,))]
    for function, more in calls:
        head = {**plain(gaussian_head()), **changes}
        with pytest.raises(JavaScriptError, match=message) as caught:
            javascript.call(MODULE, function, head, rows, *more)
        assert caught.value.name == "ModelError"


def test_variants_are_the_drawing_a_little_changed(javascript):
    made = javascript.call("static/drawing/variants.js", "variants", HOUSE)
    assert len(made) == 9
    assert made[0] == HOUSE
    pictures = [to_bitmap(drawing).astype(float) for drawing in made]
    assert len({picture.tobytes() for picture in pictures}) == 9
    upright, mirrored = pictures[0], pictures[0][:, ::-1]
    for number, picture in enumerate(pictures):
        nearest = mirrored if number % 2 else upright
        assert np.corrcoef(picture.ravel(), nearest.ravel())[0, 1] > 0.2
        assert [len(xs) for xs, _ in made[number]] == [5, 3]
    again = javascript.call("static/drawing/variants.js", "variants", HOUSE, 3)
    assert again[2][0][0].tolist() == made[2][0][0].tolist()


def test_strokes_that_are_none_have_no_variants(javascript):
    with pytest.raises(JavaScriptError, match="there are no strokes"):
        javascript.call("static/drawing/variants.js", "variants", [])
