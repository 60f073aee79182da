"""A dolphin: a bent, tapering body with a beak, a back fin, a flipper and a forked tail."""

from __future__ import annotations

from inkgrad.quickdraw.doodles.parts import side_eye
from inkgrad.quickdraw.doodles.pen import Pen

__all__ = ["draw_dolphin"]

# Half the width along the body from the tip of the beak to the tail.
WITH_BEAK = (0.03, 0.05, 0.15, 0.2, 0.21, 0.2, 0.16, 0.1, 0.05)
BLUNT = (0.04, 0.13, 0.19, 0.22, 0.22, 0.19, 0.15, 0.09, 0.05)


def draw_dolphin(pen: Pen) -> None:
    """Draw a dolphin that jumps or swims, now and then with the sea below."""
    bend = pen.pick([pen.between(0.35, 0.9), pen.between(-0.1, 0.3), pen.between(-0.5, -0.2)],
                    [0.6, 0.3, 0.1])  # fmt: skip
    skew = pen.between(-0.15, 0.15)

    def spine(t: float) -> tuple[float, float]:
        """Point of the body's middle, t from 0 (beak) to 1 (tail)."""
        x = 1 - 2 * t
        return x, bend * x * x + skew * x**3

    def beside(t: float, off: float, along: float = 0.0) -> tuple[float, float]:
        """Point at distance `off` above (in the animal's sense) the spine, shifted tailwards."""
        x, y = spine(t)
        slope = 2 * bend * x + 3 * skew * x * x
        norm = (1 + slope * slope) ** 0.5
        return x + (slope * off - along) / norm, y - (off + slope * along) / norm

    fat = pen.between(0.75, 1.35)
    widths = [fat * w for w in (WITH_BEAK if pen.chance(0.7) else BLUNT)]
    with pen.at(0, 0, 1.0, pen.between(-0.75, 0.75)):
        if pen.chance(0.8):
            _body(pen, [spine(k / 8) for k in range(9)], widths)
        else:  # back and belly as two arcs that meet at both ends
            pen.curve(
                [spine(0), beside(0.25, 1.1 * widths[2]), beside(0.5, 1.2 * widths[4]), spine(1)]
            )
            pen.curve([spine(0), beside(0.25, -widths[2]), beside(0.5, -widths[4]), spine(1)])
        size = pen.between(0.7, 1.3)

        def back_fin() -> None:
            t, top, foot = pen.between(0.42, 0.55), 0.34 * size, 0.9 * widths[4]
            tip = beside(t + 0.08, foot + top, 0.12)
            pen.curve([beside(t - 0.09, foot), beside(t, foot + 0.6 * top), tip, tip,
                       beside(t + 0.07, foot + 0.3 * top), beside(t + 0.09, foot)])  # fmt: skip

        def flipper() -> None:
            t, down, foot = pen.between(0.3, 0.42), 0.34 * size, 0.8 * widths[3]
            tip = beside(t + 0.1, -foot - down, 0.08)
            pen.curve([beside(t - 0.05, -foot), tip, tip, beside(t + 0.08, -foot)])

        def tail() -> None:
            out = pen.between(0.22, 0.38) * size
            reach, notch = pen.between(0.15, 0.3), pen.between(0.02, 0.1)
            up, down = beside(1, out, reach), beside(1, -out, reach)
            pen.curve([beside(0.98, 0.05), up, up, beside(1, 0, notch), down, down,
                       beside(0.98, -0.05)])  # fmt: skip

        parts = [back_fin, tail]
        if pen.chance(0.75):
            parts.append(flipper)
        if len(parts) == 3 and pen.chance(0.1):
            parts.pop(pen.some(0, 1))
        pen.in_any_order(*parts)
        pen.recognisable()
        side_eye(pen, *beside(0.17, 0.3 * widths[2]), 0.04)
        if pen.chance(0.45):  # the mouth
            pen.curve([beside(0.02, -0.01), beside(0.1, -0.03), beside(0.17, -0.2 * widths[2])])
        if pen.chance(0.15):  # the pale belly
            pen.curve([beside(t, -0.35 * fat * 0.2) for t in (0.15, 0.35, 0.55, 0.75)])
    if pen.chance(0.1):
        _sea(pen)


def _body(pen: Pen, spine: list[tuple[float, float]], widths: list[float]) -> None:
    pen.tube(spine[::-1], widths[::-1], open_end=pen.chance(0.5), filled=pen.chance(0.14))


def _sea(pen: Pen) -> None:
    left, _, right, bottom = pen.extent()
    width = (right - left) / 6
    y, high = bottom + pen.between(-0.25, 0.1), pen.between(0.04, 0.1)
    pen.curve([(left + k * width, y - (k % 2) * high) for k in range(7)])
