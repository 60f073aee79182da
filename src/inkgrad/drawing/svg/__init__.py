"""SVG drawings → strokes, without trusting the file.

`source` reads the text and refuses what could do harm; `styles` and `colours` know how elements
are painted; `tree` walks through them and yields the shapes that a browser paints, whose outlines
are made in `outlines` with the `lengths` and transformations of the file; `seen` finds out what
of all this can be seen, on a `canvas` of pixels where need be, and draws filled lines along their
`middles`.
"""

from __future__ import annotations

import os

from inkgrad.drawing.strokes import Strokes, check_strokes
from inkgrad.drawing.svg.outlines import flatten
from inkgrad.drawing.svg.seen import lines_seen
from inkgrad.drawing.svg.source import MAX_CHARACTERS, MAX_ELEMENTS, read_tree
from inkgrad.drawing.svg.styles import StyleSheet
from inkgrad.drawing.svg.tree import page_colour, page_size, shapes_of
from inkgrad.errors import DataError

__all__ = ["MAX_CHARACTERS", "MAX_ELEMENTS", "strokes_from_svg"]


def strokes_from_svg(source: str | os.PathLike[str] | bytes) -> Strokes:
    """Read the lines of an SVG drawing as strokes, as a browser shows them.

    Paths, lines, polylines, polygons, rectangles, circles and ellipses are taken, with their
    transformations, in the order in which they are painted; each connected part is a stroke, and
    curves become short straight lines. What a browser does not show is left out: shapes without
    line and fill, hidden, transparent, unused or covered ones, whether attributes, `style` or
    style sheets say so. An area behind everything that has no line around it is paper, and what
    differs as little from it as paper from itself is no ink. Of filled shapes the line around
    them is taken; if they are long and thin, as pens with pressure leave them, the line along
    their middle. Text and pictures are passed over, and nothing outside the file is ever opened.

    Shapes that nobody gave a colour are taken for lines, though a browser fills them with black.

    Parameters
    ----------
    source : path, text or bytes
        A file's path or its contents; a text that begins with ``<`` is taken for contents.

    Returns
    -------
    strokes : list of float64 arrays (2, n), in the drawing's own units, y downwards

    Raises
    ------
    DataError
        If the file is missing, too large, not SVG, defines entities that are more than plain
        text, nests or repeats elements beyond reason, or has no shapes or unusable coordinates;
        it is named.

    Examples
    --------
    >>> strokes_from_svg('<svg><g transform="translate(10 0)"><path d="M0 0 H5 V5"/></g></svg>')
    [array([[10., 15., 15.],
           [ 0.,  0.,  5.]])]
    """
    root, name = read_tree(source)
    sheet = StyleSheet(root, name)
    try:
        shapes = shapes_of(root, sheet)
    except DataError:
        raise
    except (ValueError, OverflowError) as error:  # of a number, a unit or a transformation
        raise DataError(f"{name}: a shape cannot be understood ({error})") from None
    shapes = [shape for shape in shapes if shape.fill.opacity > 0 or shape.stroke.opacity > 0]
    if not shapes:
        raise DataError(
            f"{name}: there are no shapes to be seen; draw with paths, lines or other shapes "
            "(text and pictures are not read)"
        )
    lines = flatten([(shape.matrix, shape.outlines) for shape in shapes])
    checked = iter(check_strokes([line for part in lines for line in part], where=name))
    lines = [[next(checked) for _ in part] for part in lines]
    page, size = page_colour(root, sheet), page_size(root, sheet)
    return check_strokes(lines_seen(shapes, lines, page, size), where=name)
