"""The panels Think and Learn in Chromium: what they explain is Python's, on a network of any shape.

The network is an untrained one with strides, padding and overlapping pools: whatever the page shows
of it must be right, whether or not it has learnt anything.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from inkgrad import Model, load
from inkgrad.layers import (
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LeakyReLU,
    MaxPool2D,
    Parallel,
    ReLU,
    SoftmaxCrossEntropy,
)
from inkgrad.network import Network
from inkgrad.quickdraw.doodles import draw
from tests.networks import random_parameters
from tests.web.pages import Hand, make_server, watched

pytestmark = pytest.mark.browser

CLASSES = ("cat", "dog", "zebra")
RIGHT = 2
DESKTOP = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "reduced_motion": "reduce"}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    network = Network(
        [
            Conv2D(8, 3, stride=2, padding=1),
            ReLU(),
            MaxPool2D(3, stride=2),
            Conv2D(10, (3, 2), padding=(1, 0)),
            ReLU(),
            MaxPool2D(2),
            Flatten(),
            Dense(24),
            ReLU(),
            Dense(3),
        ]
    )
    model = Model(network, network.initialise(seed=7), CLASSES)
    path = tmp_path_factory.mktemp("model") / "odd.safetensors"
    model.save(path)
    return load(path, engine="reference"), path


@pytest.fixture(scope="module")
def odd_address(model):
    from inkgrad.web.served import find_models

    with make_server(find_models(model[1])) as address:
        yield address


@pytest.fixture
def odd_hand(chromium_browser, odd_address):
    with watched(chromium_browser, odd_address, **DESKTOP) as page:
        yield drawn(Hand(page))


def drawn(hand):
    hand.draw(draw("cat", np.random.default_rng(3)))
    hand.wait()
    return hand


class Passes:
    """Forward and backward by Python's layers, in float64, of what is on the page's pad."""

    def __init__(self, hand, network, parameters):
        bitmap = hand.page.evaluate("() => Array.from(inkgradPage.session.seen.bitmap)")
        x = np.array(bitmap, float).reshape(1, 1, 28, 28) / 255
        self.outputs, saved = [x], []
        for stage in network.stages:
            x, kept = stage.layer.forward(x, **parameters.of(stage))
            self.outputs.append(x)
            saved.append(kept)
        loss = SoftmaxCrossEntropy()
        self.loss, kept = loss.forward(x, np.array([RIGHT]))
        self.probabilities = np.exp(kept[0])[0]
        dy = loss.backward(kept)
        self.derivatives, self.gradients = [dy], {}
        for stage, kept in zip(reversed(network.stages), reversed(saved), strict=True):
            dy, gradients = stage.layer.backward(dy, kept)
            self.derivatives.insert(0, dy)
            self.gradients |= {f"{stage.name}.{name}": g for name, g in gradients.items()}


@pytest.fixture
def passes(odd_hand, model):
    return Passes(odd_hand, model[0].network, model[0].parameters.astype(np.float64))


def number(text):
    """Read a number as the page writes it."""
    found = re.search(r"(−?[\d.]+)(?:·10([⁻⁰-⁹¹²³]+))?( %)?", text)
    value = float(found[1].replace("−", "-"))
    value *= 10.0 ** int(found[2].translate(RAISED)) if found[2] else 1
    return value / 100 if found[3] else value


def place(title):
    """Read a cell's place from the dock's title: one number, or map, row and column."""
    found = re.search(r"(?:map (\d+), )?row (\d+), column (\d+)", title)
    if found:
        return tuple(int(n or 0) for n in found.groups())
    return (int(re.search(r"number (\d+)", title)[1]),)


def told(panel):
    """Return the title and the value in a panel's dock."""
    dock = panel.locator(".dock")
    return dock.locator(".dock-title").inner_text(), number(
        dock.locator(".dock-value").inner_text()
    )


def pictures(panel):
    return panel.locator(".mosaic:not(.loupe)").all()


def click(picture, across, down):
    box = picture.bounding_box()
    picture.click(position={"x": across * box["width"], "y": down * box["height"]})


