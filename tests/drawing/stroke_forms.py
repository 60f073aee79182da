"""A hexagon and a roof in every form that programs save, and what may be read in two ways."""

from __future__ import annotations

HEXAGON = [
    [(128, 28), (215, 78), (215, 178), (128, 228), (41, 178), (41, 78), (128, 28)],
    [(60, 20), (130, 5), (200, 20)],
]
"""Two strokes of points (x, y): a closed hexagon, and a roof over it."""


def rows(strokes):
    return [[list(row) for row in zip(*stroke, strict=True)] for stroke in strokes]


def lists(strokes):
    return [[list(point) for point in stroke] for stroke in strokes]


def objects(strokes, **more):
    return [[{"x": x, "y": y, **more} for x, y in stroke] for stroke in strokes]


FORMS = {
    "rows": rows,
    "rows with times": lambda s: [[*r, list(range(len(r[0])))] for r in rows(s)],
    "rows as x and y": lambda s: [{"x": xs, "y": ys} for xs, ys in rows(s)],
    "points": lists,
    "points with pressure": lambda s: [[[*p, 0.5] for p in stroke] for stroke in s],
    "points with time": lambda s: [[[*p, i] for i, p in enumerate(stroke)] for stroke in s],
    "points with pressure and time": lambda s: [
        [[*p, 0.5, 17 * i] for i, p in enumerate(stroke)] for stroke in s
    ],
    "objects": objects,
    "objects in a drawing": lambda s: {"drawing": objects(s)},
    "signature_pad": lambda s: [
        {"penColor": "black", "dotSize": 0, "minWidth": 1, "points": stroke}
        for stroke in objects(s, time=1700000000000, pressure=0.5)
    ],
    "react-sketch-canvas": lambda s: [
        {"drawMode": True, "strokeColor": "#000", "strokeWidth": 4, "paths": stroke}
        for stroke in objects(s)
    ],
    "react-canvas-draw": lambda s: {
        "width": 400,
        "height": 400,
        "lines": [{"points": p, "brushColor": "#444", "brushRadius": 10} for p in objects(s)],
    },
    "perfect-freehand": lambda s: {
        "strokes": [{"id": i, "points": [[*p, 0.5] for p in q]} for i, q in enumerate(s)]
    },
    "konva": lambda s: [
        {"tool": "pen", "points": [number for point in stroke for number in point]} for stroke in s
    ],
}
"""What makes each form of strokes."""

ONE = [[10, 20], [90, 25], [95, 97]]
REFUSED = {
    # Three points, or two with times.
    "three points, going forward": ([ONE], "rows [xs, ys, ts] or points [x, y]"),
    "two points": ([[[10, 20], [90, 45]]], "rows [xs, ys] or points [x, y]"),
    "two points with time": (
        [[[10, 20, 30], [90, 45, 60]]],
        "rows [xs, ys] or points [x, y, pressure or time]",
    ),
    "two forms": (
        [ONE, [{"x": 1, "y": 2}]],
        "stroke 2 is of another form than stroke 1",
    ),
    "two lists": ({"lines": [[ONE]], "paths": [[ONE]]}, 'both "lines" and "paths" hold lists'),
    "an eraser": (
        [{"drawMode": False, "paths": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}],
        "stroke 1 is an eraser's",
    ),
    "points without y": ([[{"x": 1, "y": 2}, {"x": 1}]], "stroke 1 holds something else"),
    "an odd number": ([{"points": [1, 2, 3]}], "stroke 1 has 3 numbers"),
}
"""What is refused in a bare list, and a part of the sentence."""
