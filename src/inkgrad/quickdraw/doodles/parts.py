"""What several animals have in common: eyes, a nose and mouth, four legs, the scene around."""

from __future__ import annotations

from collections.abc import Sequence

from inkgrad.quickdraw.doodles.pen import Pen

__all__ = ["add_scenery", "body_on_legs", "eyes", "legs", "mouth", "side_eye", "whiskers"]


# --- faces: the head has radius 1 around (0, 0) ----------------------------------------------


def eyes(pen: Pen, x: float = 0.38, y: float = -0.2, size: float = 0.14) -> None:
    """Draw two eyes at (±x, y), in one of the ways people do; sometimes one or none."""
    style = pen.pick(
        ["tap", "blob", "ring", "pupil", "bar", "almond", "none"],
        [0.14, 0.22, 0.22, 0.2, 0.09, 0.09, 0.04],
    )
    missing = pen.chance(0.04)
    size *= pen.between(0.7, 1.4)
    for side in (-1, 1):
        if style == "none" or (missing and side == 1):
            continue
        at = side * x, y
        if style == "tap":
            pen.dot(*at)
        elif style == "blob":
            pen.dot(*at, 0.6 * size)
        elif style == "bar":
            pen.line([(at[0], y - size), (at[0], y + size)])
        elif style == "almond":
            left, right = at[0] - 1.4 * size, at[0] + 1.4 * size
            pen.curve([(left, y), (left, y), (at[0], y - size), (right, y), (right, y),
                       (at[0], y + size)], closed=True)  # fmt: skip
        else:
            pen.oval(*at, size, size * pen.between(0.8, 1.4))
            if style == "pupil":
                pen.dot(*at, pen.pick([0.0, 0.4 * size], [1, 1]))


def side_eye(pen: Pen, x: float, y: float, size: float) -> None:
    """Draw the one eye seen from the side; sometimes forget it."""
    if pen.chance(0.12):
        return
    if pen.chance(0.6):
        pen.dot(x, y, pen.pick([0.0, 0.6 * size], [1, 1]))
    else:
        pen.oval(x, y, size, size)


def mouth(pen: Pen, y: float = 0.4, size: float = 0.3) -> None:
    """Draw a mouth whose middle is at (0, y): a smile, a w under the nose, a line or nothing."""
    style = pen.pick(["smile", "w", "line", "anchor", "none"], [0.3, 0.3, 0.1, 0.15, 0.15])
    if style == "smile":
        pen.curve([(-size, y), (0, y + 0.6 * size), (size, y)])
    elif style == "w":
        dip = y + 0.5 * size
        pen.curve([(-size, y), (-size / 2, dip), (0, y), (0, y), (size / 2, dip), (size, y)])
    elif style == "line":
        pen.line([(-size, y), (size, y)])
    elif style == "anchor":
        pen.line([(0, y - 0.5 * size), (0, y + 0.3 * size)])
        pen.curve([(-size, y), (0, y + 0.4 * size), (size, y)])


def whiskers(pen: Pen, x: float, y: float, length: float) -> None:
    """Draw two to four whiskers a side, starting at (±x, y); sometimes only one side's."""
    count = pen.pick([2, 3, 4], [0.35, 0.55, 0.1])
    spread, droop = pen.between(0.12, 0.32), pen.between(-0.1, 0.12)
    through = pen.chance(0.12)  # one line from cheek to cheek
    for side in (1,) if through else (1, -1):
        if pen.chance(0.04):
            continue
        for k in range(count):
            slope = (k - (count - 1) / 2) * spread
            reach = length * pen.between(0.8, 1.2)
            start = (
                (-side * (x + reach), y - 1.6 * slope) if through else (side * x, y + 0.4 * slope)
            )
            pen.line([start, (side * (x + reach), y + (1.6 * slope + droop) * (1 + reach) / 2)])


# --- bodies: seen from the side, the head to the right ---------------------------------------


