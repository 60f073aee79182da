"""Compile the kernels before the tests: once for all workers, and out of coverage's sight.

`python -m tests.kernels` takes some 20 seconds when the sources are new, and a second later on. A
worker that met kernels not yet compiled would compile them too, each for itself, and under coverage
in three times as long.
"""

from __future__ import annotations

import importlib.util
from concurrent.futures import ProcessPoolExecutor

__all__ = ["compile_engine", "compile_rasteriser"]


def compile_engine() -> None:
    """Compile the engine `cpu`, or find it on the disk."""
    from inkgrad.engines.cpu import CpuEngine
    from inkgrad.network import seed_network

    CpuEngine(seed_network()).prepare()
    CpuEngine(seed_network()).prepare(precision="int8")


def compile_rasteriser() -> None:
    """Compile the rasteriser, or find it on the disk."""
    from inkgrad.drawing import rasterize_many

    rasterize_many([[[[0, 255], [0, 255]]]], compiled=True)


if __name__ == "__main__" and importlib.util.find_spec("numba") is not None:
    with ProcessPoolExecutor() as pool:
        for done in [pool.submit(compile_engine), pool.submit(compile_rasteriser)]:
            done.result()
