"""Recipes: what is refused, what is built, and the way through JSON."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from inkgrad.errors import InkgradError
from inkgrad.training import SGD, Adam, AdamW, Constant, Cosine, OneCycle, Recipe, StepDecay

from .problems import RECIPES


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "epochs is 0; give a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"epochs": True}, "epochs is True"),
        ({"batch_size": "128"}, "batch_size is '128'; give a whole number"),
        ({"seed": -1}, "seed is -1; give a whole number of at least 0"),
        ({"decay_every": 0}, "decay_every is 0"),
        ({"patience": 0}, "patience is 0"),
        ({"optimizer": "adamm"}, "optimizer is 'adamm'; give one of adam, adamw, sgd"),
        ({"schedule": []}, r"schedule is \[\]; give one of constant, cosine, one-cycle, step"),
        ({"learning_rate": 0}, "learning_rate is 0; give a number above 0"),
        ({"learning_rate": math.inf}, "learning_rate is inf"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"learning_rate": 10**400}, "learning_rate is 1000"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast'"),
        ({"decay_factor": 0}, "decay_factor is 0"),
        ({"epsilon": False}, "epsilon is False"),
        ({"momentum": 1}, "momentum is 1; give a number from 0 to below 1"),
        ({"beta1": -1}, "beta1 is -1"),
        ({"beta2": 1.0}, "beta2 is 1.0"),
        ({"label_smoothing": 1}, "label_smoothing is 1"),
        ({"averaging": 0}, "averaging is 0; give a number above 0 and below 1"),
        ({"averaging": "much"}, "averaging is 'much'"),
        ({"weight_decay": -1e-9}, "weight_decay is -1e-09; give a number of at least 0"),
        ({"clip_norm": 0}, "clip_norm is 0; give a number above 0"),
        ({"warmup": 1.1}, "warmup is 1.1; give a number from 0 to 1"),
        ({"warmup": 0.6, "schedule": "one-cycle"}, "warmup is 0.6; .* above 0 and at most 0.5"),
        ({"nesterov": 1}, "nesterov is 1; give True or False"),
        ({"optimizer": "sgd", "nesterov": True, "momentum": 0}, "nesterov looks ahead"),
    ],
)
def test_what_is_out_of_bounds_is_refused(settings, message):
    with pytest.raises(InkgradError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize("recipe", [Recipe(), *RECIPES.values()])
def test_goes_through_json_unchanged(recipe):
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_numpy_numbers_become_plain_ones():
    recipe = Recipe(epochs=np.int64(3), learning_rate=np.float32(0.5), clip_norm=1)
    json.dumps(recipe.to_dict())
    assert type(recipe.epochs) is int
    assert type(recipe.learning_rate) is type(recipe.clip_norm) is float


def test_unknown_settings_are_named_and_missing_ones_usual():
    assert Recipe.from_dict({}) == Recipe()
    with pytest.raises(InkgradError, match="no setting 'speed'; it has epochs, batch_size"):
        Recipe.from_dict({"speed": 1})


def test_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Recipe().epochs = 2


@pytest.mark.parametrize(
    ("settings", "optimizer"),
    [
        ({"optimizer": "sgd", "momentum": 0.5, "nesterov": True}, SGD(0.5, True, 0.25)),
        ({"optimizer": "adam", "beta1": 0.5}, Adam(beta1=0.5, weight_decay=0.25)),
        ({"optimizer": "adamw", "beta2": 0.5}, AdamW(beta2=0.5, weight_decay=0.25)),
    ],
)
def test_builds_the_optimizer(settings, optimizer):
    made = Recipe(weight_decay=0.25, **settings).make_optimizer()
    assert type(made) is type(optimizer)
    assert made == optimizer


@pytest.mark.parametrize(
    ("settings", "schedule", "knows_the_end"),
    [
        ({"schedule": "constant"}, Constant(0.5), False),
        ({"schedule": "step", "decay_every": 3}, StepDecay(0.5, every=30, factor=0.1), False),
        ({"schedule": "cosine"}, Cosine(0.5, steps=40, warmup=2), True),
        ({"schedule": "cosine", "warmup": 0}, Cosine(0.5, steps=40, warmup=0), True),
        ({"schedule": "one-cycle"}, OneCycle(0.5, steps=40, warmup=18), True),
        ({"schedule": "one-cycle", "warmup": 1e-9}, OneCycle(0.5, steps=40, warmup=1), True),
    ],
)
def test_builds_the_schedule(settings, schedule, knows_the_end):
    recipe = Recipe(epochs=4, learning_rate=0.5, **settings)
    assert recipe.make_schedule(steps_per_epoch=10) == schedule
    assert recipe.schedule_knows_the_end is knows_the_end
