"""Robustness: counted by hand, the same for the same seed, through the same door as a user's."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from inkgrad.drawing import Raster, to_bitmaps
from inkgrad.errors import DataError
from inkgrad.insight import disturbances, robustness
from inkgrad.insight.disturbances import DISTURBANCES, Disturbance
from inkgrad.insight.intervals import paired_difference
from inkgrad.insight.robustness import PHOTOGRAPH, measure_robustness
from inkgrad.layers import Dense, Flatten
from inkgrad.model import Model
from inkgrad.network import Network
from inkgrad.quickdraw.doodles import ANIMALS, doodles

LINE = [[[0, 255], [0, 255]]]
CROSS = [[[0, 255], [0, 255]], [[0, 255], [255, 0]]]


def ink_model(threshold=0.10, side=28):
    """Return a model that says "much" where more than a share of the pixels is inked."""
    network = Network([Flatten(), Dense(2)], input_shape=(1, side, side))
    parameters = network.initialise()
    parameters.vector[:] = 0
    weight = parameters[next(name for name in network.layout if name.endswith("weight"))]
    bias = parameters[next(name for name in network.layout if name.endswith("bias"))]
    weight[:, 1], bias[1] = 1.0, -threshold * side * side
    return Model(network, parameters, ("little", "much"), Raster(side), engine="reference")


def rows_of(found):
    return {(row.name, row.strength): row for row in found.rows}


def test_rows_are_counted_by_hand():
    """A cross has twice the ink of a line: what takes a stroke makes little of much."""
    strokes, labels = [LINE] * 6 + [CROSS] * 4, [0] * 6 + [1] * 4
    found = measure_robustness(ink_model(), strokes, labels, photographs=0)
    assert (found.n, found.top1) == (10, 1.0)
    rows = rows_of(found)
    one = rows["missing", "one stroke"]
    assert (one.n, one.top1, one.undisturbed, one.difference) == (4, 0.0, 1.0, -1.0)
    assert one.interval == paired_difference([True] * 4, [False] * 4)
    half = rows["cut off", "first 50 %"]
    assert (half.n, half.top1) == (10, 0.6)
    assert ("missing", "two strokes") not in rows  # it can happen to none
    for name in ("position", "size"):
        for (row, _), figures in rows.items():
            assert row != name or figures.difference == 0.0


def test_the_pen_is_wider_and_the_drawing_as_large(monkeypatch):
    seen = []

    def draw(drawings, raster, compiled):
        seen.append(raster)
        return np.zeros((len(drawings), 28, 28), np.uint8)

    monkeypatch.setattr(robustness, "_draw", draw)
    measure_robustness(ink_model(), [LINE], [0], photographs=0)
    pens = {raster.pen / 16 for raster in seen}
    assert pens == {0.5, 0.75, 1.0, 1.25, 1.5, 2.0}
    assert {raster.scale for raster in seen} == {Raster().scale}


def test_photographs_are_read_as_users_are_and_unread_ones_are_mistakes(monkeypatch):
    monkeypatch.setattr(robustness, "SCENES", ("plain", "finger"))
    monkeypatch.setattr(robustness, "DISTURBANCES", ())
    strokes, _ = doodles(ANIMALS[:2], 2)
    model = ink_model(threshold=0.0)
    found = measure_robustness(model, strokes, np.ones(4, int), photographs=1)
    shown = [row for row in found.rows if row.name == PHOTOGRAPH]
    assert [row.strength for row in shown] == ["any scene", "plain", "finger"]
    assert [row.n for row in shown] == [2, 1, 1]

    def refuse(picture, **raster):
        raise DataError("the picture is blank")

    monkeypatch.setattr(robustness, "bitmap_from_image", refuse)
    found = measure_robustness(model, strokes, np.ones(4, int), photographs=1)
    for row in found.rows:
        if row.name == PHOTOGRAPH:
            assert (row.unread, row.top1, row.undisturbed) == (row.n, 0.0, 1.0)


def test_the_same_seed_gives_the_same_table_and_another_another(monkeypatch):
    some = [row for row in DISTURBANCES if row.name in ("wobble", "turned", "missing")]
    monkeypatch.setattr(robustness, "DISTURBANCES", some[::3])
    monkeypatch.setattr(robustness, "SCENES", ("shadow",))
    rng = np.random.default_rng(5)
    strokes = [rng.integers(0, 256, (2, 2, 3)).tolist() for _ in range(30)]
    network = Network([Flatten(), Dense(5)])
    model = Model(network, network.initialise(3), ANIMALS, engine="reference")
    labels = np.arange(30) % 5
    tables = [
        measure_robustness(model, strokes, labels, drawings=20, photographs=1, seed=seed).to_dict()
        for seed in (1, 1, 2)
    ]
    assert tables[0] == tables[1]
    assert tables[0] != tables[2]
    assert json.loads(json.dumps(tables[0], allow_nan=False)) == tables[0]
    assert set(tables[0]["rows"][0]) == {
        *("name", "strength", "n", "top1", "undisturbed", "difference", "interval", "unread")
    }


def test_drawings_are_taken_from_all_classes_in_proportion():
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    for seed in range(5):
        chosen = robustness._choose(labels, 20, seed)
        assert len(set(chosen.tolist())) == 20
        assert np.bincount(labels[chosen]).tolist() == [12, 6, 2]
    assert robustness._choose(labels, 1000, 0).tolist() == list(range(100))
    assert len({tuple(robustness._choose(labels, 20, seed)) for seed in range(5)}) == 5


def test_scenes_share_no_drawings_while_there_are_others(monkeypatch):
    monkeypatch.setattr(robustness, "SCENES", ("a", "b", "c"))
    labels = np.repeat([0, 1], [40, 20])
    dealt = robustness._deal(labels, 6, 0)
    assert len({row for rows in dealt for row in rows.tolist()}) == 18
    assert [np.bincount(labels[rows]).tolist() for rows in dealt] == [[4, 2]] * 3
    for few, each in ((4, 3), (6, 6), (4, 25)):
        dealt = robustness._deal(labels[:few], each, 0)
        assert [len(set(rows.tolist())) for rows in dealt] == [min(few, each)] * 3
    assert [len(rows) for rows in robustness._deal(labels, 0, 0)] == [0, 0, 0]


def test_what_happens_to_a_drawing_does_not_depend_on_the_others(monkeypatch):
    told = []

    def change(strokes, rng):
        told.append((strokes[0].tolist(), rng.random()))
        return strokes

    monkeypatch.setattr(robustness, "DISTURBANCES", (Disturbance("test", "", change),))
    strokes = [[[[0, k], [0, 0]]] for k in range(1, 200)]
    measure_robustness(ink_model(), strokes, [0] * 199, photographs=0)
    everything, told[:] = {str(s): r for s, r in told}, []
    measure_robustness(ink_model(), strokes, [0] * 199, drawings=20, photographs=0)
    assert len(told) == 20
    assert len(set(everything.values())) == 199
    assert all(everything[str(strokes)] == chance for strokes, chance in told)


def test_progress_reaches_the_end(monkeypatch):
    rows = DISTURBANCES[:1] + DISTURBANCES[-2:]
    monkeypatch.setattr(robustness, "DISTURBANCES", rows)
    told = []
    strokes, labels = [LINE] * 100, [0] * 100
    measure_robustness(
        ink_model(), strokes, labels, photographs=0, on_progress=lambda *a: told.append(a)
    )
    assert {(step, name) for step, name, _, _ in told} == {("disturb", "")}
    done = [row[2] for row in told]
    assert done == sorted(done)
    assert told[-1][2] == told[-1][3] == 100 * len(rows)
    assert len(done) == 2 * len(rows)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"strokes": [], "labels": []}, "there are 0 drawings and 0 labels; give one or more"),
        ({"labels": [0, 1]}, "there are 1 drawings and 2 labels"),
        ({"drawings": 0}, "0 drawings and 25 photographs are to be taken; give 1 or more"),
        ({"photographs": -1}, "1000 drawings and -1 photographs"),
        ({"strokes": [[]]}, "there are no strokes"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(options, sentence):
    given = {"strokes": [LINE], "labels": [0], **options}
    with pytest.raises(DataError, match=sentence):
        measure_robustness(ink_model(), **given)


def test_a_model_of_another_raster_is_shown_its_own(monkeypatch):
    monkeypatch.setattr(robustness, "SCENES", ("plain",))
    model = ink_model(side=14)
    found = measure_robustness(model, [LINE, CROSS], [0, 1], photographs=1)
    assert found.n == 2
    narrow = replace(model, raster=Raster(14, padding=0.0))  # no room for a wider pen's padding
    assert measure_robustness(narrow, [LINE], [0], photographs=0).rows


def test_drawn_by_the_door_of_users():
    strokes, _ = doodles(ANIMALS, 2)
    moved = [[[[2 * v + 7 for v in row] for row in stroke] for stroke in one] for one in strokes]
    for compiled in (None, True):
        found = robustness._draw(moved, Raster(), compiled)
        np.testing.assert_array_equal(found, to_bitmaps(moved))


def test_the_rows_are_those_that_are_promised():
    listed = {}
    for row in disturbances.DISTURBANCES:
        listed.setdefault(row.name, []).append(row.strength)
    assert listed == {
        "position": ["anywhere"],
        "size": ["0.25×", "0.5×", "1×", "2×"],
        "turned": ["5°", "10°", "15°", "20°", "30°"],
        "pen width": ["0.5×", "0.75×", "1.25×", "1.5×", "2×"],
        "cut off": ["first 90 %", "first 70 %", "first 50 %", "first 30 %"],
        "wobble": ["1 %", "2 %", "4 %"],
        "missing": ["one stroke", "two strokes"],
    }
