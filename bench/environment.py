"""Environment of a benchmark: allocator, threads and instruction set, the same for everyone."""

from __future__ import annotations

import os
import sys

__all__ = ["ALLOCATOR", "MAX_ISA", "NOT_LIMITED", "restart_tuned", "threads_everywhere"]

ALLOCATOR = {
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "500000000",
}
"""PyTorch at its best: without these, glibc gives large buffers back to the system after every
step and asks for them again."""


MAX_ISA = {
    "avx2": {
        # Numba, ours: a processor's name and none of the host's features.
        "NUMBA_CPU_NAME": "haswell",
        "NUMBA_CPU_FEATURES": "",
        # PyTorch: its own kernels, those of oneDNN and MKL, and what its compiler makes.
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "TORCHINDUCTOR_CPP_MARCH": "haswell",
        # OpenVINO, whose oneDNN reads the variable above.
        "OV_CPU_MAX_ISA": "AVX2",
        # JAX.
        "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
        # NumPy and its matrix products.
        "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL "
        "AVX512_SPR X86_V4",
        "OPENBLAS_CORETYPE": "Haswell",
    }
}
"""By the widest instruction set that is allowed: the variables that hold libraries to it."""

NOT_LIMITED = (
    "ONNX Runtime has no setting for the instruction set and uses all that the processor has; so "
    "does OpenVINO in the matrix products that it leaves to the same library, MLAS"
)
"""What to say beside figures that were measured with a `MAX_ISA`."""


def threads_everywhere(threads: int) -> dict[str, str]:
    """Return the variables that hold every library to so many threads.

    ``OMP_…`` is PyTorch's, ``OPENBLAS_…`` and ``MKL_…`` NumPy's, ``NUMBA_…`` ours. JAX has no such
    setting: XLA makes its pool as large as ``NPROC`` says, and with one thread it is told to do
    without one.
    """
    names = ("OMP", "OPENBLAS", "MKL", "NUMBA")
    variables = {f"{name}_NUM_THREADS": str(threads) for name in names}
    variables["NPROC"] = str(threads)
    if threads == 1:
        variables["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    return variables


def restart_tuned(threads: int, max_isa: str | None = None) -> None:
    """Start this process again as everyone needs it, unless it was started so.

    The allocator is tuned, every library held to `threads` threads and, if `max_isa` names one, to
    an instruction set of `MAX_ISA`. Such variables are read when a process starts, or when a
    library is loaded.
    """
    wanted = {**ALLOCATOR, **threads_everywhere(threads)}
    for name, value in MAX_ISA.get(max_isa or "", {}).items():
        wanted[name] = f"{wanted[name]} {value}" if name in wanted else value
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.environ.update(wanted)
        os.execv(sys.executable, [sys.executable, "-m", "bench", *sys.argv[1:]])
