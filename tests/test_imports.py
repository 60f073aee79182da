"""Who may know whom: every import in the sources, held against one table.

A new room (a module or folder of `src/inkgrad`) needs a line in `ROOMS`; until it has one, this
test fails. The table is read from the bottom of the house to the top.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import inkgrad

SOURCE = Path(inkgrad.__file__).parent

# Anybody may import these, and they only each other.
BASE = {"errors", "impostors", "json_text", "locks", "signals", "storage", "text", "version"}
TO_NETWORK = {"fold", "layers", "memory", "network"}
TO_ENGINES = TO_NETWORK | {"engines", "optimizers"}
TO_TRAINING = TO_ENGINES | {
    *("confidence", "features", "float16", "model", "packaged", "temperature", "training"),
}
TO_INSIGHT = TO_TRAINING | {"export", "insight", "terminal", "tuning"}
DATA = {"drawing", "quickdraw"}
TO_WORKFLOWS = TO_INSIGHT | DATA | {"workflows"}

ROOMS: dict[str, set[str]] = {
    # room: which other rooms it may import, besides BASE
    "errors": set(),
    "impostors": set(),
    "json_text": set(),
    "locks": set(),
    "signals": set(),
    "storage": set(),
    "text": set(),
    "version": set(),
    # what networks are made of: they never hear of drawings or files of drawings
    "layers": set(),
    "memory": set(),
    "network": {"layers", "memory"},
    "fold": {"layers", "memory", "network"},
    "optimizers": TO_NETWORK,
    "engines": TO_NETWORK | {"optimizers"},
    "training": TO_ENGINES,  # is handed batches; does not know where they come from
    # drawings: know nothing of networks
    "drawing": set(),
    "quickdraw": {"drawing"},
    "features": TO_ENGINES,
    "float16": {"layers"},
    "packaged": set(),
    "confidence": {"layers"},
    "temperature": {"layers", "network"},
    # where the two meet
    "model_file": TO_NETWORK | {"confidence", "drawing", "features", "float16", "packaged"},
    "model": TO_ENGINES | {"confidence", "drawing", "features", "model_file", "packaged"},
    "tuning": {"features", "layers", "model", "network"},
    "export": TO_TRAINING,
    "insight": TO_TRAINING | {"drawing"},
    "terminal": set(),
    "workflows": TO_INSIGHT | DATA,
    # faces: thin
    "estimator": TO_WORKFLOWS,
    "web": TO_WORKFLOWS,
    "cli": TO_WORKFLOWS | {"web", "inkgrad"},  # inkgrad: the public face, above all other rooms
    "__main__": {"cli"},
}

# Rooms that must stay light; what is not named here may use any dependency of pyproject.toml.
THIRD_PARTY: dict[str, set[str]] = {
    "errors": set(),
    "impostors": set(),
    "json_text": set(),
    "locks": set(),
    "signals": set(),
    "storage": set(),
    "text": set(),
    "version": set(),
    "packaged": set(),
    "confidence": {"numpy"},
    "temperature": {"numpy"},
    "features": {"numpy"},
    "float16": {"numpy"},
    "layers": {"numpy"},
    "network": {"numpy"},
    "engines": {"llvmlite", "numba", "numpy"},
    "training": {"numpy", "safetensors"},
    "drawing": {"numba", "numpy", "PIL", "pillow_heif"},
    "terminal": {"numpy", "rich"},
}

# Slow to load: imported only inside the functions that need them.
HEAVY = {
    *("PIL", "anyio", "fastapi", "httpx", "jinja2", "llvmlite", "matplotlib", "numba", "pydantic"),
    *("rich", "sklearn", "starlette", "torch", "typer", "uvicorn"),
}
LIGHT_ROOMS = [
    "layers",
    "network",
    "engines",
    "training",
    "features",
    "packaged",
    "confidence",
    "temperature",
    "model_file",
    "model",
    "drawing",
    "quickdraw",
    "insight",
    "web",
]


def imported(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Yield the full name of every module that a source imports, wherever the import stands.

    Inside functions and under TYPE_CHECKING too: to know a type is to know the room.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            home = node.module or ""
            if node.level:  # relative: one dot is this package, two its parent, …
                parts = module.split(".")
                parents = parts[: len(parts) - node.level + is_package]
                home = ".".join([*parents, home] if home else parents)
            if home == "inkgrad":  # from inkgrad import storage: the names are the rooms
                yield from (f"inkgrad.{alias.name}" for alias in node.names)
            else:
                yield home
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", None))
            if called in ("import_module", "__import__"):
                first = node.args[0] if node.args else None
                yield str(first.value) if isinstance(first, ast.Constant) else ""


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return a sentence for every import that `module` (``inkgrad.…``) may not make."""
    room = module.split(".")[1]
    if room not in ROOMS:
        return [f"{module}: the room '{room}' has no line in ROOMS; say whom it may import"]
    found = []
    for name in imported(source, module, is_package):
        top, _, rest = name.partition(".")
        if not top:
            found.append(f"{module} imports something by a name that is not written out")
        elif top == "inkgrad":
            other = rest.split(".")[0]
            if other not in ROOMS:  # inkgrad itself, or a name that it offers
                other = "inkgrad"
            if other != room and other not in ROOMS[room] | BASE:
                found.append(f"{module} imports {name}, but '{room}' may not know '{other}'")
        elif room in THIRD_PARTY and top not in THIRD_PARTY[room] | sys.stdlib_module_names:
            found.append(f"{module} imports {name}, but '{room}' may not use '{top}'")
    return found


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module of inkgrad but the public face, which may know everybody."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(["inkgrad", *parts]).removesuffix(".__init__")
        if name != "inkgrad":
            yield name, path


