"""A cat: pointed ears and whiskers; mostly its face, sometimes walking or sitting."""

from __future__ import annotations

import math

from inkgrad.quickdraw.doodles.parts import body_on_legs, eyes, mouth, whiskers
from inkgrad.quickdraw.doodles.pen import Pen

__all__ = ["draw_cat"]


def draw_cat(pen: Pen) -> None:
    """Draw a cat's face (the most), a walking cat or a sitting one."""
    pen.pick([_face, _walking, _sitting], [0.56, 0.24, 0.2])(pen)


def _face(pen: Pen) -> None:
    _head_and_ears(pen)
    whiskers_at = pen.between(0.25, 0.6), pen.between(0.2, 0.4), pen.between(0.6, 1.2)

    def nose_and_mouth() -> None:
        _nose(pen, 0.2)
        mouth(pen, pen.between(0.4, 0.5))

    features = [lambda: eyes(pen), nose_and_mouth]
    if pen.chance(0.5):
        whiskers(pen, *whiskers_at)
        pen.recognisable()
        pen.in_any_order(*features)
    else:
        pen.in_any_order(*features)
        pen.recognisable()
        if pen.chance(0.95):
            whiskers(pen, *whiskers_at)


def _walking(pen: Pen) -> None:
    long, deep = pen.between(0.62, 0.85), pen.between(0.28, 0.4)
    body_on_legs(pen, long, deep, pen.between(0.35, 0.6), pen.between(0.06, 0.11), dark=0.35)
    with pen.at(long + 0.05, -deep - 0.2, pen.between(0.52, 0.66), pen.between(-0.2, 0.2)):
        _small_head(pen)
        if pen.chance(0.9):
            whiskers(pen, 0.5, 0.3, pen.between(0.7, 1.1))
    _tail(pen, -long, -0.3 * deep, -1)
    pen.recognisable()


def _sitting(pen: Pen) -> None:
    wide, high = pen.between(0.48, 0.7), pen.between(0.65, 0.9)
    with pen.at(0, -high - 0.3, pen.between(0.54, 0.68), pen.between(-0.15, 0.15)):
        _small_head(pen)
        if pen.chance(0.9):
            whiskers(pen, 0.45, 0.3, pen.between(0.6, 1.0))
    if pen.chance(0.5):
        pen.oval(0, 0, wide, high)
    else:  # pear-shaped, open at the neck
        pen.curve([(-0.2, -high), (-wide, 0.3), (-0.7 * wide, high), (0.7 * wide, high),
                   (wide, 0.3), (0.2, -high)])  # fmt: skip
    if pen.chance(0.35):  # a black cat
        pen.scribble(0, 0.05, 0.95 * wide, 0.95 * high)
    _tail(pen, wide * 0.9, high * 0.6, 1)
    pen.recognisable()
    if pen.chance(0.6):  # forepaws
        for x in (-0.15, 0.15):
            pen.line([(x, 0.2), (x * 1.2, high)])


def _small_head(pen: Pen) -> None:
    _head_and_ears(pen)
    if pen.chance(0.85):
        eyes(pen, 0.38, -0.1, 0.16)
    if pen.chance(0.6):
        _nose(pen, 0.25)
    if pen.chance(0.5):
        mouth(pen, 0.5)


def _head_and_ears(pen: Pen) -> None:
    """Head of radius about 1, the ears as peaks of its outline or as tents put on top."""
    wide, high = pen.between(0.9, 1.15), pen.between(0.8, 1.0)
    ear, half = pen.between(0.5, 0.85), pen.between(0.22, 0.34)  # radians from the top
    tall = pen.between(1.45, 1.95)

    def rim(angle: float, reach: float = 1.0) -> tuple[float, float]:
        return reach * wide * math.sin(angle), -reach * high * math.cos(angle)

    tips = rim(-ear * pen.between(0.8, 1.1), tall), rim(ear * pen.between(0.8, 1.1), tall)
    if pen.chance(0.45):
        chin = [rim(ear + half + k * (2 * math.pi - 2 * (ear + half)) / 6) for k in range(6)]
        pen.curve([rim(-ear - half), tips[0], tips[0], rim(half - ear), rim(ear - half),
                   tips[1], tips[1], *chin], closed=True)  # fmt: skip
    else:
        pen.oval(0, 0, wide, high)
        for side, tip in zip((-1, 1), tips, strict=True):
            pen.line([rim(side * (ear + half), 0.95), tip, rim(side * (ear - half), 0.98)])
    if pen.chance(0.2):  # inner ears
        for side, (x, y) in zip((-1, 1), tips, strict=True):
            left, right = rim(side * (ear + 0.5 * half), 1.1), rim(side * (ear - 0.5 * half), 1.1)
            pen.line([left, (0.88 * x, 0.88 * y), right])


def _nose(pen: Pen, y: float) -> None:
    style = pen.pick(["triangle", "blob", "oval", "none"], [0.5, 0.2, 0.15, 0.15])
    if style == "triangle":
        size = pen.between(0.08, 0.16)
        pen.line([(-size, y - size), (size, y - size), (0, y + 0.6 * size)], closed=True)
    elif style == "blob":
        pen.dot(0, y, 0.09)
    elif style == "oval":
        pen.oval(0, y, 0.12, 0.08)


def _tail(pen: Pen, x: float, y: float, away: int) -> None:
    """Draw a long tail from (x, y): a curl, an s or a hook; `away` is its side."""
    if pen.chance(0.06):
        return
    up, out = pen.between(0.5, 1.0), away * pen.between(0.25, 0.6)
    end = pen.between(-0.5, 1.0) * out
    spine = [
        (x, y),
        (x + 0.8 * out, y - 0.25 * up),
        (x + out, y - 0.7 * up),
        (x + out + end, y - up),
    ]
    if pen.chance(0.7):
        pen.curve(spine)
    else:
        pen.tube(spine, [0.07, 0.07, 0.06, 0.04])
