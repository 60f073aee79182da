"""The page in one file, opened as a file: all of it is there, and nothing leaves the machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from inkgrad import Model
from inkgrad.export import write_page
from inkgrad.export.rounding import rounded
from inkgrad.insight.attribution import explain_drawing
from inkgrad.layers import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    GlobalAveragePool,
    MaxPool2D,
    Parallel,
    ReLU,
)
from inkgrad.network import Network
from tests.networks import random_parameters
from tests.web.pages import Hand, watched
from tests.web.test_why import check_map, in_python, listed, opened, settled

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def exported(animals, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("exported") / "doodles.html"
    size = write_page(animals, path, name="seed")
    assert size == path.stat().st_size <= 850_000  # 150,000 to spare for what is to come
    return path


@pytest.fixture
def hand(chromium_browser, exported):
    with watched(
        chromium_browser, exported.as_uri(), viewport={"width": 1280, "height": 900}
    ) as page:
        yield Hand(page)


def test_it_recognises_what_the_model_recognises(hand, examples, animals):
    """Weights in 8 bits change the probabilities little, and the page has just those."""
    model = rounded(animals, "int8")
    assert "weights of 8 bits" in hand.page.locator("#about").inner_text()
    for name, drawings in examples.items():
        hand.draw(drawings[0])
        assert hand.guesses()[0] == name
        strokes = [stroke[:2] for stroke in hand.strokes()]
        expected = dict(zip(animals.classes, model.predict_proba([strokes])[0], strict=True))
        assert hand.shares() == pytest.approx(expected, abs=1e-5)
        hand.press("Clear")


@pytest.mark.parametrize("weights", ["float16", "int8"])
def test_what_a_network_measured_is_in_the_file(chromium_browser, examples, tmp_path, weights):
    model = normed_model()
    path = tmp_path / "normed.html"
    write_page(model, path, name="normed", weights=weights)
    expected = rounded(model, weights)
    with watched(chromium_browser, path.as_uri()) as page:
        hand = Hand(page)
        hand.draw(examples["cat"][0])
        strokes = [stroke[:2] for stroke in hand.strokes()]
        shares = dict(zip(model.classes, expected.predict_proba([strokes])[0], strict=True))
        assert hand.shares() == pytest.approx(shares, abs=1e-5)
        hand.open("Think")
        page.locator("#think .card", has_text="parallel2").first.wait_for()


def test_it_explains_as_the_rounded_model_does(chromium_browser, examples, tmp_path):
    model = rounded(normed_model(), "int8")
    path = tmp_path / "normed.html"
    write_page(normed_model(), path, name="normed", weights="int8")
    with watched(chromium_browser, path.as_uri()) as page:
        hand = Hand(page)
        why = opened(hand, examples["zebra"][0])
        found = explain_drawing(model, hand.strokes())
        assert why.locator("h3").inner_text() == f"Why {found.class_name}?"
        assert {name for name, _ in listed(why)[:3]} == {name for name, _ in in_python(found, 3)}
        why.get_by_text("Grad-CAM", exact=True).click()
        settled(hand)
        assert found.cam_layer in why.locator(".why-words > .note").inner_text()
        check_map(why, found.cam)


def normed_model() -> Model:
    branch = [Conv2D(8, 3, padding=1, bias=False), BatchNorm(), ReLU()]
    both = [[Conv2D(4, 1), BatchNorm()], [MaxPool2D(3, 1, 1)]]
    layers = [Conv2D(8, 3, 2, bias=False), BatchNorm(), Parallel([branch, []]), ReLU()]
    layers += [Parallel(both, "concatenate"), GlobalAveragePool(), Dropout(), Dense(3)]
    network = Network(layers)
    parameters = random_parameters(network, np.random.default_rng(4), np.float32)
    return Model(network, parameters, ("cat", "dog", "zebra"), engine="reference")


def test_every_panel_is_there(hand, examples):
    hand.draw(examples["dog"][0])
    said = {"Play": "Can it tell", "Think": "conv1", "Learn": "cat", "Teach": "Files"}
    for tab, text in said.items():
        hand.open(tab)
        hand.page.locator("[role=tabpanel]:visible", has_text=text).wait_for()


def test_it_is_taught_and_saves(hand, spirals, tmp_path):
    hand.teach("spiral", spirals[:6])
    hand.draw(spirals[20])
    assert hand.guesses()[0] == "spiral"
    assert hand.save("Save model", tmp_path).stat().st_size > 1_600_000
