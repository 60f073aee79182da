"""What hands do on the pad, in every engine, and the table of it in ``docs/page.md``.

    python -m tests.web.pens                writes the table anew

The scenarios are data: what pointers do, in the pad's coordinates, and the strokes that must be
there in the end. `Column.find` plays them all in one engine.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inkgrad import load
from inkgrad.export import write_page
from inkgrad.web.served import find_models
from tests.web.engines import Engine, Step, chromium, firefox, play_by_script, webkit
from tests.web.javascript import launch_chromium
from tests.web.pages import PAD, make_server

__all__ = [
    "COLUMNS",
    "PAGE",
    "SCENARIOS",
    "cells",
    "committed",
    "describe",
    "engine_of",
    "find",
    "pages",
]

PAGE = Path(__file__).parents[2] / "docs" / "page.md"
COLUMNS = ("Chromium", "Firefox", "Firefox, resisting fingerprinting", "WebKit")
START, END = "<!-- made by python -m tests.web.pens -->", "<!-- end -->"

POINTERS = ("mouse", "touch", "pen")
WINDOW = (1000, 800)
CHANGES = {
    ("resize", 800, 1000): "rotated",
    ("resize", 820, 700): "resized",
    ("zoom", 1.25): "zoomed",
}
NORMAL = {"resize": ("resize", *WINDOW), "zoom": ("zoom", 1)}
NEAR = 10.0  # in the pad's units: a window's pixel is about two of them
LONGEST = 3.0  # seconds until the pad has what was drawn

Points = Sequence[tuple[float, float]]

A: Points = [(200, 150), (230, 240), (260, 330), (300, 450)]
B: Points = [(600, 150), (630, 240), (660, 330), (700, 450)]
OTHER: Points = [(500, 450), (470, 540), (440, 630), (400, 750)]  # a pinch's second finger
PALM: Points = [(850, 850), (855, 855)]
SPIRAL: Points = [
    (500 + 4 * k * math.cos(k / 8), 500 + 4 * k * math.sin(k / 8)) for k in range(20, 100)
]


# What hands do. Beside a pointer's steps there is what happens to the page: [name, arguments].


def down(pointer: str, at: tuple[float, float]) -> list[Any]:
    return [Step("down", pointer, *at)]


def move(pointer: str, points: Points) -> list[Any]:
    return [Step("move", pointer, *point) for point in points]


def up(pointer: str, at: tuple[float, float], what: str = "up") -> list[Any]:
    return [Step(what, pointer, *at)]


def begin(pointer: str, points: Points) -> list[Any]:
    return down(pointer, points[0]) + move(pointer, points[1:])


def draw(pointer: str, points: Points) -> list[Any]:
    return begin(pointer, points) + up(pointer, points[-1])


@dataclass(frozen=True)
class Scenario:
    """What pointers do on the pad, and what must be there in the end.

    Attributes
    ----------
    steps : list
        Steps in the pad's coordinates, and what happens to the page: ``("resize", width, height)``,
        ``("zoom", factor)``, ``("blur",)``, ``("release", pointer)``.
    strokes : list
        The strokes, as points that each must come through, and come near to nothing else.
    as_mouse : list, optional
        The strokes where the browser passes a pen off as a mouse.
    """

    name: str
    pointer: str
    steps: list[Any]
    strokes: list[Points]
    as_mouse: list[Points] | None = None

    def expected(self, engine: Engine) -> list[Points]:
        """Return the strokes that an engine must give."""
        return self.strokes if self.as_mouse is None or engine.tells_pens else self.as_mouse


def _scenarios() -> Iterator[Scenario]:
    # A pen makes the pad distrust fingers for seconds, so pens come last.
    for pointer in POINTERS:
        yield from (Scenario(name, pointer, *rest) for name, *rest in _with(pointer))


def _with(pointer: str) -> Iterator[tuple[Any, ...]]:
    first, after = A[:2], move(pointer, A[2:]) + up(pointer, A[-1])
    a, b = draw(pointer, A), draw(pointer, B)
    yield "two strokes", a + b, [A, B]
    yield (
        "two dots and two quick strokes",
        [step for at in [(500, 500), (505, 505)] for step in draw(pointer, [at])] + a + b,
        [[(500, 500)], [(505, 505)], A, B],
    )
    palm = "finger" if pointer == "touch" else "touch"
    yield (
        "a palm first",
        begin(palm, PALM) + a + b + up(palm, PALM[-1]),
        [A, B],
    )
    yield (
        "a palm while drawing",
        begin(pointer, A[:2])
        + begin(palm, PALM)
        + move(pointer, A[2:])
        + up(palm, PALM[-1])
        + up(pointer, A[-1])
        + b,
        [A, B],
    )
    if pointer == "pen":
        yield "a palm between strokes", a + draw(palm, PALM) + b, [A, B], [A, PALM, B]
    yield (
        "taken away by the system",
        begin(pointer, A) + up(pointer, A[-1], "cancel") + b,
        [B] if pointer == "touch" else [A, B],
    )
    if pointer == "touch":
        pinch = [
            step
            for here, there in zip(A[1:], OTHER[1:], strict=True)
            for step in move(pointer, [here]) + move("finger", [there])
        ]
        lifted = up("finger", OTHER[-1]) + up(pointer, A[-1])
        yield "a pinch", down(pointer, A[0]) + down("finger", OTHER[0]) + pinch + lifted + b, [B]
    quick = [
        Step("move", pointer, *SPIRAL[k + 7], also=tuple(SPIRAL[k : k + 7]))
        for k in range(0, len(SPIRAL), 8)
    ]
    yield (
        "240 points a second",
        down(pointer, SPIRAL[0]) + quick + up(pointer, SPIRAL[-1]) + b,
        [SPIRAL, B],
    )
    yield (
        "capture lost",
        [*begin(pointer, first), ("release", pointer), *after, *b],
        [A, B],
    )
    hover = [] if pointer == "touch" else up(pointer, (500, 600), "hover")
    yield "end lost", begin(pointer, A) + hover + b, [A, B]
    yield "window loses the focus", [*begin(pointer, A), ("blur",), *hover, *b], [A, B]
    out = [(850, 600), (950, 600), (1060, 600), (1060, 700), (1060, 800), (950, 800), (850, 800)]
    yield (
        "off the pad and back",
        draw(pointer, out) + b,
        [[(850, 600), (950, 600), (1000, 600)], [(1000, 800), (950, 800), (850, 800)], B],
    )
    yield (
        "off the pad and lifted",
        draw(pointer, out[:4]) + b,
        [[(850, 600), (950, 600), (1000, 600)], B],
    )
    for change, name in CHANGES.items():
        yield f"{name} between strokes", [*a, change, *b], [A, B]
        yield f"{name} while drawing", [*begin(pointer, first), change, *after, *b], [A, B]


SCENARIOS = list(_scenarios())


# Playing them

_LISTEN = """
const told = (window.told = { faults: [], pointers: {}, latest: ["", 0, 0] });
window.addEventListener("error", (event) => told.faults.push(event.message));
const note = (event) => {
  told.pointers[event.pointerType] = event.pointerId;
  told.latest = [event.type, event.clientX, event.clientY];
};
for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
  window.addEventListener(type, note, true);
}
"""
# Browsers take touches to where things were when they drew last, and pan a page where there was no
# pad: hands see the new page first, so they wait for a few frames of it.
_COUNT_FRAMES = """
window.told.frames = 0;
const count = () => {
  window.told.frames += 1;
  if (window.told.frames < 4) requestAnimationFrame(count);
};
requestAnimationFrame(count);
"""
_RELEASE = """
const id = window.told.pointers[arguments[0]] ?? window.told.pointers.mouse;
const pad = document.getElementById("pad");
if (pad.hasPointerCapture(id)) pad.releasePointerCapture(id);
"""
_FRAME = """
const pad = document.getElementById("pad");
pad.scrollIntoView({ block: "nearest" });
const { left, top, width, height } = pad.getBoundingClientRect();
return [left, top, width, height];
"""


@dataclass(frozen=True)
class Found:
    """What came of a scenario in one engine, on one page."""

    strokes: list[Points]
    expected: list[Points]
    is_right: bool
    is_real: bool  # the driver did it all; else some of the events are the test's own
    faults: list[str]  # errors that nobody caught


class _Hands:
    """Plays scenarios on a page."""

    def __init__(self, engine: Engine, address: str) -> None:
        self._engine = engine
        engine.open(address)
        engine.resize(*WINDOW)
        if not _wait_until(lambda: engine.run("return page !== undefined"), seconds=60):
            raise RuntimeError(f"the page did not come: {address}")
        engine.run(_LISTEN)

    def play(self, scenario: Scenario) -> Found:
        """Play a scenario, and tell what is on the pad then."""
        engine = self._engine
        engine.run("page.pad.clear()")
        is_played = engine.plays([step for step in scenario.steps if isinstance(step, Step)])
        is_real = is_played
        for is_step, group in itertools.groupby(scenario.steps, lambda s: isinstance(s, Step)):
            if not is_step:
                for deed in group:
                    is_real &= self._do(*deed, is_played=is_played)
            elif is_played:
                self._play(self._placed(group))
            else:
                play_by_script(engine, self._placed(group))
        strokes: list[Points] = []
        expected = scenario.expected(engine)

        def is_right() -> bool:
            strokes[:] = self._strokes()
            return _agree(strokes, expected)

        found = _wait_until(is_right, LONGEST)
        for deed in scenario.steps:
            if deed in CHANGES:
                self._do(*NORMAL[deed[0]], is_played=is_played)
        faults = engine.run("return window.told.faults.splice(0)")
        return Found(strokes, expected, found and not faults, is_real, faults)

    def _play(self, steps: list[Step]) -> None:
        """Have the driver play steps, and wait until the page has heard of the last one."""
        self._engine.play(steps)
        last = steps[-1]
        name = f"pointer{'move' if last.what == 'hover' else last.what}"

        def is_heard() -> bool:
            what, *place = self._engine.run("return window.told.latest")
            return what == name and (
                last.what == "cancel" or math.dist(place, (last.x, last.y)) < 2
            )

        _wait_until(is_heard, LONGEST)

    def _strokes(self) -> list[Points]:
        strokes = json.loads(self._engine.run("return JSON.stringify(page.pad.strokes)"))
        return [list(zip(xs, ys, strict=True)) for xs, ys, _ in strokes]

    def _placed(self, steps: Iterable[Step]) -> list[Step]:
        """Return steps in the window's coordinates, wherever the pad is by now."""
        left, top, width, height = self._engine.run(_FRAME)

        def place(x: float, y: float) -> tuple[float, float]:
            return left + x / PAD * width, top + y / PAD * height

        return [
            Step(s.what, s.pointer, *place(s.x, s.y), tuple(place(*point) for point in s.also))
            for s in steps
        ]

    def _do(self, deed: str, *how: Any, is_played: bool) -> bool:
        """Do something to the page; return whether it is done as by a user."""
        engine = self._engine
        if deed == "resize":
            # Not "until it is as asked": resisting fingerprinting, Firefox tells another size.
            size = "return [innerWidth, innerHeight]"
            before = engine.run(size)
            engine.resize(*how)
            _wait_until(lambda: engine.run(size) != before, LONGEST)
            self._settle()
        elif deed == "zoom":
            engine.zoom(*how)
            self._see()
            return engine.zooms
        elif deed == "blur":
            engine.run("window.dispatchEvent(new Event('blur'))")
            return False
        elif is_played:
            engine.run(_RELEASE, *how)
        else:
            play_by_script(engine, self._placed([Step("lose", *how, PAD / 2, PAD / 2)]))
        return True

    def _settle(self) -> None:
        """Wait until the pad stays where it is: a busy machine may resize a window in two steps."""
        places: list[Any] = []

        def stays() -> bool:
            self._see()
            places.append(self._engine.run(_FRAME))
            return len(places) > 2 and places[-3] == places[-2] == places[-1]

        _wait_until(stays, LONGEST)

    def _see(self) -> None:
        """Wait until the page is drawn as it is now."""
        self._engine.run(_COUNT_FRAMES)
        _wait_until(lambda: self._engine.run("return window.told.frames === 4"), LONGEST)


