"""The drawing page as people use it: real pointers, real Chromium, the packaged model."""

from __future__ import annotations

import json

import numpy as np
import pytest

from inkgrad import load
from inkgrad.workflows import predict
from tests.web.drawings import random_drawings
from tests.web.pages import PAD, Hand, watched

pytestmark = pytest.mark.browser

NETWORK_SIDE = 28
# A worker that hears of everything 80 ms late.
SLOW_WORKER = """
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (...given) {
    setTimeout(() => postMessage.apply(this, given), 80);
  };
"""


def test_what_is_drawn_is_recognised(hand, examples):
    """Every example, drawn anew by pointer, is taken for what it is."""
    for name, drawings in examples.items():
        for drawing in drawings:
            hand.draw(drawing)
            assert hand.guesses()[0] == name
            assert hand.headline() == name
            hand.press("Clear")


def test_the_page_says_what_python_says(hand, examples, animals):
    """The strokes on the pad, whatever pointers made of them, get Python's probabilities."""
    for drawings in examples.values():
        hand.draw(drawings[0])
        shares = hand.shares()
        strokes = [stroke[:2] for stroke in hand.strokes()]
        expected = dict(zip(animals.classes, animals.predict_proba([strokes])[0], strict=True))
        assert shares == pytest.approx(expected, abs=1e-5)
        hand.press("Clear")


def test_guesses_change_while_a_line_is_drawn(hand, examples):
    """Before the pen is lifted for the first time there are guesses, and they change."""
    placed = hand.placed(examples["cat"][0])
    xs, ys = max(placed, key=lambda stroke: len(stroke[0]))
    hand.page.mouse.move(xs[0], ys[0])
    hand.page.mouse.down()
    seen = []
    for x, y in zip(xs[1:], ys[1:], strict=True):
        hand.page.mouse.move(x, y, steps=3)
        seen.append(tuple(hand.shares().values()))
    assert len(set(seen)) > len(seen) / 2
    hand.page.mouse.up()


def test_a_slow_engine_guesses_while_a_line_is_drawn(chromium_browser, address):
    """On a school's laptop: 80 ms for an answer, 60 points a second, a stroke of three seconds."""
    with watched(chromium_browser, address, before=SLOW_WORKER) as page:
        heard = page.evaluate(
            """async () => {
              const { session } = inkgradPage;
              const pad = document.getElementById("pad");
              const { left, top, width } = pad.getBoundingClientRect();
              const tell = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, {
                pointerId: 1, isPrimary: true, pointerType: "mouse", button: 0, bubbles: true,
                buttons: type === "pointerup" ? 0 : 1,
                clientX: left + width * x, clientY: top + width * y }));
              const guesses = [];
              const listen = () => guesses.push(document.getElementById("guesses").textContent);
              session.addEventListener("seen", listen);
              tell("pointerdown", 0.5, 0.2);
              for (let i = 1; i <= 180; i++) {
                await new Promise((done) => setTimeout(done, 16));
                const angle = (2 * Math.PI * i) / 180;
                tell("pointermove", 0.5 + 0.3 * Math.sin(angle), 0.5 - 0.3 * Math.cos(angle));
              }
              const before = guesses.length;
              tell("pointerup", 0.5, 0.2);
              await inkgradPage.settled();
              return { before, changes: new Set(guesses).size };
            }"""
        )
        assert heard["before"] >= 10
        assert heard["changes"] >= 10


def test_an_answer_that_comes_after_clear_is_not_shown(chromium_browser, address):
    with watched(chromium_browser, address, before=SLOW_WORKER) as page:
        hand = Hand(page)
        hand.draw([[[0, 255], [0, 255]]])
        hand.press("Clear")
        page.wait_for_timeout(400)
        assert hand.headline() == "Draw something"
        assert page.evaluate("() => inkgradPage.session.seen") is None


