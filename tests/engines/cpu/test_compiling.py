"""Compiling: told as it goes, done once for a machine, kept where one may write.

Every test has processes and a cache of its own, and waits for a compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import inkgrad
from inkgrad.engines.cpu.warmup import FUNCTIONS

pytestmark = pytest.mark.slow

PACKAGE = Path(inkgrad.__file__).parent

SCRIPT = """
import numpy as np
from numba.core import event
from inkgrad.engines.cpu import CpuEngine
from inkgrad.layers import Conv2D, Dense, Flatten, LeakyReLU, MaxPool2D, ReLU
from inkgrad.network import Network, seed_network
from inkgrad.optimizers import Adam

told = []
CpuEngine(seed_network()).prepare(lambda *progress: told.append(progress))
print(told)
# What a batch ends with that goes through several segments is compiled only where there are some.
CpuEngine(Network([LeakyReLU(), Flatten(), Dense(2)])).prepare()
with event.install_recorder("numba:compile") as compiled:
    for network in [
        seed_network(),
        Network([Conv2D(5, 4, 2, 1), MaxPool2D(3), Flatten(), Dense(7), ReLU(), Dense(3)]),
        Network([Dense(64), Dense(2)], (30,)),
        Network([Conv2D(3, 3), LeakyReLU(), Conv2D(9, 3, bias=False), Flatten(), Dense(2)]),
    ]:
        engine, parameters = CpuEngine(network, threads=2), network.initialise()
        x, labels = np.ones((9, *network.input_shape), np.float32), np.ones(9, int)
        engine.gradients(parameters, x, labels)
        engine.trainer(parameters, Adam()).step(x, labels, 0.1)
        engine.forward(parameters, x)
        engine.predict(parameters, x)
        engine.predictor(parameters)(x)
print(len(compiled.buffer))
"""

# Whether the kernels are found, or would be compiled (which is not waited for).
LOOK = """
from numba.core import event
from inkgrad.engines.cpu import CpuEngine
from inkgrad.network import seed_network

class Compiles(event.Listener):
    def on_start(self, what):
        raise SystemExit(print("compiles"))
    def on_end(self, what):
        pass

with event.install_listener("numba:compile", Compiles()):
    CpuEngine(seed_network()).prepare()
print("found")
"""

# The smallest function that the engine keeps on disk.
SMALL = """
import numpy as np
from numba.core import event
from inkgrad.engines.cpu.phases import wait_for_bell
with event.install_recorder("numba:compile") as compiled:
    wait_for_bell(np.zeros(1, np.int64), 1)
print(bool(compiled.buffer))
"""


def start(cache: Path | None, script: str = SCRIPT, **environment: str) -> subprocess.Popen:
    """Start a process with a cache of its own, or none that it is told of."""
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    env |= {"PYTHONPATH": str(PACKAGE.parent), "NUMBA_OPT": "1", **environment}  # compiles sooner
    if cache is not None:
        env["NUMBA_CACHE_DIR"] = str(cache)
    return subprocess.Popen(
        [sys.executable, "-c", script],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process: subprocess.Popen) -> tuple[list[tuple[int, int]], int]:
    """Return what `prepare` told, and how many functions were compiled after it."""
    printed, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors
    told, compiled = printed.splitlines()
    return eval(told), int(compiled)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """Return a copy of the package, the cache that two first processes filled, and what one told.

    They start together, and one may compile what the other is about to write.
    """
    folder = tmp_path_factory.mktemp("compiling")
    copy, cache = folder / "inkgrad", folder / "cache"
    shutil.copytree(PACKAGE, copy, copy_function=shutil.copy2)
    both = [start(cache, PYTHONPATH=str(folder)) for _ in range(2)]
    (told, compiled), (others_told, others_compiled) = [result(process) for process in both]
    assert others_told
    assert others_compiled == 0
    return folder, told, compiled


def test_the_first_process_tells_how_far_it_is(first):
    _, told, _ = first
    done = [number for number, _ in told]
    assert done == sorted(done)
    assert {total for _, total in told} == {FUNCTIONS}
    assert told[-1] == (FUNCTIONS, FUNCTIONS)
    assert FUNCTIONS not in done[:-1]
    assert 0.8 * FUNCTIONS <= len(told) <= 1.2 * FUNCTIONS  # or it would stand still, or jump


def test_after_prepare_no_network_and_no_call_compiles_anything(first):
    assert first[2] == 0


def test_the_next_process_finds_everything_on_disk(first):
    folder, _, _ = first
    assert result(start(folder / "cache", PYTHONPATH=str(folder))) == ([], 0)


def test_other_sources_are_compiled_anew(first):
    """Numba looks at one file alone; a changed file beside it must count too."""
    folder, _, _ = first
    source = folder / "inkgrad" / "engines" / "cpu" / "loss.py"
    before = source.read_text("utf-8")
    changed = before.replace("losses[n] = loss", "losses[n] = loss + 1.0")
    assert changed != before
    for text, expected in [(changed, "compiles\n"), (before, "found\n")]:
        assert look(folder, source, text) == expected


@pytest.mark.parametrize("name", ["phases", "dense", "engine"])
def test_a_comment_compiles_nothing(first, name):
    """Nor do more lines before a function, another docstring, or a module that is not compiled."""
    folder, _, _ = first
    source = folder / "inkgrad" / "engines" / "cpu" / f"{name}.py"
    before = source.read_text("utf-8")
    assert before.startswith('"""')
    text = f'# Said before.\n\n"""Here is more. {before[3:]}\n# And behind.\n'
    assert look(folder, source, text) == "found\n"
    source.write_text(before, "utf-8")


def look(folder: Path, source: Path, text: str) -> str:
    """Change a source; return whether a process finds the kernels then, or compiles."""
    source.write_text(text, "utf-8")
    process = start(folder / "cache", LOOK, PYTHONPATH=str(folder))
    shown, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return shown


def test_where_the_package_is_read_only_the_users_cache_serves(tmp_path):
    """A file in the place of __pycache__ stops even the superuser, whom modes do not bind."""
    copy, home = tmp_path / "site" / "inkgrad", tmp_path / "home"
    home.mkdir()
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        (folder / "__pycache__").touch()
    surroundings = {
        "PYTHONPATH": str(copy.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "LOCALAPPDATA": str(home / "cache"),
    }
    where = "import inkgrad; print(inkgrad.__file__)\n"
    shown, errors = start(None, where, **surroundings).communicate(timeout=60)
    assert Path(shown.strip()).parent == copy, errors
    for compiled in (True, False):
        shown, errors = start(None, SMALL, **surroundings).communicate(timeout=60)
        assert shown == f"{compiled}\n", errors
        assert list(home.rglob("phases.wait_for_bell*.nbi"))
