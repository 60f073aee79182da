"""The page's texts: all in one file, all used, and the same in the page before it is read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from inkgrad.export.javascript import pieces
from inkgrad.web import static_folder

PAGE = static_folder() / "page"
MODULES = sorted(
    path.name for path in PAGE.glob("*.js") if path.name not in ("texts.js", "examples.js")
)
# Errors that nobody reads: the page then says in its own words that it keeps nothing.
UNREAD = {
    "store.js": ["no desk is free", "another tab holds an older database", "the store is full"],
}
NO_TEXTS = (
    re.compile(r"\(prefers-|\(min-width"),  # a media query
    re.compile(r"input, textarea"),  # a selector
)


def read(name):
    return (PAGE / name).read_text("utf-8")


def literals(source):
    """Return the text of every string literal and template, with … in the place of values."""
    found, template = [], None
    for kind, start, stop in pieces(source, "a test"):
        if kind != "literal":
            continue
        text = source[start:stop]
        if text[0] in "\"'":
            found.append(text[1:-1])
        elif text[0] == "`" or (template is not None and text[0] == "}"):
            template = text[1:-1] if text[0] == "`" else f"{template}…{text[1:-1]}"
            if text[-1] == "`":
                found.append(template)
                template = None
    return [re.sub(r"\$?…", "…", text) for text in found]


def is_sentence(text):
    """Tell whether people would read it: two words with a space between them."""
    return re.search(r"[^\W\d_]{2,}[,;:.]? (?:.* )?[^\W\d_]{2,}", text) is not None


@pytest.mark.parametrize("module", MODULES)
def test_no_other_module_has_sentences(module):
    texts = [text for text in literals(read(module)) if is_sentence(text)]
    texts = [text for text in texts if not any(known.search(text) for known in NO_TEXTS)]
    assert texts == UNREAD.get(module, [])


def test_a_sentence_would_be_found():
    source = (
        'say("Take a step", `${n} of ${all} taken`, "div.row", "p − t", `${"so so"}`, /a b c/);'
    )
    assert literals(source)[:2] == ["Take a step", "… of … taken"]
    assert [text for text in literals(source) if is_sentence(text)] == [
        *("Take a step", "… of … taken"),
        "so so",
    ]


def marks():
    """Return what stands in `index.html`: (attribute, place, text in English)."""
    found = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            attributes = dict(attributes)
            if "data-label" in attributes:
                found.append(("label", attributes["data-label"], attributes["aria-label"]))
            else:
                assert "aria-label" not in attributes
            self.place = attributes.get("data-text")

        def handle_data(self, data):
            text = " ".join(data.split())
            if text and text != "inkgrad":
                found.append(("text", self.place, text))

    Parser().feed(read("index.html"))
    return found


def test_the_page_has_the_same_texts_before_they_are_filled_in(node):
    texts = node.call("tests/texts.js", "places")
    assert len(marks()) > 15
    for _, place, text in marks():
        assert texts[place] == text


def test_every_text_is_used_and_every_used_one_is_there(node):
    texts = node.call("tests/texts.js", "places")
    used = {place for _, place, _ in marks()}
    for module in MODULES:
        used |= set(re.findall(r"\bTEXTS\.([\w.]+\w)", read(module)))
    # A place may be that of several texts, one of which is taken by its name.
    branches = {place.rpartition(".")[0] for place in texts} - {""}
    assert used <= texts.keys() | branches
    unused = [
        place for place in texts if place not in used and place.rpartition(".")[0] not in used
    ]
    assert unused == []
