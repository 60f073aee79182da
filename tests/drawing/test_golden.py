"""Our pixels against those that cairo once drew: the same bytes, plain and compiled, no cairo."""

from __future__ import annotations

import importlib.util
from collections import Counter

import numpy as np
import pytest

from inkgrad.drawing import rasterize_many
from tests import golden
from tests.web.javascript import missing

GOLDEN = golden.read()


@pytest.mark.parametrize(
    ("how", "cases"),
    [
        ("plain", GOLDEN[2::10]),
        pytest.param("plain", GOLDEN, marks=pytest.mark.slow),
        ("compiled", GOLDEN),
    ],
    ids=["plain, every tenth", "plain, all", "compiled, all"],
)
def test_every_pixel_is_cairos(how, cases):
    compiled = how == "compiled"
    if compiled and importlib.util.find_spec("numba") is None:
        missing("numba is not installed: pip install '.[fast]'")
    other = [
        (case.name, case.settings)
        for case in cases
        if not np.array_equal(
            rasterize_many([case.strokes], **case.settings, compiled=compiled)[0], case.bitmap
        )
    ]
    assert not other


def test_there_is_much_to_compare():
    sides = Counter(case.settings["side"] for case in GOLDEN)
    assert sides[28] >= 64
    assert sides[64] >= 64
    assert {1, 7, 128} < set(sides)
    assert {0.5, 5.0, 16.0, 40.0} <= {case.settings["pen"] for case in GOLDEN}
    assert {0.0, 16.0, 100.0} <= {case.settings["padding"] for case in GOLDEN}
    for kind in ("cat", "zebra", "dots", "tiny", "long", "reversals", "collinear", "outside"):
        assert sum(case.name.startswith(kind) for case in GOLDEN) >= 12
    assert max(len(case.strokes) for case in GOLDEN) == 60
    inked = [np.count_nonzero(case.bitmap) for case in GOLDEN if case.settings["side"] == 28]
    assert np.mean(inked) > 50
    assert golden.FILE.stat().st_size < 300_000
