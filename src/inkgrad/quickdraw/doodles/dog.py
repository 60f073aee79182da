"""A dog: ears that hang, a snout and a wagging tail; its face, from the side, or in profile."""

from __future__ import annotations

from inkgrad.quickdraw.doodles.parts import body_on_legs, eyes, mouth, side_eye
from inkgrad.quickdraw.doodles.pen import Pen

__all__ = ["draw_dog"]


def draw_dog(pen: Pen) -> None:
    """Draw a dog's face, a standing dog or a dog's head in profile."""
    pen.pick([_face, _standing, _profile], [0.54, 0.36, 0.1])(pen)


def _face(pen: Pen) -> None:
    wide, high = pen.between(0.75, 1.0), pen.between(0.85, 1.1)
    if pen.chance(0.6):
        pen.oval(0, 0, wide, high)
    else:  # broad above, a narrow muzzle below
        pen.curve([(-wide, -0.6 * high), (0, -high), (wide, -0.6 * high), (0.75 * wide, 0.3 * high),
                   (0.45 * wide, high), (-0.45 * wide, high), (-0.75 * wide, 0.3 * high)],
                  closed=True)  # fmt: skip
    _hanging_ears(pen, wide, high)

    def nose_and_mouth() -> None:
        y = pen.between(0.15, 0.4)
        size = pen.between(0.14, 0.26)
        if pen.chance(0.75):
            pen.dot(0, y, size)
        else:
            pen.oval(0, y, 1.2 * size, 0.8 * size)
        if pen.chance(0.35):
            pen.line([(0, y + size), (0, y + size + 0.15)])
        mouth(pen, y + size + 0.15, pen.between(0.25, 0.4))

    pen.recognisable()
    pen.in_any_order(lambda: eyes(pen, 0.36, -0.25, 0.15), nose_and_mouth)
    if pen.chance(0.35):  # the tongue
        y, long = pen.between(0.6, 0.75), pen.between(0.25, 0.5)
        pen.curve([(-0.13, y), (-0.14, y + 0.7 * long), (0, y + long), (0.14, y + 0.7 * long),
                   (0.13, y)])  # fmt: skip
    if pen.chance(0.12):  # a patch around one eye
        pen.oval(0.36, -0.25, 0.3, 0.36)


def _hanging_ears(pen: Pen, wide: float, high: float) -> None:
    """Draw an ear at each side of the face, fastened at the top, hanging far down."""
    long, thick = pen.between(0.8, 1.5), pen.between(0.18, 0.32)
    out, root = pen.between(0.15, 0.6), -high * pen.between(0.65, 0.85)
    style = pen.pick(["loop", "open", "inside"], [0.45, 0.4, 0.15])
    dark = pen.chance(0.55)
    for side in (-1, 1):
        tip = long * pen.between(0.9, 1.1)
        x = side * 0.6 * wide
        if style == "inside":  # folded over the face
            spine = [(x, root), (x + side * 0.25, root + 0.2), (x + side * 0.3, root + 0.7 * tip)]
        else:
            spine = [(x, root), (x + side * (out + 0.15), root + 0.1),
                     (x + side * (out + 0.35), root + 0.5 * tip),
                     (x + side * (out + 0.25), root + tip)]  # fmt: skip
        pen.tube(spine, [0.08, 0.8 * thick, thick, 0.5 * thick], style == "open", dark)


def _standing(pen: Pen) -> None:
    long, deep = pen.between(0.6, 0.85), pen.between(0.26, 0.4)
    body_on_legs(pen, long, deep, pen.between(0.4, 0.7), pen.between(0.07, 0.12), dark=0.2)
    size = pen.between(0.48, 0.6)
    with pen.at(long + 0.15, -deep - 0.25, size, pen.between(-0.2, 0.25)):
        _side_head(pen)
    pen.recognisable()
    _wagging_tail(pen, -long, -0.6 * deep)
    if pen.chance(0.12):  # spots
        for _ in range(pen.some(1, 3)):
            pen.oval(pen.between(-0.6, 0.6) * long, pen.between(-0.3, 0.3) * deep, 0.14, 0.1)


def _profile(pen: Pen) -> None:
    _side_head(pen)
    pen.recognisable()
    if pen.chance(0.7):  # neck and collar
        pen.line([(-0.75, 0.6), (-0.9, 1.7)])
        pen.line([(0.25, 0.85), (0.3, 1.7)])
        if pen.chance(0.4):
            pen.line([(-0.8, 1.2), (0.3, 1.2)])


def _side_head(pen: Pen) -> None:
    """Head in profile around (0, 0), radius about 1, the snout to the right, the ear hanging."""
    snout, blunt = pen.between(1.5, 2.1), pen.between(0.16, 0.3)
    y = pen.between(0.1, 0.35)
    if pen.chance(0.6):
        pen.curve([(0.3, -0.85), (0.75, y - blunt - 0.12), (snout, y - blunt),
                   (snout + 0.1, y + blunt), (0.8, 0.75), (0, 0.95), (-0.85, 0.55), (-0.95, -0.3),
                   (-0.4, -0.95)], closed=True)  # fmt: skip
    else:
        pen.oval(0, 0, 0.95, 0.9)
        pen.curve(
            [(0.85, y - blunt - 0.1), (snout, y - blunt), (snout + 0.1, y + blunt), (0.7, y + 0.35)]
        )
    if pen.chance(0.85):
        pen.dot(snout + 0.05, y - blunt, pen.between(0.1, 0.2))
    x, long, thick = pen.between(-0.65, -0.25), pen.between(0.9, 1.5), pen.between(0.25, 0.38)
    spine = [(x, -0.75), (x - 0.2, -0.4), (x - 0.3, -0.75 + 0.6 * long), (x - 0.2, -0.75 + long)]
    pen.tube(spine, [0.1, thick, thick, 0.5 * thick], pen.chance(0.5), pen.chance(0.55))
    side_eye(pen, 0.3, -0.25, 0.15)
    if pen.chance(0.5):
        pen.curve([(snout, y + 0.6 * blunt), (1.1, y + 0.3), (0.8, y + 0.15)])


def _wagging_tail(pen: Pen, x: float, y: float) -> None:
    """Draw a short tail held up behind."""
    if pen.chance(0.08):
        return
    up, out = pen.between(0.3, 0.7), pen.between(0.15, 0.5)
    spine = [(x, y), (x - 0.6 * out, y - 0.35 * up), (x - out, y - up)]
    if pen.chance(0.6):
        pen.curve(spine)
    else:
        pen.tube(spine, [0.09, 0.08, 0.03])
