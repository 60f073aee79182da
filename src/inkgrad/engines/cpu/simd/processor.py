"""The processor's vectors: how many numbers in one, how many of them at once."""

from __future__ import annotations

from numba.core import config
from numba.core.codegen import get_host_cpu_features

__all__ = ["LANES", "REGISTERS"]

_AVX512_PROCESSORS = {
    *("skylake-avx512", "cascadelake", "cooperlake", "cannonlake", "rocketlake", "tigerlake"),
    *("icelake-client", "icelake-server", "sapphirerapids", "emeraldrapids", "graniterapids"),
    *("x86-64-v4", "znver4", "znver5"),
}


def _has_avx512() -> bool:
    """Whether Numba compiles for a processor with 512-bit vectors.

    It tells LLVM the processor's name and its features, both the host's unless the user says
    otherwise (NUMBA_CPU_NAME, NUMBA_CPU_FEATURES, NUMBA_ENABLE_AVX). A name alone only takes away:
    what the host cannot do, its features forbid.
    """
    if config.CPU_FEATURES is not None:
        return "+avx512f" in config.CPU_FEATURES.split(",")
    named = config.CPU_NAME is None or config.CPU_NAME in _AVX512_PROCESSORS
    return named and "+avx512f" in get_host_cpu_features().split(",")


LANES = 16 if _has_avx512() else 8
"""How many numbers a vector holds: a register's worth of AVX-512 or AVX; two NEON or SSE ones."""

REGISTERS = 32 if _has_avx512() else 16
"""How many vectors of `LANES` numbers the processor can hold at once."""
