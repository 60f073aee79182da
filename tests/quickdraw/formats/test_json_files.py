"""Drawings as JSON: each way to write them down, and each way to get it wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import to_bitmap
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats import ndjson, read_bitmaps, read_records, text
from inkgrad.quickdraw.formats.record import parse_json, record_from_json
from tests.quickdraw.formats.writers import CROSS, LINE, write_ndjson

BEND = [[[0, 128, 255], [3, 40, 0]]]  # two points alone may be rows as well as points
GOOD = json.dumps({"drawing": LINE})


def test_raw_drawings_lose_their_times_and_are_simplified(tmp_path):
    raw = [[[10.5, 300.25], [20.0, 21.5], [0, 16]], [[10.5], [30.0], [40]]]
    path = write_ndjson(tmp_path / "cat.ndjson", [raw], word="cat", key_id="7", recognized=True)
    (record,) = read_records(path)
    assert (record.word, record.key_id, record.recognized) == ("cat", "7", True)
    assert [stroke.tolist() for stroke in record.strokes] == [raw[0][:2], raw[1][:2]]
    np.testing.assert_array_equal(read_bitmaps(path)[0], to_bitmap(raw))


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (BEND, 1),
        (CROSS, 1),
        ({"drawing": CROSS}, 1),
        ([BEND], 1),
        ([BEND, CROSS, BEND], 3),
        ([{"drawing": LINE}, {"drawing": CROSS}], 2),
        ([{"drawing": LINE}, CROSS], 2),
    ],
)
def test_the_ways_to_write_json(tmp_path, value, count):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(value))
    assert len(list(read_records(path))) == count


def test_lines_may_be_bare_strokes_and_blank_and_end_anyhow(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_bytes(
        b"\xef\xbb\xbf" + f"{json.dumps(BEND)}\r\n\n  \n{GOOD}\n{json.dumps(CROSS)}".encode()
    )
    assert [len(record.strokes) for record in read_records(path)] == [1, 1, 2]


def test_letters_of_every_alphabet(tmp_path):
    path = tmp_path / "cat.json"
    path.write_text(json.dumps({"word": "кошка", "drawing": LINE}), encoding="utf-8-sig")
    assert next(read_records(path)).word == "кошка"


LONG = "1" * 5000
HOSTILE = {
    "cut short": (GOOD[:-8], "not valid JSON at character"),
    "not JSON": ("<p>404</p>", "not valid JSON at character 1 .*damaged or cut short"),
    "two on a line": (GOOD + GOOD, "not valid JSON"),
    "NaN": ('{"drawing": [[[0, NaN], [0, 1]]]}', "NaN is not a number"),
    "Infinity": ('{"drawing": [[[0, Infinity], [0, 1]]]}', "Infinity is not a number"),
    "minus Infinity": ('{"drawing": [[[0, -Infinity], [0, 1]]]}', "-Infinity is not a number"),
    "too large for a float": ('{"drawing": [[[0, 1e999], [0, 1]]]}', "a number is beyond 1.8e308"),
    "too large for an integer": (f'{{"drawing": [[[0, {LONG}], [0, 1]]]}}', "100 digits or more"),
    "beyond 64 bits": (f'{{"drawing": [[[0, {10**30}], [0, 1]]]}}', "stroke 1|a coordinate"),
    "deep nesting": ("[" * 200_000 + "]" * 200_000, "nested too deeply"),
    "deep objects": ('{"a":' * 200_000 + "1" + "}" * 200_000, "nested too deeply"),
    "deep drawing": (f'{{"drawing": {"[" * 90 + "]" * 90}}}', "stroke 1"),
    "a number": ("7", "no drawing is here"),
    "a text": ('"cat"', "no drawing is here"),
    "nothing": ("null", "no drawing is here"),
    "an empty object": ("{}", 'no drawing is here; give an object with "drawing"'),
    "other fields only": ('{"strokes": []}', "no drawing is here"),
    "no strokes": ('{"drawing": []}', "there are no strokes"),
    "drawing is null": ('{"drawing": null}', "strokes are null"),
    "drawing is a text": ('{"drawing": "cat"}', "strokes are a string"),
    "drawing is an object": ('{"drawing": {"0": 1}}', "strokes are an object"),
    "a stroke of numbers": ('{"drawing": [[1, 2, 3]]}', "stroke 1"),
    "a stroke of four rows": ('{"drawing": [[[1], [2], [3], [4]]]}', "stroke 1"),
    "rows of two lengths": ('{"drawing": [[[1, 2], [3]]]}', "stroke 1"),
    "points of which one is short": ('{"drawing": [[[1, 2], [3, 4], [5, 6], [7]]]}', "stroke 1"),
    "an empty stroke": ('{"drawing": [[[1], [2]], [[], []]]}', "stroke 2 is empty"),
    "texts for numbers": ('{"drawing": [[["1"], ["2"]]]}', "stroke 1"),
    "null for a number": ('{"drawing": [[[null], [2]]]}', "stroke 1"),
    "a list too deep": ('{"drawing": [[[[1], [2]]]]}', "stroke 1"),
    "a word that is a number": ('{"drawing": [[[1], [2]]], "word": 7}', '"word" is 7'),
    "a mark that is a text": (
        '{"drawing": [[[1], [2]]], "recognized": "yes"}',
        "\"recognized\" is 'yes'",
    ),
    "a key that is a list": ('{"drawing": [[[1], [2]]], "key_id": []}', '"key_id" is'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_lines_are_refused_with_file_and_line(tmp_path, name):
    line, message = HOSTILE[name]
    path = tmp_path / "cat.ndjson"
    path.write_text(f"{GOOD}\n\n{line}\n{GOOD}\n")
    records = read_records(path)
    next(records)
    with pytest.raises(DataError, match=rf"cat\.ndjson: line 3: .*({message})"):
        next(records)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_files_are_refused_with_file_and_drawing(tmp_path, name):
    text, message = HOSTILE[name]
    path = tmp_path / "cat.json"
    path.write_text(text)
    with pytest.raises(DataError, match=rf"cat\.json: .*({message})"):
        list(read_records(path))
    path.write_text(f"[{GOOD}, {text}]")
    with pytest.raises(DataError, match=rf"cat\.json: (drawing 2: )?.*({message}|not valid JSON)"):
        list(read_records(path))


def test_text_that_is_not_utf_8(tmp_path):
    path = tmp_path / "cat.ndjson"
    path.write_bytes(GOOD.encode() + b"\n" + GOOD.encode("utf-16"))
    with pytest.raises(DataError, match=r"cat\.ndjson: line 2 is not text in UTF-8"):
        list(read_records(path))
    path = tmp_path / "cat.json"
    path.write_bytes(GOOD.replace("{", "{\xa0").encode("latin-1"))
    with pytest.raises(DataError, match=r"cat\.json is not text in UTF-8; save the file as text"):
        list(read_records(path))
    path.write_bytes(GOOD.encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"cat\.json is not text in UTF-16; save the file as text"):
        list(read_records(path))


def test_a_line_of_a_hundred_megabytes_is_refused_before_it_is_read(tmp_path, monkeypatch):
    assert text.MAX_LINE < 100_000_000
    monkeypatch.setattr(text, "MAX_LINE", 1000)
    path = tmp_path / "cat.ndjson"
    path.write_text(GOOD + "\n" + " " * 1000 + "\n")
    with pytest.raises(DataError, match=r"line 2 is longer than 1,000 bytes"):
        list(read_records(path))
    path.write_text(GOOD + "\n" + GOOD + " " * (1000 - len(GOOD)))
    assert len(list(read_records(path))) == 2


def test_a_json_file_that_is_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(ndjson, "MAX_FILE", 10)
    path = tmp_path / "cat.json"
    path.write_text(GOOD)
    with pytest.raises(DataError, match=r"cat\.json: .* bytes; .* into an \.ndjson file"):
        list(read_records(path))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["drawing", "word"]), inner, max_size=2)
        ),
    )
)
def test_any_value_is_a_drawing_or_a_data_error(value):
    try:
        record = record_from_json(value, "cat.json")
    except DataError:
        return
    assert record.strokes


@given(st.text(alphabet='[]{}",:0123456789.eE+-naINfity ', max_size=40))
def test_any_text_is_json_or_a_data_error(given_text):
    try:
        value = parse_json(given_text, "cat.json")
    except DataError:
        return
    assert value == json.loads(given_text)


def test_lines_of_json_may_be_called_json(tmp_path):
    path = tmp_path / "cat.json"
    path.write_text(f"{GOOD}\n{GOOD}\n")
    assert len(list(read_records(path))) == 2
    path.write_text(f"{GOOD}\n{GOOD[:-1]}\n")
    with pytest.raises(DataError, match=r"cat\.json: line 2: not valid JSON"):
        list(read_records(path))
