"""Values out of files that nobody vouches for."""

from __future__ import annotations

import math

import pytest

from inkgrad.training.parsing import Malformed, number, parse_json, short, whole


@pytest.mark.parametrize("text", ["", "{", "[1]", "3", "null", b"\xff\xfe\xfa", '{"a":' * 10**5])
def test_only_objects_are_json_here(text):
    with pytest.raises(
        Malformed, match=r"not (a |valid )?JSON|nested too deeply|not text in UTF-8"
    ):
        parse_json(text)


def test_a_key_may_not_stand_twice_at_any_depth():
    with pytest.raises(Malformed, match="the key 'b' stands twice"):
        parse_json('{"a": [{"b": 1, "b": 2}]}')
    assert parse_json('{"a": {"b": 1}, "b": 2}') == {"a": {"b": 1}, "b": 2}


@pytest.mark.parametrize("value", [None, True, 1.0, "1", -1, 10**400, [1]])
def test_not_a_whole_number(value):
    with pytest.raises(Malformed, match="epoch is "):
        whole({"epoch": value}, "epoch")


@pytest.mark.parametrize("value", [None, False, "1", math.nan, math.inf, -math.inf, 10**400])
def test_not_a_number(value):
    with pytest.raises(Malformed, match="loss is "):
        number({"loss": value}, "loss")


def test_numbers():
    assert whole({"a": 3}, "a", least=3) == 3
    assert number({"a": 3}, "a") == 3
    assert number({"a": -0.5}, "a") == -0.5


def test_short_keeps_what_fits():
    assert short("x" * 78) == repr("x" * 78)
    assert short("x" * 79) == "'" + "x" * 76 + "..."
