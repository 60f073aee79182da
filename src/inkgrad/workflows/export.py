"""A model to give away: the drawing page with it in one file, or a smaller model file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inkgrad.errors import InkgradError
from inkgrad.export import write_page
from inkgrad.export.rounding import rounded, usual_weights
from inkgrad.model import Model, load
from inkgrad.storage import atomic_write_bytes
from inkgrad.workflows.evaluate import evaluate

__all__ = ["Exported", "export_html", "export_model"]


@dataclass(frozen=True)
class Exported:
    """The file that was written.

    Attributes
    ----------
    path : Path
    size : int
        In bytes.
    weights : str
        In what the file has its weights.
    before, after : float or None
        How often the model is right, and how often with the weights that the file has, if that was
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
    target = _file_to_write(out, (".html", ".htm"), "doodles.html")
    model, name = named_model(model, name)
    weights = usual_weights(model) if weights is None else weights
    before = after = None
    drawings = 0
    if data is not None:
        found = [evaluate(one, data).evaluation for one in (model, rounded(model, weights))]
        before, after = (one.top1 for one in found)
        drawings = found[0].n
    with _told(target):
        size = write_page(model, target, name=name, weights=weights)
    return Exported(target, size, weights, before, after, drawings)


def export_model(
    model: Model | str | os.PathLike[str],
    out: str | os.PathLike[str] = "small.safetensors",
    *,
    weights: str = "float16",
    data: str | os.PathLike[str] | None = None,
) -> Exported:
    """Write a model file with its numbers in float16, half the size of one in float32.

    Nothing else changes, and `inkgrad.load` expands them to float32.

    Parameters
    ----------
    model : Model or path of a model file
    out : path
        The file to write; one that is there already is replaced.
    weights : "float16" or "float32"
        In what the file has its numbers.
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

    Examples
    --------
    >>> import tempfile
    >>> export_model("seed", Path(tempfile.mkdtemp()) / "a.safetensors").size < 1_010_000
    True
    """
    target = _file_to_write(out, (".safetensors",), "small.safetensors")
    model = model if isinstance(model, Model) else load(model)
    content = model.to_bytes(weights)
    before = None if data is None else evaluate(model, data).evaluation
    with _told(target):
        atomic_write_bytes(target, content)
    if data is None or before is None:
        return Exported(target, len(content), weights)
    after = evaluate(target, data).evaluation
    return Exported(target, len(content), weights, before.top1, after.top1, before.n)


def _file_to_write(out: str | os.PathLike[str], suffixes: tuple[str, ...], such_as: str) -> Path:
    """Return the path of a file to write, after checking its suffix."""
    target = Path(out)
    if target.is_dir() or target.suffix.lower() not in suffixes:
        what = "is a folder" if target.is_dir() else f"does not end in {suffixes[0]}"
        raise InkgradError(f"{target} {what}; name a file to write to, such as {such_as}")
    return target


@contextlib.contextmanager
def _told(target: Path) -> Iterator[None]:
    """Say in a sentence why a file cannot be written."""
    try:
        yield
    except OSError as error:
        raise InkgradError(
            f"cannot write {target}: {error.strerror or error}; make room or get permission, or "
            "name another file with -o"
        ) from error


def named_model(model: Model | str | os.PathLike[str], name: str | None) -> tuple[Model, str]:
    """Return a model, and how a page calls it; by default as the model's file is called."""
    if isinstance(model, Model):
        return model, name or "model"
    return load(model), name or Path(model).stem
