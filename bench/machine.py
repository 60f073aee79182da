"""Description of the machine that figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path

__all__ = ["describe_machine", "has_instructions", "machine_line"]

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


def describe_machine(max_isa: str | None = None) -> dict[str, str]:
    """Return processor, cores, memory, system and versions, each as a string.

    Where libraries are held to an instruction set (see `bench.environment`), that is named, too.
    """
    return {
        "processor": _processor(),
        **({"instruction set": f"{max_isa.upper()} at most"} if max_isa else {}),
        "cores": str(os.cpu_count()),
        **_memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version for name in _LIBRARIES if (version := _version_of(name))},
    }


def machine_line(machine: dict[str, str]) -> str:
    """Return what a plot says of the machine: processor, cores and limits.

    Examples
    --------
    >>> machine_line({"processor": "AMD EPYC", "cores": "2", "python": "3.12.1"})
    'AMD EPYC, 2 cores'
    >>> machine_line({"processor": "Xeon", "cores": "2", "instruction set": "AVX2 at most"})
    'Xeon, 2 cores, AVX2 at most'
    """
    limit = machine.get("instruction set")
    return f"{machine['processor']}, {machine['cores']} cores" + (f", {limit}" if limit else "")


def has_instructions(isa: str) -> bool:
    """Whether the system says that the processor has an instruction set, such as ``"avx2"``."""
    return isa in _facts().get("flags", "").split()


def _processor() -> str:
    """Return the processor's name as the system tells it, with the widest vectors it has."""
    facts = _facts()
    name = facts.get("model name") or platform.processor() or "unknown"
    vectors = next((kind for kind in ("avx512f", "avx2", "avx") if has_instructions(kind)), None)
    return f"{name} ({vectors.removesuffix('f').upper()})" if vectors else name


def _facts() -> dict[str, str]:
    """Return what the system tells of the first processor; nothing, if it is not Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return {}
    facts = (line.split(":", 1) for line in reversed(lines) if ":" in line)
    return {name.strip(): value.strip() for name, value in facts}


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
