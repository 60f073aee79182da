"""SVG as a browser shows it: transformations, hidden things, papers, outlines, encodings."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from PIL import Image

from inkgrad.drawing import simplify, strokes_from_svg, to_bitmap
from inkgrad.errors import DataError
from tests.drawing.doodles import HOUSE, correlation

INK = 'fill="none" stroke="black" stroke-width="8"'
CROSS = '<path d="M-40 -40L300 300M300 -40L-40 300" {}/>'
SQUARE = '<path d="M-9 -9H400V400H-9z"/>'
CROSSED = CROSS.format(INK)


def path(points, attributes):
    return f'<path d="M{"L".join(f"{x} {y}" for x, y in points)}" {attributes}/>'


def house(attributes=INK):
    return "".join(path(zip(*stroke, strict=True), attributes) for stroke in HOUSE)


def svg(inner, attributes='viewBox="0 0 255 255"'):
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f"{attributes}>{inner}</svg>"
    )


def styled(rules, inner):
    return f"<style>{rules}</style>{inner}"


def is_the_house(text, least=0.999):
    return correlation(to_bitmap(strokes_from_svg(text)), to_bitmap(HOUSE)) >= least


# --- transformations ----------------------------------------------------------------------------


def corners(points, matrix):
    a, b, c, d, e, f = matrix
    return [[a * x + c * y + e for x, y in points], [b * x + d * y + f for x, y in points]]


@pytest.mark.parametrize(
    ("transform", "matrix"),
    [
        ("rotate(30)", (math.sqrt(3) / 2, 0.5, -0.5, math.sqrt(3) / 2, 0, 0)),
        ("skewX(45)", (1, 0, 1, 1, 0, 0)),
        ("skewY(-45)", (1, -1, 0, 1, 0, 0)),
        ("translate(9 5) rotate(90) scale(2,3)", (0, 2, -3, 0, 9, 5)),
        ("matrix(1 .5 -.25 2 3 4)", (1, 0.5, -0.25, 2, 3, 4)),
    ],
)
def test_rectangles_and_ellipses_keep_their_whole_transformation(transform, matrix):
    rect = f'<rect x="1" y="2" width="10" height="20" transform="{transform}" {INK}/>'
    (found,) = strokes_from_svg(svg(rect))
    sides = [(1, 2), (11, 2), (11, 22), (1, 22), (1, 2)]
    np.testing.assert_allclose(found, corners(sides, matrix), atol=1e-9)
    ellipse = f'<g transform="{transform}"><ellipse cx="7" rx="5" ry="40" {INK}/></g>'
    (found,) = strokes_from_svg(svg(ellipse))
    a, b, c, d, e, f = matrix
    back = np.linalg.inv([[a, c], [b, d]]) @ (found - [[e], [f]])
    np.testing.assert_allclose(np.hypot((back[0] - 7) / 5, back[1] / 40), 1, atol=1e-6)


def test_css_transforms_turn_around_their_origin():
    turned = "transform: rotate(90deg); transform-origin: 100px 50%"
    text = svg(f'<g style="{turned}"><line x1="100" y1="27.5" x2="120" y2="127.5" {INK}/></g>')
    np.testing.assert_allclose(strokes_from_svg(text)[0], [[200, 100], [127.5, 147.5]], atol=1e-9)


# --- what is not shown --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hidden",
    [
        CROSS.format('fill="none" stroke="none"'),
        CROSS.format('fill="none"'),
        CROSS.format('style="fill:none;stroke:none"'),
        CROSS.format('fill="none" stroke="black" stroke-width="0"'),
        CROSS.format('fill="none" stroke="black" stroke-opacity="0"'),
        CROSS.format('fill="none" stroke="transparent"'),
        CROSS.format('fill="none" stroke="rgba(0, 0, 0, 0)"'),
        CROSS.format('fill="none" stroke="#0000"'),
        CROSS.format('fill="none" stroke="rgb(0 0 0 / 0%)"'),
        CROSS.format('fill="none" stroke="url(#nowhere)"'),
        CROSS.format('fill="none" stroke="white"'),
        f'<g opacity="0">{CROSSED}</g>',
        f'<g style="opacity: 0%">{CROSSED}</g>',
        f'<g opacity=".2"><g opacity=".2">{CROSSED}</g></g>',
        f'<g visibility="hidden">{CROSSED}</g>',
        f'<g style="display: none">{CROSSED}</g>',
        styled(".off { display: none }", f'<g class="a off">{CROSSED}</g>'),
        styled("#off{visibility:hidden}", f'<g id="off">{CROSSED}</g>'),
        styled(
            "/* { */ a > g.x path, b {stroke:none !important;fill:none}",
            f'<a><g class="x">{CROSSED}</g></a>',
        ),
        styled("@media screen{[off]{opacity:0}}", f'<g off="1">{CROSSED}</g>'),
        styled(".o{display:none!important}", f'<g class="o" style="display:inline">{CROSSED}</g>'),
        f'<symbol id="a">{CROSSED}</symbol>',
        f"<defs><g>{CROSSED}</g></defs>",
        f'<clipPath id="a">{CROSSED}</clipPath>',
        f'<mask id="a">{CROSSED}</mask>',
        f'<pattern id="a">{CROSSED}</pattern>',
        f'<marker id="a">{CROSSED}</marker>',
        f'<clipPath id="a"><rect x="900" width="5" height="5"/></clipPath>'
        f'<g clip-path="url(#a)">{CROSSED}</g>',
        f'<mask id="a"><rect width="255" height="255" fill="black"/></mask>'
        f'<g mask="url(#a)">{CROSSED}</g>',
        f'<svg width="9" height="9" viewBox="900 900 9 9">{CROSSED}</svg>',
        f"<switch><g/><g>{CROSSED}</g></switch>",
        f'<switch><g requiredExtensions="http://example.org/x">{CROSSED}</g></switch>',
        f'<g systemLanguage="fr">{CROSSED}</g>',
        f'{CROSSED}<rect x="-99" y="-99" width="500" height="500" fill="#fff"/>',
        styled(":root{--i:none}", CROSS.format('fill="none" stroke="var(--i, red)"')),
    ],
)
@pytest.mark.parametrize("where", ["first", "last"])
def test_what_a_browser_does_not_show_is_not_drawn(hidden, where):
    if hidden.startswith("<path") and hidden.endswith('"#fff"/>') and where == "last":
        hidden = ""  # what hides the cross would hide the house
    parts = (hidden, house()) if where == "first" else (house(), hidden)
    assert is_the_house(svg("".join(parts)))


@pytest.mark.parametrize(
    "shown",
    [
        house('stroke="currentColor" color="#123" fill="none"'),
        f'<g fill="none" stroke="#000">{house("")}</g>',
        styled("g path{stroke:black;fill:none} .x{}", f"<g>{house('')}</g>"),
        styled("path{stroke:none} .p{stroke:red}", house('class="p" fill="none"')),
        styled(".p{stroke:none}", house('class="p" style="stroke:red;fill:none"')),
        styled("@media print{path{display:none}}", house()),
        '<g visibility="hidden">' + house(f'{INK} visibility="visible"') + "</g>",
        f'<defs><g id="h">{house()}</g></defs><use href="#h"/>',
        f'<defs><g id="a"><g id="b">{house()}</g></g><use id="c" xlink:href="#a"/></defs>'
        '<use xlink:href="#c"/>',
        f'<symbol id="h" viewBox="0 0 510 510"><g transform="scale(2)">{house()}</g></symbol>'
        '<use href="#h" width="255" height="255"/>',
        f'<svg x="10" y="10" width="50%" height="50%" viewBox="0 0 255 255">{house()}</svg>',
        f'<switch><foreignObject requiredExtensions="x"/><g>{house()}</g></switch>',
        f'<g clip-path="url(#a)">{house()}</g><clipPath id="a">{SQUARE}</clipPath>',
        f'<g mask="url(#a)">{house()}</g><mask id="a" fill="white">{SQUARE}</mask>',
        f'<text x="9" y="9">house</text><image href="a.png" width="999" height="9"/>{house()}',
        house('fill="none" stroke="light-dark(#000, #fff)" pointer-events="stroke"'),
        house('fill="none" style="stroke:#111;stroke:color(display-p3 .1 .1 .1)"'),
    ],
)
def test_what_a_browser_shows_is_drawn(shown):
    assert is_the_house(svg(shown))


def test_dashes_have_gaps_and_long_gaps_only():
    line = '<line x2="200" {} stroke="black" stroke-width="4"/>'
    assert len(strokes_from_svg(svg(line.format('stroke-dasharray="40 40"')))) == 3
    assert len(strokes_from_svg(svg(line.format('stroke-dasharray="4 3"')))) == 1


def test_clip_paths_cut_lines():
    clip = '<clipPath id="a"><rect width="100" height="100"/></clipPath>'
    line = f'<line x1="-50" y1="50" x2="150" y2="50" clip-path="url(#a)" {INK}/>'
    (found,) = strokes_from_svg(svg(clip + line))
    np.testing.assert_allclose(found[:, [0, -1]], [[0, 100], [50, 50]], atol=2)


# --- papers -------------------------------------------------------------------------------------

PAPERS = [
    '<path d="M-20 -20H275V275H-20z" fill="#ffffff"/>',
    '<polygon points="-9,-9 300,-9 300,300 -9,300" style="fill: #fdf6e3; stroke: none"/>',
    '<circle cx="128" cy="128" r="250" fill="ivory"/>',
    '<rect width="100%" height="100%" fill="white" stroke="white"/>',
    '<rect width="255" height="255" rx="20" fill="url(#g)"/>'
    '<linearGradient id="g"><stop stop-color="#fff"/><stop stop-color="#eee"/></linearGradient>',
    '<rect x="-99" y="-99" width="455" height="455" fill="#fff" transform="rotate(45 128 128)"/>',
]


@pytest.mark.parametrize("paper", PAPERS)
def test_what_lies_behind_everything_is_paper_whatever_draws_it(paper):
    inset = '<rect x="-2" y="-2" width="259" height="259" fill="#fffff8"/>'
    assert is_the_house(svg(paper + house()))
    assert is_the_house(svg(paper + inset + house()))


def test_light_ink_on_dark_paper():
    board = '<path d="M-9 -9H300V300H-9z" fill="#222"/>'
    assert is_the_house(
        svg(board + CROSS.format('stroke="#222"') + house(INK.replace("black", "#eee")))
    )
    assert is_the_house(svg(house(INK.replace("black", "white"))))  # meant for a dark page


def test_a_ring_around_everything_is_no_paper():
    ring = '<path d="M-40 -40H300V300H-40z M-30 -30V290H290V-30z" fill="black"/>'
    assert len(strokes_from_svg(svg(ring + house()))) > len(HOUSE)


def test_a_page_is_paper_though_lines_leave_it():
    page = '<rect width="255" height="255" fill="#fff"/>'
    line = f'<path d="M250 20L262 30" {INK}/>'
    assert len(strokes_from_svg(svg(page + house() + line))) == len(HOUSE) + 1


def test_areas_hide_what_is_behind_them():
    wall = '<path d="M2 112H198V253H2z" fill="#fff"/>'
    behind = f'<line x1="10" y1="150" x2="190" y2="240" {INK}/>'
    assert is_the_house(svg(behind + wall + house()))
    rubbed_out = '<path d="M260 0L300 0" {} stroke="{}" stroke-width="{}"/>'
    wrong, rubber = rubbed_out.format("", "black", 8), rubbed_out.format("", "white", 20)
    assert is_the_house(svg(PAPERS[0] + house() + wrong + rubber.replace("M260", "M250")))
    partly = (
        f'<path d="M0 0H200" {INK}/><rect x="50" y="-50" width="100" height="100" fill="#fff"/>'
    )
    assert len(strokes_from_svg(svg(partly))) == 2


# --- outlines of lines --------------------------------------------------------------------------


T = np.linspace(0, 1, 60)
CURVES = [
    np.stack([20 + 200 * T, 60 + 40 * np.sin(7 * T)]),
    np.stack([120 + 60 * np.cos(5 * T), 170 + 60 * np.sin(5 * T)]),
    np.stack([60 + 20 * T, 20 + 200 * T]),
]


def outline(curve, width, is_round):
    """Return path data of the area that a pen covers on its way along a smooth curve."""
    along = np.gradient(curve, axis=1)
    heading = np.arctan2(along[1], along[0])
    half_turn = np.linspace(np.pi / 2, -np.pi / 2, 9)[1:-1] if is_round else np.zeros(0)
    angles = [heading + np.pi / 2, heading[-1] + half_turn]
    angles += [heading[::-1] - np.pi / 2, heading[0] + np.pi + half_turn]
    ends = [np.repeat(curve[:, k : k + 1], len(half_turn), axis=1) for k in (59, 0)]
    middles = np.concatenate([curve, ends[0], curve[:, ::-1], ends[1]], axis=1)
    turned = np.concatenate(angles)
    x, y = middles + width / 2 * np.stack([np.cos(turned), np.sin(turned)])
    return "M" + "L".join(f"{a:.2f} {b:.2f}" for a, b in zip(x, y, strict=True)) + "Z"


@pytest.mark.parametrize("is_round", [True, False])
@pytest.mark.parametrize(
    ("width", "paint"),
    [
        (3, 'fill="black"'),
        (9, 'fill="#224" stroke="#224"'),
        (9, ""),
        (15, 'style="stroke:none;fill:black"'),
    ],
)
def test_long_thin_outlines_become_the_line_along_their_middle(width, is_round, paint):
    lines = "".join(f'<path d="{outline(c, width, is_round)}" {paint}/>' for c in CURVES)
    found = strokes_from_svg(svg(lines))
    assert len(found) == len(CURVES)
    assert correlation(to_bitmap(found), to_bitmap(CURVES)) > 0.97


def test_a_traced_drawing_in_one_path_becomes_its_lines():
    """As potrace writes them: contours of all lines and of the holes between them."""
    a, b = 40, 200
    outer = f"M{a - 4} {a - 4}H{b + 4}V{b + 4}H{a - 4}Z"
    holes = f"M{a + 4} {a + 4}V116H{b - 4}V{a + 4}ZM{a + 4} 124V{b - 4}H{b - 4}V124Z"
    traced = '<g transform="translate(0 255) scale(.1 -.1)"><g transform="scale(10)">'
    text = svg(f'{traced}<path d="{outer}{holes}" fill="#000" stroke="none"/></g></g>')
    truth = [[[a, b, b, a, a], [a, a, b, b, a]], [[a, b], [120, 120]]]
    assert correlation(to_bitmap(strokes_from_svg(text)), to_bitmap(truth)) > 0.97


def test_broad_areas_stay_outlines_and_small_ones_are_filled():
    circle = '<circle cx="128" cy="128" r="{}" fill="{}" {}/>'
    (found,) = strokes_from_svg(svg(circle.format(90, "black", "")))
    np.testing.assert_allclose(np.hypot(*(found - 128)), 90, atol=1e-3)
    pencil = '<rect x="10" y="10" width="200" height="12" fill="gold" stroke="black"/>'
    assert strokes_from_svg(svg(pencil))[0].tolist()[0] == [10, 210, 210, 10, 10]
    eyes = "".join(f'<circle cx="{x}" cy="128" r="14" fill="black"/>' for x in (90, 166))
    face = circle.format(120, "none", 'stroke="black" stroke-width="8"')
    bitmap = to_bitmap(strokes_from_svg(svg(face + eyes)))
    assert (bitmap[13:15, 9:11] > 200).all()


# --- points -------------------------------------------------------------------------------------


def test_the_longer_a_curve_the_more_points():
    small = "M9 9" + "c1 0 1 1 1 1" * 30
    big = "M0 0C0 255 255 255 255 0"
    found = strokes_from_svg(svg(f'<path d="{small}"/><path d="{big}"/>'))
    assert found[0].shape[1] < 100 < 20 * found[1].shape[1]
    assert found[1].shape[1] > 30


def test_thousands_of_curves_are_read_in_a_moment():
    rng = np.random.default_rng(3)
    numbers = rng.uniform(0, 255, (3000, 6)).round(2).tolist()
    data = "M0 0" + "".join("C" + " ".join(map(str, row)) for row in numbers)
    begin = time.process_time()
    strokes_from_svg(svg(f'<path d="{data}" fill="none" stroke="black"/>'))
    assert time.process_time() - begin < 1.0  # before: 3 s


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("Shift_JIS", "shift_jis"),
        ("utf-16", "utf-8"),  # what declares UTF-16 in single bytes was rewritten by some program
    ],
)
def test_the_declared_encoding_holds(declared, encoding):
    word = "é" if encoding in ("latin-1", "cp1252") else "ハ"
    text = f'<?xml version="1.0" encoding="{declared}"?>{svg(f"<title>{word}</title>" + house())}'
    assert is_the_house(text.encode(encoding))


def test_a_wrong_encoding_is_named():
    text = '<?xml version="1.0" encoding="{}"?><svg><title>é</title></svg>'
    with pytest.raises(DataError, match="not SVG text in UTF-8 or UTF-16; save it in UTF-8"):
        strokes_from_svg(text.format("utf-8").encode("latin-1"))
    for unknown in ("rot13", "x-klingon", "hex"):
        with pytest.raises(DataError, match=f"the encoding {unknown} is not known"):
            strokes_from_svg(text.format(unknown).encode())


def test_entities_that_are_plain_text_are_harmless():
    entities = (
        "<!ENTITY ns_svg 'http://www.w3.org/2000/svg'><!ENTITY st0 \"fill:none;stroke:black\">"
    )
    text = svg(house('style="&st0;"')).replace("http://www.w3.org/2000/svg", "&ns_svg;")
    public = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://example.org/svg11.dtd" ['
    assert is_the_house(f"{public}{entities}]>{text}")


@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a "x"><!ENTITY b "&a;&a;">',
        "<!ENTITY a '&#38;b;'>",
        '<!ENTITY % a "x">',
        '<!ENTITY a "%b;">',
        '<!ENTITY a SYSTEM "file:///etc/hostname">',
        '<!ENTITY a PUBLIC "x" "http://127.0.0.1:9/">',
        '<!ENTITY a "<g/>">',
    ],
)
def test_entities_that_are_more_stay_refused(entities):
    with pytest.raises(DataError, match="refused unless they are plain text"):
        strokes_from_svg(f"<!DOCTYPE svg [{entities}]>{svg(house())}")


def test_plain_entities_cannot_grow_beyond_reason():
    bomb = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 1000}">]>{svg(house() + "&a;" * 5000)}'
    with pytest.raises(DataError, match="more than 2,000,000 characters once entities"):
        strokes_from_svg(bomb)


def test_style_sheets_cannot_take_for_ever():
    rules = "".join(f"g g g g .a{{x:{i}}}" for i in range(400))
    text = svg(f"<style>{rules}</style>" + house('class="a"') * 1000)
    with pytest.raises(DataError, match="more rules, for this number of elements"):
        strokes_from_svg(text)


def test_a_clip_path_within_itself_ends():
    uses = "".join(
        f'<clipPath id="c{i}"><use href="#u{i}"/></clipPath><g id="u{i}" clip-path="url(#c{i})">'
        '<path d="M0 0H9V9z"/></g>'
        for i in range(3)
    )
    assert strokes_from_svg(svg(uses))


def test_colours_do_not_depend_on_what_else_was_drawn():
    """Pillow turns the names that it has met in its table of colours into numbers."""
    Image.new("RGB", (40, 40), "navy").rotate(9, fillcolor="white")
    text = svg(
        '<rect width="255" height="255" fill="navy"/>' + house(INK.replace("black", "white"))
    )
    assert is_the_house(text)
    assert simplify(strokes_from_svg(text))
