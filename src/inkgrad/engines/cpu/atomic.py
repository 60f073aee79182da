"""What threads need to work together: counting without a lock, and waiting politely."""

from __future__ import annotations

import os
from typing import Any

from numba import types
from numba.extending import intrinsic

from inkgrad.engines.cpu.compiling import inlined

__all__ = ["add_atomically", "give_way", "read_atomically"]

_SPINS = 4000  # some tens of microseconds: longer than any phase keeps an idle machine waiting
_CAN_YIELD = hasattr(os, "sched_yield")  # POSIX
_sched_yield = types.ExternalFunction("sched_yield", types.int32())


def _address(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    data = context.make_array(signature.args[0])(context, builder, values[0]).data
    return builder.gep(data, [context.cast(builder, values[1], signature.args[1], types.intp)])


@intrinsic
def add_atomically(_: Any, array: Any, i: Any, x: Any) -> tuple[Any, Any]:
    """add_atomically(array, i, x): array[i] += x as one indivisible act; returns what was there."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        x = context.cast(builder, values[2], signature.args[2], types.int64)
        return builder.atomic_rmw(
            "add", _address(context, builder, signature, values), x, "seq_cst"
        )

    return types.int64(array, i, x), generate


@intrinsic
def read_atomically(_: Any, array: Any, i: Any) -> tuple[Any, Any]:
    """read_atomically(array, i): array[i] as it is now, and all that was written before it."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load_atomic(_address(context, builder, signature, values), "seq_cst", 8)

    return types.int64(array, i), generate


@inlined
def give_way(tries: int) -> None:
    """Wait a little: at first by doing nothing, then by letting other threads run."""
    if _CAN_YIELD and tries > _SPINS:
        _sched_yield()
