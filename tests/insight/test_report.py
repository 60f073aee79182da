"""The report: well-formed, self-contained, legible, and safe with whatever names it is given."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from inkgrad.insight import Reading, evaluate, most_confident_mistakes, read_drawings
from inkgrad.insight.calibration import measure_calibration
from inkgrad.insight.report import render_report, write_report
from tests.insight.test_charts import run

VOID = {"meta", "img", "br", "hr", "input", "link", "wbr", "col"}


class Page(HTMLParser):
    """Parses strictly: every element is closed, in order; collects what the tests ask for."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.ids, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert tag not in VOID
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def count(self, tag, **wanted):
        return len(self.all(tag, **wanted))

    def all(self, tag, **wanted):
        wanted = {key.rstrip("_"): value for key, value in wanted.items()}
        return [
            a
            for t, a in self.elements
            if t == tag and all(a.get(k) == v for k, v in wanted.items())
        ]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def case(classes, n=60, seed=0):
    rng = np.random.default_rng(seed)
    k = len(classes)
    p = rng.dirichlet(np.full(k, 0.3), n)
    labels = rng.integers(k, size=n)
    bitmaps = rng.integers(0, 256, (n, 28, 28)).astype(np.uint8)
    wrong = most_confident_mistakes(p, labels, 10)
    right = np.flatnonzero(p.argmax(axis=1) == labels)[:5]
    return {
        "evaluation": evaluate(p, labels, classes),
        "mistakes": read_drawings(bitmaps[wrong], p[wrong], classes, labels[wrong]),
        "examples": read_drawings(bitmaps[right], p[right], classes, labels[right]),
    }


def page(**options):
    defaults = {"title": "Doodles", "history": run(), "record": {}, "mistakes": [], "examples": []}
    return render_report(**{**defaults, **options})


RECORD = {
    "command": "inkgrad train --task animals",
    "engine": "reference",
    "data": {"source": "a folder", "limit": None, "counts": {f"class {i}": i for i in range(60)}},
    "network": "layer  output\nconv1  (32, 28, 28)",
    "balance": True,
    "drawings_per_s": 1423.4,
    "learning rate": 0.001,
    "layers": ["Conv2D", "ReLU"],
    "nothing": [],
}


@pytest.mark.parametrize("k", [1, 2, 5, 20, 345])
def test_the_page_is_well_formed_for_any_number_of_classes(k):
    given = case([f"class {i}" for i in range(k)])
    parsed = Page(page(**given, record=RECORD))
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.count("h1") == 1
    assert parsed.count("svg") == 2
    assert parsed.count("img") == len(given["mistakes"]) + len(given["examples"])
    assert f"{k} " in parsed.words
    assert ("classes that are confused most" in parsed.words) == (k > 24)
    for section in parsed.all("section"):
        assert section["aria-labelledby"] in parsed.ids


def test_figures_facts_and_pictures_are_on_the_page():
    given = case(["cat", "dog", "fish"])
    words = Page(page(**given, record=RECORD, title="Three animals")).words
    result = given["evaluation"]
    assert "Three animals" in words
    assert f"Of 60 drawings held out, the network named {round(60 * result.top1)} right" in words
    assert f"{100 * result.balanced_accuracy:.1f}\u202f%".replace("\u202f", " ") in words
    assert "kept: epoch 2" in words
    for fact in ("drawings per s 1,423", "learning rate 0.001", "balance yes", "limit –"):
        assert fact in words
    for fact in ("Conv2D, ReLU", "nothing –", "60 entries", "class 59 59", "conv1 (32, 28, 28)"):
        assert fact in words
    assert re.search(rf"{given['mistakes'][0].drawn} {given['mistakes'][0].read} [\d.]+ %", words)


def test_the_reliability_diagram_has_a_dot_for_each_bin():
    given = case(["cat", "dog", "fish"])
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(3, 0.3), 60)
    calibration = measure_calibration(p, rng.integers(3, size=60))
    parsed = Page(page(**given, calibration=calibration))
    assert parsed.count("svg") == 3
    (told,) = [
        svg["aria-label"] for svg in parsed.all("svg") if "over confidence" in svg["aria-label"]
    ]
    assert f"the expected calibration error is {100 * calibration.error:.1f} %" in told
    assert parsed.count("circle", class_="dot validation") >= 15
    assert "Is it right as often as it says?" in parsed.words


def test_hostile_names_stay_text():
    evil = ["<script>alert(1)</script>", '" onload="alert(1)', "a & b", "</style><img src=x>"]
    given = case(evil)
    text = page(**given, title=evil[0], record={evil[0]: evil[1], "x": {evil[3]: evil[2] + "\n"}})
    parsed = Page(text)
    assert parsed.count("script") == 0
    assert not [a for _, a in parsed.elements if any(name.startswith("on") for name in a)]
    assert all(a["src"].startswith("data:image/png;base64,") for a in parsed.all("img"))
    for name in evil:
        assert name in parsed.words


