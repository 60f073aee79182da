"""Pages: one HTML file each, from the templates next to this module, without script or address."""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.insight.intervals import Interval
from inkgrad.text import printable
from inkgrad.version import __version__

__all__ = ["between", "fact", "markdown", "percent", "picture", "render"]

_THIN_SPACE = "\u202f"


def render(template: str, **facts: Any) -> str:
    """Return the text of a template with the facts put in; in HTML, all of them are escaped.

    Parameters
    ----------
    template : str
        The name of a file next to this module, such as ``"report.html.j2"``.
    **facts
        What the template names. To leave one out is an error.
    """
    return str(_environment().get_template(template).render(version=__version__, **facts))


@functools.cache
def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=lambda name: name is None or ".html" in name,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        between=between, md=markdown, percent=percent, picture=picture, printable=printable
    )
    return environment


def _read(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def percent(share: float | None, decimals: int = 1) -> str:
    """Return a share in %, None as a dash.

    Examples
    --------
    >>> percent(0.5), percent(None)
    ('50.0\u202f%', '–')
    """
    return "–" if share is None else f"{100 * share:.{decimals}f}{_THIN_SPACE}%"


def between(interval: Interval, is_share: bool = True) -> str:
    """Return an interval as its two ends.

    Examples
    --------
    >>> between(Interval(0.5, 0.75)), between(Interval(0.5, 0.75), is_share=False)
    ('50.0–75.0\u202f%', '0.500–0.750')
    """
    low, high = interval
    if is_share:
        return f"{100 * low:.1f}–{100 * high:.1f}{_THIN_SPACE}%"
    return f"{low:.3f}–{high:.3f}"


def markdown(text: str) -> str:
    r"""Return text as a line of Markdown that shows it as it is.

    Examples
    --------
    >>> markdown("a*b|c\n<i>")
    'a\\*b\\|c?\\<i\\>'
    """
    return re.sub(r"([\\`*_{}\[\]<>#|~&!])", r"\\\1", printable(text))


def picture(bitmap: NDArray[np.uint8]) -> str:
    """Return a drawing as the address of a PNG in itself: black ink on nothing.

    The paper is transparent, so that it takes the page's colour, light or dark.
    """
    from PIL import Image

    ink = np.asarray(bitmap, np.uint8)
    pixels = np.stack([np.zeros_like(ink), ink], axis=-1)  # (rows, columns, grey and opacity)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def fact(name: str, value: Any) -> dict[str, Any]:
    """Return one line of a table of facts: its name, and its value in the shape to show it in."""
    name = str(name).replace("_", " ")
    if isinstance(value, Mapping):
        return {"name": name, "facts": [fact(key, inner) for key, inner in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"name": name, "text": ", ".join(_plain(item) for item in value) or "–"}
    if isinstance(value, str) and "\n" in value:
        return {"name": name, "lines": value}
    return {"name": name, "text": _plain(value)}


def _plain(value: Any) -> str:
    """Return a value as a reader likes it: 1,234 · 0.93 · yes · –."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)