def test_a_point_costs_the_same_however_much_there_is(hand):
    """Handling a move of the pen takes as long with 300 strokes as with 3, give or take."""
    times = hand.page.evaluate(
        """async () => {
          const pad = document.getElementById("pad");
          const { left, top, width } = pad.getBoundingClientRect();
          const tell = (type, x, y) => pad.dispatchEvent(new PointerEvent(type, {
            pointerId: 1, isPrimary: true, pointerType: "pen", button: 0, bubbles: true,
            buttons: type === "pointerup" ? 0 : 1,
            clientX: left + width * x, clientY: top + width * y }));
          const stroke = (n, moves) => {
            tell("pointerdown", 0.1, 0.1 + (n % 300) / 400);
            const start = performance.now();
            for (let i = 1; i <= moves; i++) tell("pointermove", 0.1 + 0.8 * i / moves,
              0.1 + (n % 300) / 400 + 0.01 * (i % 2));
            const took = performance.now() - start;
            tell("pointerup", 0.9, 0.1 + (n % 300) / 400);
            return took;
          };
          const least = (from) => Math.min(...[0, 1, 2, 3, 4].map((n) => stroke(from + n, 40)));
          const few = least(0);
          for (let n = 5; n < 300; n++) stroke(n, 40);
          await inkgradPage.settled();
          return [few, least(300)];
        }"""
    )
    few, many = times
    assert many < 3 * few + 4, times


def test_strokes_are_undone_and_come_back(hand, examples):
    drawing = examples["cat"][0]
    hand.draw(drawing)
    whole, shares = hand.strokes(), hand.shares()
    assert len(whole) == len(drawing)
    hand.press("Undo")
    assert hand.strokes() == whole[:-1]
    assert hand.shares() != shares
    hand.press("Redo")
    assert hand.strokes() == whole
    assert hand.shares() == shares
    hand.page.keyboard.press("Control+z")
    hand.page.keyboard.press("Control+z")
    assert hand.strokes() == whole[:-2]
    hand.page.keyboard.press("Control+Shift+z")
    assert hand.strokes() == whole[:-1]
    hand.press("Clear")
    assert hand.strokes() == []
    assert hand.headline() == "Draw something"
    hand.press("Undo")
    assert hand.strokes() == whole[:-1]
    hand.press("Redo")
    assert hand.strokes() == []


def test_a_new_stroke_forgets_what_was_undone(hand, examples):
    hand.draw(examples["cat"][0])
    hand.press("Undo")
    hand.draw([[[0, 255], [0, 0]]])
    assert hand.page.get_by_role("button", name="Redo", exact=True).is_disabled()


