"""SVG: every kind of shape becomes strokes, and no file can do harm."""

from __future__ import annotations

import numpy as np
import pytest

from inkgrad.drawing import rasterize, strokes_from_svg, to_bitmap
from inkgrad.errors import DataError
from tests.drawing.doodles import DOODLES, correlation


def svg(inner, attributes='viewBox="0 0 100 100"'):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f"{attributes}>{inner}</svg>"
    )


def strokes(inner, attributes='viewBox="0 0 100 100"'):
    return [stroke.tolist() for stroke in strokes_from_svg(svg(inner, attributes))]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ('<line x1="1" y1="2" x2="3" y2="4"/>', [[[1, 3], [2, 4]]]),
        ('<polyline points="0,0 1,5 2,0"/>', [[[0, 1, 2], [0, 5, 0]]]),
        ('<polygon points="0,0 1,5 2,0"/>', [[[0, 1, 2, 0], [0, 5, 0, 0]]]),
        ('<rect x="1" y="2" width="3" height="4"/>', [[[1, 4, 4, 1, 1], [2, 2, 6, 6, 2]]]),
        ('<path d="M1 2h3v4z"/>', [[[1, 4, 4, 1], [2, 2, 6, 2]]]),
        ('<path d="M1 2L3 4M5 6L7 8"/>', [[[1, 3], [2, 4]], [[5, 7], [6, 8]]]),
        ('<path d="M1 1h2zl5 5"/>', [[[1, 3, 1], [1, 1, 1]], [[1, 6], [1, 6]]]),
        ('<path d="M5 5z"/>', [[[5, 5], [5, 5]]]),  # a dot
        ('<path d="M9 9M1 2L3 4M9 9"/>', [[[1, 3], [2, 4]]]),  # moves draw nothing
        (
            '<g transform="translate(10 0)"><g transform="scale(2)"><path d="M1 1L2 2"/></g></g>',
            [[[12, 14], [2, 4]]],
        ),
        (
            '<defs><path id="a" d="M0 0L1 1"/></defs><use xlink:href="#a" x="10"/><use href="#a"/>',
            [[[10, 11], [0, 1]], [[0, 1], [0, 1]]],
        ),
        ('<path d="M1 2L3 4" style="stroke:#f00" clip-path="url(#no)"/>', [[[1, 3], [2, 4]]]),
    ],
)
def test_straight_shapes(shape, expected):
    assert strokes(shape) == expected


def test_units_and_view_boxes():
    assert strokes(
        '<line x1="0" y1="0" x2="5" y2="5"/>', 'viewBox="0 0 10 10" width="40" height="40"'
    ) == [[[0, 20], [0, 20]]]


@pytest.mark.parametrize(
    "shape",
    [
        '<circle cx="50" cy="50" r="40"/>',
        '<ellipse cx="25" cy="50" rx="20" ry="40" transform="matrix(2 0 0 1 0 0)"/>',
        '<path d="M10 50A40 40 0 0 1 90 50A40 40 0 0 1 10 50"/>',
    ],
)
def test_curves_are_followed_closely(shape):
    ((x, y),) = (stroke for stroke in strokes_from_svg(svg(shape)))
    np.testing.assert_allclose(np.hypot(x - 50, y - 50), 40, atol=1e-6)
    middle = np.hypot(x[1:] + x[:-1] - 100, y[1:] + y[:-1] - 100) / 2
    assert middle.min() > 40 * 0.998  # of the chords, where they deviate most


def test_bezier_curves_pass_through_their_middle():
    ((x, y),) = strokes_from_svg(svg('<path d="M0 0C0 40 80 40 80 0"/>'))
    assert np.hypot(x - 40, y - 30).min() < 1e-9
    ((x, y),) = strokes_from_svg(svg('<path d="M0 0Q40 40 80 0"/>'))
    assert np.hypot(x - 40, y - 20).min() < 1e-9


@pytest.mark.parametrize("name", DOODLES)
def test_a_drawing_survives_the_way_through_svg(name):
    paths = "".join(
        '<path d="M'
        + "L".join(f"{x * 1.7 + 40} {y * 1.7}" for x, y in zip(*s, strict=True))
        + '"/>'
        for s in DOODLES[name]
    )
    assert correlation(to_bitmap(strokes_from_svg(svg(paths))), rasterize(DOODLES[name])) > 0.97


