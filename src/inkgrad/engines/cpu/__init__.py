"""The fast engine: fused kernels, compiled by Numba for the processor at hand.

Begin reading at `plan` (what is carried out together), then `phases` (how a step is divided among
threads) and `sparse` (the operation that most of it comes down to).
"""

from inkgrad.engines.cpu.engine import CpuEngine

__all__ = ["CpuEngine"]
