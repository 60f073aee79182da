"""JSON from outside: parsed as the standard has it, and refused where it is ambiguous."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any, NoReturn

__all__ = ["DEEPEST", "JsonError", "NotJsonError", "parse_json"]

DEEPEST = 500
"""How deeply lists and objects may be nested: half of what Python's own functions follow."""

_TOO_DEEP = "lists are nested too deeply"
_LONG_NUMBER = re.compile(r"[0-9]{100}")  # slow to parse, and none is that exact
_ODD_NUMBER = re.compile(r"[0-9]{100}|[eE]\+?[0-9]{3}")


class JsonError(ValueError):
    """What is wrong with a JSON text, to be told together with where it comes from."""


class NotJsonError(JsonError):
    """A text is not JSON at all, or nested so deeply that nobody could tell."""


def parse_json(text: str | bytes) -> Any:
    """Parse JSON, refusing what Python's parser lets through and other programs do not.

    Parameters
    ----------
    text : str or bytes
        Bytes are text in UTF-8 (or, where they begin so, in UTF-16 or UTF-32).

    Raises
    ------
    JsonError
        If the text is not JSON; if a key stands twice in an object, since programs differ in
        which one they take; if a number is NaN or infinite, is too large for a float or has 100
        digits or more; or if it is nested more than 500 levels deep.

    Examples
    --------
    >>> parse_json('{"a": [1, 2.5]}')
    {'a': [1, 2.5]}
    >>> parse_json('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    inkgrad.json_text.JsonError: the key 'a' stands twice in an object
    """
    if isinstance(text, bytes):
        try:
            text = text.decode(json.detect_encoding(text))
        except UnicodeDecodeError as error:
            raise NotJsonError(f"not text in UTF-8 at byte {error.start + 1:,}") from None
    # Numbers are looked at one by one, which takes ten times as long, only where it may matter.
    hooks: Any = {"parse_int": _whole, "parse_float": _real} if _ODD_NUMBER.search(text) else {}
    try:
        value = json.loads(
            text, parse_constant=_refuse_constant, object_pairs_hook=_each_key_once, **hooks
        )
    except json.JSONDecodeError as error:
        raise NotJsonError(f"not valid JSON at character {error.pos + 1:,} ({error.msg})") from None
    except RecursionError:
        raise NotJsonError(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > DEEPEST:
        _check_depth(value)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not a number")


def _whole(digits: str) -> int:
    _check_length(digits)
    return int(digits)


def _real(digits: str) -> float:
    _check_length(digits)
    value = float(digits)
    if math.isinf(value):
        raise JsonError("a number is beyond 1.8e308")
    return value


def _check_length(digits: str) -> None:
    if _LONG_NUMBER.search(digits):
        raise JsonError("a number has 100 digits or more")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        key = next(key for key in counts if counts[key] > 1)
        raise JsonError(f"the key {key!r:.80} stands twice in an object")
    return value


def _check_depth(value: Any) -> None:
    """Refuse deep nesting, level by level."""
    level = [value]
    for _ in range(DEEPEST + 1):
        containers = [inner for inner in level if isinstance(inner, (list, dict))]
        if not containers:
            return
        level = [
            inner
            for outer in containers
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (list, dict))
        ]
    raise JsonError(_TOO_DEEP)
