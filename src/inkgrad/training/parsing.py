"""Reading values out of a file that nobody vouches for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inkgrad.json_text import JsonError
from inkgrad.json_text import parse_json as parse

__all__ = ["Malformed", "number", "parse_json", "short", "whole"]

_LARGEST = 1e300  # no honest number comes near it, and float() takes it


class Malformed(Exception):  # noqa: N818 - whoever opened the file turns it into a user's error
    """What is wrong with a file, to be told together with its name."""


def parse_json(text: str | bytes) -> dict[str, Any]:
    """Return a JSON object, parsed as `inkgrad.json_text.parse_json` does.

    Examples
    --------
    >>> parse_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    inkgrad.training.parsing.Malformed: its metadata cannot be read: the key 'a'
    stands twice in an object
    """
    try:
        value = parse(text)
    except JsonError as error:
        raise Malformed(f"its metadata cannot be read: {error}") from error
    if not isinstance(value, dict):
        raise Malformed("its metadata is not a JSON object")
    return value


def whole(facts: Mapping[str, Any], name: str, least: int = 0) -> int:
    """Return a whole number of at least `least`.

    Examples
    --------
    >>> whole({"epoch": 2.5}, "epoch")
    Traceback (most recent call last):
    inkgrad.training.parsing.Malformed: epoch is 2.5
    """
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < _LARGEST:
        raise Malformed(f"{name} is {short(value)}")
    return value


def number(facts: Mapping[str, Any], name: str) -> float:
    """Return a finite number.

    Examples
    --------
    >>> number({"loss": 0.5}, "loss")
    0.5
    """
    value = facts.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < _LARGEST:
        raise Malformed(f"{name} is {short(value)}")
    return value


def short(value: Any) -> str:
    """Show a value of any length in at most 80 characters.

    Examples
    --------
    >>> len(short("x" * 1000))
    80
    """
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