def test_a_click_is_a_dot(hand):
    box = hand.page.locator("#pad").bounding_box()
    hand.page.mouse.click(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    ((xs, ys, _),) = hand.strokes()
    assert xs == pytest.approx([PAD / 4], abs=2)
    assert ys == pytest.approx([PAD / 2], abs=2)
    hand.wait()
    assert hand.headline() != "Draw something"


def test_other_buttons_and_second_fingers_do_not_draw(hand):
    box = hand.page.locator("#pad").bounding_box()
    hand.page.mouse.click(box["x"] + 50, box["y"] + 50, button="right")
    assert hand.strokes() == []
    hand.page.evaluate(
        """() => {
          const pad = document.getElementById("pad");
          const { left, top } = pad.getBoundingClientRect();
          const tell = (type, pointerId, isPrimary, x) => pad.dispatchEvent(new PointerEvent(type,
            { pointerId, isPrimary, clientX: left + x, clientY: top + x, button: 0, bubbles: true,
              pointerType: "touch" }));
          pad.setPointerCapture = () => {};
          tell("pointerdown", 1, true, 10);
          tell("pointermove", 1, true, 60);
          tell("pointerdown", 2, false, 90);
          tell("pointermove", 2, false, 95);
          tell("pointerup", 2, false, 95);
          tell("pointerup", 1, true, 70);
        }"""
    )
    ((xs, _, _),) = hand.strokes()
    assert len(xs) == 3


def test_a_stroke_that_the_system_takes_away_is_none(hand):
    hand.page.evaluate(
        """() => {
          const pad = document.getElementById("pad");
          pad.setPointerCapture = () => {};
          const tell = (type) => pad.dispatchEvent(new PointerEvent(type,
            { pointerId: 1, isPrimary: true, clientX: 100, clientY: 200, button: 0 }));
          tell("pointerdown");
          tell("pointermove");
          tell("pointercancel");
        }"""
    )
    assert hand.strokes() == []


def test_drawing_by_keyboard(hand):
    hand.page.locator("#pad").focus()
    for key in ["Shift+ArrowLeft", "Space", "Shift+ArrowRight", "ArrowDown", "Space", "ArrowDown"]:
        hand.page.keyboard.press(key)
    ((xs, ys, _),) = hand.strokes()
    assert (xs, ys) == ([400, 500, 500], [500, 500, 525])
    hand.wait()
    assert hand.headline() != "Draw something"


def test_it_says_when_it_is_not_sure(hand, animals):
    """Scribbles whose best guess has less than a half, as Python says too."""
    drawings = random_drawings(1000, seed=2)
    read = animals.recognise(drawings)
    (rows,) = np.nonzero((read.probabilities.max(axis=1) < 0.45) & ~read.rejected)
    unsure = [drawings[row] for row in rows[:3]]
    assert len(unsure) == 3
    for drawing in unsure:
        hand.draw(drawing)
        assert hand.headline() == "Not sure yet"
        hand.press("Clear")


def test_an_example_is_put_on_the_pad(hand):
    hand.page.locator("#examples button").first.click()
    name = hand.page.locator("#examples button .label").first.inner_text()
    assert hand.guesses()[0] == name


def test_the_game_is_won_by_drawing_what_it_asks_for(hand, examples):
    game = hand.page.locator("#game")
    game.get_by_role("button", name="Play").click()
    for number in range(1, 7):
        game.get_by_text(f"Drawing {number} of 6").wait_for()
        if hand.strokes():  # it had been recognised before it was finished
            hand.press("Clear")
        hand.draw(examples[game.locator(".task").inner_text().removeprefix("Draw: ")][0])
    hand.page.locator("#game", has_text="It recognised 6 of 6 drawings").wait_for()


def test_the_game_can_be_skipped_and_stopped(hand):
    game = hand.page.locator("#game")
    game.get_by_role("button", name="Play").click()
    game.get_by_role("button", name="Skip").click()
    game.get_by_text("Drawing 2 of 6").wait_for()
    game.get_by_role("button", name="Stop").click()
    game.get_by_text("It recognised 0 of 1 drawings").wait_for()
    assert not hand.page.locator("#task").is_visible()


def test_tabs_by_keyboard_and_by_address(hand, address, chromium_browser):
    hand.page.get_by_role("tab", name="Play").focus()
    for key, tab in [("ArrowRight", "Think"), ("End", "Teach"), ("ArrowRight", "Play")]:
        hand.page.keyboard.press(key)
        chosen = hand.page.locator("[role=tab][aria-selected=true]")
        assert chosen.inner_text() == tab
        assert hand.page.locator("[role=tabpanel]:visible").count() == 1
    with watched(chromium_browser, f"{address}/#learn") as page:
        assert page.locator("#learn").is_visible()


def test_another_model_can_be_chosen(hand):
    hand.page.locator("#models").select_option("twenty (20)")
    hand.page.locator("#about", has_text="twenty: 20 classes").wait_for()
    assert len(hand.guesses()) == 5
    hand.page.locator("#examples button", has_text="star").first.click()
    assert hand.guesses()[0] == "star"


def test_a_class_is_taught_saved_and_known_to_the_command_line(hand, tmp_path, spirals):
    """Twelve spirals; then the page, its saved model and its saved drawings agree on others."""
    hand.teach("spiral", spirals[:12])
    right = 0
    for drawing in spirals[12:]:
        hand.draw(drawing)
        right += hand.guesses()[0] == "spiral"
        hand.press("Clear")
    assert right >= len(spirals[12:]) - 1

    model = hand.save("Save model", tmp_path)
    drawings = hand.save("Save drawings", tmp_path)
    assert (model.name, drawings.name) == ("seed-spiral.safetensors", "spiral.ndjson")
    assert load(model).classes == (*load("seed").classes, "spiral")
    said = [prediction.reading.guesses[0][0] for prediction in predict(model, [drawings])]
    assert len(said) == 12
    assert said.count("spiral") >= 11
    words = {json.loads(line)["word"] for line in drawings.read_text().splitlines()}
    assert words == {"spiral"}

    hand.press("Undo teaching")
    hand.page.locator("#taught", has_text="as it was").wait_for()
    assert "spiral" not in hand.classes()
    hand.page.locator("#file").set_input_files([str(model), str(drawings)])
    hand.page.locator("#taught", has_text="12 drawings of spiral").wait_for()
    hand.draw(spirals[12])
    assert "spiral" in hand.shares()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("drawings.ndjson", "no json", "drawings.ndjson, line 1: it is not JSON"),
        ("drawings.ndjson", '{"drawing": [[[0], [0]]]}', "line 1: it has no word"),
        ("drawings.ndjson", '{"word": "a", "drawing": [[[0], [0, 1]]]}', "line 1: stroke 1"),
        ("drawings.ndjson", "", "holds no drawings"),
        ("model.safetensors", "no model", "model.safetensors"),
        ("picture.png", "", "no file that can be opened"),
    ],
)
def test_a_file_that_is_none_is_told_in_a_sentence(hand, tmp_path, name, content, sentence):
    (tmp_path / name).write_text(content)
    hand.open("Teach")
    hand.page.locator("#file").set_input_files(str(tmp_path / name))
    hand.page.locator("#notice", has_text=sentence).wait_for()
    hand.draw([[[0, 255], [0, 255]]])
    assert len(hand.shares()) == 5  # the model before is still there


