"""A Sphinx extension: formulas are written into the page as MathML, which browsers draw themselves.

So the book needs no script from anywhere and can be read without a network.
"""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert

__all__ = ["setup"]


def _mathml(formula: str, **options: str) -> str:
    """Return a formula as MathML, with a little room between `log` and what follows."""
    text = convert(formula, **options)
    return text.replace("<mi>log</mi>", '<mi>log</mi><mspace width="0.17em"/>')


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(_mathml(node.astext()))
    raise nodes.SkipNode


def _display(writer: Any, node: Any) -> None:
    anchor = f' id="{escape(node["ids"][0])}"' if node["ids"] else ""
    formula = _mathml(node.astext(), display="block")
    writer.body.append(f'<div class="math"{anchor}>{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer; `html_math_renderer = "mathml"` chooses it."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