SPOTS = [(0.01, 0.02), (0.4, 0.55), (0.97, 0.96)]


def test_every_layers_numbers_are_explained_as_python_has_them(odd_hand, passes, model):
    odd_hand.open("Think")
    panel = odd_hand.page.locator("#think")
    stages = model[0].network.stages
    shown = pictures(panel)
    assert len(shown) == len(stages)  # the input, and every output but the logits, which are bars
    for picture, output in zip(shown, passes.outputs, strict=False):
        for spot in SPOTS:
            click(picture, *spot)
            title, value = told(panel)
            assert value == pytest.approx(output[0][place(title)], rel=1e-3, abs=1e-6), title
    logits, shares = panel.locator(".bar-list").all()
    for k, name in enumerate(CLASSES):
        logits.locator(".bar-row").nth(k).click()
        title, value = told(panel)
        assert name in title
        assert value == pytest.approx(passes.outputs[-1][0, k], rel=1e-3)
        shares.locator(".bar-row").nth(k).click()
        assert told(panel)[1] == pytest.approx(passes.probabilities[k], abs=6e-4)


def test_the_sum_in_the_dock_is_the_patch_times_the_filter(odd_hand, passes, model):
    """What is listed for a convolution of many maps adds up to what is said to be the sum."""
    odd_hand.open("Think")
    panel = odd_hand.page.locator("#think")
    click(pictures(panel)[4], 0.4, 0.4)
    terms = [number(text) for text in panel.locator(".dock-sum > .line .term b").all_inner_texts()]
    assert terms[-1] == pytest.approx(sum(terms[:-1]), abs=0.005)
    _, value = told(panel)
    assert terms[-1] == pytest.approx(value)
    heard = panel.locator(".dock [role=status]").inner_text()
    assert "map" in heard
    assert "is" in heard


def test_arrow_keys_walk_over_the_cells_and_each_picture_is_one_tab_stop(odd_hand, passes):
    odd_hand.open("Think")
    page, panel = odd_hand.page, odd_hand.page.locator("#think")
    picture = pictures(panel)[1]
    click(picture, 0.3, 0.3)
    first = place(told(panel)[0])
    walk = {
        "ArrowRight": (0, 0, 1),
        "ArrowDown": (0, 1, 0),
        "PageDown": (1, 0, 0),
        "ArrowLeft": (0, 0, -1),
        "ArrowUp": (0, -1, 0),
        "PageUp": (-1, 0, 0),
    }
    at = np.array(first)
    for key, way in walk.items():
        page.keyboard.press(key)
        at = at + way
        title, value = told(panel)
        assert place(title) == tuple(at)
        assert value == pytest.approx(passes.outputs[1][0][tuple(at)], rel=1e-3, abs=1e-6)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")  # the edge holds
    assert place(told(panel)[0])[2] == 0
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith(
        "relu1"
    )
    page.keyboard.press("Escape")
    assert not panel.locator(".dock").is_visible()


def test_the_explanation_follows_the_drawing(odd_hand, model):
    odd_hand.open("Think")
    panel = odd_hand.page.locator("#think")
    click(pictures(panel)[7], 0.3, 0.5)
    title, before = told(panel)
    odd_hand.draw(draw("zebra", np.random.default_rng(1)))
    odd_hand.wait()
    now = Passes(odd_hand, model[0].network, model[0].parameters.astype(np.float64))
    same, after = told(panel)
    assert same == title
    assert after != before
    assert after == pytest.approx(now.outputs[7][0][place(title)], rel=1e-3, abs=1e-6)
    odd_hand.press("Clear")
    odd_hand.wait()
    assert not panel.locator(".dock").is_visible()


def learning(hand, name=CLASSES[RIGHT]):
    """Open Learn and say what is right."""
    hand.open("Learn")
    panel = hand.page.locator("#learn")
    panel.get_by_text(name, exact=True).first.click()
    panel.locator(".loss b").wait_for()
    return panel


