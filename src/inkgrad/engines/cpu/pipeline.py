"""Numba's compiler, spared what is of no use for a function that only compiled code calls.

Numba optimises every function with all that it calls linked in, and makes machine code of it. Of a
kernel nothing of that is used: its callers link it in again, optimise it again, and make machine
code again, up to the entry that Python calls. So a kernel is only translated here, and LLVM does
the rest once, for the entry.

`ApartCompiler` also keeps LLVM from merging a kernel with its caller. All kernels as one function
would be too large for the registers: recognising then took twice as long.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

__all__ = ["ApartCompiler", "PartCompiler"]


class _Environments:
    """Where no function's environment is kept: code that leaves Python alone has no use for it."""

    def set_env(self, name: str, environment: Any) -> None:
        """Forget an environment."""


class _Part(JITCodeLibrary):
    """A function's code that is only ever linked into others."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0: there is no machine code."""
        self._ensure_finalized()
        return 0

    @property
    def codegen(self) -> _Environments:
        """What `Numba` hands the function's environment to."""
        return _Environments()


class _Apart(_Part):
    """The same, and it stays a function of its own."""

    def add_ir_module(self, ir_module: Any) -> None:
        """Add what Numba made of the function."""
        for function in ir_module.functions:
            if not function.is_declaration and not function.linkage:  # visible from outside
                function.attributes.add("noinline")
        super().add_ir_module(ir_module)


class PartCompiler(Compiler):
    """Compiles a function that becomes part of its callers."""

    _library_class: type[_Part] = _Part

    def compile_extra(self, func: Any) -> Any:
        """Compile a Python function."""
        if self.state.library is None:
            codegen = self.state.targetctx.codegen()
            self.state.library = self._library_class(codegen, func.__qualname__)
        return super().compile_extra(func)


class ApartCompiler(PartCompiler):
    """Compiles a function that its callers call."""

    _library_class = _Apart
