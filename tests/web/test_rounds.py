"""The game's decisions: what it asks for, and why it gave up."""

from __future__ import annotations

import pytest

MODULE = "static/page/rounds.js"
CLASSES = ["cat", "dog", "owl", "yak"]


@pytest.mark.parametrize(
    ("hard", "asked"),
    [
        (["dog"], ["cat", "owl", "yak"]),
        (["dog", "unknown", "yak"], ["cat", "owl"]),
        ([], CLASSES),
        (["cat", "dog", "owl"], CLASSES),  # one alone is no game
        (CLASSES, CLASSES),
        (None, CLASSES),
        ("cat", CLASSES),  # files may hold anything
        ({"cat": 1}, CLASSES),
        ([1, None, ["cat"]], CLASSES),
    ],
)
def test_hard_classes_are_not_asked_for(node, hard, asked):
    assert node.call(MODULE, "playable", CLASSES, {"hard_classes": hard}) == asked


def test_models_without_a_record_play_with_all_classes(node):
    assert node.call(MODULE, "playable", CLASSES, {}) == CLASSES


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        (None, "Time is up: I saw no drawing."),
        ([0.1, 0.7, 0.1, 0.1], "I give up: I took it for dog."),
        ([0.7, 0.1, 0.1, 0.1], "Time is up: I was just getting cat."),
        ([0.4, 0.2, 0.3, 0.1], "I give up: I could not decide. Perhaps cat, owl or dog?"),
        ([0.49, 0.45, 0.03, 0.03], "I give up: I could not decide. Perhaps cat or dog?"),
        ([0.09, 0.09, 0.09, 0.09], "I give up: I cannot tell what this is."),
    ],
)
def test_it_says_why_it_gives_up(node, probabilities, words):
    seen = None if probabilities is None else {"probabilities": probabilities, "isRejected": False}
    assert node.call(MODULE, "whyNot", "cat", CLASSES, seen) == words


def test_what_is_none_of_the_classes_is_like_nothing_it_knows(node):
    seen = {"probabilities": [0.9, 0.1, 0.0, 0.0], "isRejected": True}
    words = "I give up: I cannot tell what this is. It is like nothing I know."
    assert node.call(MODULE, "whyNot", "cat", CLASSES, seen) == words