def test_on_a_phone_a_finger_draws(chromium_browser, address, examples):
    """Touch, a narrow window: the page neither scrolls while one draws nor sticks out sideways."""
    size = {"width": 390, "height": 844}
    with watched(chromium_browser, address, viewport=size, has_touch=True, is_mobile=True) as page:
        hand = Hand(page)
        hand.touch(examples["cat"][0])
        assert len(hand.strokes()) == len(examples["cat"][0])
        assert hand.guesses()[0] == "cat"
        assert page.evaluate("scrollY") == 0
        for tab in ("Play", "Think", "Learn", "Teach"):
            hand.open(tab)
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, tab


def test_colours_can_be_chosen(hand):
    page = hand.page
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    button = page.locator("#theme")
    button.click()
    button.click()
    assert button.get_attribute("aria-label") == "Colours: Dark"
    dark = page.evaluate(paper)
    assert sum(map(int, light[4:-1].split(","))) > 2 * sum(map(int, dark[4:-1].split(",")))
    page.reload()
    page.locator("#models option").first.wait_for(state="attached")
    assert page.evaluate(paper) == dark


def test_nothing_jumps_while_one_draws(hand, examples):
    """Tools, guesses and tabs stay where they are from the empty pad to the finished drawing."""
    places = """() => ["#undo", "#guesses .bars", "#guesses .eye", "[role=tablist]", "#game"].map(
      (what) => {
        const box = document.querySelector(what).getBoundingClientRect();
        return [box.x, box.y, box.width, box.height];
      })"""
    before = hand.page.evaluate(places)
    for stroke in examples["elephant"][0]:
        hand.draw([stroke])
        hand.wait()
        assert np.allclose(hand.page.evaluate(places), before)