def test_no_answer_is_chosen_at_first(chromium_browser, odd_address):
    with watched(chromium_browser, odd_address, **DESKTOP) as page:
        hand = Hand(page)
        hand.open("Learn")
        panel = page.locator("#learn")
        assert panel.get_by_text("Draw something first").is_visible()
        assert panel.locator("input[type=radio]:enabled").count() == 0
        drawn(hand)
        panel.get_by_text("Choose the right answer").wait_for()
        assert panel.locator("input:checked").count() == 0
        assert not panel.locator(".lesson").is_visible()


def test_every_gradient_is_explained_as_python_has_it(odd_hand, passes, model):
    panel = learning(odd_hand)
    for k in range(len(CLASSES)):
        panel.locator(".flow .bar-row").nth(k).click()
        assert told(panel)[1] == pytest.approx(passes.derivatives[-1][0, k], rel=1e-3)
    expected = []  # as the cards come: the last layer first, weights before what goes back
    for index, stage in reversed(list(enumerate(model[0].network.stages))):
        expected += [passes.gradients[f"{stage.name}.{name}"] for name in stage.parameter_shapes]
        expected.append(passes.derivatives[index][0])
    shown = pictures(panel)
    assert len(shown) == len(expected)
    for picture, gradient in zip(shown, expected, strict=True):
        scale = np.abs(gradient).max()
        for spot in SPOTS[:2]:
            click(picture, *spot)
            title, value = told(panel)
            assert len(where := where_in(title, gradient.ndim)) == gradient.ndim, title
            assert value == pytest.approx(gradient[where], rel=1e-3, abs=1e-4 * scale), title


def test_the_numbers_of_all_other_layers_are_explained_too(chromium_browser, tmp_path):
    from inkgrad.web.served import find_models

    network = Network(
        [
            Conv2D(6, 3, stride=2, padding=((0, 1), (1, 0)), bias=False),
            LeakyReLU(0.2),
            Conv2D(12, 3, dilation=2, groups=6, padding=1),
            AveragePool2D((2, 3), stride=(2, 1)),
            MaxPool2D(2, stride=1, padding=1),
            GlobalAveragePool(),
            Dense(3),
        ]
    )
    model = Model(network, network.initialise(seed=8), CLASSES)
    model.save(tmp_path / "modern.safetensors")
    found = load(tmp_path / "modern.safetensors", engine="reference")
    with (
        make_server(find_models(tmp_path / "modern.safetensors")) as address,
        watched(chromium_browser, address, **DESKTOP) as page,
    ):
        hand = drawn(Hand(page))
        passes = Passes(hand, network, found.parameters.astype(np.float64))
        test_every_layers_numbers_are_explained_as_python_has_them(hand, passes, (found,))
        test_every_gradient_is_explained_as_python_has_it(hand, passes, (found,))


def test_normed_dropped_and_parallel_numbers_are_explained_too(chromium_browser, tmp_path):
    from inkgrad.web.served import find_models

    network = normed_network()
    parameters = random_parameters(network, np.random.default_rng(9), np.float32)
    Model(network, parameters, CLASSES).save(tmp_path / "normed.safetensors")
    found = load(tmp_path / "normed.safetensors", engine="reference")
    with (
        make_server(find_models(tmp_path / "normed.safetensors")) as address,
        watched(chromium_browser, address, **DESKTOP) as page,
    ):
        hand = drawn(Hand(page))
        passes = Passes(hand, network, found.parameters.astype(np.float64))
        test_every_layers_numbers_are_explained_as_python_has_them(hand, passes, (found,))
        check_norm_and_branches(page.locator("#think"), passes, found)
        test_every_gradient_is_explained_as_python_has_it(hand, passes, (found,))
        hand.press("Pick a random weight")
        page.locator("#learn .verdict-line.good").wait_for()
        measured = "() => Object.values(inkgradPage.session.model.statistics).map(v => [...v])"
        before = page.evaluate(measured)
        test_a_step_is_pythons_and_lowers_the_loss_and_reset_takes_it_back(hand, passes, (found,))
        assert page.evaluate(measured) == before