def legs(pen: Pen, places: Sequence[float], top: float, length: float, thick: float) -> None:
    """Draw a leg at each place, from y = top down, `thick` half its width; all in one style."""
    style = pen.pick(["stick", "foot", "column", "paw"], [0.25, 0.1, 0.4, 0.25])
    splay = pen.between(-0.1, 0.16) * length
    for x in places:
        bottom = top + length * pen.between(0.88, 1.12)
        foot = x + (splay if x > 0 else -splay)
        if style == "stick":
            pen.line([(x, top), (foot, bottom)])
        elif style == "foot":
            pen.line([(x, top), (foot, bottom), (foot + 1.6 * thick, bottom)])
        elif style == "column":
            pen.line([(x - thick, top), (foot - thick, bottom), (foot + thick, bottom),
                      (x + thick, top)])  # fmt: skip
        else:
            pen.curve([(x - thick, top), (foot - thick, bottom - thick), (foot, bottom),
                       (foot + thick, bottom - thick), (x + thick, top)])  # fmt: skip


def body_on_legs(
    pen: Pen, long: float, deep: float, leg: float, thick: float, dark: float = 0.0
) -> bool:
    """Draw a body around (0, 0) with legs; `long` and `deep` are half axes.

    With probability `dark` the body is blackened. The neck belongs at about (long, -deep), the
    tail at (-long, -deep / 2).

    Returns
    -------
    bool
        Whether the body is an oval (otherwise its back and belly are straight).
    """
    is_dark = pen.chance(dark)
    style = pen.pick(["oval", "outline", "box"], [0.42, 0.43, 0.15])
    count = pen.pick([2, 3, 4, 5], [0.22, 0.08, 0.66, 0.04])
    if style == "outline":
        _outline_with_legs(pen, long, deep, leg, thick, pairs=count > 3)
        if is_dark:
            pen.scribble(0, 0, 0.95 * long, 0.95 * deep)
        return False
    if style == "oval":
        pen.oval(0, 0, long, deep)
        inset, top = 0.72 * long, 0.7 * deep
    else:
        pen.line([(-long, -deep), (long, -deep), (long, deep), (-long, deep)], closed=True)
        inset, top = long - thick, deep
    if pen.chance(0.96):
        step = min(3.2 * thick, 2 * inset / count)
        front, back = inset, -inset
        places = [front, back, front - step, back + step, 0.0][:count]
        legs(pen, places, top, leg + deep - top, thick)
    if is_dark:
        pen.scribble(0, 0, 0.95 * long, 0.95 * deep)
    return style == "oval"


def _outline_with_legs(
    pen: Pen, long: float, deep: float, leg: float, thick: float, pairs: bool
) -> None:
    """Back, legs and belly in one go, left open where the neck joins."""
    back, ground = -deep * pen.between(0.85, 1.1), deep + leg
    path = [(0.75 * long, -deep), (-0.8 * long, back), (-long, -0.4 * deep)]
    gap = pen.between(1.2, 2.2) * thick
    if pairs:
        inner = long - 2 * thick - gap
        places = [-long, -inner, inner - 2 * thick, long - 2 * thick]
    else:
        places = [-long, long - 2 * thick]
    for x in places:
        floor = ground * pen.between(0.94, 1.06)
        path += [(x, floor), (x + 2 * thick, floor)]
        if x != places[-1]:
            path += [(x + 2 * thick, deep), (places[places.index(x) + 1], deep)]
    path.append((long, -0.1 * deep))
    if pen.chance(0.5):
        pen.line(path)
    else:
        pen.curve(path)


# --- the scene -------------------------------------------------------------------------------


def add_scenery(pen: Pen) -> None:
    """Now and then put ground, grass or a slip of the pen into the drawing."""
    left, top, right, bottom = pen.extent()
    width, height = right - left, bottom - top
    if pen.chance(0.05):
        y = bottom + pen.between(-0.03, 0.05) * height
        pen.line(
            [
                (left - pen.between(-0.1, 0.08) * width, y),
                (right + pen.between(-0.1, 0.08) * width, y),
            ]
        )
    if pen.chance(0.03):
        x = pen.between(left, right)
        tuft = 0.07 * width
        pen.line([(x + (k - 2) * tuft / 2, bottom - (k % 2) * tuft) for k in range(5)])
    if pen.chance(0.03):  # a slip of the pen
        x, y = pen.between(left, right), pen.between(top, bottom)
        pen.line(
            [(x, y), (x + pen.between(-0.1, 0.1) * width, y + pen.between(-0.1, 0.1) * height)]
        )
