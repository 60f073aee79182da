"""Reading the arrays out of a pickled array of arrays, without unpickling it.

Sketch-RNN's files are NumPy object arrays, and those are stored as a pickle: a little program
that, run by `pickle`, may call anything. Here it is not run. `pickletools` cuts it into
instructions, and this module carries out only those by which NumPy (1 or 2, under Python 2 or 3)
writes arrays of numbers; a name such as ``numpy.ndarray`` is compared, never looked up. Whatever
else stands in the file is refused, so the worst that a hostile one can do is to be refused.
"""

from __future__ import annotations

import enum
import io
import pickletools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.errors import DataError

__all__ = ["read_arrays"]

_MAX_STACK = 10_000  # pickle appends 1,000 items at a time
_MAX_STEPS = 20_000_000  # instructions: about 28 a drawing, and at most 344,000 drawings a class
_NUMBERS = re.compile(r"[<>=|][iu][1248]|[<>=][f][248]")


class _Name(enum.Enum):
    """The names that a pickled array refers to. They are only compared, never imported."""

    RECONSTRUCT = "_reconstruct"
    NDARRAY = "ndarray"
    DTYPE = "dtype"
    ENCODE = "encode"


_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _Name.RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _Name.RECONSTRUCT,
    ("numpy", "ndarray"): _Name.NDARRAY,
    ("numpy", "dtype"): _Name.DTYPE,
    ("_codecs", "encode"): _Name.ENCODE,  # how Python 3 writes bytes for Python 2
}

_PUSH_ARGUMENT = frozenset(
    [
        *("BININT", "BININT1", "BININT2", "LONG1"),
        *("SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES"),
        *("SHORT_BINUNICODE", "BINUNICODE"),
    ]
)
_PUSH_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
# A text with escapes, or a name with a backslash: Python may warn of what is in it.
_ESCAPES = re.compile(rb"[SiP]|c[^\n]*\n?[^\n]*\\")
_MARK = object()


@dataclass(eq=False)
class _Type:
    """A dtype in the making, for instance ``"<" + "i2"``."""

    code: str
    order: str = "|"


@dataclass(eq=False)
class _Array:
    """An array in the making."""

    shape: tuple[Any, ...] = ()
    dtype: _Type | None = None
    fortran: bool = False
    data: Any = None


@dataclass(eq=False)
class _List:
    """The list of an object array's elements: they are handed out, only their number is kept."""

    length: int = 0


def read_arrays(data: io.BytesIO, where: str) -> Iterator[npt.NDArray[np.generic]]:
    """Yield the elements of a pickled one-dimensional object array whose elements are arrays.

    Parameters
    ----------
    data : BytesIO
        Standing at the first byte of the pickle.
    where : str
        How an error calls the file.

    Yields
    ------
    array : two-dimensional array of integers or floating-point numbers
        Read-only, over the file's own bytes, whose number was compared with shape and dtype.

    Raises
    ------
    DataError
        If the pickle contains anything but such an array, or is damaged. It may be noticed only
        after some elements have been yielded.

    Examples
    --------
    >>> import pickle
    >>> sketches = np.empty(2, dtype=object)
    >>> sketches[:] = [np.array([[1, 2, 0]], np.int16), np.array([[3, 4, 1], [5, 6, 1]], np.int16)]
    >>> [array.tolist() for array in read_arrays(io.BytesIO(pickle.dumps(sketches, 2)), "a.npz")]
    [[[1, 2, 0]], [[3, 4, 1], [5, 6, 1]]]
    >>> list(read_arrays(io.BytesIO(pickle.dumps(print)), "a.npz"))
    Traceback (most recent call last):
    inkgrad.errors.DataError: a.npz: refers to builtins.print, which no array of drawings does;
    the file was refused and nothing in it was run
    """
    machine = _Machine(where, len(data.getbuffer()))
    number = 0
    try:
        for name, argument in _instructions(data, machine):
            for item in machine.step(name, argument):
                number += 1
                yield _finished(item, f"{where}: drawing {number}")
    except DataError:
        raise
    except (ValueError, IndexError, KeyError):
        raise DataError(f"{where}: its pickled array is damaged or cut short") from None
    machine.check_end()


def _instructions(data: io.BytesIO, machine: _Machine) -> Iterator[tuple[str, Any]]:
    """Yield the instructions by name, each with its argument.

    Texts with escapes, of which NumPy writes none, are refused before they are taken apart.
    """
    contents = data.getvalue()  # the file's own bytes, not a copy
    instructions = pickletools.genops(data)
    while not _ESCAPES.match(contents, data.tell()):
        instruction = next(instructions, None)
        if instruction is None:
            return
        opcode, argument, _ = instruction
        yield opcode.name, argument
    raise machine.refusal("contains a text with escapes")


