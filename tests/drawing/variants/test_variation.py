"""Variation: plain values there and back, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from inkgrad.drawing.variants import Variation
from inkgrad.errors import DataError

NAMES = [field.name for field in dataclasses.fields(Variation)]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-0.1, math.nan, math.inf, "1", None, True, 1e9])
def test_impossible_strengths_are_refused(name, value):
    with pytest.raises(DataError, match=f"{name} is .*; give a number from 0 to "):
        Variation(**{name: value})


def test_cutting_everything_off_is_refused():
    with pytest.raises(DataError, match="cut_most is 1; give less"):
        Variation(cut_most=1)


@pytest.mark.parametrize("name", NAMES)
def test_each_strength_may_be_0_and_goes_through_json(name):
    how = Variation(**{name: np.float32(0)})
    assert Variation.from_dict(json.loads(json.dumps(how.to_dict()))) == how
    assert Variation.from_dict({name: 0}) == how
    assert getattr(Variation.none(**{name: 0.5}), name) == 0.5
    assert sum(Variation.none(**{name: 0.5}).to_dict().values()) == 0.5