def test_the_page_needs_nothing_from_anywhere():
    text = page(**case(["cat", "dog"]), record=RECORD, card="card.html")
    assert Page(text).all("a") == [{"href": "card.html"}]
    without_pictures = re.sub(r'src="data:image/png;base64,[A-Za-z0-9+/=]+"', "", text)
    assert not re.search(r"https?:|//|url\(|@import|javascript:|data:i", without_pictures)
    parsed = Page(text)
    for tag, attributes in parsed.elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        assert attributes.get("href", "card.html") == "card.html"
        assert attributes.get("src", "data:").startswith("data:")
    (policy,) = parsed.all("meta", **{"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith("default-src 'none'")


def test_every_picture_says_what_it_is():
    parsed = Page(page(**case(["cat", "dog"]), record=RECORD))
    assert all(a["alt"].startswith("A drawing of: ") for a in parsed.all("img"))
    assert all(a["role"] == "img" and "from" in a["aria-label"] for a in parsed.all("svg"))
    assert all("scope" in a for a in parsed.all("th"))
    assert parsed.all("html") == [{"lang": "en"}]
    unknown = Reading(np.zeros((28, 28), np.uint8), None, (("cat", 0.9), ("dog", 0.1)))
    parsed = Page(page(**{**case(["cat", "dog"]), "examples": [unknown], "mistakes": []}))
    assert [a["alt"] for a in parsed.all("img")] == ["A drawing"]


def test_pictures_are_the_drawings_in_black_on_nothing():
    from PIL import Image

    bitmap = np.arange(784).reshape(28, 28).astype(np.uint8)
    reading = Reading(bitmap, "cat", (("dog", 1.0),))
    given = case(["cat", "dog"])
    (image,) = Page(page(**{**given, "mistakes": [reading], "examples": []})).all("img")
    data = base64.b64decode(image["src"].partition(",")[2])
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("LA"))
    np.testing.assert_array_equal(pixels[..., 1], bitmap)
    assert not pixels[..., 0].any()


def test_without_validation_without_history_and_with_one_epoch():
    given = case(["cat", "dog"])
    words = Page(page(**given, history=run(validation=False))).words
    assert "validation" not in words
    assert "training" in words
    assert Page(page(**given, history=[])).count("svg") == 0
    parsed = Page(page(**given, history=run(epochs=1)))
    assert parsed.count("circle", class_="dot validation") == 2


def test_without_mistakes():
    result = evaluate(np.eye(3), [0, 1, 2], ["cat", "dog", "fish"])
    assert Page(page(evaluation=result)).words.count("None: every drawing was named right.") == 2
    words = Page(page(evaluation=case(["cat", "dog"])["evaluation"])).words
    assert "None were kept to be shown." in words


def test_the_hardest_classes_come_first_and_empty_ones_last():
    p = np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]])
    parsed = Page(page(evaluation=evaluate(p, [0, 1, 1], ["cat", "dog", "fish"]), history=[]))
    table = parsed.words.partition("Every class, the hardest first")[2]
    order = re.findall(r"(cat|dog|fish) (\d)", table)[:3]
    assert order == [("cat", "1"), ("dog", "2"), ("fish", "0")]
    assert "fish 0 – – –" in table


def test_the_same_run_gives_the_same_bytes_and_an_older_report_is_replaced(tmp_path):
    given = case(["cat", "dog"])
    path = tmp_path / "runs" / "report.html"
    write_report(path, title="old", evaluation=given["evaluation"])
    write_report(path, title="new", history=run(), record=RECORD, **given)
    first = path.read_bytes()
    write_report(path, title="new", history=run(), record=RECORD, **case(["cat", "dog"]))
    assert path.read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert "<h1>new</h1>" in first.decode("utf-8")


def test_a_report_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    bad = Reading(np.zeros((28, 28), np.uint8), "cat", ())  # no guess: cannot be shown
    with pytest.raises(IndexError):
        write_report(
            path, title="new", evaluation=case(["cat", "dog"])["evaluation"], mistakes=[bad]
        )
    assert path.read_text() == "old"


# Legibility: WCAG 2.2 asks for a contrast of 4.5 between text and what it stands on.


def themes():
    text = page(**case(["cat", "dog"]))
    blocks = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    light, dark = (dict(re.findall(r"--(\w+): ([^;]+);", block)) for block in blocks)
    return [light, {**light, **dark}]


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    a, b = (np.dot([0.2126, 0.7152, 0.0722], c) + 0.05 for c in (a, b))
    return max(a, b) / min(a, b)


TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
"""Linear sRGB to the cone responses of Oklab, in which color-mix(in oklab, …) mixes."""


def mixed(a, b, share):
    """Return share·a + (1 − share)·b, mixed as `color-mix(in oklab, …)` mixes."""
    # Oklab is linear in the cube roots of the cone responses, so mixing those is the same.
    roots = [np.cbrt(TO_LMS @ c) for c in (a, b)]
    return np.linalg.solve(TO_LMS, (share * roots[0] + (1 - share) * roots[1]) ** 3)


@pytest.mark.parametrize("theme", themes(), ids=["light", "dark"])
def test_all_text_has_enough_contrast(theme):
    for ink in ("ink", "muted", "blue", "red"):
        for ground in ("paper", "card"):
            assert contrast(linear(theme[ink]), linear(theme[ground])) >= 4.5, (ink, ground)
    most = float(theme["mix"].rstrip("%"))
    for tone in ("blue", "red"):
        for strength in range(101):
            cell = mixed(linear(theme[tone]), linear(theme["paper"]), strength * most / 100)
            assert contrast(linear(theme["ink"]), cell) >= 4.5, (tone, strength)