def normed_network():
    branch = [Conv2D(8, 3, padding=1, bias=False), BatchNorm(), ReLU(), Conv2D(8, 1)]
    return Network(
        [
            Conv2D(8, 3, stride=2, padding=1, bias=False),
            BatchNorm(),
            ReLU(),
            MaxPool2D(2),
            Parallel([branch, []]),
            Parallel([[Conv2D(4, 1), LeakyReLU(0.1)], [MaxPool2D(3, 1, 1)]], join="concatenate"),
            GlobalAveragePool(),
            Dropout(0.25),
            Dense(3),
        ]
    )


def check_norm_and_branches(panel, passes, model):
    """Check the terms that the dock shows, not only what they come to."""
    shown = pictures(panel)
    parameters = model.parameters.numbers
    click(shown[2], 0.4, 0.55)
    title, value = told(panel)
    at = place(title)
    x, mean, spread, scale, shift, y = (
        number(text) for text in panel.locator(".dock-sum .term b").all_inner_texts()
    )
    assert x == pytest.approx(passes.outputs[1][0][at], rel=5e-3, abs=1e-6)
    expected = [parameters[f"norm1.{name}"][at[0]] for name in ("mean", "scale", "shift")]
    assert [mean, scale, shift] == pytest.approx(expected, rel=5e-3)
    assert spread == pytest.approx(np.sqrt(parameters["norm1.variance"][at[0]] + 1e-5), rel=5e-3)
    assert y == value
    click(shown[5], 0.4, 0.55)
    rows = panel.locator(".terms li").all_inner_texts()
    assert sorted(row.split("\n")[0] for row in rows) == ["branch 1", "branch 2, as it is", "sum"]
    click(shown[6], 0.97, 0.96)
    assert "branch 2, map" in panel.locator(".dock-sum").inner_text()
    click(shown[8], 0.4, 0.5)
    assert "passes as it is" in panel.locator(".dock-sum").inner_text()


def where_in(title, dimensions):
    """Read the place of a weight, a bias or a derivative."""
    dense = re.search(r"from input (\d+) to output (\d+)", title)
    if dense:
        return tuple(int(n) for n in dense.groups())
    if dimensions == 4:
        return (int(re.search(r"filter (\d+)", title)[1]), *place(title))
    return place(title)


def parameters_of(hand, network):
    """Return the page's parameters in one vector."""
    values = hand.page.evaluate(
        "() => Object.fromEntries(Object.entries(inkgradPage.session.model.parameters)"
        ".map(([name, values]) => [name, Array.from(values)]))"
    )
    return np.concatenate([np.array(values[name], np.float32) for name in network.layout])


def test_a_step_is_pythons_and_lowers_the_loss_and_reset_takes_it_back(odd_hand, passes, model):
    network, start = model[0].network, model[0].parameters
    panel = learning(odd_hand)
    rate = panel.get_by_label("Learning rate η", exact=True).locator("visible=true").last
    rate.fill("0.02")
    rate.press("Tab")
    assert number(panel.locator(".loss b").inner_text()) == pytest.approx(passes.loss, rel=5e-3)
    odd_hand.press("Take a step")
    panel.get_by_text("1 step taken").wait_for()
    ours = parameters_of(odd_hand, network)
    expected = start.astype(np.float64)
    for name, gradient in passes.gradients.items():
        expected[name] = expected[name] - 0.02 * gradient
    np.testing.assert_allclose(ours, expected.vector, atol=1e-4 * np.abs(expected.vector).max())
    moved, wished = ours - start.vector, expected.vector - start.vector
    assert np.abs(moved - wished).max() < 1e-4 * np.abs(wished).max()

    after = Passes(odd_hand, network, expected)
    assert after.loss < passes.loss
    panel.locator(".loss", has_text=f"{after.loss:.3g}"[:4]).wait_for()
    row = panel.locator(".compare-row.right-one")
    shares = [number(text) for text in row.locator("> :nth-child(n+3)").all_inner_texts()]
    wished = [passes.probabilities[RIGHT], after.probabilities[RIGHT]]
    assert shares == pytest.approx(wished, abs=6e-4)

    odd_hand.press("Take a step")
    panel.get_by_text("2 steps taken").wait_for()
    odd_hand.press("Reset")
    panel.get_by_text("A step changes every weight").wait_for()
    assert parameters_of(odd_hand, network).tobytes() == start.vector.tobytes()


