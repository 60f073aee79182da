"""Forms of strokes: each ends in the same strokes, and what could be two things is refused."""

from __future__ import annotations

import base64
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inkgrad.drawing import check_strokes, to_bitmap
from inkgrad.drawing.documents import strokes_of_document
from inkgrad.drawing.inkml import strokes_from_inkml
from inkgrad.drawing.stroke_forms import POINTS, ROWS, strokes_from_json
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats import read_records
from tests.drawing.stroke_forms import FORMS, HEXAGON, REFUSED, lists, rows

HOUSE = [(22, 84), (25, 182), (176, 180), (178, 82), (22, 84)]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_ends_in_the_same_strokes(name):
    strokes, form = strokes_from_json(FORMS[name](HEXAGON))
    assert (form == ROWS) == (name in ("rows", "rows with times"))
    for found, stroke in zip(check_strokes(strokes), HEXAGON, strict=True):
        np.testing.assert_array_equal(found, np.transpose(stroke))


@pytest.mark.parametrize("name", FORMS)
def test_one_stroke_alone_is_a_drawing(name):
    one = FORMS[name](HEXAGON[:1])
    if isinstance(one, list):  # of one stroke
        strokes, _ = strokes_from_json(one[0])
        np.testing.assert_array_equal(check_strokes(strokes)[0], np.transpose(HEXAGON[0]))


@pytest.mark.parametrize("name", REFUSED)
def test_what_may_be_two_things_is_refused_with_both_names(name):
    drawing, message = REFUSED[name]
    with pytest.raises(DataError) as caught:
        strokes_from_json(drawing, "a.json")
    assert str(caught.value).startswith("a.json: ")
    assert message in str(caught.value)


def test_a_hexagon_in_pieces_never_becomes_loose_lines():
    corners = HEXAGON[0]
    pieces = [corners[0:3], corners[2:5], corners[4:7]]
    for place in ("field", "list"):
        strokes, form = strokes_from_json(lists(pieces), place=place)
        assert form == POINTS
        np.testing.assert_array_equal(to_bitmap(strokes), to_bitmap(rows(pieces)))
    halves = [corners[i : i + 2] for i in range(6)]
    with pytest.raises(DataError, match=r"rows \[xs, ys\] or points \[x, y\]"):
        strokes_from_json(lists(halves))


@pytest.mark.parametrize("place", ["rows", "field"])
def test_a_documented_field_holds_rows_if_it_can(place):
    line = [[[10, 20], [90, 45]], [[1, 7], [3, 9]]]
    assert strokes_from_json(line, place=place) == (line, ROWS)
    timed = [[[10, 20], [90, 45], [0, 16]]]
    assert strokes_from_json(timed, place=place) == (timed, ROWS)
    assert strokes_from_json(line, place="points")[1] == POINTS


def test_googles_frame_pressures_and_times_tell():
    framed = [[[0, 12], [0, 255]]]  # only as rows does it reach 0 on both axes
    assert strokes_from_json(framed) == (framed, ROWS)
    turned = [[[0, 0], [12, 255]]]
    assert strokes_from_json(turned) == ([[[0, 12], [0, 255]]], POINTS)
    with pytest.raises(DataError, match="may be rows"):
        strokes_from_json([[[0, 12], [3, 255]]])  # near Google's frame both ways
    pressed = [[[10, 20, 0.5], [90, 45, 0.25]]]
    assert strokes_from_json(pressed) == ([[[10, 90], [20, 45]]], POINTS)
    assert strokes_from_json([[[5, 5], [9, 9], [12, 7]]])[1] == POINTS  # times do not go back
    small = [[[0.1, 0.9, 0.5], [0.2, 0.3, 0.75]]]  # all of a drawing may be between 0 and 1
    for drawing in (small, [[[7, 7, 7], [9, 9, 9]]]):  # or be a dot
        assert strokes_from_json(drawing, place="field") == (drawing, ROWS)


@pytest.mark.parametrize("bare", [True, False])
def test_the_drawings_of_a_file_decide_together(tmp_path, bare):
    line = [[[10, 20], [90, 45]]]
    for known, form in ((rows(HEXAGON), ROWS), (lists(HEXAGON), POINTS)):
        values = [known, line] if bare else [{"drawing": known}, {"drawing": line}]
        path = tmp_path / "many.json"
        path.write_text(json.dumps(values[::-1]))
        assert [record.form for record in read_records(path)] == [form, form]
        path = tmp_path / "many.ndjson"
        path.write_text("\n".join(map(json.dumps, values)))
        assert [record.form for record in read_records(path)] == [form, form]


NAMES = ("x", "y", "points", "path", "lines", "strokes", "drawing", "drawMode", "tool", "type")
PARTS = ("elements", "records", "shapes", "schema", "store", "document", "props", "id", "angle")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(NAMES),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(NAMES + PARTS), inner, max_size=4)
        ),
    ),
    st.sampled_from(["rows", "points", "field", "list"]),
)
def test_any_value_is_a_drawing_or_a_data_error(value, place):
    try:
        strokes, form = strokes_from_json(value, place=place)
        checked = check_strokes(strokes)
    except DataError:
        return
    assert checked
    assert form


# --- documents ------------------------------------------------------------------------------------


def excalidraw(*elements):
    return {"type": "excalidraw", "version": 2, "elements": list(elements), "appState": {}}


