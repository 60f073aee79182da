"""Scenes are made from a seed, differ from the plain picture, and are read like it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from inkgrad.drawing import bitmap_from_image
from inkgrad.errors import InkgradError
from inkgrad.insight.scenes import SCENES, make_scene
from inkgrad.model import load
from tests.drawing.doodles import FACE, HOUSE
from tests.thorough import THOROUGH


@pytest.mark.parametrize("name", SCENES)
def test_a_seed_says_everything(name):
    scene = make_scene(name, HOUSE, seed=3)
    assert scene.dtype == np.uint8
    assert scene.ndim == 3
    assert min(scene.shape[:2]) > 300
    np.testing.assert_array_equal(scene, make_scene(name, HOUSE, seed=3))
    other = make_scene(name, HOUSE, seed=4)
    assert other.shape != scene.shape or (other != scene).any()


def test_scale_and_place_of_the_strokes_do_not_matter():
    moved = [[[x / 4 - 90 for x in xs], [y / 4 + 7 for y in ys]] for xs, ys in FACE]
    np.testing.assert_allclose(
        make_scene("plain", moved, 1).astype(int), make_scene("plain", FACE, 1).astype(int), atol=40
    )


def test_an_unknown_scene_is_named():
    with pytest.raises(InkgradError, match="scene is 'fog'; choose one of plain, desk at"):
        make_scene("fog", HOUSE)


@pytest.mark.slow
def test_every_scene_is_recognised_nearly_as_well_as_plain(quickdraw_folder):
    model = load("twenty")
    drawings, classes = [], []
    for k, name in enumerate(model.classes):
        path = quickdraw_folder / "simplified" / f"{name}.ndjson"
        with path.open(encoding="utf-8") as lines:
            for _ in range(THOROUGH):
                drawings.append(json.loads(next(lines))["drawing"])
                classes.append(k)
    right = {}  # how many, of 20 for each THOROUGH
    for name in SCENES:
        scenes = (make_scene(name, drawing, seed) for seed, drawing in enumerate(drawings))
        read = np.stack([bitmap_from_image(Image.fromarray(scene)) for scene in scenes])
        right[name] = int((model.predict_proba(read).argmax(axis=1) == classes).sum())
    print("\n" + "\n".join(f"{name:20} {count}" for name, count in right.items()))
    assert right["plain"] >= 0.9 * len(drawings)
    # Of 100, plain paper is at 93, squared paper at 91 (python -m bench pictures).
    assert right["plain"] - min(right.values()) <= 0.05 * len(drawings)
