"""A zebra: a horse's figure with stripes; from the side, or head and neck alone."""

from __future__ import annotations

from inkgrad.quickdraw.doodles.parts import body_on_legs, eyes, side_eye
from inkgrad.quickdraw.doodles.pen import Pen

__all__ = ["draw_zebra"]


def draw_zebra(pen: Pen) -> None:
    """Draw a standing zebra (the most), its head and neck, or its face."""
    pen.pick([_standing, _head_and_neck, _face], [0.64, 0.16, 0.2])(pen)


def _standing(pen: Pen) -> None:
    long, deep = pen.between(0.8, 1.05), pen.between(0.3, 0.45)
    is_oval = body_on_legs(pen, long, deep, pen.between(0.5, 0.85), pen.between(0.06, 0.1))
    rise, out = pen.between(0.45, 0.8), pen.between(0.2, 0.5)
    head = long + out, -deep - rise
    neck = pen.between(0.14, 0.24)
    pen.line([(0.7 * long, -0.8 * deep), (head[0] - 1.4 * neck, head[1])])
    pen.line([(0.97 * long, -0.2 * deep), (head[0] + 0.4 * neck, head[1] + 0.2)])
    _side_head(pen, *head)

    def neck_stripes() -> None:
        for k in range(1, pen.some(2, 4)):
            t = k / 4
            x, y = (
                0.7 * long + t * (head[0] - 1.4 * neck - 0.7 * long),
                -deep * 0.8 + t * (head[1] + 0.8 * deep),
            )
            pen.line([(x, y), (x + 2 * neck * (1 - 0.3 * t), y + 0.12)])

    def mane() -> None:
        spikes = pen.some(4, 7)
        x0, y0, x1, y1 = 0.7 * long, -deep, head[0] - 1.4 * neck, head[1] - 0.1
        path = []
        for k in range(2 * spikes + 1):
            t = k / (2 * spikes)
            x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
            path.append((x - 0.12, y - 0.08) if k % 2 else (x, y))
        pen.line(path)

    _body_stripes(pen, long, deep, is_oval)
    pen.recognisable()
    extras = [lambda: _tail(pen, -long, -0.5 * deep)]
    if pen.chance(0.6):
        extras.append(neck_stripes)
    if pen.chance(0.45):
        extras.append(mane)
    pen.in_any_order(*extras)


def _side_head(pen: Pen, x: float, y: float) -> None:
    """Draw a long head sloping forward and down from (x, y), with ears."""
    long, thick = pen.between(0.3, 0.42), pen.between(0.13, 0.2)
    with pen.at(x + 0.12, y + 0.02, 1.0, pen.between(0.1, 0.75)):
        if pen.chance(0.6):
            pen.oval(0, 0, long, thick)
        else:
            pen.curve([(-long, -1.1 * thick), (0, -thick), (long, -0.6 * thick),
                       (1.1 * long, 0.5 * thick), (0.6 * long, 0.9 * thick),
                       (-0.6 * long, 1.2 * thick)], closed=True)  # fmt: skip
        side_eye(pen, -0.2 * long, -0.2 * thick, 0.04)
    for k in range(pen.some(1, 2)):
        foot = x - 0.15 + 0.14 * k
        pen.line([(foot, y - 0.12), (foot + 0.01, y - 0.36), (foot + 0.12, y - 0.14)])


