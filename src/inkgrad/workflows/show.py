"""The drawing page with a model, inside a notebook."""

from __future__ import annotations

import html
import os
from dataclasses import dataclass

from inkgrad.errors import InkgradError
from inkgrad.export.page import make_page
from inkgrad.model import Model
from inkgrad.packaged import DEFAULT_MODEL
from inkgrad.workflows.export import named_model

__all__ = ["Shown", "show"]

PANELS = ("play", "think", "learn", "teach")


@dataclass(frozen=True, repr=False)
class Shown:
    """A page in a frame; Jupyter displays it.

    Attributes
    ----------
    page : str
        The whole page, as HTML.
    height : int
        Of the frame, in pixels.
    """

    page: str
    height: int

    def __repr__(self) -> str:
        """Return what a terminal shows: that there is nothing to see there."""
        return f"<the drawing page, {len(self.page):,} characters; a notebook displays it>"

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="inkgrad" width="100%" height="{self.height}" style="border: 0" '
            f'srcdoc="{html.escape(self.page)}"></iframe>'
        )


def show(
    model: Model | str | os.PathLike[str] = DEFAULT_MODEL,
    *,
    panel: str = "think",
    name: str | None = None,
    height: int = 420,
) -> Shown:
    """Show the drawing page with a model in a notebook: draw there, and watch it think or learn.

    The page is the one that `export_html` writes, in a frame; it needs no server and no network.

    Parameters
    ----------
    model : Model, or path or name of one as `inkgrad.load` takes it
    panel : "play", "think", "learn" or "teach"
        What is beside the pad.
    name : str, optional
        How the page calls the model; by default as its file is called.
    height : int
        Of the frame, in pixels.

    Returns
    -------
    shown : Shown
        As the last value of a cell it is displayed.

    Raises
    ------
    InkgradError
        If the model cannot be used, or there is no such panel.

    Examples
    --------
    >>> import inkgrad
    >>> inkgrad.show("animals", panel="learn").height
    420
    """
    if panel not in PANELS:
        raise InkgradError(f"there is no panel {panel!r}; there are {', '.join(PANELS)}")
    model, name = named_model(model, name)
    return Shown(make_page(model, name=name, embed=panel), height)
