"""Why a model takes a drawing for what it does, as a value and as a picture."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Drawing, Raster, Strokes
from inkgrad.errors import DataWarning, InkgradError
from inkgrad.insight.attribution import Explanation, draw_explanation, explain_drawing
from inkgrad.model import Model
from inkgrad.quickdraw.formats.single import read_drawing
from inkgrad.storage import atomic_write_bytes
from inkgrad.workflows.export import named_model
from inkgrad.workflows.stdin import NAME, piped_file

__all__ = ["explain"]

_SUFFIXES = (".png", ".svg")


def explain(
    model: Model | str | os.PathLike[str],
    drawing: str | os.PathLike[str] | Drawing | npt.NDArray[np.uint8],
    class_name: str | None = None,
    *,
    number: int | None = None,
    out: str | os.PathLike[str] | None = None,
) -> Explanation:
    """Explain a model's answer: gradient, Grad-CAM, occlusion, and which strokes mattered.

    Parameters
    ----------
    model : Model, or path or name of one as `inkgrad.load` takes it
    drawing : list of strokes, bitmap, or path
        Strokes ``[xs, ys]`` in any coordinates; a (side, side) uint8 array, ink 255 on 0; or a file
        of drawings of any format, ``"-"`` for standard input. Bitmaps and pictures have no strokes
        that could be taken away: there `strokes` is empty.
    class_name : str, optional
        The class to explain; by default the likeliest.
    number : int, optional
        Which drawing of a file, from 1; by default the first, with a `DataWarning` if there are
        more.
    out : path, optional
        A picture to write, PNG or SVG by its suffix; one that is there already is replaced.

    Returns
    -------
    explanation : Explanation
        With the arrays `gradient`, `cam`, `occlusion` and `strokes`.

    Raises
    ------
    InkgradError
        If the model or the drawing cannot be used, the model does not know the class, or `out`
        cannot be written or is the drawing.

    Examples
    --------
    >>> import inkgrad
    >>> square = [[[0, 9], [0, 0]], [[9, 9], [0, 9]], [[9, 0], [9, 9]], [[0, 0], [9, 0]]]
    >>> why = inkgrad.explain("seed", square, "cat")
    >>> why.class_name, why.strokes.shape, why.cam_layer
    ('cat', (4,), 'relu2')
    """
    is_file = isinstance(drawing, (str, os.PathLike))
    target = None if out is None else _target(Path(out), drawing if is_file else None)
    model, name = named_model(model, None)
    source = f"model {name}"
    given: Any = drawing
    if is_file:
        given, called = _read(str(drawing), number, model.raster)
        source = f"model {name} · {called}"
    elif number is not None:
        raise InkgradError(
            f"number is {number}, but only files have numbered drawings; leave it out"
        )
    explanation = explain_drawing(model, given, class_name)
    if target is not None:
        kind = target.suffix.lower()
        _write(target, draw_explanation(explanation, source, kind, raster=model.raster))
    return explanation


def _read(
    path: str, number: int | None, raster: Raster
) -> tuple[Strokes | npt.NDArray[np.uint8], str]:
    """Return one drawing of a file, and how to call it; note that there are others."""
    wanted = 1 if number is None else number
    if path == "-":
        with piped_file() as file:
            drawing, has_more = read_drawing(file, wanted, raster=raster)
        called = NAME
    else:
        drawing, has_more = read_drawing(path, wanted, raster=raster)
        called = Path(path).name
    if has_more and number is None:
        warnings.warn(
            f"{NAME if path == '-' else path} holds several drawings; the first one is explained; "
            "choose another with --number",
            DataWarning,
            stacklevel=3,
        )
    return drawing, called if number is None else f"{called}, drawing {number:,}"


def _target(out: Path, drawing: object) -> Path:
    """Return the file to write to, if nothing else would be lost by it."""
    if out.is_dir():
        raise InkgradError(f"{out} is a folder; name a file to write to, such as why.png")
    if out.suffix.lower() not in _SUFFIXES:
        raise InkgradError(f"{out} does not end in .png or .svg; name a picture, such as why.png")
    both_exist = drawing is not None and out.exists() and Path(str(drawing)).exists()
    if both_exist and out.samefile(str(drawing)):
        raise InkgradError(f"{out} is the drawing; name another file to write to with -o")
    return out


def _write(target: Path, picture: bytes) -> None:
    try:
        atomic_write_bytes(target, picture)
    except OSError as error:
        raise InkgradError(
            f"cannot write {target}: {error.strerror or error}; make room or get permission, or "
            "name another file with -o"
        ) from error
