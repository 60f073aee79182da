"""The public face: everything by one import, nothing loaded before it is used."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import inkgrad


def test_every_public_name_is_there():
    for name in inkgrad.__all__:
        assert getattr(inkgrad, name) is not None
    assert list(inkgrad.__all__) == sorted(inkgrad.__all__)
    assert set(inkgrad.__all__) <= set(dir(inkgrad))


def test_the_names_that_others_call_stay():
    promised = {"load", "seed_network", "rasterize", "train", "evaluate", "predict", "info"}
    promised |= {"demo", "download", "check", "InkgradError", "Model", "__version__"}
    assert promised <= set(inkgrad.__all__)


def test_a_star_brings_them_all():
    names: dict[str, object] = {}
    exec("from inkgrad import *", names)
    assert set(inkgrad.__all__) <= set(names)


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="module 'inkgrad' has no attribute 'brain'"):
        _ = inkgrad.brain
    assert not hasattr(inkgrad, "__wrapped__")


def test_a_name_is_the_thing_itself():
    assert inkgrad.seed_network is importlib.import_module("inkgrad.network").seed_network
    assert inkgrad.train is importlib.import_module("inkgrad.workflows").train


def test_type_checkers_see_the_same_names():
    """The imports under TYPE_CHECKING say what `__getattr__` does."""
    tree = ast.parse(Path(inkgrad.__file__).read_text("utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == inkgrad._HOME_OF
    assert set(inkgrad.__all__) == {*seen, "InkgradError", "__version__"}


def run(script: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


def test_importing_loads_nothing_but_itself():
    loaded = run("import sys, inkgrad; print(*sys.modules)").split()
    assert {name for name in loaded if name.startswith("inkgrad.")} == {
        "inkgrad.errors",
        "inkgrad.text",
        "inkgrad.version",
    }
    assert "numpy" not in loaded


def test_a_name_is_looked_up_once():
    script = "import inkgrad; inkgrad.load; print('load' in vars(inkgrad))"
    assert run(script) == "True\n"
