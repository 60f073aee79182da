"""Kernels are translated once each, and left to LLVM as parts of the entries that Python calls."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from inkgrad.engines.cpu.compiling import inlined, kernel


@inlined
def twice(x):
    return x + x


@kernel
def add_twice(sums, k, x):
    sums[k] += twice(x)


@njit
def add_all(sums, xs):
    for k in range(len(xs)):
        add_twice(sums, k, xs[k])


@pytest.fixture(scope="module")
def sums():
    """Return what a compiled function makes of its parts."""
    sums = np.ones(3)
    add_all(sums, np.array([1.0, 2.0, 3.0]))
    return sums


def test_what_is_made_of_parts_computes_what_python_does(sums):
    np.testing.assert_array_equal(sums, [3.0, 5.0, 7.0])


def test_a_part_has_no_machine_code_of_its_own(sums):
    for part in (twice, add_twice):
        (compiled,) = part.overloads.values()
        library, name = compiled.library, compiled.fndesc.llvm_func_name
        assert library.get_pointer_to_function(name) == 0
        assert not library.codegen.set_env("any", None)


def test_a_kernel_stays_apart_and_what_is_inlined_does_not(sums):
    """In one large function the registers would not suffice."""
    (assembly,) = add_all.inspect_asm().values()
    lines = [line.strip() for line in assembly.splitlines()]
    labels = [line for line in lines if line.startswith("_Z") and line.endswith(":")]
    assert any("add_twice" in label for label in labels)
    assert not any("5twice" in label for label in labels)
