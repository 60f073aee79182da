"""A digest of the kernels' sources that comments, docstrings and blank lines do not change.

It is taken of the bytecode, which Python keeps ready on the disk: that takes some milliseconds,
where parsing the sources would take a hundred. Line numbers are not part of it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import opcode
import pkgutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

__all__ = ["ASIDE", "digest", "facts"]

ASIDE = {
    *("crew", "engine", "helping", "layout", "places", "plan", "predictor", "program"),
    *("records", "runner", "segments", "sources", "teaching", "trainer", "warmup"),
    *("int8.packing", "int8.run"),
    *("maps.behind", "maps.filters", "maps.flow", "maps.frame", "maps.row", "maps.run"),
    "maps.steps",
}
"""Modules that no compiled code is made of (`records` are types of arguments)."""

_HAS_DOCSTRING = 0x4000000 if sys.version_info >= (3, 13) else 0  # in a function's flags
_LOAD_CONST, _STORE_NAME, _EXTENDED = (
    opcode.opmap[name] for name in ("LOAD_CONST", "STORE_NAME", "EXTENDED_ARG")
)
_ABOUT_TEXT = {"__doc__", "__firstlineno__", "__static_attributes__"}  # what Python notes down


def digest(package: str, path: list[str]) -> str:
    """Return a digest of the modules of a package that compiled code is made of.

    Parameters
    ----------
    package : str
        Its full name.
    path : list of str
        Its ``__path__``.
    """
    found = hashlib.sha256()
    for name in sorted(_modules(path)):
        if name not in ASIDE:
            for fact in _module_facts(f"{package}.{name}"):
                found.update(repr(fact).encode("utf-8", "backslashreplace"))
    return found.hexdigest()[:16]


def _modules(path: list[str]) -> Iterator[str]:
    """Yield the names of the modules in folders, and of those in folders there, with dots."""
    for module in pkgutil.iter_modules(path):
        yield module.name
        if module.ispkg:
            within = [str(Path(folder) / module.name) for folder in path]
            yield from (f"{module.name}.{name}" for name in _modules(within))


def _module_facts(name: str) -> Iterator[Any]:
    """Yield what a module's code is, or its file where there is no bytecode."""
    spec = importlib.util.find_spec(name)
    get_code = getattr(spec.loader if spec else None, "get_code", None)
    code = get_code(name) if get_code else None
    yield name
    if code is not None:
        yield from facts(code)
    elif spec and spec.origin and Path(spec.origin).is_file():
        yield Path(spec.origin).read_bytes()


def facts(code: CodeType) -> Iterator[Any]:
    r"""Yield what a code object, and those within it, compute: nothing about their text.

    Examples
    --------
    >>> texts = ("x = 1", "# Here!\n\nx = 1", "x = 2")
    >>> one, same, other = (compile(text, "", "exec") for text in texts)
    >>> list(facts(one)) == list(facts(same)), list(facts(one)) == list(facts(other))
    (True, False)
    """
    yield code.co_name, code.co_code, code.co_flags & ~_HAS_DOCSTRING
    yield code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars
    yield code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    yield getattr(code, "co_exceptiontable", b"")
    passed_over = _about_text(code)
    for index, constant in enumerate(code.co_consts):
        if isinstance(constant, CodeType):
            yield from facts(constant)
        elif index not in passed_over:
            yield _plain(constant)


def _about_text(code: CodeType) -> set[int]:
    """Return which constants are docstrings, line numbers and the like, and nothing besides."""
    if code.co_flags & 1:  # a function, not a module's code or a class's
        first = code.co_consts[0] if code.co_consts else None
        is_said = code.co_flags & _HAS_DOCSTRING or not _HAS_DOCSTRING
        return {0} if is_said and isinstance(first, str) and code.co_name[0] != "<" else set()
    words = list(zip(code.co_code[::2], code.co_code[1::2], strict=True))
    used = Counter(argument for operation, argument in words if operation == _LOAD_CONST)
    found = set()
    for before, (load, constant), (store, name) in zip(
        [(0, 0), *words], words, words[1:], strict=False
    ):
        if (
            (load, store) == (_LOAD_CONST, _STORE_NAME)
            and before[0] != _EXTENDED
            and code.co_names[name] in _ABOUT_TEXT
            and used[constant] == 1
        ):
            found.add(constant)
    return found


def _plain(constant: Any) -> Any:
    """Return a constant so that equal ones look equal: a set's order differs from run to run."""
    if isinstance(constant, frozenset):
        return "set", sorted(map(repr, constant))
    if isinstance(constant, tuple):
        return tuple(map(_plain, constant))
    return constant
