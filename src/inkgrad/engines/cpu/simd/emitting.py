"""What words are made of: Numba's types for vectors and masks, and the instructions they emit.

A word is a function that Numba calls when it compiles, not when a kernel runs. It is given the
types of the arguments, and returns the type of the result with a function that emits instructions:

    @word
    def fma(x: Any, y: Any, z: Any) -> Emission:
        return Vector(x, y, z), lambda e: e.fused(*e.values)

so to know what a kernel does, read a word's docstring; to know how, its `Emitter`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model

from inkgrad.engines.cpu.simd.processor import LANES

__all__ = [
    "F32S",
    "F64S",
    "I1",
    "I1S",
    "I32",
    "I64",
    "ZEROS",
    "Emission",
    "Emitter",
    "Mask",
    "Value",
    "Vector",
    "constants",
    "vectors",
    "word",
    "word_of_constants",
]

I1, I32, I64 = ir.IntType(1), ir.IntType(32), ir.IntType(64)
F32S, F64S = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.DoubleType(), LANES)
I1S = ir.VectorType(I1, LANES)
ZEROS = ir.Constant(F32S, [0.0] * LANES)

Value = Any
"""What an instruction gives, in LLVM's terms; a pointer is one too."""


class _VectorType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"float32x{LANES}")


class _MaskType(types.Type):
    def __init__(self) -> None:
        super().__init__(name=f"bool1x{LANES}")


@register_model(_VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, F32S)


@register_model(_MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, I1S)


Vector, Mask = _VectorType(), _MaskType()


def vectors(count: int) -> Any:
    """Return the type of a tuple of vectors."""
    return types.UniTuple(Vector, count)


def constants(numbers: Sequence[int], element: Any = I32) -> Value:
    """Return a constant vector of whole numbers."""
    return ir.Constant(ir.VectorType(element, len(numbers)), list(numbers))


class Emitter:
    """Emits instructions where a word is called.

    Attributes
    ----------
    builder : llvmlite.ir.IRBuilder
    values : tuple of Value
        The word's arguments.
    """

    def __init__(self, context: Any, builder: Any, signature: Any, values: Any) -> None:
        self.builder, self.values = builder, values
        self._context, self._types = context, signature.args

    def index(self, k: int) -> Value:
        """Return argument k, a whole number of any type, as the processor's own."""
        return self._context.cast(self.builder, self.values[k], self._types[k], types.intp)

    def number(self, k: int) -> Value:
        """Return argument k, a number of any type, as float32."""
        return self._context.cast(self.builder, self.values[k], self._types[k], types.float32)

    def place(self, k: int) -> Value:
        """Return the address of a[i], where a and i are arguments k and k + 1."""
        array = self._context.make_array(self._types[k])
        data = array(self._context, self.builder, self.values[k]).data
        return self.builder.gep(data, [self.index(k + 1)])

    def parts(self, k: int) -> list[Value]:
        """Return the vectors of argument k, a tuple."""
        count = self._types[k].count
        return [self.builder.extract_value(self.values[k], part) for part in range(count)]

    def pack(self, parts: Sequence[Value]) -> Value:
        """Return vectors as a tuple."""
        return cgutils.pack_array(self.builder, parts)

    def after(self, pointer: Value, count: int, stride: Value) -> Value:
        """Return pointer + count · stride, in elements."""
        if isinstance(stride, int):
            return self.builder.gep(pointer, [ir.Constant(I64, count * stride)])
        return self.builder.gep(pointer, [self.builder.mul(stride, ir.Constant(I64, count))])

    def read(self, pointer: Value) -> Value:
        """Read a vector; it need not be aligned to more than an element."""
        value = self.builder.load(self.builder.bitcast(pointer, F32S.as_pointer()))
        value.align = 4
        return value

    def write(self, value: Value, pointer: Value) -> None:
        """Write a vector; it need not be aligned to more than an element."""
        place = self.builder.bitcast(pointer, F32S.as_pointer())
        self.builder.store(value, place).align = 4

    def spread(self, value: Value) -> Value:
        """Return a number in every lane."""
        undefined = ir.Constant(F32S, ir.Undefined)
        one = self.builder.insert_element(undefined, value, ir.Constant(I32, 0))
        return self.builder.shuffle_vector(one, undefined, constants([0] * LANES))

    def read_spread(self, pointer: Value) -> Value:
        """Read one number, into every lane."""
        return self.spread(self.builder.load(pointer))

    def call(self, name: str, result: Any, *values: Value) -> Value:
        """Call an operation that LLVM has a name for."""
        kind = ir.FunctionType(result, [value.type for value in values])
        function = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(function, values)

    def fused(self, x: Value, y: Value, z: Value) -> Value:
        """Return x·y + z, rounded once."""
        return self.call(f"llvm.fma.v{LANES}f32", F32S, x, y, z)


Emission = tuple[Any, Callable[[Emitter], Any]]
"""A word's signature, and what emits its instructions; None is what a word without result gives."""


def word(function: Callable[..., Emission]) -> Any:
    """Make a word of a function that is given the types of the word's arguments."""
    return _make_word(function, prefer_literal=False)


def word_of_constants(function: Callable[..., Emission]) -> Any:
    """Make a word that is told a constant's value too: by its type's `literal_value`."""
    return _make_word(function, prefer_literal=True)


def _make_word(function: Callable[..., Emission], prefer_literal: bool) -> Any:
    @functools.wraps(function)
    def define(_context: Any, *kinds: Any) -> tuple[Any, Callable[..., Any]]:
        signature, emit = function(*kinds)

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Value:
            result = emit(Emitter(context, builder, signature, values))
            return context.get_dummy_value() if result is None else result

        return signature, generate

    # Numba reads the arguments' names here, after a first one for itself. (mypy does not know that
    # a function may have a signature of its own.)
    own = inspect.Parameter("_context", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    arguments = inspect.signature(function).parameters.values()
    define.__signature__ = inspect.Signature([own, *arguments])  # type: ignore[attr-defined]
    return intrinsic(prefer_literal=prefer_literal)(define)