def _wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _agree(strokes: list[Points], expected: list[Points]) -> bool:
    return len(strokes) == len(expected) and all(map(_is_like, strokes, expected))


def _is_like(stroke: Points, expected: Points) -> bool:
    """Tell whether a stroke has all the points that are expected, and none beside their line."""
    ends = zip((stroke[0], stroke[-1]), (expected[0], expected[-1]), strict=True)
    line = [*itertools.pairwise(expected)] or [(expected[0], expected[0])]
    return (
        all(math.dist(p, q) < NEAR for p, q in ends)
        and all(min(math.dist(p, q) for q in stroke) < NEAR for p in expected)
        and all(min(_distance(p, *piece) for piece in line) < NEAR for p in stroke)
    )


def _distance(point: Any, start: Any, end: Any) -> float:
    """Return how far a point is from a piece of a line."""
    (x, y), (dx, dy) = (
        (point[0] - start[0], point[1] - start[1]),
        (end[0] - start[0], end[1] - start[1]),
    )
    length = dx * dx + dy * dy
    part = min(max((x * dx + y * dy) / length, 0), 1) if length else 0
    return math.hypot(x - part * dx, y - part * dy)


# The table


@contextlib.contextmanager
def pages(folder: Path) -> Iterator[list[str]]:
    """Give the addresses of the served page and of the exported file."""
    model = load("seed", engine="reference")
    write_page(model, folder / "doodles.html", name="seed")
    with make_server(find_models(None, engine="reference")) as address:
        yield [address, (folder / "doodles.html").as_uri()]


