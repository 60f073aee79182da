"""The drawing page and its server: plain JavaScript modules in `static/`, served by `serve`.

The modules that draw and compute are twins of `inkgrad.drawing` and of the layers. Importing this
costs nothing: what the server needs is imported when one is started.
"""

from __future__ import annotations

from pathlib import Path

from inkgrad.web.serving import serve

__all__ = ["serve", "static_folder"]


def static_folder() -> Path:
    """Return the folder of the files that a browser is served, as they are.

    Examples
    --------
    >>> sorted(path.name for path in static_folder().rglob("si*.js"))
    ['simplify.js']
    """
    return Path(__file__).parent / "static"
