"""A model to give away: the drawing page with it, in one file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.export import write_page
from inkgrad.model import Model, load

__all__ = ["Exported", "export_html"]


@dataclass(frozen=True)
class Exported:
    """The file that was written.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    """

    path: Path
    size: int


def export_html(
    model: Model | str | os.PathLike[str],
    out: str | os.PathLike[str] = "doodles.html",
    *,
    name: str | None = None,
) -> Exported:
    """Write the drawing page with a model in it as one file, which opens without a server.

    The model's numbers are rounded to float16, which halves them and changes next to no answer;
    a model file stays as it is.

    Parameters
    ----------
    model : Model or path of a model file
    out : path
        The file to write; one that is there already is replaced.
    name : str, optional
        How the page calls the model; by default as its file is called.

    Returns
    -------
    exported : Exported

    Raises
    ------
    InkgradError
        If the model cannot be used, a weight is too large for float16, or `out` cannot be written.
    """
    target = Path(out)
    if target.is_dir() or target.suffix.lower() not in (".html", ".htm"):
        what = "is a folder" if target.is_dir() else "does not end in .html"
        raise InkgradError(f"{target} {what}; name a file to write to, such as doodles.html")
    if isinstance(model, Model):
        name = name or "model"
    else:
        name = name or Path(model).stem
        model = load(model)
    try:
        size = write_page(model, target, name=name)
    except OSError as error:
        raise InkgradError(
            f"cannot write {target}: {error.strerror or error}; make room or get permission, or "
            "name another file with -o"
        ) from error
    return Exported(target, size)
