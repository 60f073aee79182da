"""The fast engine: fused kernels, compiled by Numba for the processor at hand.

Begin reading at `plan` (which layers run together), then `phases` and `tasks` (how a step
is divided among threads), `sparse` (the operation that most of it comes down to) and `dense` (what
is made of it). `docs/fast-engine.md` says what each module holds.
"""

from inkgrad.engines.cpu.engine import CpuEngine

__all__ = ["CpuEngine"]
