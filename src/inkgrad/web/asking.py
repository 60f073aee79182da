"""What is asked of the server: bodies are read within bounds, and nothing in them is believed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import anyio
import numpy as np
from starlette.requests import ClientDisconnect, Request

from inkgrad.drawing import MAX_LENGTH, Strokes, bounding_box, check_strokes
from inkgrad.drawing.stroke_forms import strokes_from_json
from inkgrad.errors import DataError
from inkgrad.json_text import JsonError, parse_json
from inkgrad.web.refusals import Refused

__all__ = [
    "JSON",
    "MAX_BODY",
    "MAX_PIXELS",
    "MAX_POINTS",
    "MAX_STROKES",
    "MAX_TOP",
    "PNG",
    "Question",
    "check_picture",
    "content_type",
    "read_body",
    "read_question",
]

JSON, PNG = "application/json", "image/png"
MAX_BODY = {JSON: 1 << 20, PNG: 4 << 20}
"""Bytes of a body, by its content type."""

MAX_STROKES = 1000
MAX_POINTS = 10_000  # of all strokes together; the longest real drawings have some thousands
MAX_PIXELS = 10_000_000
MAX_TOP = 1000  # guesses

_LET_GO = 16 << 20  # bytes
_PATIENCE = 20.0  # seconds that a body may take to come
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FIELDS = ("strokes", "top", "model")


@dataclass(frozen=True)
class Question:
    """What a body of JSON asks.

    Attributes
    ----------
    strokes : Strokes, or the bytes of a picture
    top : int
        How many guesses are wanted.
    model : str or None
        Which model shall answer; None: the one that is served.
    """

    strokes: Any
    top: int = 3
    model: str | None = None


def content_type(request: Request) -> str:
    """Return which of the content types that are understood a request says it has.

    Raises
    ------
    Refused
        If it is none of them, or the body is compressed or not in UTF-8.
    """
    given, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    kind = given.strip()
    if kind not in MAX_BODY:
        told = f"is {_short(kind)}" if kind else "is missing"
        raise Refused(415, f"the content type {told}; give strokes as {JSON}, or {PNG}")
    name, _, charset = parameters.strip().partition("=")
    if name.strip() == "charset" and charset.strip().strip('"') not in ("utf-8", "utf8"):
        raise Refused(415, "the content type names another charset than UTF-8; send UTF-8")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refused(415, "the body has a content encoding; send it uncompressed")
    return kind


async def read_body(request: Request, most: int) -> bytes:
    """Return a request's body, of which no more than the limit is kept.

    Of what is too large some more is read, and let go: clients that send first and listen later
    could not hear the answer if the connection ended while they send.

    Raises
    ------
    Refused
        If it is longer than `most` bytes, does not come within 20 seconds, breaks off or is empty.
    """
    too_large = Refused(413, f"the body is too large; at most {most:,} bytes are read")
    try:
        if int(request.headers.get("content-length", "0")) > most + _LET_GO:
            raise too_large
    except ValueError:  # no number: what comes is counted all the same
        pass
    body, length = bytearray(), 0
    try:
        with anyio.fail_after(_PATIENCE):
            async for chunk in request.stream():
                length += len(chunk)
                if length > most + _LET_GO:
                    raise too_large
                if length <= most:
                    body += chunk
    except TimeoutError:
        raise Refused(408, f"the body did not come within {_PATIENCE:.0f} seconds") from None
    except ClientDisconnect:
        raise Refused(400, "the connection ended before the body had come") from None
    if length > most:
        raise too_large
    if not body:
        raise Refused(400, "the body is empty; give a drawing")
    return bytes(body)


def read_question(body: bytes) -> Question:
    """Return what a body of JSON asks.

    Raises
    ------
    Refused
        With 400 if it is not JSON in UTF-8; with 422 if it is no question, or the drawing in it is
        unusable or larger than the limits.

    Examples
    --------
    >>> read_question(b'{"strokes": [[[0, 255], [3, 0]]], "top": 1}')
    Question(strokes=[array([[  0., 255.],
           [  3.,   0.]])], top=1, model=None)
    >>> read_question(b'{"strokes": [[[0, NaN], [3, 0]]]}')
    Traceback (most recent call last):
    inkgrad.web.refusals.Refused: the body cannot be read: NaN is not a number
    """
    given = _parse(body)
    if not isinstance(given, dict):
        raise Refused(422, 'the body is not a JSON object; give {"strokes": [[xs, ys], …]}')
    for name in given:
        if name not in _FIELDS:
            raise Refused(422, f"there is no field {_short(name)}; give {', '.join(_FIELDS)}")
    if "strokes" not in given:
        raise Refused(422, 'there are no strokes; give {"strokes": [[xs, ys], …]}')
    top = given.get("top", Question.top)
    if type(top) is not int or not 1 <= top <= MAX_TOP:
        raise Refused(422, f"top is {_short(top)}; give a whole number from 1 to {MAX_TOP}")
    model = given.get("model")
    if "model" in given and not isinstance(model, str):
        raise Refused(422, f"model is {_short(model)}; give a name, as /api/models lists them")
    return Question(_drawing(given["strokes"]), top, model)


def check_picture(body: bytes) -> None:
    """See that a body is a PNG, of a size that is no burden: its header is enough to tell.

    Raises
    ------
    Refused
    """
    if not body.startswith(_SIGNATURE) or body[12:16] != b"IHDR" or len(body) < 24:
        raise Refused(422, "the body is not a PNG; give a picture in that format")
    width, height = (int.from_bytes(body[at : at + 4], "big") for at in (16, 20))
    if width * height > MAX_PIXELS:
        raise Refused(
            422,
            f"the picture has {width:,} × {height:,} pixels; at most {MAX_PIXELS:,} are looked at, "
            "1000 × 1000 are plenty",
        )


def _parse(body: bytes) -> Any:
    """Return the JSON value that a body is."""
    try:
        return parse_json(body.decode("utf-8"))
    except UnicodeDecodeError as error:
        sentence = f"the body is not UTF-8: byte {error.start + 1:,} cannot be read"
    except JsonError as error:
        sentence = f"the body cannot be read: {error}"
    raise Refused(400, sentence)


def _drawing(given: Any) -> Strokes:
    """Return strokes of whatever form, if they are a drawing whose drawing is no burden."""
    try:
        strokes, _ = strokes_from_json(given, place="field")
    except DataError as error:
        raise Refused(422, str(error)) from None
    if isinstance(strokes, list):
        if len(strokes) > MAX_STROKES:
            raise _too_much(f"{len(strokes):,} strokes", f"{MAX_STROKES:,}")
        rows = [stroke[0] for stroke in strokes if isinstance(stroke, list) and stroke]
        points = sum(len(row) for row in rows if isinstance(row, list))
        if points > MAX_POINTS:
            raise _too_much(f"{points:,} points", f"{MAX_POINTS:,}")
    try:
        checked = check_strokes(strokes)
    except DataError as error:
        raise Refused(422, str(error)) from None
    low, high = bounding_box(checked)
    steps = (np.diff(stroke, axis=1) for stroke in checked)
    length = sum(float(np.hypot(*step).sum()) for step in steps)
    if length > MAX_LENGTH * (high - low).max():
        raise Refused(
            422,
            f"the strokes are more than {MAX_LENGTH} times as long as the drawing is large; "
            "scribble less",
        )
    return checked


def _too_much(given: str, most: str) -> Refused:
    return Refused(422, f"the drawing has {given}; at most {most} are looked at")


def _short(value: Any) -> str:
    """Show a value of JSON in a few characters.

    Examples
    --------
    >>> _short("a" * 100)
    '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and abs(value) > 1e18:
        return "a huge number"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
