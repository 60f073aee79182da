"""A model to give away: the drawing page with it, in one file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.export import write_page
from inkgrad.export.rounding import rounded, usual_weights
from inkgrad.model import Model, load
from inkgrad.workflows.evaluate import evaluate

__all__ = ["Exported", "export_html"]


@dataclass(frozen=True)
class Exported:
    """The file that was written.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    weights : str
        In what the page has its weights.
    before, after : float or None
        How often the model is right, and how often with the weights that the page has, if that was
        measured.
    drawings : int
        By how many drawings.
    """

    path: Path
    size: int
    weights: str
    before: float | None = None
    after: float | None = None
    drawings: int = 0


def export_html(
    model: Model | str | os.PathLike[str],
    out: str | os.PathLike[str] = "doodles.html",
    *,
    name: str | None = None,
    weights: str | None = None,
    data: str | os.PathLike[str] | None = None,
) -> Exported:
    """Write the drawing page with a model in it as one file, which opens without a server.

    The model's numbers are rounded, to float16 or int8, which changes next to no answer; a model
    file stays as it is.

    Parameters
    ----------
    model : Model or path of a model file
    out : path
        The file to write; one that is there already is replaced.
    name : str, optional
        How the page calls the model; by default as its file is called.
    weights : "float16" or "int8", optional
        In what the page has its weights; by default int8 for models of more than 400,000
        parameters.
    data : path, optional
        Drawings by which to measure what the rounding costs; see `evaluate`.

    Returns
    -------
    exported : Exported

    Raises
    ------
    InkgradError
        If the model or the drawings cannot be used, a number is too large for float16, or `out`
        cannot be written.
    """
    target = Path(out)
    if target.is_dir() or target.suffix.lower() not in (".html", ".htm"):
        what = "is a folder" if target.is_dir() else "does not end in .html"
        raise InkgradError(f"{target} {what}; name a file to write to, such as doodles.html")
    model, name = named_model(model, name)
    weights = usual_weights(model) if weights is None else weights
    before = after = None
    drawings = 0
    if data is not None:
        found = [evaluate(one, data).evaluation for one in (model, rounded(model, weights))]
        before, after = (one.top1 for one in found)
        drawings = found[0].n
    try:
        size = write_page(model, target, name=name, weights=weights)
    except OSError as error:
        raise InkgradError(
            f"cannot write {target}: {error.strerror or error}; make room or get permission, or "
            "name another file with -o"
        ) from error
    return Exported(target, size, weights, before, after, drawings)


def named_model(model: Model | str | os.PathLike[str], name: str | None) -> tuple[Model, str]:
    """Return a model, and how a page calls it; by default as the model's file is called."""
    if isinstance(model, Model):
        return model, name or "model"
    return load(model), name or Path(model).stem
