"""Make ``examples.js`` in ``web/static/page``, drawings that the page offers.

Run it by ``python docs/make_examples.py``.

The five animals are built-in doodles, chosen by eye; all others are drawn here, as paths. Says how
sure the models in the package are of each; `tests/web/test_examples.py` asks them again.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import inkgrad
from inkgrad.drawing import simplify
from inkgrad.quickdraw.doodles import doodles

TARGET = Path(inkgrad.__file__).parent / "web" / "static" / "page" / "examples.js"

CHOSEN = {  # animal → which of its doodles
    "cat": (22, 16, 42),
    "dog": (50, 7, 16),
    "dolphin": (42, 13, 24),
    "elephant": (12, 27, 70),
    "zebra": (19, 22, 52),
}

Path2 = np.ndarray  # (n, 2)


def line(*points: tuple[float, float]) -> Path2:
    """Straight lines from point to point."""
    parts = [np.linspace(a, b, 12, endpoint=False) for a, b in itertools.pairwise(points)]
    return np.vstack([*parts, [points[-1]]])


def curve(*points: tuple[float, float], closed: bool = False) -> Path2:
    """A smooth curve through the points: the cubic of Catmull and Rom (1974)."""
    p = np.array(points, float)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = [
        b
        + 0.5 * (t * (c - a) + t**2 * (2 * a - 5 * b + 4 * c - d) + t**3 * (3 * b - a - 3 * c + d))
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.vstack([*parts, p[-2:-1]])


def oval(x: float, y: float, rx: float, ry: float | None = None, a=-95, b=275) -> Path2:
    """An oval, or part of one: from angle a to b, in degrees from the right, clockwise."""
    angle = np.radians(np.linspace(a, b, 49))
    return np.stack(
        [x + rx * np.cos(angle), y + (rx if ry is None else ry) * np.sin(angle)], axis=1
    )


def spiral(x: float, y: float, r: float, turns: float) -> Path2:
    """A spiral from the middle outwards."""
    angle = np.linspace(0, turns * 2 * np.pi, 80)
    radius = r * angle / angle[-1]
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def petals(x: float, y: float, r: float, count: int) -> list[Path2]:
    """Round petals about a middle, in one go."""
    angle = np.linspace(-np.pi / 2, 1.5 * np.pi, 25 * count + 1)
    radius = r * (0.42 + 0.58 * np.abs(np.sin(count * (angle + np.pi / 2) / 2)) ** 0.6)
    return [np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)]


DRAWN: dict[str, Callable[[], list[Path2]]] = {
    "airplane": lambda: [
        curve((8, 118), (40, 108), (120, 102), (205, 104), (244, 122), (248, 134), (215, 146),
              (110, 148), (40, 138), (8, 118)),
        line((150, 128), (92, 206), (118, 206), (190, 130)),
        line((140, 102), (112, 58), (134, 58), (180, 102)),
        line((46, 108), (18, 62), (40, 62), (78, 104)),
        curve((218, 108), (214, 118), (222, 124), (246, 126)),
    ],
    "alarm clock": lambda: [
        oval(128, 140, 88),
        curve((46, 92), (34, 62), (56, 38), (88, 50), (46, 92)),
        curve((210, 92), (222, 62), (200, 38), (168, 50), (210, 92)),
        line((128, 82), (128, 142), (168, 166)),
        line((72, 208), (48, 244)),
        line((184, 208), (208, 244)),
        line((128, 52), (128, 30)),
        line((112, 30), (144, 30)),
    ],
    "banana": lambda: [
        curve((44, 24), (62, 20), (66, 44), (84, 108), (132, 152), (196, 164), (238, 156),
              (246, 172), (206, 206), (140, 214), (76, 184), (42, 124), (40, 60), (44, 24)),
        curve((54, 46), (62, 110), (100, 164), (160, 186), (236, 168)),
    ],
    "bird": lambda: [
        curve((182, 72), (172, 44), (196, 28), (220, 44), (222, 70), (206, 100), (190, 146),
              (144, 172), (96, 164), (60, 136), (14, 124), (22, 112), (70, 112), (120, 96),
              (182, 72)),
        line((221, 50), (252, 60), (222, 70)),
        oval(203, 52, 5),
        curve((164, 106), (130, 104), (84, 128), (66, 140), (110, 150), (150, 138), (164, 106)),
        line((122, 170), (116, 212), (98, 222)),
        line((116, 212), (134, 220)),
        line((148, 169), (150, 212), (134, 220)),
        line((150, 212), (168, 220)),
    ],
    "book": lambda: [
        curve((128, 72), (98, 52), (58, 48), (14, 58)),
        line((14, 58), (14, 200)),
        curve((14, 200), (58, 190), (98, 194), (128, 214)),
        curve((128, 72), (158, 52), (198, 48), (242, 58)),
        line((242, 58), (242, 200)),
        curve((242, 200), (198, 190), (158, 194), (128, 214)),
        line((128, 72), (128, 214)),
        curve((34, 92), (70, 86), (108, 98)),
        curve((34, 122), (70, 116), (108, 128)),
        curve((34, 152), (70, 146), (108, 158)),
        curve((148, 98), (186, 86), (222, 92)),
        curve((148, 128), (186, 116), (222, 122)),
        curve((148, 158), (186, 146), (222, 152)),
    ],
    "bowtie": lambda: [
        curve((106, 106), (60, 72), (16, 58), (8, 84), (8, 172), (18, 198), (62, 182), (106, 150)),
        curve((150, 106), (196, 72), (240, 58), (248, 84), (248, 172), (238, 198), (194, 182),
              (150, 150)),
        curve((106, 102), (128, 96), (150, 102), (152, 128), (150, 154), (128, 160), (106, 154),
              (104, 128), (106, 102)),
        curve((100, 116), (72, 106), (50, 104)),
        curve((156, 116), (184, 106), (206, 104)),
    ],
    "circle": lambda: [oval(128, 128, 118, 112, -100, 264)],
    "crown": lambda: [
        line((34, 214), (14, 70), (74, 132), (128, 44), (182, 132), (242, 70), (222, 214),
             (34, 214)),
        line((30, 184), (226, 184)),
        oval(128, 34, 9),
        oval(12, 62, 8),
        oval(244, 62, 8),
    ],
    "fish": lambda: [
        curve((196, 126), (160, 84), (104, 66), (50, 84), (12, 128), (50, 172), (104, 188),
              (160, 170), (196, 126)),
        curve((194, 128), (220, 96), (246, 76), (238, 126), (246, 180), (220, 158), (194, 128)),
        oval(52, 116, 7),
        curve((84, 88), (100, 128), (84, 170)),
        curve((100, 66), (122, 40), (152, 52), (150, 80)),
        curve((14, 134), (26, 138), (34, 134)),
    ],
    "flower": lambda: [
        oval(128, 82, 19),
        *petals(128, 82, 74, 6),
        curve((128, 136), (122, 180), (128, 250)),
        curve((126, 214), (150, 178), (188, 174), (172, 206), (126, 214)),
        curve((125, 226), (104, 198), (70, 196), (84, 222), (125, 226)),
    ],
    "house": lambda: [
        line((40, 112), (40, 240), (216, 240), (216, 112)),
        line((14, 118), (128, 22), (242, 118), (14, 118)),
        line((108, 240), (108, 172), (148, 172), (148, 240)),
        line((62, 140), (94, 140), (94, 172), (62, 172), (62, 140)),
        line((164, 140), (196, 140), (196, 172), (164, 172), (164, 140)),
        line((186, 66), (186, 32), (206, 32), (206, 84)),
    ],
    "lollipop": lambda: [
        oval(128, 80, 72),
        spiral(128, 80, 60, 2.4),
        line((122, 152), (122, 252), (134, 252), (134, 152)),
    ],
    "pizza": lambda: [
        line((22, 62), (128, 248), (234, 62)),
        curve((22, 62), (74, 34), (128, 26), (182, 34), (234, 62)),
        curve((34, 84), (82, 58), (128, 52), (174, 58), (222, 84)),
        oval(102, 104, 17),
        oval(158, 98, 16),
        oval(130, 158, 17),
    ],
    "rainbow": lambda: [
        oval(128, 190, 120, 130, 180, 360),
        oval(128, 190, 100, 108, 360, 180),
        oval(128, 190, 80, 86, 180, 360),
        oval(128, 190, 60, 64, 360, 180),
        oval(128, 190, 40, 42, 180, 360),
    ],
    "skull": lambda: [
        curve((84, 190), (52, 172), (28, 128), (40, 70), (84, 24), (128, 16), (172, 24), (216, 70),
              (228, 128), (204, 172), (172, 190)),
        line((84, 190), (84, 240), (172, 240), (172, 190)),
        oval(84, 114, 26, 29),
        oval(172, 114, 26, 29),
        line((128, 146), (114, 172), (142, 172), (128, 146)),
        line((106, 208), (106, 240)),
        line((128, 206), (128, 240)),
        line((150, 208), (150, 240)),
    ],
    "smiley face": lambda: [
        oval(128, 128, 116),
        oval(88, 96, 10, 15),
        oval(168, 96, 10, 15),
        curve((64, 154), (88, 190), (128, 204), (168, 190), (192, 154)),
    ],
    "square": lambda: [line((14, 14), (14, 242), (242, 242), (242, 14), (14, 14))],
    "star": lambda: [
        line((128, 10), (158, 92), (246, 96), (178, 150), (202, 236), (128, 186), (54, 236),
             (78, 150), (10, 96), (98, 92), (128, 10)),
    ],
}  # fmt: skip


def drawn_by_hand(name: str) -> list[list[list[int]]]:
    """Return one of the drawings above as a hand would draw it: no line is quite straight."""
    rng = np.random.default_rng(len(name))
    shaky = []
    for path in DRAWN[name]():
        along = np.linspace(0, 1, len(path))[:, None]
        for n in (1, 2, 3):
            size, phase = rng.normal(0, 1.6 / n, 2), rng.uniform(0, 2 * np.pi, 2)
            path = path + size * np.sin(2 * np.pi * n * along * rng.uniform(0.5, 1) + phase)
        shaky.append(path.T.tolist())
    return _whole(simplify(shaky))


def chosen_doodles(animal: str) -> list[list[list[list[int]]]]:
    """Return the built-in doodles of an animal that were chosen above."""
    drawings, _ = doodles([animal], max(CHOSEN[animal]) + 1)
    return [_whole(simplify(drawings[number])) for number in CHOSEN[animal]]


def of(model: inkgrad.Model, name: str, drawings: list) -> np.ndarray:
    """Return how sure a model is that drawings are of a class."""
    return model.predict_proba(drawings)[:, model.classes.index(name)]


def _whole(strokes: list) -> list[list[list[int]]]:
    return [[[int(x) for x in row] for row in stroke[:2]] for stroke in strokes]


def main() -> None:
    """Write the file, and say how well its drawings are recognised."""
    models = [inkgrad.load(name) for name in ("animals", "seed", "twenty", "everything")]
    examples = {}
    for name in sorted({*CHOSEN, *DRAWN}):
        judges = [model for model in models if name in model.classes]
        found = chosen_doodles(name) if name in CHOSEN else [drawn_by_hand(name)]
        examples[name] = found
        shares = [" ".join(f"{p:.2f}" for p in of(judge, name, found)) for judge in judges]
        print(f"{name:12} {' | '.join(shares)}")
    lines = [
        f"  {json.dumps(name)}: {json.dumps(found, separators=(',', ':'))},\n"
        for name, found in examples.items()
    ]
    TARGET.write_text(HEAD + "export const EXAMPLES = {\n" + "".join(lines) + "};\n", "utf-8")
    print(f"{TARGET.stat().st_size:,} bytes")


HEAD = """/**
 * Drawings to begin with: class → drawings, each a list of strokes [xs, ys] of numbers 0 to 255.
 *
 * Made by `docs/make_examples.py`; change that one. None is from the Quick, Draw! data set.
 *
 * @module
 */

"""

if __name__ == "__main__":
    sys.exit(main())
