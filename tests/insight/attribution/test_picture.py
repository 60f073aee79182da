"""The picture of an explanation: what is in it, in both formats, whatever the model is."""

from __future__ import annotations

import dataclasses
import io
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from inkgrad import Model, Network, load
from inkgrad.drawing import Raster, into_frame, rasterize
from inkgrad.insight.attribution import draw_explanation, explain_drawing
from inkgrad.insight.attribution.labels import place_labels
from inkgrad.insight.canvas import PngCanvas, SvgCanvas
from inkgrad.layers import Dense, Flatten
from inkgrad.quickdraw.doodles import doodles

((ELEPHANT,), _) = doodles(["elephant"], 1, 42)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def why():
    return explain_drawing(load("seed", engine="reference"), ELEPHANT, "elephant")


def texts(svg: bytes) -> str:
    return " ".join(element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text"))


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)))


def test_the_png_shows_the_strokes_in_their_colours(why):
    picture = pixels(draw_explanation(why))
    assert picture.shape[1] / picture.shape[0] > 1.4
    colors = {tuple(color) for color in picture.reshape(-1, 3)[::7].tolist()}
    assert (179, 50, 31) in colors  # the stroke that matters most is in the fullest red
    turned = pixels(draw_explanation(dataclasses.replace(why, strokes=-why.strokes)))
    middle = slice(picture.shape[1] // 4, picture.shape[1] // 2)

    def share(picture, channel):
        part = picture[200:, middle].astype(int)
        return (part[..., channel] - part[..., 2 - channel] > 60).mean()

    assert share(picture, 0) > 3 * share(picture, 2)
    assert share(turned, 2) > 3 * share(turned, 0)


def test_the_svg_says_it_in_words(why):
    said = texts(draw_explanation(why, "model animals · mine.json", ".svg"))
    for words in (
        "Why elephant?",
        "model animals · mine.json",
        "Which strokes matter",
        "Occlusion",
        "Grad-CAM",
        "Gradient × ink",
        "speaks for elephant",
        f"{100 * why.probability:.1f} %",
        f"+{why.strokes.max():.1f}",
    ):
        assert words in said
    root = ET.fromstring(draw_explanation(why, suffix=".svg"))
    assert len(root.findall(f"{SVG}image")) == 5
    assert len(root.findall(f"{SVG}polyline")) == len(ELEPHANT)


def test_strokes_stand_where_the_model_draws_them(why):
    def width(raster):
        root = ET.fromstring(draw_explanation(why, suffix=".svg", raster=raster))
        lines = [line.get("points") for line in root.findall(f"{SVG}polyline")]
        xs = [float(point.split(",")[0]) for line in lines for point in line.split()]
        return max(xs) - min(xs)

    assert width(Raster(padding=48.0)) / width(Raster()) == pytest.approx(
        Raster(padding=48.0).scale / Raster().scale, rel=1e-3
    )


def test_the_same_twice(why):
    for suffix in (".png", ".svg"):
        assert draw_explanation(why, suffix=suffix) == draw_explanation(why, suffix=suffix)


def test_without_strokes_the_picture_says_so():
    bitmap = rasterize(into_frame(ELEPHANT))
    why = explain_drawing(load("seed", engine="reference"), bitmap)
    assert "There are no strokes" in texts(draw_explanation(why, suffix=".svg"))
    assert pixels(draw_explanation(why)).size > 0


def test_without_maps_the_picture_says_so():
    network = Network([Flatten(), Dense(7)])
    names = [f"a class with a long name and a number {k} <&>\x1b[2J" for k in range(7)]
    model = Model(network, network.initialise(seed=1), names, engine="reference")
    why = explain_drawing(model, ELEPHANT, names[-1])
    svg = draw_explanation(why, "<b>\x07", ".svg")
    assert "no convolution with maps" in texts(svg)
    assert b"\x1b" not in svg
    assert b"\x07" not in svg
    assert len(ET.fromstring(svg).findall(f"{SVG}image")) == 4
    assert pixels(draw_explanation(why, "<b>\x07")).size > 0


def test_nothing_mattered(why):
    blank = dataclasses.replace(
        why,
        strokes=np.zeros_like(why.strokes),
        gradient=np.zeros_like(why.gradient),
        occlusion=np.zeros_like(why.occlusion),
        cam=np.zeros_like(why.cam),
    )
    assert "+0.0" not in texts(draw_explanation(blank, suffix=".svg"))


def test_the_explained_class_is_among_the_guesses():
    model = load("twenty", engine="reference")
    least = model.classes[int(model.predict_proba([ELEPHANT])[0].argmin())]
    said = texts(draw_explanation(explain_drawing(model, ELEPHANT, least), suffix=".svg"))
    assert f"Why {least}?" in said
    assert said.count(f" {least} ") >= 1


def test_labels_do_not_overlap_and_stay_inside():
    rng = np.random.default_rng(0)
    box = (0.0, 0.0, 400.0, 400.0)
    lines = [[[tuple(p) for p in rng.uniform(50, 350, (4, 2)).tolist()]] for _ in range(10)]
    places = place_labels(lines, ["+1.0"] * 10, box)
    for n, (x, y) in enumerate(places):
        assert 0 < x < 400
        assert 0 < y < 400
        for other_x, other_y in places[:n]:
            assert abs(x - other_x) > 25 or abs(y - other_y) > 14


def test_a_label_of_a_dot_has_a_place():
    assert len(place_labels([[[(5.0, 5.0)]]], ["+1.0"], (0.0, 0.0, 9.0, 9.0))) == 1


@pytest.mark.parametrize("kind", [PngCanvas, SvgCanvas])
def test_a_canvas_takes_every_shape(kind):
    canvas = kind(40, 20, (255, 255, 255))
    canvas.rectangle((1, 1), 5, 5, (0, 0, 0))
    canvas.rectangle((1, 1), 0, 5, (255, 0, 0))  # nothing
    canvas.line([(10, 10)], (0, 0, 255), 4)
    canvas.picture((20, 2), 10, np.zeros((2, 2, 3), np.uint8))
    canvas.text((2, 18), "é猫 <", 9, (0, 0, 0))
    data = canvas.to_bytes()
    if kind is PngCanvas:
        picture = pixels(data)
        assert picture.shape == (40, 80, 3)
        assert picture[4, 4].tolist() == [0, 0, 0]
        assert picture[20, 20].tolist() == [0, 0, 255]
        assert picture[6, 50].tolist() == [0, 0, 0]
        assert picture[2, 70].tolist() == [255, 255, 255]
    else:
        assert [child.tag.removeprefix(SVG) for child in ET.fromstring(data)] == [
            *("rect", "rect", "rect", "polyline", "image", "text")
        ]
        assert texts(data) == "é猫 <"