class _Machine:
    """The stack and memo of a pickle, and the few instructions that arrays are written with."""

    def __init__(self, where: str, size: int) -> None:
        self.where = where
        self.unencoded = size  # bytes of text that can still be there to encode
        self.steps = 0
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.elements: _List | None = None

    def step(self, name: str, argument: Any) -> list[Any]:
        """Carry out one instruction; return what it appends to the list of elements."""
        stack = self.stack
        appended: list[Any] = []
        if name in _PUSH_ARGUMENT:
            stack.append(argument)
        elif name in _PUSH_CONSTANT:
            stack.append(_PUSH_CONSTANT[name])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name == "MARK":
            stack.append(_MARK)
        elif name == "TUPLE":
            stack.append(tuple(self.pop_to_mark()))
        elif name in _TUPLES:
            stack.append(tuple(self.pop(_TUPLES[name])))
        elif name == "GLOBAL":
            stack.append(self.name(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            stack.append(self.name(*self.pop(2)))
        elif name == "REDUCE":
            stack.append(self.call(*self.pop(2)))
        elif name == "BUILD":
            self.set_state(*self.pop(2))
        elif name == "EMPTY_LIST":
            stack.append(self.new_list())
        elif name == "APPEND":
            appended = self.append(self.pop(1))
        elif name == "APPENDS":
            appended = self.append(self.pop_to_mark())
        elif name not in ("PROTO", "FRAME", "STOP"):
            raise self.refusal(f"contains the instruction {name}")
        self.steps += 1
        if len(stack) > _MAX_STACK or self.steps > _MAX_STEPS or self.unencoded < 0:
            raise self.refusal("heaps up more objects than it can use")
        return appended

    def check_end(self) -> None:
        """Refuse a pickle whose result is not the object array of the elements handed out."""
        match self.stack:
            case [_Array(shape=(int(length),), dtype=_Type(code="O" | "O4" | "O8"), data=_List())]:
                if self.elements is not None and length == self.elements.length:
                    return
        raise self.refusal("is not a list of arrays of the length that it claims")

    def pop(self, count: int) -> list[Any]:
        """Take the topmost `count` objects off the stack."""
        if len(self.stack) < count:
            raise IndexError
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def pop_to_mark(self) -> list[Any]:
        """Take everything above the last mark off the stack, and the mark."""
        for above, item in enumerate(reversed(self.stack)):
            if item is _MARK:
                taken = self.pop(above + 1)
                return taken[1:]
        raise IndexError

    def name(self, module: Any, name: Any) -> _Name:
        """Recognise one of the few names that arrays refer to."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise self.refusal("refers to something without a name")
        if (module, name) not in _NAMES:
            raise self.refusal(f"refers to {module:.80}.{name:.80}")
        return _NAMES[module, name]

    def call(self, function: Any, arguments: Any) -> _Array | _Type | bytes:
        """Make what NumPy's own reader would make of a name and its arguments."""
        match function, arguments:
            case _Name.RECONSTRUCT, (_Name.NDARRAY, (0,), "b" | b"b"):
                return _Array()
            case _Name.DTYPE, (str(code), *_):
                return _Type(code)
            case _Name.ENCODE, (str(text), "latin1"):
                self.unencoded -= len(text)  # each text is encoded once, unless to fill the memory
                return text.encode("latin-1")
        raise self.refusal("calls something that makes no array")

    def set_state(self, target: Any, state: Any) -> None:
        """Fill in an array or a dtype in the making, and leave it on the stack."""
        match target, state:
            case _Type(), (int(), str(order), None, None, None, *_):
                target.order = order
            case _Array(), (int(), tuple(shape), _Type() as dtype, bool(fortran), data):
                target.shape, target.dtype = shape, dtype
                target.fortran, target.data = fortran, data
            case _:
                raise self.refusal("sets the state of something that is no array")
        self.stack.append(target)

    def new_list(self) -> _List:
        """Start the one list that an object array has."""
        if self.elements is not None:
            raise self.refusal("contains more than one list")
        self.elements = _List()
        return self.elements

    def append(self, items: list[Any]) -> list[Any]:
        """Count and hand out what is appended to the list."""
        if self.elements is None or self.stack[-1] is not self.elements:
            raise self.refusal("appends to something that is no list")
        self.elements.length += len(items)
        return items

    def refusal(self, what: str) -> DataError:
        """Say what a pickle contains that no array of drawings does."""
        return DataError(
            f"{self.where}: {what}, which no array of drawings does; the file was refused and "
            "nothing in it was run"
        )


def _finished(item: Any, where: str) -> npt.NDArray[np.generic]:
    """Turn an array in the making into an array of numbers of two dimensions."""
    match item:
        case _Array(shape=(int(rows), int(columns)), dtype=_Type(code, order), data=raw):
            if isinstance(raw, str):  # Python 2 had no other type for bytes
                raw = raw.encode("latin-1")
            if not _NUMBERS.fullmatch(order + code):
                raise DataError(
                    f"{where} is an array of {order + code!r:.20}; numbers are expected"
                )
            dtype = np.dtype(order + code)
            if min(rows, columns) < 1 or not isinstance(raw, bytes):
                raise DataError(f"{where} is an array without numbers; (points, 3) is expected")
            if len(raw) != rows * columns * dtype.itemsize:
                raise DataError(f"{where}: its shape does not fit the number of its bytes")
            numbers = np.frombuffer(raw, dtype=dtype)  # (rows * columns,)
            return numbers.reshape(rows, columns, order="F" if item.fortran else "C")
    raise DataError(f"{where} is not an array of two dimensions; (points, 3) is expected")
