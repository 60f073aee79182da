"""The same tests where Numba takes the processor for a lesser one: without AVX-512, without AVX.

What this processor itself can do, the default suite checks, so what a processor without AVX-512
does is checked here only where this one has it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite.binding import get_host_cpu_features

from tests.thorough import THOROUGH

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        platform.machine() not in ("x86_64", "AMD64"),
        reason="AVX is x86's; other machines: 8 lanes",
    ),
]
HERE = Path(__file__).parent

# Numba adds the host's own features to a processor's name. So a name alone makes vectors shorter,
# but lets LLVM use AVX-512's instructions for them, which no processor does by itself; only a list
# of features keeps it from that.
PROCESSORS = {
    "by name, without the host's features": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "by features": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2,+avx,+avx2,+fma"},
    "without AVX": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2,+sse4.2"},
}

INSTRUCTIONS = """
import numpy as np
from numba import njit
from inkgrad.engines.cpu.simd import LANES, fma, greater, load, select, store
@njit
def function(a, b):
    x, y = load(a, 0), load(b, 0)
    store(a, LANES, select(greater(x, y), fma(x, y, y), y))
function(np.ones(99, np.float32), np.ones(99, np.float32))
code = "".join(function.inspect_asm().values())
print(LANES, "ymm" in code, "zmm" in code or "%k1" in code)
"""


def run(arguments: list[str], settings: dict[str, str], cache: Path) -> str:
    """Run Python with Numba so set, and a cache of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **settings, "NUMBA_CACHE_DIR": str(cache)},
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("by name, without the host's features", "8 True False\n"),
        ("by features", "8 True False\n"),
        ("without AVX", "8 False False\n"),
    ],
)
def test_no_instruction_of_avx512_is_used(how, expected, tmp_path):
    assert run(["-c", INSTRUCTIONS], PROCESSORS[how], tmp_path) == expected


# Of the 400 random networks that the engines are compared on, these are enough to see whether a
# word is other there: every word has tests of its own.
EQUALITY = "tests/engines/cpu/test_equality.py::"
FEWER = [
    f"--deselect={EQUALITY}test_networks_whose_beginning_is_not_for_the_kernels",
    *(f"--deselect={EQUALITY}test_networks_of_blocks[{n}]" for n in range(60 * THOROUGH, 300)),
]

LESSER = ["without AVX"]
if get_host_cpu_features().get("avx512f"):
    LESSER.append("by features")


@pytest.mark.parametrize("how", LESSER)
def test_words_and_gradients_are_right_there_too(how, tmp_path):
    settings = PROCESSORS[how]
    script = "from inkgrad.engines.cpu.simd import LANES; print(LANES)"
    assert run(["-c", script], settings, tmp_path) == "8\n"
    names = ("test_simd.py", "test_equality.py", "test_maps.py", "test_int8.py")
    files = [str(HERE / name) for name in names]
    options = ["-m", "pytest", "-m", "not slow", "-p", "no:cacheprovider", *files, *FEWER]
    printed = run(options, settings, tmp_path)
    assert " passed" in printed
    assert " skipped" not in printed
