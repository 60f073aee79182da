"""The rooms of our JavaScript: who imports whom, and that three of them know of no page."""

from __future__ import annotations

import dataclasses
import re

import pytest

from inkgrad import layers
from inkgrad.export.javascript import pieces
from inkgrad.web import static_folder

FOLDER = static_folder()
MODULES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
# What a room may import besides itself; "" is what all share: errors, text, JSON.
ROOMS = {
    "": {""},
    "drawing": {""},
    "layers": {""},
    "network": {"", "drawing", "layers", "network/wasm"},
    "network/wasm": {"", "layers"},
    "page": {"", "drawing", "layers", "network"},
}
# What pages have, and workers and node have not.
OF_PAGES = re.compile(
    r"\b(?:(?:document|window|navigator|localStorage)\.|HTML\w*Element|getComputedStyle|matchMedia)"
)


def room(module):
    return module.rpartition("/")[0]


def test_every_module_stands_in_a_room():
    assert {room(module) for module in MODULES} == set(ROOMS)
    assert [module for module in MODULES if not room(module)] == ["errors.js", "json.js", "text.js"]


@pytest.mark.parametrize("module", MODULES)
def test_a_room_imports_only_what_it_may(module):
    source = (FOLDER / module).read_text("utf-8")
    for address in re.findall(r"""(?:from|import\()\s*["']([^"']+)["']""", source):
        target = (FOLDER / module).parent.joinpath(address).resolve().relative_to(FOLDER.resolve())
        assert room(target.as_posix()) in ROOMS[room(module)] | {room(module)}, address


@pytest.mark.parametrize("module", [m for m in MODULES if room(m) != "page"])
def test_no_room_but_the_page_knows_of_one(module):
    source = (FOLDER / module).read_text("utf-8")
    code = [source[start:stop] for kind, start, stop in pieces(source, module) if kind == "code"]
    assert OF_PAGES.search("".join(code)) is None


def test_node_imports_every_room_but_the_page(node):
    modules = [module for module in MODULES if room(module) != "page"]
    exported = node.call("tests/rooms.js", "exportsOf", [f"static/{module}" for module in modules])
    assert all(exported.values()), exported


def test_the_layers_are_pythons(node):
    found = node.call("tests/rooms.js", "layers")
    assert list(found) == list(layers.LAYERS)
    for name, facts in found.items():
        fields = dataclasses.fields(layers.LAYERS[name])
        assert facts["settings"] == [field.name for field in fields]
        needed = [field.name for field in fields if field.default is dataclasses.MISSING]
        assert facts["needed"] == needed


def test_a_layers_file_holds_all_that_is_said_of_it(node):
    parameters = {
        "BatchNorm": ["scale", "shift"],
        "Conv2D": ["weight", "bias"],
        "Dense": ["weight", "bias"],
    }
    for name, facts in node.call("tests/rooms.js", "layers").items():
        assert facts["formulas"] == facts["says"] == ["y", "dx", *parameters.get(name, [])]


def test_a_convolution_speaks_of_its_bias_if_it_has_one(node):
    with_bias, without = (
        node.call("tests/rooms.js", "saidOfOutput", "Conv2D", explained)
        for explained in ({"bias": 0.0, "value": 1.0}, {"value": 1.0})
    )
    assert with_bias.endswith("plus the bias.")
    assert without.endswith("This layer has no bias β.")


def test_no_line_is_longer_than_a_hundred_characters():
    for path in FOLDER.rglob("*"):
        if path.suffix in (".js", ".css", ".html") and path.name != "examples.js":
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                assert len(line) <= 100, f"{path.name}: line {number}"