# --- the house ----------------------------------------------------------------------------------


def test_imports_run_only_downwards():
    found = [
        sentence
        for name, path in modules()
        for sentence in violations(path.read_text("utf-8"), name, path.name == "__init__.py")
    ]
    assert not found, "\n".join(found)


def test_the_table_itself_has_no_circles():
    """A room stands above all that it may import; base rooms may import each other."""
    above: dict[str, set[str]] = {room: set(ROOMS[room]) for room in ROOMS}
    while above:
        lowest = [room for room, below in above.items() if not below & above.keys()]
        assert lowest, f"these rooms may import each other in a circle: {sorted(above)}"
        for room in lowest:
            del above[room]


def test_what_the_design_forbids_is_not_in_the_table():
    networks = {"layers", "network", "engines", "training", "model", "insight", "export"}
    drawings = {"drawing", "quickdraw"}
    for room in drawings:
        assert not ROOMS[room] & networks
    for room in ("layers", "network", "engines", "training"):
        assert not ROOMS[room] & drawings
    assert [room for room in ROOMS if "quickdraw" in ROOMS[room]] == [
        *("workflows", "estimator", "web", "cli")
    ]


def test_the_modules_are_found():
    found = {name for name, _ in modules()}
    assert {"inkgrad.errors", "inkgrad.layers", "inkgrad.layers.conv", "inkgrad.engines"} <= found


@pytest.mark.parametrize("module", ["inkgrad", *(f"inkgrad.{room}" for room in LIGHT_ROOMS)])
def test_importing_loads_nothing_heavy(module):
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not HEAVY & set(done.stdout.split())


def test_importing_prints_nothing():
    script = "import inkgrad, inkgrad.network, inkgrad.engines"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout + done.stderr == ""