@contextlib.contextmanager
def engine_of(column: str, chromium_browser: Any) -> Iterator[Engine]:
    """Start the engine of a column."""
    if column == "Chromium":
        started = chromium(chromium_browser)
    elif column == "WebKit":
        started = webkit()
    else:
        started = firefox(privacy__resistFingerprinting=column != "Firefox")
    with started as engine:
        yield engine


def find(engine: Engine, addresses: Sequence[str]) -> list[list[Found]]:
    """Play every scenario on every page; return what came of it, a list for each scenario."""
    found = []
    for address in addresses:
        hands = _Hands(engine, address)
        found.append([hands.play(scenario) for scenario in SCENARIOS])
    return [list(row) for row in zip(*found, strict=True)]


def cells(found: Sequence[Sequence[Found]]) -> list[str]:
    """Return a column of the table: a cell for each name, with all that is so called."""
    return _by_name(map(_cell, found))


def _by_name(texts: Iterable[str]) -> list[str]:
    rows: dict[str, list[str]] = {}
    for scenario, text in zip(SCENARIOS, texts, strict=True):
        cell = rows.setdefault(scenario.name, ["–"] * len(POINTERS))
        cell[POINTERS.index(scenario.pointer)] = text
    return [" · ".join(cell) for cell in rows.values()]


