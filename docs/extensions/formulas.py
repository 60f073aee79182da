"""A Sphinx extension: docstrings stay readable in a terminal and look typeset on the page.

Three things are rewritten before Sphinx reads a docstring: formulas between dollar signs become
its `math`; indented blocks, in which derivations are lined up by hand, keep their lines; and the
star of Python's `(n, *shape)` is no longer taken for the beginning of emphasis.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

__all__ = ["setup", "typeset"]

_DISPLAY = re.compile(r"^( *)\$\$(.+?)\$\$ *$", re.DOTALL | re.MULTILINE)
_STAR = re.compile(r"(?<=[ (])\*(?=\w[\w.]*[),])")
_INLINE = re.compile(r"(?<![\w$\\])\$(?!\s)([^$\n]+?)(?<!\s)\$(?![\w$])")


def typeset(text: str) -> str:
    r"""Return a docstring with its formulas and indented blocks in reStructuredText.

    Examples
    --------
    >>> print(typeset("Twice $x$:\n\n$$ y = 2x $$\n\nso\n\n    dy/dx = 2\n\nand so on."))
    Twice :math:`x`:
    <BLANKLINE>
    .. math::
    <BLANKLINE>
       y = 2x
    <BLANKLINE>
    so
    <BLANKLINE>
    ::
    <BLANKLINE>
        dy/dx = 2
    <BLANKLINE>
    and so on.
    """
    text = _STAR.sub(r"\\*", _keep_lines(text))
    text = _DISPLAY.sub(_display, text)
    return _INLINE.sub(r":math:`\1`", text)


def _display(match: re.Match[str]) -> str:
    indent, formula = match.groups()
    lines = [line.strip() for line in formula.strip().splitlines()]
    return "\n".join([f"{indent}.. math::", "", *(f"{indent}   {line}" for line in lines)])


def _keep_lines(text: str) -> str:
    """Put `::` before each block that is indented more than the paragraph above it."""
    paragraphs = re.split(r"\n\s*\n", text)
    result = paragraphs[:1]
    for above, below in itertools.pairwise(paragraphs):
        above_indent = _indent(above.splitlines()[-1]) if above.strip() else 0
        is_formula = below.lstrip().startswith(("$$", "..", ">>>"))
        if _indent(below) > above_indent and not is_formula and not _is_field(above):
            result.append(" " * above_indent + "::")
        result.append(below)
    return "\n\n".join(result)


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _is_field(paragraph: str) -> bool:
    """Tell a paragraph that ends in an entry of a section (`name : type`, then indented lines)."""
    lines = paragraph.splitlines()
    return len(lines) > 1 and _indent(lines[-1]) > _indent(lines[0])


def _process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = typeset("\n".join(lines)).splitlines()


def setup(app: Any) -> dict[str, bool]:
    """Connect to autodoc, ahead of napoleon (which listens at 500)."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