def _body_stripes(pen: Pen, long: float, deep: float, is_oval: bool) -> None:
    count = pen.some(5, 9)
    slant, bulge = pen.between(-0.25, 0.25), pen.between(-0.12, 0.12)
    style = pen.pick(["line", "filled", "zigzag", "half"], [0.66, 0.16, 0.1, 0.08])
    zigzag = []
    for k in range(count):
        x = long * (1.7 * (k + 0.5) / count - 0.85) + pen.between(-0.03, 0.03)
        reach = deep * ((1 - (x / long) ** 2) ** 0.5 if is_oval else 1.0)
        top, low = -reach * pen.between(0.85, 1.05), reach * pen.between(0.7, 1.05)
        if style == "half":  # from the back or from the belly, by turns
            top, low = (top, 0.15 * reach) if k % 2 else (-0.15 * reach, low)
        if style == "zigzag":
            zigzag += [(x + slant, top), (x + long / count, low)]
        elif style == "filled":
            w = 0.35 * long / count
            pen.line(
                [(x - w, top), (x + slant - w, low), (x, top), (x + slant + w, low), (x + w, top)]
            )
        else:
            pen.curve([(x - slant / 2, top), (x + bulge, (top + low) / 2), (x + slant / 2, low)])
    if zigzag:
        pen.line(zigzag)


def _tail(pen: Pen, x: float, y: float) -> None:
    if pen.chance(0.85):
        down, out = pen.between(0.3, 0.6), pen.between(0.1, 0.35)
        pen.curve([(x, y), (x - out, y + 0.2 * down), (x - 1.1 * out, y + down)])
        if pen.chance(0.35):
            pen.dot(x - 1.1 * out, y + down, 0.06)


def _head_and_neck(pen: Pen) -> None:
    """Head in profile on a striped neck, cut off at the shoulder."""
    low, wide = pen.between(0.8, 1.2), pen.between(0.85, 1.15)
    back, throat = pen.between(-0.55, -0.35), pen.between(0.1, 0.25)
    pen.line([(back, -0.1), (back - 0.35, low)])
    pen.line([(throat, 0.25), (back - 0.35 + wide, low)])
    with pen.at(-0.15, -0.1, 1.7):
        _side_head(pen, 0, 0)
    count = pen.some(4, 6)
    for k in range(count):
        t = (k + 0.7) / count
        y = t * low
        left, right = back - 0.35 * t, throat + t * (back - 0.35 + wide - throat)
        right = left + (right - left) * pen.pick([1.0, pen.between(0.5, 0.8)], [0.6, 0.4])
        pen.curve([(left, y), ((left + right) / 2, y + 0.1), (right, y + 0.05)])
    pen.recognisable()
    if pen.chance(0.7):  # mane
        pen.line([(back - 0.03 * k - (0.16 if k % 2 else 0.0), -0.35 + (low + 0.2) * k / 10)
                  for k in range(11)])  # fmt: skip


def _face(pen: Pen) -> None:
    """Draw a long face from the front: upright ears, stripes from both sides, big nostrils."""
    wide, high = pen.between(0.45, 0.6), pen.between(0.9, 1.15)
    pen.curve([(-wide, -0.7 * high), (0, -high), (wide, -0.7 * high), (0.65 * wide, 0.3 * high),
               (0.6 * wide, 0.9 * high), (0, high), (-0.6 * wide, 0.9 * high),
               (-0.65 * wide, 0.3 * high)], closed=True)  # fmt: skip
    for side in (-1, 1):
        x = side * 0.7 * wide
        pen.curve(
            [(x - 0.12, -0.85 * high), (x + side * 0.12, -1.4 * high), (x + 0.12, -0.85 * high)]
        )
    count = pen.some(3, 5)
    for side in (-1, 1):
        for k in range(count):
            y = high * (-0.6 + 1.1 * k / count)
            edge = wide * (0.97 - 0.3 * k / count)
            pen.line([(side * edge, y), (side * pen.between(0.1, 0.4) * wide, y + 0.08)])
    pen.recognisable()
    eyes(pen, 0.55 * wide, -0.3 * high, 0.09)
    if pen.chance(0.75):
        for side in (-1, 1):
            pen.oval(side * 0.25 * wide, 0.8 * high, 0.06, 0.05)
    if pen.chance(0.3):  # forelock
        pen.line(
            [(-0.2, -high), (-0.1, -1.25 * high), (0, -high), (0.1, -1.25 * high), (0.2, -high)]
        )
