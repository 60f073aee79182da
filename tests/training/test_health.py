"""What is said when a run does not learn."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from inkgrad.errors import InkgradError
from inkgrad.training import Recipe, TrainingError
from inkgrad.training.health import diverged, flat_notice

CHANCE = math.log(10)


def notice(losses, *, classes=10, steps=200, last=False, recipe=None):
    return flat_notice(
        losses=losses, classes=classes, steps=steps, last=last, recipe=recipe or Recipe()
    )


def test_divergence_names_what_to_try_and_what_is_kept():
    error = diverged("the loss is inf in epoch 2, step 3", Recipe(learning_rate=0.5), Path("a/b"))
    assert isinstance(error, TrainingError)
    assert isinstance(error, InkgradError)
    assert str(error) == (
        "the loss is inf in epoch 2, step 3: training has diverged; "
        "try a learning rate of 0.05 (now 0.5) or clip_norm=1, "
        "and check that the inputs are finite and scaled to 0 … 1; "
        f"the last good checkpoint is kept in {Path('a/b')}"
    )
    assert "clip_norm" not in str(diverged("x", Recipe(clip_norm=2)))


@pytest.mark.parametrize(
    ("losses", "flat"),
    [
        ((CHANCE, CHANCE), True),
        ((CHANCE * 0.981, CHANCE * 0.981), True),
        ((CHANCE * 2, CHANCE * 3), True),
        ((CHANCE * 0.979, CHANCE), False),
        ((CHANCE, CHANCE * 0.979), False),
        ((0.1, 0.1), False),
    ],
)
def test_flat_is_whatever_is_no_better_than_guessing(losses, flat):
    assert (notice(losses) is not None) is flat


def test_the_first_steps_are_not_judged_unless_there_are_no_others():
    assert notice((CHANCE, CHANCE), steps=199) is None
    assert "train for more epochs" in notice((CHANCE, CHANCE), steps=199, last=True)


def test_the_notice_says_what_to_try():
    text = notice((2.4, 2.31), steps=321, recipe=Recipe(learning_rate=0.001))
    assert text == (
        "after 321 steps the loss is 2.40, no better than guessing among 10 classes (2.30): try a "
        "learning rate of 0.0001 or 0.01 (now 0.001), and check that the labels belong to the "
        "drawings"
    )


def test_one_class_is_never_flat():
    assert notice((0.0, 0.0), classes=1) is None
