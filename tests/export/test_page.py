"""The page in one file: what is in it, what is refused, and that it works from the disk."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from inkgrad.errors import InkgradError
from inkgrad.export.page import make_page, write_page
from inkgrad.export.rounding import round_file
from inkgrad.features import Features
from inkgrad.layers import BatchNorm, Conv2D, Dense, GlobalAveragePool, Layer, ReLU
from inkgrad.model import Model
from inkgrad.network import Network, seed_network
from inkgrad.quickdraw import CATEGORIES
from inkgrad.version import __version__
from tests.export.standin import STANDIN, write_site

INDEX = STANDIN["page/index.html"]

CLASSES = ("cat", 'a "dog" -->', "<script>é")


@pytest.fixture(scope="module")
def model():
    network = seed_network(3)
    record = {"data": {"attribution": "My Drawings, CC BY 4.0"}}
    return Model(network, network.initialise(seed=4), CLASSES, record=record)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return write_site(tmp_path_factory.mktemp("standin"))


@pytest.fixture(scope="module")
def exported(model, site, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "my doodles.html"
    assert write_page(model, path, name="mine & yours", site=site) == path.stat().st_size
    return path


def test_a_page_of_all_classes_with_600_000_parameters_has_a_megabyte_at_most():
    """Random weights are harder to pack than learnt ones: 7.4 bits each, and 6.9 in `twenty`."""
    blocks: list[list[Layer]] = [
        [Conv2D(filters, 3, padding=1, bias=False), BatchNorm(), ReLU()]
        for filters in (36, 36, 72, 72, 130, 130, 184)
    ]
    maps = [layer for block in blocks for layer in block]
    large = Network([*maps, GlobalAveragePool(), Dense(345)], (1, 28, 28))
    rng = np.random.default_rng(0)
    features = Features(rng.gamma(1, 0.3, (345, 184)).astype(np.float32))
    model = Model(large, large.initialise(seed=0), CATEGORIES, features=features)
    assert 590_000 < large.size <= 600_000
    assert len(make_page(model).encode()) <= 1_000_000
    assert len(model.to_bytes("float16")) <= 2_000_000


def test_what_is_in_it(exported):
    text = exported.read_text("utf-8")
    start = text.index("<!--")
    assert start < 20
    greeting = text[start : text.index("-->")]
    for word in (f"inkgrad {__version__}", "My Drawings, CC BY 4.0", "cat", 'a "dog"', "unpack.js"):
        assert word in greeting
    assert text[: text.index("<body>")].count("-->") == 1
    assert text.index('<meta charset="utf-8">') < 1024  # where browsers look for it
    assert text.count("<meta charset") == 1
    assert '<a href="https://example.org/">' in text
    assert "main.js" not in text
    assert "Red." not in text
    assert 'content: "/* ✓ */";' in text
    assert 'href="data:image/svg+xml;base64,' in text
    classes = re.search(r'data-classes="([^"]*)"', text)
    assert json.loads(html.unescape(classes[1])) == list(CLASSES)


def test_it_is_small_and_always_the_same(model, site, exported):
    assert exported.stat().st_size <= 900_000
    assert make_page(model, name="mine & yours", site=site).encode() == exported.read_bytes()


def test_the_policy_allows_nothing_from_outside(exported):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', exported.read_text("utf-8"))
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    assert rules["default-src"] == rules["connect-src"] == "'none'"
    assert rules["worker-src"] == "blob:"
    assert re.fullmatch(r"('sha256-[\w+/=]{44}' ){2}'wasm-unsafe-eval'", rules["script-src"])
    assert "unsafe" not in policy[1].replace("'wasm-unsafe-eval'", "")
    assert "http" not in policy[1]


@pytest.mark.browser
def test_it_works_from_the_disk(chromium_browser, exported, model):
    data = round_file(model.to_bytes(), "int8")
    total = 0
    for byte in data:
        total = (31 * total + byte) % 1_000_003
    with chromium_browser.new_context() as context:
        page = context.new_page()
        told, asked = [], []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(exported.as_uri())
        page.wait_for_selector("#answer:not(:empty)")
        answer = json.loads(page.text_content("#answer"))
        assert answer == [
            {
                "name": "mine & yours",
                "classes": list(CLASSES),
                "size": len(data),
                "sum": total,
                "two": 2,
            }
        ]
        colour = "getComputedStyle(document.querySelector('h1'), '::before').color"
        assert page.evaluate(colour) == "rgb(255, 0, 0)"
        assert page.title() == "stand-in ✓"
        # The policy holds: nothing can be asked of a server, even if the page wanted to.
        refused = page.evaluate("fetch('https://example.org/').then(() => 'asked', String)")
        assert "TypeError" in refused
        told = [line for line in told if "example.org" not in line and "Fetch API" not in line]
        assert told == []
        assert {address.split(":")[0] for address in asked} <= {"file", "data", "blob"}
        assert [a for a in asked if a.startswith("file:")] == [exported.as_uri()]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"index_html": "<!doctype html><head></head><body></body>"}, "has 0 scripts; exactly one"),
        (
            {"index_html": INDEX.replace("<h1>", '<img src="static/a.png"><h1>')},
            r'refers to another file, src="static/a\.png"; only stylesheets',
        ),
        (
            {"index_html": INDEX.replace("<h1>", '<link rel="me" href="a.css"><h1>')},
            r'refers to another file, <link rel="me" href="a\.css"',
        ),
        (
            {"index_html": INDEX.replace("<head>", "")},
            r"has 0 of <head>; one is",
        ),
        (
            {"index_html": INDEX.replace("<!doctype html>", "")},
            r"has 0 of <!doctype html>; one is",
        ),
        (
            {"index_html": INDEX.replace("</body>", "")},
            r"has 0 of </body>; one is",
        ),
        ({"index_html": INDEX.replace("style.css", "x.css")}, "no stylesheet"),
        ({"style_css": "h1 { background: url(a.png); }"}, r"another file, url\(a\.png\); put"),
        ({"style_css": '@import "b.css";'}, r'another file, @import "b\.css"; put'),
        ({"style_css": "h1 { content: '</style>'; }"}, "holds </style, which would end it"),
        ({"worker_js": "export default 7;"}, "cannot be put in one file"),
    ],
)
def test_what_cannot_be_in_one_file_is_told(model, tmp_path, changed, message):
    site = write_site(tmp_path / "site", **changed)
    with pytest.raises(InkgradError, match=message) as caught:
        write_page(model, tmp_path / "doodles.html", site=site)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "doodles.html").exists()


def test_a_model_without_a_record(model, site):
    network = seed_network(2)
    plain = Model(network, network.initialise(), ("a", "b"))
    assert "It learnt from" not in make_page(plain, site=site)