# --- the guard is awake -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("inkgrad.layers.conv", "import inkgrad.network"),
        ("inkgrad.layers.conv", "from inkgrad.network import Network"),
        ("inkgrad.layers.conv", "from inkgrad import network"),
        ("inkgrad.layers.conv", "from inkgrad import Network"),
        ("inkgrad.layers.conv", "from inkgrad import *"),
        ("inkgrad.layers.conv", "import inkgrad"),
        ("inkgrad.layers.conv", "import scipy.signal"),
        ("inkgrad.layers.conv", "from .. import network"),
        ("inkgrad.layers.conv", "from ..network import Network"),
        ("inkgrad.layers.conv", "def f():\n    from inkgrad.engines import Engine"),
        ("inkgrad.layers.conv", "if TYPE_CHECKING:\n    from inkgrad.network import Network"),
        ("inkgrad.layers.conv", "importlib.import_module('inkgrad.network')"),
        ("inkgrad.layers.conv", "__import__('inkgrad.network')"),
        ("inkgrad.layers.conv", "import_module(name)"),
        ("inkgrad.network", "from inkgrad.engines import Engine"),
        ("inkgrad.engines.reference", "from inkgrad.training import fit"),
        ("inkgrad.training.loop", "from inkgrad.quickdraw import Drawings"),
        ("inkgrad.training.loop", "from inkgrad.drawing import rasterize"),
        ("inkgrad.training.loop", "from inkgrad.model import Model"),
        ("inkgrad.training.loop", "import rich"),
        ("inkgrad.training.loop", "import numba"),
        ("inkgrad.model", "from inkgrad.quickdraw import Drawings"),
        ("inkgrad.model", "from inkgrad.training import fit"),
        ("inkgrad.drawing.raster", "from inkgrad.layers import Array"),
        ("inkgrad.drawing.raster", "from inkgrad.quickdraw import Drawings"),
        ("inkgrad.quickdraw.fetch", "from inkgrad.network import Network"),
        ("inkgrad.insight.report", "from inkgrad.workflows import train"),
        ("inkgrad.insight.report", "from inkgrad.quickdraw import Drawings"),
        ("inkgrad.insight.report", "from inkgrad.terminal import bars"),
        ("inkgrad.terminal", "from inkgrad.model import Model"),
        ("inkgrad.terminal", "import httpx"),
        ("inkgrad.workflows.train", "from inkgrad.cli import main"),
        ("inkgrad.web.server", "from inkgrad.cli import main"),
        ("inkgrad.__main__", "from inkgrad.workflows import train"),
        ("inkgrad.storage", "import numpy"),
        ("inkgrad.errors", "from inkgrad.layers import Array"),
        ("inkgrad.attic", "import os"),
        ("inkgrad.attic.box", ""),
    ],
)
def test_each_of_these_is_caught(module, source):
    assert len(violations(source, module)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("inkgrad.layers.conv", "import numpy as np\nimport os.path\nfrom math import prod"),
        ("inkgrad.layers.conv", "from inkgrad.errors import ShapeError"),
        ("inkgrad.layers.conv", "from inkgrad.layers.layer import pair"),
        ("inkgrad.layers.conv", "from . import layer\nfrom .layer import pair"),
        ("inkgrad.layers.conv", "from .. import storage"),
        ("inkgrad.engines.reference", "from inkgrad import network"),
        ("inkgrad.engines.choosing", "def f():\n    import numba"),
        ("inkgrad.model", "from inkgrad.drawing import rasterize\nimport safetensors"),
        ("inkgrad.workflows.train", "from inkgrad.quickdraw import Drawings\nimport rich"),
        ("inkgrad.cli.models", "from inkgrad import load, terminal, workflows"),
        ("inkgrad.cli.page", "def serve():\n    from inkgrad.web import serve"),
        ("inkgrad.__main__", "from inkgrad.cli import main"),
    ],
)
def test_each_of_these_is_allowed(module, source):
    assert violations(source, module) == []


def test_in_a_package_one_dot_is_the_package_itself():
    assert violations("from . import conv", "inkgrad.layers", is_package=True) == []
    assert violations("from .. import network", "inkgrad.layers", is_package=True)


def test_a_sentence_says_who_may_not_know_whom():
    assert violations("from inkgrad.network import Network", "inkgrad.layers.conv") == [
        "inkgrad.layers.conv imports inkgrad.network, but 'layers' may not know 'network'"
    ]
    assert violations("", "inkgrad.attic") == [
        "inkgrad.attic: the room 'attic' has no line in ROOMS; say whom it may import"
    ]
