"""Settings: refused where they make no sense, and the same after a way through JSON."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest

from inkgrad.drawing.variants import Variation
from inkgrad.errors import InkgradError
from inkgrad.quickdraw import Drawings, notebook_split
from inkgrad.training import Recipe
from inkgrad.workflows import Settings
from inkgrad.workflows.settings import name_of_place

pytestmark = pytest.mark.usefixtures("surroundings")

TWO = ("cat", "dog")


def some_drawings(number=50):
    bitmaps = np.random.default_rng(0).integers(0, 256, (number, 28, 28), np.uint8)
    return Drawings(bitmaps, np.arange(number) % 2, TWO)


@pytest.mark.parametrize(
    ("classes", "choices", "message"),
    [
        (("cat",), {}, "1 class is too few"),
        (TWO, {"split": "by hand"}, "the split is 'by hand'; choose one of stratified, notebook"),
        (TWO, {"split": "notebook", "test_size": 0.3}, "the notebook's split has 0.2"),
        (TWO, {"test_size": 0}, "give shares between 0 and 1"),
        (TWO, {"test_size": 1.0}, "give shares between 0 and 1"),
        (TWO, {"test_size": float("nan")}, "give shares between 0 and 1"),
        (TWO, {"validation_size": -0.1}, "give shares between 0 and 1"),
        (TWO, {"limit": 1}, "give at least 2"),
        (TWO, {"patience": 2, "validation_size": 0}, "patience watches the validation loss"),
        (TWO, {"epochs": 0}, "epochs is 0"),
        (TWO, {"augment": -1}, "augment is -1; give a whole number: how often to meet each"),
        (TWO, {"augment": True}, "augment is True"),
        (TWO, {"augment": 1.5}, "augment is 1.5"),
        (TWO, {"per_class": 0}, "per_class is 0; give a whole number: drawings of each class"),
        (TWO, {"per_class": 2.5}, "per_class is 2.5"),
        (TWO, {"per_class": 9, "balance": True}, "per_class is 9, which shows all classes alike"),
        (TWO, {"start": 3}, "start is 3; give the model file"),
        (TWO, {"own": 3}, "own is 3; give the folder of drawings"),
        (TWO, {"suspicious": 3}, "suspicious is 3; give the path of a suspicious.json"),
        (TWO, {"fold": "6/5"}, "the fold is '6/5'; give which of how many, such as 2/5"),
        (TWO, {"fold": "1/1"}, "the fold is '1/1'"),
        (TWO, {"fold": 2}, "the fold is 2"),
        (TWO, {"fold": "2/5", "test_size": 0.3}, "leave out the split and the test size"),
        (TWO, {"fold": "2/5", "split": "notebook"}, "leave out the split and the test size"),
        (TWO, {"split_seed": -1}, "split_seed is -1; give a whole number: 0 or more"),
        (TWO, {"variation": {"turn": 999}}, "turn is 999; give a number from 0 to 180"),
        (TWO, {"variation": {"hue": 1}}, "a variation has no 'hue'; it has turn, shear"),
        (TWO, {"colour": "red"}, "no setting 'colour'"),
    ],
)
def test_what_makes_no_sense_is_refused(classes, choices, message):
    with pytest.raises(InkgradError, match=message):
        Settings.choose(classes, choices)


def test_settings_survive_json():
    settings = Settings.choose(
        TWO,
        {
            **{"limit": 7, "balance": True, "augment": 3, "epochs": 3, "clip_norm": 1.0},
            **{
                "start": "animals",
                "own": "/mine",
                "fold": "2/3",
                "split_seed": 8,
                "variation": {"turn": 3, "mirror": 0},
            },
        },
        task="pets",
        data="/x",
    )
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    "change",
    [
        {"classes": 5},
        {"limit": "many"},
        {"recipe": None},
        {"recipe": {"epochs": "three"}},
        {"recipe": {"speed": 1}},
        {"colour": "red"},
        {"test_size": None},
        {"split_seed": "x"},
        {"variation": 3},
        {"variation": {"turn": "much"}},
        {"augment": None},
    ],
)
def test_damaged_settings_are_refused(change):
    with pytest.raises(InkgradError):
        Settings.from_dict({**Settings(TWO).to_dict(), **change})


def test_settings_without_a_recipe_are_refused():
    values = Settings(TWO).to_dict()
    del values["recipe"]
    with pytest.raises(InkgradError, match="damaged"):
        Settings.from_dict(values)


def test_the_parts_are_all_drawings_once():
    drawings = some_drawings()
    parts = Settings(TWO).divide(drawings)
    assert sum(map(len, parts)) == len(drawings)
    every = np.concatenate([part.bitmaps.reshape(-1, 784) for part in parts])
    assert len(np.unique(every, axis=0)) == len(drawings)
    assert len(parts.test) == 10


def test_the_seed_decides_the_parts():
    drawings = some_drawings()
    prints = [
        Settings(TWO, recipe=Recipe(seed=seed)).divide(drawings).test.fingerprint()
        for seed in (1, 1, 2)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_the_folds_judge_by_every_drawing_once():
    drawings = some_drawings()
    tests = []
    for number in range(1, 6):
        parts = Settings(TWO, fold=f"{number}/5").divide(drawings)
        assert sum(map(len, parts)) == len(drawings)
        tests += [bitmap.tobytes() for bitmap in parts.test.bitmaps]
    assert sorted(tests) == sorted(bitmap.tobytes() for bitmap in drawings.bitmaps)


def test_the_notebooks_split_is_its_own():
    drawings = some_drawings()
    _, test = notebook_split(drawings)
    parts = Settings(TWO, split="notebook", recipe=Recipe(seed=7)).divide(drawings)
    np.testing.assert_array_equal(parts.test.bitmaps, drawings.bitmaps[test])


def test_without_validation_its_part_is_empty():
    parts = Settings(TWO, validation_size=0).divide(some_drawings())
    assert [len(part) for part in parts] == [40, 0, 10]


def test_choices_name_every_setting():
    settings = Settings.choose(TWO, {"limit": 7, "seed": 3, "split": "notebook"})
    assert Settings.choose(TWO, settings.choices()) == settings
    assert settings.differences({"limit": 7, "seed": 4, "nonsense": 1}) == {
        "seed": 3,
        "nonsense": None,
    }


def test_the_name_of_a_place_means_it_from_anywhere(surroundings, monkeypatch):
    (surroundings / "mine" / "cat").mkdir(parents=True)
    assert name_of_place(None) is None
    assert name_of_place("mine") == str(surroundings / "mine")
    assert name_of_place(f"file://{surroundings}/mine") == str(surroundings / "mine")
    monkeypatch.setenv("INKGRAD_DATA", os.path.join("..", "here", "mine"))
    assert name_of_place(None) == str(surroundings / "mine")
    assert name_of_place("http://127.0.0.1:1/x/") == "http://127.0.0.1:1/x"


def test_the_seed_decides_the_split_unless_another_does():
    assert Settings.choose(TWO, {}).split_seed == 42
    assert Settings.choose(TWO, {"seed": 7}).split_seed == 7
    both = Settings.choose(TWO, {"seed": 7, "split_seed": 42})
    assert (both.recipe.seed, both.split_seed) == (7, 42)
    drawings = Drawings(
        np.arange(40, dtype=np.uint8)[:, None, None] * np.ones((28, 28), np.uint8),
        np.arange(40) % 2,
        TWO,
    )

    def test_part(**seeds):
        return Settings.choose(TWO, seeds).divide(drawings).test.fingerprint()

    assert test_part(seed=7, split_seed=42) == test_part() != test_part(seed=7)
    assert test_part(seed=3, split_seed=7) == test_part(seed=7)


def test_settings_of_an_earlier_inkgrad_mean_what_they_meant():
    now = Settings.choose(TWO, {"seed": 7}).to_dict()
    before = {k: v for k, v in now.items() if k not in ("split_seed", "variation")}
    for augment, expected in ((1, 0), (4, 4)):
        settings = Settings.from_dict({**before, "augment": augment})
        assert (settings.augment, settings.split_seed) == (expected, 7)
    assert Settings.from_dict({**now, "augment": 1}).augment == 1
    older = {k: v for k, v in before.items() if k not in ("augment", "balance", "network")}
    assert Settings.from_dict(older).augment == 0


def test_a_variation_differs_where_a_strength_does():
    settings = Settings.choose(TWO, {"variation": {"turn": 5}})
    assert settings.differences({"variation": {"turn": 5}}) == {}
    assert settings.differences({"variation": Variation(turn=5)}) == {}
    assert settings.differences({"variation": {"turn": 5, "pen": 0}})["variation"]["pen"] == 0.3