def _cell(found: Sequence[Found]) -> str:
    """Return how many strokes there are: one number if it is the same on every page."""
    texts = [f"{len(each.strokes)}{'' if each.is_right else ' ✗'}" for each in found]
    text = " / ".join(dict.fromkeys(texts))
    return text if all(each.is_real for each in found) else f"*{text}*"


def committed(column: str) -> list[str]:
    """Return a column of the table that the page has."""
    lines = _parts(PAGE.read_text("utf-8"))[1].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    place = rows[0].index(column) if column in rows[0] else None
    return [] if place is None else [row[place] for row in rows[2:]]


def write(columns: dict[str, list[str]]) -> None:
    """Write the table into the page."""
    names = [*dict.fromkeys(scenario.name for scenario in SCENARIOS)]
    drawn = _by_name(str(len(scenario.strokes)) for scenario in SCENARIOS)
    head = ["", "expected", *columns]
    rows = [head, ["---"] * len(head), *zip(names, drawn, *columns.values(), strict=True)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    before, _, after = _parts(PAGE.read_text("utf-8"))
    PAGE.write_text(f"{before}{START}\n\n{table}\n\n{END}{after}", "utf-8")


def _parts(text: str) -> tuple[str, str, str]:
    before, rest = text.split(START)
    table, after = rest.split(END, 1)
    return before, table, after


def main(*names: str) -> None:
    """Play everything everywhere, write the table; with names, only print what these find."""
    columns = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        addresses = stack.enter_context(pages(folder))
        browser = stack.enter_context(launch_chromium())
        for column in names or COLUMNS:
            with engine_of(column, browser) as engine:
                found = find(engine, addresses)
            columns[column] = cells(found)
            for scenario, each in zip(SCENARIOS, found, strict=True):
                print(describe(column, scenario, each))
    if not names:
        write(columns)


def describe(column: str, scenario: Scenario, found: Sequence[Found]) -> str:
    """Say what came of a scenario, and what should have."""
    lines = [f"{column}: {scenario.pointer}, {scenario.name}: {_cell(found)}"]
    for each in found:
        if not each.is_right:
            lines += [
                f"  expected {_rounded(each.expected)}",
                f"  found    {_rounded(each.strokes)}",
            ]
            lines += [f"  {fault}" for fault in each.faults]
    return "\n".join(lines)


def _rounded(strokes: Sequence[Points]) -> list[Any]:
    return [[(round(x), round(y)) for x, y in stroke] for stroke in strokes]


if __name__ == "__main__":
    main(*sys.argv[1:])