def test_paper_is_not_drawn_but_frames_are():
    line = '<line x1="10" y1="10" x2="90" y2="90" stroke="black"/>'
    paper = '<rect width="100%" height="100%" fill="white"/>'
    frame = '<rect width="100" height="100" fill="none" stroke="black"/>'
    small = '<rect x="20" y="20" width="9" height="9"/>'
    assert len(strokes(paper + line)) == 1
    assert len(strokes(frame + line)) == 2
    assert len(strokes(small + line)) == 2
    assert len(strokes(line + paper)) == 2  # in front it hides the line; nobody draws that
    assert len(strokes(paper)) == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_contents_and_text(tmp_path, encoding):
    text = f'<?xml version="1.0"?>\n<!-- é -->\n{svg("<path d=&quot;M0 0L1 1&quot;/>")}'
    text = text.replace("&quot;", '"')
    path = tmp_path / "drawing.svg"
    path.write_bytes(text.encode(encoding))
    for given in (path, str(path), path.read_bytes(), text, "\ufeff" + text):
        assert [s.tolist() for s in strokes_from_svg(given)] == [[[0, 1], [0, 1]]]


def test_nothing_outside_is_opened(monkeypatch):
    import socket

    def refuse(*arguments):
        raise AssertionError(f"tried to reach {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = strokes(
        '<image href="http://127.0.0.1:9/a.png" width="9" height="9"/>'
        '<image href="file:///etc/hostname" width="9" height="9"/>'
        '<use href="http://127.0.0.1:9/a.svg#x"/><style>@import url(http://127.0.0.1:9/);</style>'
        '<script href="http://127.0.0.1:9/"/><path d="M0 0L1 1"/>'
    )
    assert found == [[[0, 1], [0, 1]]]


BOMB = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><svg>&b;</svg>'
FILE_ENTITY = '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname">]><svg>&a;</svg>'
USES = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 12))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<", "not well-formed XML"),
        ("<svg><g></svg>", "not well-formed XML"),
        ("<svg>\0</svg>", "not well-formed XML"),
        ("<svg>&a;</svg>", "not well-formed XML"),
        ("<html/>", "outermost element is <html>"),
        (BOMB, "entity definitions are refused"),
        (FILE_ENTITY, "entity definitions are refused"),
        (svg(""), "there are no shapes"),
        (svg("<text>cat</text>"), "there are no shapes"),
        (svg('<path d="M5 5"/>'), "there are no shapes"),
        (svg('<path d="xyz"/>'), "there are no shapes"),
        (
            '<svg><rect width="5ex" height="3"/><path d="M1 1L2 2"/></svg>',
            r"cannot be understood \(a length in ex, em or vw; give it in px",
        ),
        ('<svg><rect width="5vw" height="3"/><path d="M1 1L2 2"/></svg>', "give it in px"),
        (svg('<path d="M0 0L1 1" display="none"/>'), "there are no shapes"),
        (svg('<path d="M0 0L1 1"/>', 'viewBox="0 0 0 0"'), "there are no shapes"),
        (svg('<line x1="inf" y1="0" x2="1e999" y2="3"/>'), "a coordinate is inf"),
        (svg('<path d="M0 0L1e300 5"/>'), r"a coordinate is 1e\+300"),
        (svg(f'<path d="M0 0L{"1" * 1000} 5"/>'), "a coordinate is inf"),
        (svg('<path d="M0 0L NaN 5"/>'), "there are no shapes"),
        (svg('<g id="a"><use href="#a"/><path d="M0 0L1 1"/></g>'), "one uses itself"),
        (svg('<g id="a0"><path d="M0 0L1 1"/></g>' + USES), "more than 10,000 elements"),
        (svg("<g>" * 5000 + "</g>" * 5000), "nested more than 100 deep"),
        (svg("<g/>" * 10_001), "more than 10,000 elements"),
        (svg(" " * 2_000_000), "more than 2,000,000 characters"),
        (svg(f'<path id="a" d="M{"1 " * 300_000}"/>' + '<use href="#a"/>' * 9), "characters once"),
    ],
)
def test_hostile_and_broken_files_are_refused_by_name(tmp_path, text, message):
    path = tmp_path / "drawing.svg"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"drawing.svg: .*{message}") as error:
        strokes_from_svg(path)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


def test_files_that_are_not_text(tmp_path):
    with pytest.raises(DataError, match="not SVG text in UTF-8 or UTF-16"):
        strokes_from_svg(b"\x89PNG\r\n\x1a\n\xff\xfe")
    with pytest.raises(DataError, match="not well-formed XML"):
        strokes_from_svg("<svg>\ud800</svg>")
    with pytest.raises(DataError, match=r"nowhere.svg: cannot be read .No such file"):
        strokes_from_svg(tmp_path / "nowhere.svg")
    with pytest.raises(DataError, match=r"cannot be read .embedded null byte"):
        strokes_from_svg("a\0b")
    large = tmp_path / "large.svg"
    large.write_bytes(b"<svg>" + b" " * 9_000_000)
    with pytest.raises(DataError, match=r"large.svg: more than 2,000,000 characters"):
        strokes_from_svg(large)


def test_a_shape_that_cannot_be_understood():
    with pytest.raises(DataError, match="a shape cannot be understood"):
        strokes_from_svg(svg('<path d="M0 0L1 1" transform="matrix(1 2)"/>'))
