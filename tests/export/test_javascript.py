"""Taking JavaScript apart: all of it, and what looks like something else is not taken for it."""

from __future__ import annotations

import pytest

from inkgrad.errors import InkgradError
from inkgrad.export.javascript import pieces
from inkgrad.web import static_folder


def taken_apart(source, kind):
    """Return the pieces of a kind, after looking whether all pieces together are the source."""
    found = list(pieces(source, "a.js"))
    assert "".join(source[start:stop] for _, start, stop in found) == source
    return [source[start:stop] for what, start, stop in found if what == kind]


@pytest.mark.parametrize(
    ("source", "literals", "comments"),
    [
        ('a = "//"; // "b"', ['"//"'], ['// "b"']),
        ("a = '\\''; /* ' */ b", ["'\\''"], ["/* ' */"]),
        ("a = 6 / 2; b = 4 / 1; // c", [], ["// c"]),
        ("a = /[/'\"]/u.test(b) // c", ["/[/'\"]/u"], ["// c"]),
        ("return /'/.test(a);", ["/'/"], []),
        ("(a + b) / 2 / c", [], []),
        ("a[0] / 2 /* x */ / c", [], ["/* x */"]),
        ("a.return / 2 / b", [], []),
        ("`a // b`", ["`a // b`"], []),
        ("`a ${b /* c */ + `d ${ {e: 1}.e } f`} // g`", None, ["/* c */"]),
        ("`${a / 2}` / 3 / 4", ["`${", "}`"], []),
        ("`\\`$ \\${`", ["`\\`$ \\${`"], []),
        ("const f = () => { /* a */ };", [], ["/* a */"]),
        ("f(/a/, /b/g)", ["/a/", "/b/g"], []),
        ("a = '\\\nb'", ["'\\\nb'"], []),
    ],
)
def test_what_is_what(source, literals, comments):
    assert taken_apart(source, "comment") == comments
    if literals is not None:
        assert taken_apart(source, "literal") == literals


def test_nested_templates():
    assert taken_apart("`a ${b + `c ${d} e`} f`", "literal") == ["`a ${", "`c ${", "} e`", "} f`"]


def test_all_of_ours_is_understood():
    paths = sorted(static_folder().rglob("*.js"))
    assert len(paths) > 5
    for path in paths:
        comments = taken_apart(path.read_text("utf-8"), "comment")
        assert comments[0].startswith("/**")


@pytest.mark.parametrize(
    "source", ['a = "b', "'\n'", "`a", "`a ${b`", "/* a", "{", "}", "a = /b", "`${a}", "f() }"]
)
def test_what_has_no_end_is_told(source):
    with pytest.raises(InkgradError, match=r"^a\.js: line \d: a string, template, comment, regul"):
        taken_apart(source, "code")
