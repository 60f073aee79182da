"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

__all__ = ["describe_machine", "machine_line"]

_LIBRARIES = (
    "numpy",
    "numba",
    "torch",
    "jax",
    "onnxruntime",
    "openvino",
    "cairocffi",
    "skia-python",
    "pillow",
)


def describe_machine() -> dict[str, str]:
    """Return processor, cores, memory, system and versions, each as a string."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        **_memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version for name in _LIBRARIES if (version := _version_of(name))},
    }


def machine_line(machine: dict[str, str]) -> str:
    """Return what a plot says of the machine: processor and cores.

    Examples
    --------
    >>> machine_line({"processor": "AMD EPYC", "cores": "2", "python": "3.12.1"})
    'AMD EPYC, 2 cores'
    """
    return f"{machine['processor']}, {machine['cores']} cores"


def _processor() -> str:
    """Return the processor's name as the system tells it, with the widest vectors it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    facts = dict(line.split(":", 1) for line in reversed(lines) if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    name = facts.get("model name") or platform.processor() or "unknown"
    flags = facts.get("flags", "").split()
    vectors = next((kind for kind in ("avx512f", "avx2", "avx") if kind in flags), None)
    return f"{name} ({vectors.removesuffix('f').upper()})" if vectors else name


def _memory() -> dict[str, str]:
    """Return how much memory there is, where the system tells."""
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return {}
    return {"memory": f"{size / 2**30:.0f} GiB"}


def _version_of(library: str) -> str | None:
    """Return a library's version, if it is installed; it is not loaded."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None
