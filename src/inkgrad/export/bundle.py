"""Bundling: a tree of ES modules becomes one classic script, which needs no server to be opened."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from inkgrad.errors import InkgradError
from inkgrad.export.javascript import Piece, pieces

__all__ = ["bundle"]

_KEYWORD = re.compile(r"(?<![\w$.#])(import|export)\b(?!\s*:)")
_IMPORT = re.compile(r"import\s*\{([\w$\s,]*)\}\s*from\s*(\"_+\")\s*;")
_EXPORT = re.compile(r"export\s+(?=(?:(?:async\s+)?function\b\s*\*?|class\b|const\b)\s*([\w$]+))")
_NAME = re.compile(r"([\w$]+)(?:\s+as\s+([\w$]+))?")
_BLANK = re.compile(r"[ \t]*\n\s*")
_SPACE = re.compile(r" ?([(){}\[\],;:=?]) ?")


class _Module(NamedTuple):
    """A module as a function's body: its imports are what it needs, its exports what it returns."""

    needs: tuple[str, ...]
    body: str


def bundle(folder: Path, entries: Sequence[str], name: str) -> str:
    r"""Return one classic script with some ES modules and all that they import.

    The script defines a constant `name`, a function: called with the name of an entry it runs that
    module, after those that it imports, each once, and returns its exports. So one script serves a
    page and its worker. Comments and needless spaces are left
    out.

    Of modules it understands what ours are made of: ``import { a, b as c } from "./x.js";`` and
    ``export function|async function|class|const``, each at the beginning of a line. Whatever else
    has the words ``import`` or ``export`` outside of strings and comments is an error.

    Parameters
    ----------
    folder : Path
        Holds the modules.
    entries : sequence of str
        Modules by their places in `folder`, such as ``"worker.js"``.
    name : str
        Of the constant.

    Raises
    ------
    InkgradError
        If a module is missing or not understood, imports what is not exported, or itself in the
        end.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.js").write_text('import { b } from "./b.js";\nexport const a = b + 1;\n')
    >>> _ = (folder / "b.js").write_text("/** One. */\nexport const b = 1;\n")
    >>> print(bundle(folder, ["a.js"], "open"))
    const open = (() => {
    "use strict";
    const modules = {
    "b.js": (need) => {
    const b=1;
    return { b };
    },
    "a.js": (need) => {
    const{b}=need("b.js");
    const a=b + 1;
    return { a };
    },
    };
    const ready = {};
    const need = (name) => (ready[name] ??= modules[name](need));
    return need;
    })();
    """
    modules: dict[str, _Module] = {}
    exported: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        _add(folder, entry, (), modules, exported)
    bodies = "".join(
        f"{json.dumps(place)}: (need) => {{\n{module.body}\n}},\n"
        for place, module in modules.items()
    )
    return (
        f'const {name} = (() => {{\n"use strict";\nconst modules = {{\n{bodies}}};\n'
        "const ready = {};\n"
        "const need = (name) => (ready[name] ??= modules[name](need));\n"
        "return need;\n})();\n"
    )


def _add(
    folder: Path,
    place: str,
    importers: tuple[str, ...],
    modules: dict[str, _Module],
    exported: dict[str, tuple[str, ...]],
) -> None:
    """Add a module after all that it imports."""
    if place in importers:
        circle = " imports ".join([*importers[importers.index(place) :], place])
        raise InkgradError(f"modules cannot be put in one file: {circle}; break the circle")
    if place in modules:
        return
    path = folder / place
    try:
        source = path.read_text("utf-8")
    except FileNotFoundError:
        by = f", which {importers[-1]} imports" if importers else ""
        raise InkgradError(f"there is no module {path}{by}; check its name") from None
    found = list(pieces(source, str(path)))
    cuts: dict[tuple[int, int], str] = {}  # what takes the place of imports and exports
    exports: list[str] = []
    needs: list[str] = []
    code = _masked(source, found)
    for keyword in _KEYWORD.finditer(code):
        start = keyword.start()
        line = f"{path}: line {source.count(chr(10), 0, start) + 1}"
        match = (_IMPORT if keyword[1] == "import" else _EXPORT).match(code, start)
        if match is None or (start > 0 and source[start - 1] != "\n"):
            raise InkgradError(
                f"{line} cannot be put in one file; it may say import {{ a, b as c }} from "
                '"./x.js"; or export function, class or const, with a name, at its beginning'
            )
        if keyword[1] == "export":
            exports.append(match[1])
            cuts[match.span()] = ""
            continue
        address = source[match.start(2) + 1 : match.end(2) - 1]
        if not address.startswith(("./", "../")):
            raise InkgradError(f"{line} imports {address!r}; only files can be, such as './x.js'")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(place), address))
        names = _imported(match[1], line)
        _add(folder, target, (*importers, place), modules, exported)
        for theirs in names:
            if theirs not in exported[target]:
                raise InkgradError(f"{line} imports {theirs}, which {target} does not export")
        needs.append(target)
        inner = ", ".join(a if a == b else f"{a}: {b}" for a, b in names.items())
        cuts[match.span()] = f"const {{ {inner} }} = need({json.dumps(target)});"
    body = _shortened(source, found, cuts)
    exported[place] = tuple(exports)
    modules[place] = _Module(tuple(needs), f"{body}\nreturn {{ {', '.join(exports)} }};")


def _imported(names: str, line: str) -> dict[str, str]:
    """Return what is imported, and under which names."""
    found = {}
    for name in filter(None, (part.strip() for part in names.split(","))):
        match = _NAME.fullmatch(name)
        if match is None:
            raise InkgradError(f"{line}: {name!r} is no name to import; write a or a as b")
        found[match[1]] = match[2] or match[1]
    return found


def _masked(source: str, found: Sequence[Piece]) -> str:
    """Return the code at its places, with nothing to be seen of comments and in literals."""
    parts = []
    for kind, start, stop in found:
        text = source[start:stop]
        if kind == "comment":
            text = re.sub(r"[^\n]", " ", text)
        elif kind == "literal":
            text = text[0] + re.sub(r"[^\n]", "_", text[1:-1]) + text[-1]
        parts.append(text)
    return "".join(parts)


def _shortened(source: str, found: Sequence[Piece], cuts: Mapping[tuple[int, int], str]) -> str:
    """Return a source with some parts replaced, without comments and needless spaces."""
    text = ""  # what is not yet known to end
    parts: list[str] = []
    at = 0
    starts = {start: (stop, new) for (start, stop), new in cuts.items()}
    for kind, start, stop in found:
        while start < stop:
            if start < at:  # in what is replaced
                start = min(at, stop)
                continue
            later = min((cut for cut in starts if start <= cut < stop), default=stop)
            if later == start:
                at, new = starts.pop(start)
                text += new
                continue
            piece = source[start:later]
            if kind == "comment":
                text += "\n" if "\n" in piece else " "
            elif kind == "code":
                text += piece
            else:
                parts += [_squeezed(text), piece]
                text = ""
            start = later
    return "".join([*parts, _squeezed(text)]).strip()


def _squeezed(code: str) -> str:
    """Return code without the spaces that nothing needs; where lines end may mean something."""
    return _SPACE.sub(r"\1", _BLANK.sub("\n", code))
