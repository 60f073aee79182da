"""Kaggle's tables: columns by name, and rows that are no drawings."""

from __future__ import annotations

import csv
import json

import pytest

from inkgrad.errors import DataError
from inkgrad.quickdraw import read_drawings
from inkgrad.quickdraw.formats import read_records
from tests.quickdraw.formats.writers import CROSS, LINE, write_kaggle

HEAD = "countrycode,drawing,key_id,recognized,timestamp,word"
ROW = 'US,"[[[0, 255], [3, 0]]]",7,True,2017-03-01 00:00:00,cat'


def test_the_fields(tmp_path):
    path = tmp_path / "cat.csv"
    path.write_text(f"{HEAD}\n{ROW}\n\n{ROW.replace('True', 'False')}\r\n")
    first, second = read_records(path)
    assert (first.word, first.recognized, first.key_id) == ("cat", True, "7")
    assert second.recognized is False


def test_kaggles_test_file_knows_less(tmp_path):
    path = tmp_path / "test.csv"
    path.write_bytes(b'\xef\xbb\xbfkey_id,countrycode,drawing\n7,US,"[[[0, 255], [3, 0]]]"\n')
    (record,) = read_records(path)
    assert (record.word, record.recognized, record.key_id) == (None, None, "7")
    assert read_drawings(path).classes == ("test",)


def test_words_become_classes(tmp_path):
    path = write_kaggle(tmp_path / "all.csv", [LINE, CROSS], word="zebra")
    with path.open("a") as file:
        file.write(f"{ROW}\n{ROW.replace('cat', 'The Eiffel Tower')}\n")
    drawings = read_drawings(path)
    assert drawings.classes == ("The Eiffel Tower", "cat", "zebra")
    assert drawings.labels.tolist() == [2, 2, 1, 0]


def test_drawings_longer_than_the_csv_module_takes_by_default(tmp_path):
    points = list(range(256)) * 400
    path = write_kaggle(tmp_path / "cat.csv", [[[points, points]]])
    limit = csv.field_size_limit()
    assert path.stat().st_size > limit
    (record,) = read_records(path)
    assert record.strokes[0].shape == (2, len(points))
    assert csv.field_size_limit() == limit


def row(drawing: str, recognized: str = "True") -> str:
    quoted = drawing.replace('"', '""')
    return f'US,"{quoted}",7,{recognized},2017-03-01,cat'


HOSTILE = {
    "too few fields": ("US,7", "line 3 has 2 fields; the first row names 6"),
    "too many fields": (ROW + ",more", "line 3 has 7 fields"),
    "no drawing": (row(""), "line 3: not valid JSON"),
    "not JSON": (row("((1, 2))"), "line 3: not valid JSON"),
    "NaN": (row("[[[NaN], [1]]]"), "line 3: NaN is not a number"),
    "no strokes": (row("[]"), "line 3: there are no strokes"),
    "texts": (row(json.dumps([[["a"], ["b"]]])), "line 3: stroke 1"),
    "deep nesting": (row("[" * 100_000), "line 3: lists are nested too deeply"),
    "unknown mark": (row("[[[1],[2]]]", "maybe"), "line 3: recognized is 'maybe'"),
    "open quotes": ('US,"[[[1],[2]]]', r"line \d is not a row of a table"),
    "text after quotes": ('US,"[[[1],[2]]]"x,7,True,,cat', "line 3 is not a row of a table"),
    "a zero byte": ("US,\0", "line 3"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_rows_are_refused_with_file_and_line(tmp_path, name):
    line, message = HOSTILE[name]
    path = tmp_path / "cat.csv"
    path.write_text(f"{HEAD}\n{ROW}\n{line}\n{ROW}\n")
    records = read_records(path)
    next(records)
    with pytest.raises(DataError, match=rf"cat\.csv: {message}"):
        list(records)
    assert csv.field_size_limit() == 131_072


@pytest.mark.parametrize("name", ["drawing", "word", "recognized", "key_id"])
def test_two_columns_of_one_name_are_refused(tmp_path, name):
    path = tmp_path / "cat.csv"
    path.write_text(f'drawing,word,recognized,key_id,{name}\n"[[[1],[2]]]",cat,True,7,x\n')
    with pytest.raises(
        DataError, match=rf'cat\.csv: the first row names the column "{name}" twice'
    ):
        list(read_records(path))


def test_columns_that_nobody_reads_may_have_one_name(tmp_path):
    path = tmp_path / "cat.csv"
    path.write_text(',drawing,,note,note\n0,"[[[1],[2]]]",,a,b\n')
    assert len(list(read_records(path))) == 1


def test_a_field_without_end_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr("inkgrad.quickdraw.formats.kaggle.MAX_LINE", 1000)
    path = tmp_path / "cat.csv"
    path.write_text(f'{HEAD}\nUS,"' + "x\n" * 2000)
    with pytest.raises(DataError, match="field larger than field limit"):
        list(read_records(path))


def test_a_table_without_drawings_in_it(tmp_path):
    path = tmp_path / "cat.csv"
    for text in ("a,b\n1,2\n", "\n", ROW + "\n"):
        path.write_text(text)
        with pytest.raises(DataError, match='the first row names no column "drawing"'):
            list(read_records(path))


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "cat.csv"
    path.write_bytes(HEAD.encode() + b"\n\xff\xfe\n")
    with pytest.raises(DataError, match=r"cat\.csv: line 2 is not text in UTF-8"):
        list(read_records(path))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_columns_may_be_separated_and_named_as_other_programs_do(tmp_path, separator, encoding):
    path = tmp_path / "cat.csv"
    heads = ("Word", " DRAWING ", "recognized")
    drawing = '"[[[0, 9, 255], [3, 0, 7]]]"'
    table = "\n".join(separator.join(row) for row in (heads, ("cat", drawing, "1")))
    path.write_bytes(table.encode(encoding))
    (record,) = read_records(path)
    assert (record.word, record.recognized) == ("cat", True)
    path.write_bytes(f"sep={separator}\r\n{table}".encode(encoding))
    (record,) = read_records(path)
    assert record.word == "cat"


@pytest.mark.parametrize(
    ("mark", "recognized"),
    [("TRUE", True), ("1", True), ("1.0", True), ("FALSE", False), ("0", False), ("", None)],
)
def test_marks_as_other_programs_write_them(tmp_path, mark, recognized):
    path = tmp_path / "cat.csv"
    path.write_text(f'drawing,recognized\n"{json.dumps(CROSS)}",{mark}\n')
    (record,) = read_records(path)
    assert record.recognized is recognized
