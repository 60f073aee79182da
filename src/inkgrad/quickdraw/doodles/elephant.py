"""An elephant: a trunk and big ears; from the side on heavy legs, or its face."""

from __future__ import annotations

from inkgrad.quickdraw.doodles.parts import body_on_legs, eyes, side_eye
from inkgrad.quickdraw.doodles.pen import Pen, Point

__all__ = ["draw_elephant"]


def draw_elephant(pen: Pen) -> None:
    """Draw an elephant from the side, in one line or from parts, or its face."""
    pen.pick([_in_one_line, _from_parts, _face], [0.28, 0.27, 0.45])(pen)


def _in_one_line(pen: Pen) -> None:
    """Back, legs, belly, trunk and forehead without lifting the pen."""
    rump, ground = -pen.between(0.9, 1.15), pen.between(0.7, 1.0)
    belly, leg, back = pen.between(0.25, 0.45), pen.between(0.24, 0.36), -pen.between(0.65, 0.85)
    reach, low = pen.between(0.1, 0.5), pen.between(0.4, 0.85)
    curl = pen.between(-0.1, 0.5)
    thick = pen.between(0.1, 0.16)
    x = 1.0 + reach
    path = [
        (0.8, back - 0.05), (0.45, back + 0.08), (-0.2, back - 0.1), (0.85 * rump, back + 0.2),
        (rump, 0.0), (rump, ground), (rump, ground), (rump + leg, ground), (rump + leg, ground),
        (rump + leg + 0.04, belly),
    ]  # fmt: skip
    if pen.chance(0.4):  # the legs on the far side
        for at in (rump + leg + 0.1, 0.55 - 2 * leg - 0.1):
            path += [(at, belly), (at, ground), (at + 0.8 * leg, ground), (at + 0.8 * leg, belly)]
    path += [
        (0.5 - leg, belly), (0.5 - leg, ground), (0.5 - leg, ground), (0.5, ground), (0.5, ground),
        (0.58, 0.2), (0.85, 0.0), (x - 2 * thick, low - 0.15), (x + 0.3 * curl, low + 0.12),
        (x + curl, low - 0.1), (x + 0.9 * curl, low - 0.25), (x + 0.1, low - 0.2),
        (x, -0.1), (1.12, back + 0.2),
    ]  # fmt: skip
    pen.curve(path, closed=True)
    _side_ear(pen, 0.55, -0.25, pen.between(0.26, 0.42))
    pen.recognisable()
    _details(pen, 0.95, -0.4)
    _tail(pen, rump, -0.15)


def _from_parts(pen: Pen) -> None:
    long, deep = pen.between(0.7, 0.9), pen.between(0.5, 0.68)
    body_on_legs(pen, long, deep, pen.between(0.35, 0.55), pen.between(0.12, 0.18), dark=0.2)
    x, y, size = (
        long + pen.between(0.0, 0.25),
        -deep * pen.between(0.3, 0.8),
        pen.between(0.42, 0.55),
    )
    pen.oval(x, y, size, size * pen.between(0.9, 1.15))
    _side_trunk(pen, x + 0.7 * size, y + 0.3 * size)
    _side_ear(pen, x - 0.5 * size, y, size * pen.between(0.85, 1.2))
    pen.recognisable()
    _details(pen, x + 0.4 * size, y - 0.2 * size)
    _tail(pen, -long, -0.2 * deep)


def _face(pen: Pen) -> None:
    """From the front: an ear at each side and the trunk hanging down the middle."""
    wide, high = pen.between(0.5, 0.7), pen.between(0.6, 0.8)
    pen.oval(0, 0, wide, high)
    ear_wide, ear_high = pen.between(0.45, 0.75), pen.between(0.55, 0.9)
    y = -pen.between(0.0, 0.3)

    def ears() -> None:
        open_ear = pen.chance(0.6)
        for side in (-1, 1):
            x = side * (wide + 0.6 * ear_wide)
            if open_ear:
                inner = side * 0.8 * wide
                outer = x + side * 0.55 * ear_wide
                pen.curve([(inner, y - 0.6 * high), (x, y - ear_high), (outer, y),
                           (x, y + 0.9 * ear_high), (inner, y + 0.55 * high)])  # fmt: skip
            else:
                pen.oval(x, y, ear_wide * 0.85, ear_high)

    def trunk() -> None:
        long, sway = pen.between(0.8, 1.4), pen.between(-0.6, 0.6)
        root = 0.1 * high
        spine = [(0.0, root), (-0.1 * sway, root + 0.35 * long), (0.1 * sway, root + 0.75 * long),
                 (sway, root + long)]  # fmt: skip
        _trunk(pen, spine, pen.between(0.12, 0.2))

    pen.in_any_order(ears, trunk)
    pen.recognisable()
    eyes(pen, 0.55 * wide, -0.25 * high, 0.1)
    if pen.chance(0.4):  # tusks
        for side in (-1, 1):
            pen.curve(
                [(side * 0.3, 0.5 * high), (side * 0.42, 0.9 * high), (side * 0.6, 1.1 * high)]
            )


def _side_trunk(pen: Pen, x: float, y: float) -> None:
    """Draw a trunk from (x, y): hanging, swung forward or raised."""
    long, out = pen.between(0.8, 1.2), pen.between(0.1, 0.5)
    raised = pen.chance(0.25)
    if raised:
        spine = [(x, y), (x + 0.5 * out + 0.2, y + 0.15), (x + out + 0.35, y - 0.2),
                 (x + out + 0.35, y - 0.75 * long)]  # fmt: skip
    else:
        spine = [(x, y), (x + 0.8 * out, y + 0.3 * long), (x + 0.7 * out, y + 0.75 * long),
                 (x + out * pen.between(0.2, 2.2), y + long)]  # fmt: skip
    _trunk(pen, spine, pen.between(0.1, 0.16))


def _trunk(pen: Pen, spine: list[Point], thick: float) -> None:
    style = pen.pick(["tube", "closed", "line"], [0.62, 0.32, 0.06])
    if style == "line":
        pen.curve(spine)
    else:
        pen.tube(spine, [thick, 0.95 * thick, 0.8 * thick, 0.6 * thick], open_end=style == "tube")
        if pen.chance(0.2):  # wrinkles
            for k in (1, 2):
                x, y = spine[k]
                pen.line([(x - thick, y), (x + thick, y + 0.03)])


def _side_ear(pen: Pen, x: float, y: float, size: float) -> None:
    """Draw a big ear, whole or left open where it grows from the head."""
    if pen.chance(0.35):
        pen.oval(x, y, 0.8 * size, 1.1 * size, pen.between(-0.3, 0.3))
    else:
        pen.curve([(x + 0.5 * size, y - 0.7 * size), (x - 0.5 * size, y - size),
                   (x - 0.9 * size, y), (x - 0.4 * size, y + size),
                   (x + 0.5 * size, y + 0.7 * size)])  # fmt: skip


def _details(pen: Pen, x: float, y: float) -> None:
    side_eye(pen, x, y, 0.06)
    if pen.chance(0.35):  # the tusk
        pen.curve([(x - 0.02, y + 0.45), (x + 0.15, y + 0.6), (x + 0.4, y + 0.5)])


def _tail(pen: Pen, x: float, y: float) -> None:
    if pen.chance(0.7):
        down, out = pen.between(0.2, 0.5), pen.between(0.1, 0.3)
        pen.curve([(x, y), (x - out, y + 0.3 * down), (x - out, y + down)])
        if pen.chance(0.3):
            pen.dot(x - out, y + down, 0.05)
