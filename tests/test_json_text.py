"""JSON from outside: what is ambiguous is refused, at every door, by name."""

from __future__ import annotations

import ast
import json
import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import inkgrad
from inkgrad.json_text import DEEPEST, JsonError, parse_json

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_is_json_is_read(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=True, indent=1)):
        assert parse_json(text) == value
        assert parse_json(text.encode()) == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings(encoding):
    assert parse_json('["é猫"]'.encode(encoding)) == ["é猫"]


REFUSED = {
    "nothing": ("", "not valid JSON at character 1 "),
    "a word": ('{"a": cat}', "not valid JSON at character 7 "),
    "two values": ("[] []", r"not valid JSON at character 4 \(Extra data"),
    "not UTF-8": (b'["\xff"]', "not text in UTF-8 at byte 3"),
    "a surrogate in UTF-8": (b'["\xed\xa0\x80"]', "not text in UTF-8 at byte 3"),
    "a key twice": ('{"epochs": 1, "seed": 2, "epochs": 1}', "the key 'epochs' stands twice"),
    "a key twice within": ('[[{"a": {"b": 1, "b": 2}}]]', "the key 'b' stands twice"),
    "a key twice, spelt in two ways": (r'{"a": 1, "\u0061": 2}', "the key 'a' stands twice"),
    "NaN": ('{"a": NaN}', "NaN is not a number"),
    "Infinity": ("[Infinity]", "Infinity is not a number"),
    "-Infinity": ("[-Infinity]", "-Infinity is not a number"),
    "1e309": ("[1e309]", "a number is beyond 1.8e308"),
    "-1E+400": ("[-1E+400]", "a number is beyond 1.8e308"),
    "1e0400": ("[1e0400]", "a number is beyond 1.8e308"),
    "100 digits": (f"[{'1' * 100}]", "a number has 100 digits or more"),
    "5,000 digits": (f"[{'9' * 5000}]", "a number has 100 digits or more"),
    "5,000 digits after a point": (f"[0.{'9' * 5000}]", "a number has 100 digits or more"),
    "501 levels": ("[" * 501 + "]" * 501, "nested too deeply"),
    "502 levels of both": ('[{"a":' * 251 + "1" + "}]" * 251, "nested too deeply"),
    "501 levels, not at once": (f"[1, [2, {'[3, ' * 499}4{']' * 501}", "nested too deeply"),
    "100,000 levels": ("[" * 100_000, "nested too deeply|not valid JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_others_may_read_differently_is_refused(name):
    text, message = REFUSED[name]
    with pytest.raises(JsonError, match=message):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEPEST + "]" * DEEPEST,
        json.dumps([[n] for n in range(1000)]),  # many lists, but flat
        json.dumps("9" * 200),  # no number but a text
        json.dumps({"e400": "1e400"}),
        f"[{'9' * 99}, 1.7e308, -1e-400, 1e+99]",
        '[{"a": 1}, {"a": 2}, {"b": {"a": 3}}]',
    ],
    ids=["500 levels", "flat", "digits in a text", "an exponent in a text", "large", "keys"],
)
def test_what_only_looks_odd_is_read(text):
    value = parse_json(text)
    assert value == json.loads(text)
    assert not (isinstance(value, float) and math.isinf(value))


def test_many_keys_are_quick_even_if_one_stands_twice():
    keys = ", ".join(f'"{n}": 0' for n in [*range(200_000), 199_999])
    start = time.perf_counter()
    with pytest.raises(JsonError, match="the key '199999' stands twice"):
        parse_json(f"{{{keys}}}")
    assert time.perf_counter() - start < 5


def test_a_long_key_is_not_told_in_full():
    key = json.dumps("k" * 5000)
    with pytest.raises(JsonError) as caught:
        parse_json(f"{{{key}: 1, {key}: 2}}")
    assert len(str(caught.value)) < 150


def test_nobody_else_parses_json():
    root = Path(inkgrad.__file__).parent
    found = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("loads", "load", "JSONDecoder"):
                if getattr(node.value, "id", "") == "json":
                    found.add(path.relative_to(root).as_posix())
            elif isinstance(node, ast.ImportFrom) and node.module == "json":
                found.add(path.relative_to(root).as_posix())
    assert found == {"json_text.py"}
