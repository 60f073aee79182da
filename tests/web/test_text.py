"""text.js = text.py: what people are told is the same line in both languages."""

from __future__ import annotations

import random

from inkgrad.errors import DataError
from inkgrad.text import LONGEST, sentence
from tests.test_text import COMMANDS, HARMLESS

MODULE = "static/text.js"


def is_the_same_to_both(text: str) -> bool:
    """Tell whether there are no two halves in a row, which JavaScript takes for one letter."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") == text


def test_sentences_are_the_same(javascript):
    rng = random.Random(1)
    letters = [*COMMANDS, "a", "é", "猫", "👩", " ", "\u200d", "…"]
    texts = ["", *HARMLESS, *(f"a{command}b" for command in COMMANDS)]
    texts += ["".join(rng.choices(letters, k=rng.randrange(700))) for _ in range(200)]
    texts += [letter * n for letter in "a猫👩" for n in (LONGEST - 1, LONGEST, LONGEST + 1, 5000)]
    texts = [text for text in texts if is_the_same_to_both(text)]
    assert len(texts) > 100
    assert javascript.call_many(MODULE, "sentence", [(t,) for t in texts]) == [
        sentence(t) for t in texts
    ]


def test_errors_are_sentences(javascript):
    where = "\x1b]0;x\x07" + "n" * 5000
    (result,) = javascript.call_many("static/drawing/strokes.js", "checkStrokes", [([], where)])
    assert result.name == "DrawingError"
    assert result.message == str(
        DataError(f"{where}: there are no strokes; a drawing has at least one")
    )
    assert len(result.message) == LONGEST
