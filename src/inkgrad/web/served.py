"""The models that a server answers with, each with its name, address and file."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from inkgrad.model import Model, load
from inkgrad.packaged import DEFAULT_MODEL, PACKAGED, packaged_file

__all__ = ["Served", "find_models"]


@dataclass(frozen=True)
class Served:
    """A model that is served.

    Attributes
    ----------
    name : str
        Letters, digits, points, dashes and underscores.
    model : Model
    content : bytes
        Its file.
    """

    name: str
    model: Model
    content: bytes

    @property
    def address(self) -> str:
        """Where its file is served."""
        return f"/models/{self.name}.safetensors"


def find_models(
    model: str | os.PathLike[str] | None = None,
    *,
    engine: str = "reference",
    precision: str = "float32",
) -> list[Served]:
    """Load the model that is to be served, and after it the packaged ones.

    Parameters
    ----------
    model : path of a model file, or name of a packaged model
        By default `inkgrad.packaged.DEFAULT_MODEL`.
    engine : str
        See `inkgrad.engines.make_engine`.
    precision : str
        See `inkgrad.Model`.

    Returns
    -------
    models : list of Served
        The wanted one first. A packaged one of the same name is left out.

    Raises
    ------
    ModelError
        If the file cannot be used.
    """
    wanted = PACKAGED[DEFAULT_MODEL] if model is None else packaged_file(Path(model))
    found: dict[str, Served] = {}
    for path in [wanted, *PACKAGED.values()]:
        name = _name(path)
        if name not in found:
            found[name] = Served(
                name, load(path, engine=engine, precision=precision), path.read_bytes()
            )
    return list(found.values())


def _name(path: Path) -> str:
    """Return a name that can stand in an address as it is.

    Examples
    --------
    >>> _name(Path("runs/my zoo {2}.safetensors"))
    'my-zoo-2'
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem).strip("-.") or "model"
