"""Choosing an engine by name."""

from __future__ import annotations

import pytest

from inkgrad.engines import ENGINES, ReferenceEngine, make_engine
from inkgrad.errors import InkgradError
from inkgrad.network import seed_network


@pytest.mark.parametrize("name", ["auto", *ENGINES])
def test_every_engine_is_found_by_name(name):
    network = seed_network(3)
    engine = make_engine(name, network)
    assert engine.network is network
    assert name in ("auto", engine.name)


def test_an_engine_of_the_same_network_is_used_as_it_is():
    engine = ReferenceEngine(seed_network())
    assert make_engine(engine, seed_network()) is engine


def test_an_engine_of_another_network_is_refused():
    with pytest.raises(InkgradError, match="the engine was made for another network"):
        make_engine(ReferenceEngine(seed_network(4)), seed_network(5))


def test_an_unknown_engine_is_refused_with_the_choice():
    with pytest.raises(InkgradError) as caught:
        make_engine("warp", seed_network())
    names = ", ".join(["auto", *sorted(ENGINES)])
    assert str(caught.value) == f"there is no engine 'warp'; there are {names}"