def test_excalidraw():
    line = {"type": "freedraw", "x": 22, "y": 84, "angle": 0}
    line["points"] = [[x - 22, y - 84] for x, y in HOUSE]
    box = {"type": "rectangle", "x": 0, "y": 0, "width": 20, "height": 10, "angle": math.pi / 2}
    document = excalidraw(line, box, {"type": "text", "x": 0, "y": 0, "text": "house"})
    document["elements"].append({**box, "isDeleted": True})
    (house, turned), form = strokes_of_document(document, "a")
    assert form == "an Excalidraw document"
    assert house == [list(row) for row in zip(*HOUSE, strict=True)]
    np.testing.assert_allclose(turned[0], [15, 15, 5, 5, 15], atol=1e-12)  # about its middle
    np.testing.assert_allclose(turned[1], [-5, 15, 15, -5, -5], atol=1e-12)


def tldraw(*records):
    page = {"id": "page:p", "typeName": "page", "name": "1"}
    return {"tldrawFileFormatVersion": 1, "schema": {}, "records": [page, *records]}


def shape(kind, props, **more):
    base = {"id": f"shape:{kind}", "typeName": "shape", "x": 0, "y": 0, "rotation": 0}
    return {**base, "parentId": "page:p", "type": kind, "props": props, **more}


def packed(points):
    """Return points as newer files have them: the first as float32, then steps as float16."""
    xyz = np.array([[x, y, 0.5] for x, y in points])
    data = xyz[0].astype("<f4").tobytes() + np.diff(xyz, axis=0).astype("<f2").tobytes()
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    "segment",
    [
        {"type": "free", "points": [{"x": x, "y": y, "z": 0.5} for x, y in HOUSE]},
        {"type": "free", "path": packed(HOUSE)},
    ],
    ids=["points", "base64"],
)
def test_tldraw(segment):
    group = shape("group", {}, x=100, rotation=math.pi / 2)
    inner = shape("draw", {"segments": [segment], "isClosed": False}, parentId="shape:group")
    for document in (tldraw(group, inner), {"store": {"a": group, "b": inner}, "schema": {}}):
        (stroke,), form = strokes_of_document(document, "a")
        assert form == "a tldraw document"
        expected = [[100 - y for _, y in HOUSE], [x for x, _ in HOUSE]]
        np.testing.assert_allclose(stroke, expected, atol=1e-9)


def test_shapes_of_tldraw():
    line = shape("line", {"points": {"a": {"index": "a2", "x": 5, "y": 6}, "b": {"index": "a1"}}})
    line["props"]["points"]["b"].update(x=1, y=2)
    arrow = shape("arrow", {"start": {"x": 0, "y": 0}, "end": {"x": 3, "y": 4}})
    box = shape("geo", {"geo": "rectangle", "w": 2, "h": 1}, x=7)
    strokes, _ = strokes_of_document(tldraw(line, arrow, box, shape("text", {})), "a")
    assert strokes == [[[1, 5], [2, 6]], [[0, 3], [0, 4]], [[7, 9, 9, 7, 7], [0, 0, 1, 1, 0]]]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (excalidraw(), "an Excalidraw document without lines"),
        (excalidraw({"type": "line"}), "an element that cannot be understood"),
        (excalidraw({"type": "line", "x": "1", "y": 2, "points": [[0, 0]]}), "cannot be under"),
        (excalidraw(7), "an element that cannot be understood"),
        (tldraw(), "a tldraw document without lines"),
        (tldraw(shape("geo", {"geo": "cloud", "w": 1, "h": 1})), "with a shape 'cloud'"),
        (tldraw(shape("draw", {"segments": [{"path": "@@"}]})), "cannot be understood"),
        (
            tldraw(
                shape("arrow", {"start": {"x": 0, "y": 0}, "end": {"x": 3, "y": 4}}),
                shape(
                    "arrow",
                    {"start": {"x": 0, "y": 0}, "end": {"x": 3, "y": 4}},
                    id="shape:2",
                    parentId="page:q",
                ),
            ),
            "drawings on several pages",
        ),
    ],
)
def test_documents_that_cannot_be_read(document, message):
    with pytest.raises(DataError, match=message):
        strokes_from_json(document, "a.json")


# --- InkML ----------------------------------------------------------------------------------------


def test_inkml():
    text = (
        '<?xml version="1.0"?><ink xmlns="http://www.w3.org/2003/InkML"><traceFormat>'
        '<channel name="T"/><channel name="X"/><channel name="Y"/></traceFormat>'
        '<definitions><trace>0 1 1</trace></definitions><traceGroup><trace id="0">\n'
        '0 10 20, 1 11.5 -2 , 2 1e1 20\n</trace><trace type="penUp">1 1 1</trace>'
        "</traceGroup></ink>"
    )
    (stroke,) = strokes_from_inkml(text)
    assert stroke.tolist() == [[10, 11.5, 10], [20, -2, 20]]


def test_inkml_by_differences():
    (stroke,) = strokes_from_inkml("<ink><trace>1125 1843,'23'43,\"7\"-8,3-5,!9!8</trace></ink>")
    assert stroke.tolist() == [[1125, 1148, 1178, 1211, 9], [1843, 1886, 1921, 1951, 8]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<ink>", "not well-formed XML"),
        ("<svg/>", "the outermost element is <svg>"),
        ("<ink/>", "there are no traces"),
        ("<ink><trace>1, 2</trace></ink>", "trace 1: '1' is not a point"),
        ("<ink><trace>1 a</trace></ink>", "trace 1: '1 a' is not a point"),
        ("<ink><trace/></ink>", "trace 1: '' is not a point"),
        ('<ink><channel name="X"/></ink>', "no channels X and Y"),
        ('<!DOCTYPE ink [<!ENTITY a "b">]><ink/>', "entity definitions are refused"),
    ],
)
def test_inkml_that_cannot_be_read(text, message):
    with pytest.raises(DataError, match=message):
        strokes_from_inkml(text, "a.inkml")