@pytest.mark.parametrize("choice", ["a filter's", "a dense weight's", "any"])
def test_a_gradient_is_checked(odd_hand, passes, choice):
    panel = learning(odd_hand)
    if choice == "any":
        odd_hand.press("Pick a random weight")
    else:
        name = "conv2.weight" if choice == "a filter's" else "dense2.weight"
        gradient = passes.gradients[name]
        cell = int(np.abs(gradient).argmax())
        choose(odd_hand.page, panel, name, gradient.shape, cell)
        panel.locator(".dock").get_by_role("button", name="Check it").click()
    panel.locator(".verdict-line.good").wait_for()
    numeric, analytic = (
        number(text) for text in panel.locator(".outcome .key dd").all_inner_texts()
    )
    assert analytic == pytest.approx(numeric, rel=1e-3, abs=1e-9)
    if choice != "any":
        assert analytic == pytest.approx(gradient.flat[cell], rel=1e-3)
    assert int(re.search(r"agree to (\d+)", panel.locator(".verdict-line").inner_text())[1]) >= 3


def choose(page, panel, name, shape, cell):
    """Walk by keys to a parameter's cell: from the first one, map by map, row by row."""
    index = {"conv2.weight": 10, "dense2.weight": 0}[name]
    picture = pictures(panel)[index]
    picture.focus()
    if len(shape) == 4:
        k, c, i, j = (int(n) for n in np.unravel_index(cell, shape))
        steps, rows, columns = k * shape[1] + c, i, j
    else:
        i, k = (int(n) for n in np.unravel_index(cell, shape))
        width = page.evaluate(
            "async (inputs) => (await import('/static/page/layouts.js')).fans([inputs, 1]).columns",
            shape[0],
        )
        steps, rows, columns = k, i // width, i % width
    for key, times in {"PageDown": steps, "ArrowDown": rows, "ArrowRight": columns}.items():
        for _ in range(times):
            page.keyboard.press(key)


def test_on_a_phone_a_tap_opens_the_dock_beside_the_cell(chromium_browser, odd_address):
    with watched(chromium_browser, odd_address, **PHONE) as page:
        hand = drawn(Hand(page))
        hand.open("Think")
        panel = page.locator("#think")
        dock = panel.locator(".dock")
        assert not dock.is_visible()
        picture = pictures(panel)[5]
        picture.scroll_into_view_if_needed()
        picture.tap()
        ring = picture.locator(".ring").bounding_box()
        sheet = dock.bounding_box()
        assert ring["y"] + ring["height"] <= sheet["y"] + 1
        assert sheet["y"] + sheet["height"] <= 845
        loupe = dock.locator(".loupe").last
        loupe.tap(position={"x": 4, "y": 4})
        assert place(told(panel)[0])[1:] == (0, 0)
        learning(hand)
        for panel_name in ("Think", "Learn"):
            hand.open(panel_name)
            assert page.evaluate("() => document.documentElement.scrollWidth") <= 390


def test_the_colours_follow_the_night(odd_hand):
    """After a change of the theme the same numbers stand on another paper."""
    odd_hand.open("Think")
    picture = pictures(odd_hand.page.locator("#think"))[1]
    picture.scroll_into_view_if_needed()
    corner = """element => {
        const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        copy.drawImage(element.querySelector("canvas"), 0, 0);
        return Array.from(copy.getImageData(0, 0, 1, 1).data);
    }"""
    by_day = picture.evaluate(corner)
    odd_hand.page.emulate_media(color_scheme="dark")
    odd_hand.page.wait_for_timeout(100)
    assert sum(picture.evaluate(corner)[:3]) < sum(by_day[:3]) / 2
