"""What a user would pick instead: the same networks in other libraries, each at its best."""

from __future__ import annotations

import functools
import importlib.util

__all__ = ["installed", "leave_out"]


@functools.cache
def installed(module: str, name: str) -> bool:
    """Whether someone can take part; if he cannot, say so in one line, once."""
    if importlib.util.find_spec(module) is not None:
        return True
    leave_out(name, "it is not installed; pip install 'inkgrad[bench]' to compare with it")
    return False


def leave_out(name: str, reason: object) -> None:
    """Say in one line that someone takes no part, and why."""
    print(f"without {name}: {' '.join(str(reason).split())[:200]}")
