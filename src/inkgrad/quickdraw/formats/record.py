"""Record: one drawing as a file of strokes tells it, and how JSON becomes records."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from inkgrad.drawing import Strokes, check_strokes
from inkgrad.drawing.stroke_forms import POINTS, ROWS, Place, depth_of, strokes_from_json
from inkgrad.errors import DataError
from inkgrad.json_text import JsonError
from inkgrad.json_text import parse_json as parse

__all__ = ["Record", "parse_json", "record_from_json", "records_from_json"]


@dataclass(frozen=True, eq=False)
class Record:
    """One drawing with what its file knows about it; what it does not know is None.

    Parameters
    ----------
    strokes : list of float64 arrays of shape (2, points)
        Checked strokes, in the file's own coordinates.
    word : str or None
        The category that the player was asked to draw.
    recognized : bool or None
        Whether the game recognised the drawing.
    key_id : str or None
        The drawing's number in the data set.
    form : str
        How the file has its strokes: see `inkgrad.drawing.stroke_forms`.
    """

    strokes: Strokes
    word: str | None = None
    recognized: bool | None = None
    key_id: str | None = None
    form: str = ROWS


_GOOGLES = ("key_id", "recognized", "countrycode", "timestamp")  # fields that others do not write


def parse_json(text: str, where: str) -> Any:
    """Parse the JSON of a drawing, as `inkgrad.json_text.parse_json` does.

    Parameters
    ----------
    text : str
    where : str
        How an error calls the place, for instance ``"cat.ndjson, line 7"``.

    Raises
    ------
    DataError
        If it is refused there, with the place.

    Examples
    --------
    >>> parse_json("[1, 2.5]", "a.json")
    [1, 2.5]
    >>> parse_json("[NaN]", "a.json")
    Traceback (most recent call last):
    inkgrad.errors.DataError: a.json: NaN is not a number; the file is damaged or cut short
    """
    try:
        return parse(text)
    except JsonError as error:
        raise DataError(f"{where}: {error}; the file is damaged or cut short") from None


def record_from_json(value: Any, where: str, *, place: Place = "list") -> Record:
    """Make a record of one parsed drawing.

    Parameters
    ----------
    value : dict or list
        An object as the data set has it (with ``"drawing"`` and perhaps ``"word"``,
        ``"recognized"`` and ``"key_id"``; other keys are ignored), or whatever else
        `inkgrad.drawing.stroke_forms.strokes_from_json` takes for a drawing.
    where : str
        How an error calls the place.
    place : {"rows", "points", "list"}
        What it stands among: see `strokes_from_json`.

    Raises
    ------
    DataError
        If there are no usable strokes, or another field is of the wrong type.

    Examples
    --------
    >>> record_from_json({"word": "line", "drawing": [[[0, 9], [0, 3]]]}, "a.json").word
    'line'
    """
    if isinstance(value, list):
        strokes, form = strokes_from_json(value, where, place=place)
        return Record(check_strokes(strokes, where=where), form=form)
    if not isinstance(value, dict):
        raise _nothing(where)
    word, recognized, key_id = (value.get(key) for key in ("word", "recognized", "key_id"))
    if not isinstance(word, (str, type(None))):
        raise DataError(f'{where}: "word" is {word!r:.40}; a name or null is expected')
    if not isinstance(recognized, (bool, type(None))):
        raise DataError(
            f'{where}: "recognized" is {recognized!r:.40}; true, false or null expected'
        )
    if not isinstance(key_id, (str, int, type(None))):
        raise DataError(f'{where}: "key_id" is {key_id!r:.40}; a number or null is expected')
    if any(value.get(key) is not None for key in _GOOGLES):
        place = "rows"
    elif place == "list":
        place = "field"
    drawing, form = strokes_from_json(value.get("drawing", value), where, place=place)
    if drawing is value:  # there is nothing in it that could be strokes
        raise _nothing(where)
    number = None if key_id is None else str(key_id)
    return Record(check_strokes(drawing, where=where), word, recognized, number, form)


def _nothing(where: str) -> DataError:
    return DataError(
        f'{where}: no drawing is here; give an object with "drawing", or a list of strokes'
    )


def records_from_json(value: Any, where: str) -> Iterator[Record]:
    """Make records of a parsed file that holds one drawing or a list of drawings.

    Parameters
    ----------
    value : dict or list
        One drawing, as `record_from_json` takes it, or a list of such drawings.
    where : str
        How an error calls the file; to the drawings of a list it adds their numbers.

    Raises
    ------
    DataError
        As for `record_from_json`.

    Examples
    --------
    >>> stroke = [[0, 9, 5], [0, 3, 1]]
    >>> len(list(records_from_json([stroke, stroke], "a.json")))  # one drawing, two strokes
    1
    >>> len(list(records_from_json([[stroke], [stroke]], "a.json")))  # two drawings
    2
    """
    if not _is_list_of_drawings(value):
        yield record_from_json(value, where)
        return
    place = _place_among(value)
    for number, drawing in enumerate(value, start=1):
        yield record_from_json(drawing, f"{where}: drawing {number}", place=place)


def _place_among(drawings: list[Any]) -> Place:
    """Return what strokes are that may be either, by the others in their file, if those agree."""
    forms = set()
    for drawing in drawings:
        strokes = drawing.get("drawing", drawing) if isinstance(drawing, dict) else drawing
        with contextlib.suppress(DataError):  # may be either, or nothing at all
            forms.add(strokes_from_json(strokes)[1])
    if forms == {ROWS}:
        return "rows"
    return "points" if forms == {POINTS} else "list"


def _is_list_of_drawings(value: Any) -> bool:
    """Tell a list of drawings from a list of strokes: by "drawing", or by one level more."""
    if not isinstance(value, list) or not value:
        return False
    first = value[0]
    return (isinstance(first, dict) and "drawing" in first) or depth_of(value) > 3
