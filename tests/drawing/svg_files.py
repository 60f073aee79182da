"""Made-up SVG files, always the same for the same seed, in the ways that programs write them."""

from __future__ import annotations

import itertools
import math
import random

__all__ = ["svg_file"]

_INKS = ("black", "#222", "#1e1e1e", "rgb(0, 40, 90)", "hsl(0, 100%, 25%)", "navy")
_WIDTH = 6
_ROUND = 'stroke-linecap="round" stroke-linejoin="round"'


def svg_file(seed: int) -> str:
    """Return the text of an SVG file of 300 × 300 pixels: some figures, much that is not seen."""
    return _File(random.Random(f"svg {seed}")).text()


class _File:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.rules: list[str] = []
        self.defs: list[str] = []
        self.names = 0

    def name(self) -> str:
        self.names += 1
        return f"n{self.names}"

    def text(self) -> str:
        rng = self.rng
        places = [(x, y) for x in (75, 225) for y in (75, 225)]
        rng.shuffle(places)
        parts = [self.placed(x, y) for x, y in places[: rng.randint(2, 4)]]
        for _ in range(rng.randint(0, 3)):
            parts.insert(rng.randint(0, len(parts)), self.unseen())
        body = "".join([*(self.paper() for _ in range(rng.choice((0, 0, 1, 1, 2)))), *parts])
        body = self.around(body)
        style = f"<style>{''.join(self.rules)}</style>" if self.rules else ""
        size = rng.choice(
            (
                'viewBox="0 0 300 300" width="300" height="300"',
                'viewBox="0 0 300 300" width="225pt" height="225pt"',
                'width="300" height="300"',
                'viewBox="-10 -10 320 320" width="300px" height="300px"',
            )
        )
        defs = f"<defs>{''.join(self.defs)}</defs>"
        head = [style, defs] if rng.random() < 0.7 else []
        tail = [] if head else [style, defs]
        inside = "".join([*head, body, *tail])
        # Round, since thinning a picture's lines moves sharp corners and flat ends.
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {_ROUND}>{inside}</svg>'

    def around(self, body: str) -> str:
        """Wrap everything in what changes nothing."""
        return self.rng.choice(
            (
                body,
                f"<g>{body}</g>",
                f'<g transform="translate(300 0) scale(-1 1)">{body}</g>',
                f'<g transform="rotate(90 150 150)">{body}</g>',
                '<svg width="300" height="300" viewBox="0 0 600 600"><g transform="scale(2)">'
                f"{body}</g></svg>",
                f"<switch><g>{body}</g><g><path d='M0 0L300 300' stroke='black'/></g></switch>",
                f'<a transform="matrix(0 1 1 0 0 0)">{body}</a>',
            )
        )

    def placed(self, x: float, y: float) -> str:
        """Return a figure of about 120 × 120 pixels around a place."""
        rng = self.rng
        figure, ink = self.figure(), self.ink()
        if ink is None:
            figure, ink = self.outlined(), f'fill="{rng.choice(_INKS)}"'
        turned = rng.choice(
            (
                "",
                f"rotate({rng.randint(-80, 80)})",
                f"skewX({rng.randint(-25, 25)})",
                f"rotate({rng.randint(0, 90)}) scale(1 .7)",
                "matrix(.8 .2 -.3 .9 0 0)",
            )
        )
        how = rng.randrange(5)
        if how == 0:
            return (
                f'<g transform="translate({x} {y})"><g transform="{turned}">{figure % ink}</g></g>'
            )
        if how == 1:
            name = self.name()
            self.defs.append(figure % f'id="{name}" {ink}')
            return f'<use href="#{name}" x="{x}" y="{y}"/>'
        if how == 2:
            name = self.name()
            self.defs.append(
                f'<symbol id="{name}" viewBox="-70 -70 140 140">{figure % ink}</symbol>'
            )
            return f'<use href="#{name}" x="{x - 70}" y="{y - 70}" width="140" height="140"/>'
        if how == 3:
            return (
                f'<svg x="{x - 70}" y="{y - 70}" width="140" height="140" '
                f'viewBox="-140 -140 280 280"><g transform="scale(2) {turned}">'
                f"{figure % ink}</g></svg>"
            )
        return figure % f'{ink} transform="translate({x},{y}) {turned}"'

    def figure(self) -> str:
        """Return an element around 0 that is drawn with lines."""
        rng = self.rng
        a, b = rng.randint(25, 55), rng.randint(25, 55)
        corners = [
            (round(50 * math.cos(t + i * 1.26), 1), round(50 * math.sin(t + i * 1.26), 1))
            for t in [rng.random()]
            for i in range(5)
        ]
        points = " ".join(f"{x},{y}" for x, y in corners)
        return rng.choice(
            (
                f'<rect x="-{a}" y="-{b}" width="{2 * a}" height="{2 * b}" %s/>',
                f'<rect x="-{a}" y="-{b}" width="{2 * a}" height="{2 * b}" rx="15" %s/>',
                f'<circle r="{a}" %s/>',
                f'<ellipse rx="{a}" ry="{b / 2}" %s/>',
                f'<polygon points="{points}" %s/>',
                f'<polyline points="{points}" %s/>',
                f'<line x1="-{a}" y1="{b}" x2="{a}" y2="-{b}" %s/>',
                f'<path d="M-{a} {b}C-{a} -{b} {a} -{b} {a} {b}" %s/>',
                f'<path d="m-50 0q25-{a} 50 0t50 0" %s/>',
                f'<path d="M-{a} 0A{a} {b} 20 0 1 {a} 0L0 50z" %s/>',
                f'<path d="M-50-40h{a}v{b}h{a}V50" %s/>',
            )
        )

    def ink(self) -> str | None:
        """Return attributes that make a line of a figure, or None for a figure that is filled."""
        rng = self.rng
        colour, how = rng.choice(_INKS), rng.randrange(8)
        line = f"fill:none;stroke:{colour};stroke-width:{_WIDTH}px"
        name = self.name()
        if how == 0:
            return f'style="{line}"'
        if how == 1:
            self.rules.append(f".{name}{{{line}}}")
            return f'class="other {name}" fill="red"'
        if how == 2:
            self.rules.append(f"g .{name}, .{name}, .missing{{ {line} !important }} /* x */")
            return f'class="{name}" style="stroke-opacity:.9"'
        if how == 3:
            return (
                f'fill="transparent" stroke="currentColor" color="{colour}" stroke-width="{_WIDTH}"'
            )
        if how == 4:
            clear = 'fill="#fff" fill-opacity="0"'
            return f'{clear} stroke="{colour}" stroke-width="{_WIDTH}" opacity=".8"'
        if how == 5:
            return None
        return f'fill="none" stroke="{colour}" stroke-width="{_WIDTH}"'

    def outlined(self) -> str:
        """Return a curve as the outline that a pen leaves which draws it."""
        rng = self.rng
        bend, turn = rng.uniform(-40, 40), rng.uniform(0, math.pi)
        middle = [(x, bend * math.sin(x / 16)) for x in range(-50, 51, 5)]
        headings = [math.atan2(q - y, p - x) for (x, y), (p, q) in itertools.pairwise(middle)]
        headings.append(headings[-1])
        quarter = math.pi / 2
        # Along one side, around the end, back along the other side, and around the beginning.
        steps = [(point, h + quarter) for point, h in zip(middle, headings, strict=True)]
        steps += [(middle[-1], headings[-1] + quarter * k / 2) for k in (1, 0, -1)]
        back = [(point, h - quarter) for point, h in zip(middle, headings, strict=True)]
        steps += [*back[::-1], *((middle[0], headings[0] - quarter * k / 2) for k in (3, 4, 5))]
        points = [
            (x + _WIDTH / 2 * math.cos(angle), y + _WIDTH / 2 * math.sin(angle))
            for (x, y), angle in steps
        ]
        cos, sin = math.cos(turn), math.sin(turn)
        points = [(cos * x - sin * y, sin * x + cos * y) for x, y in points]
        return '<path d="M' + "L".join(f"{x:.2f} {y:.2f}" for x, y in points) + 'Z" %s/>'

    def paper(self) -> str:
        rng = self.rng
        colour = rng.choice(("white", "#fff", "#fefefe", "rgb(255,255,255)"))
        return rng.choice(
            (
                f'<rect x="-50" y="-50" width="400" height="400" fill="{colour}"/>',
                f'<path d="M-50-50H350V350H-50z" fill="{colour}"/>',
                f'<polygon points="-50,-50 350,-50 350,350 -50,350" style="fill:{colour}"/>',
                f'<circle cx="150" cy="150" r="300" fill="{colour}" stroke="none"/>',
            )
        )

    def unseen(self) -> str:
        """Return a large figure that no browser shows."""
        rng = self.rng
        figure = f'<path d="M0 0L300 {rng.randint(0, 300)}M300 0L0 300" %s/>'
        line = 'stroke="black" stroke-width="9"'
        name = self.name()
        how = rng.randrange(12)
        if how == 0:
            return figure % 'fill="none" stroke="none"'
        if how == 1:
            return f'<g display="none">{figure % line}</g>'
        if how == 2:
            return f'<g visibility="hidden">{figure % line}</g>'
        if how == 3:
            return f'<g opacity="0">{figure % line}</g>'
        if how == 4:
            return figure % f'{line} stroke-opacity="0"'
        if how == 5:
            return figure % 'stroke="#00000000" stroke-width="9"'
        if how == 6:
            return f'<symbol id="{name}">{figure % line}</symbol>'
        if how == 7:
            return f'<clipPath id="{name}">{figure % line}</clipPath>'
        if how == 8:
            self.rules.append(f"#{name}{{display:none}}")
            return figure % f'{line} id="{name}"'
        if how == 9:
            self.rules.append(f"path.{name}{{visibility:hidden;}}")
            return figure % f'{line} class="{name}"'
        if how == 10:
            return figure % 'stroke="black" stroke-width="0" fill="none"'
        return f'<defs>{figure % line}</defs><rect width="300" height="300" fill="none"/>'
