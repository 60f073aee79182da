"""json.js refuses what json_text.py refuses, with the same sentence but for the place."""

from __future__ import annotations

import json

import pytest

from inkgrad.json_text import DEEPEST, JsonError, parse_json
from tests.fuzz.mutants import mutant
from tests.test_json_text import REFUSED
from tests.web.javascript import JavaScriptError

MODULE = "static/json.js"
VALID = (
    '{"word": "cat\\n\\"é\\u732b", "a": [1, -2.5, 3e2, true, null, {"b": {}}], "c": {"a": "e999"}}'
)


def told(text: str) -> str:
    """Return how Python refuses a text, without the place; or nothing."""
    try:
        parse_json(text)
    except JsonError as error:
        return str(error).partition(" at character")[0]
    return ""


def test_what_python_refuses_javascript_refuses(javascript):
    texts = [text for text, _ in REFUSED.values() if isinstance(text, str)]
    results = javascript.call_many(MODULE, "parseJson", [(text,) for text in texts])
    for text, result in zip(texts, results, strict=True):
        assert isinstance(result, JavaScriptError), text
        assert result.name == "JsonError"
        # Where there is no number in JSON, there is a word, which JavaScript does not look at.
        expected = "not valid JSON" if "is not a number" in told(text) else told(text)
        assert result.message == expected


@pytest.mark.parametrize("text", [VALID, "[" * DEEPEST + "]" * DEEPEST, "7", "[9007199254740991]"])
def test_what_python_reads_javascript_reads(javascript, text):
    assert javascript.call(MODULE, "parseJson", text) == json.loads(text)


def test_both_agree_on_damaged_texts(javascript):
    texts = {mutant(VALID.encode(), f"json {n}").decode("utf-8", "replace") for n in range(600)}
    texts = sorted(text for text in texts if not text.startswith("\ufeff"))
    results = javascript.call_many(MODULE, "parseJson", [(text,) for text in texts])
    refused = 0
    for text, result in zip(texts, results, strict=True):
        assert isinstance(result, JavaScriptError) == bool(told(text)), text
        refused += bool(told(text))
    assert 100 < refused < len(texts)
