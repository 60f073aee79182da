"""The drawing page: what runs in a browser, plain JavaScript modules, in `static/`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["static_folder"]


def static_folder() -> Path:
    """Return the folder of the files that a browser is served, as they are.

    Examples
    --------
    >>> sorted(path.name for path in static_folder().glob("si*.js"))
    ['simplify.js']
    """
    return Path(__file__).parent / "static"
