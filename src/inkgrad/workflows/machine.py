"""The machine that a training ran on, in one line, for its card."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

__all__ = ["machine_line"]

_LIBRARIES = ("numpy", "numba")


def machine_line() -> str:
    """Return processor, cores, system and versions, such as ``"AMD EPYC, 2 cores, Linux …"``."""
    versions = [f"{name} {version}" for name in _LIBRARIES if (version := _version_of(name))]
    return ", ".join(
        [
            _processor(),
            f"{os.cpu_count()} cores",
            f"{platform.system()} {platform.machine()}",
            f"Python {platform.python_version()}",
            *versions,
        ]
    )


def _processor() -> str:
    """Return the processor's name as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "processor unknown"


def _version_of(library: str) -> str | None:
    """Return a library's version, if it is installed; it is not loaded."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
