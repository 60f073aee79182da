"""The trained models that come with inkgrad, by name."""

from __future__ import annotations

from pathlib import Path

__all__ = ["DEFAULT_MODEL", "NAMES", "PACKAGED", "is_model", "packaged_file"]

PACKAGED: dict[str, Path] = {
    path.stem: path for path in sorted((Path(__file__).parent / "models").glob("*.safetensors"))
}
"""The file of each model in the package; the README beside them says how they were made."""

NAMES = " or ".join(filter(None, [", ".join([*PACKAGED][:-1]), [*PACKAGED][-1]]))
"""Their names in words, for help and errors."""

DEFAULT_MODEL = next(name for name in ("everything", "twenty") if name in PACKAGED)
"""The model that the page, the server and `predict` use if none is named: it knows the most."""


def packaged_file(path: Path) -> Path:
    """Return the file that is meant: a packaged model's, if nothing else is called so.

    Examples
    --------
    >>> packaged_file(Path("animals")).name
    'animals.safetensors'
    >>> packaged_file(Path("runs/animals")).as_posix()
    'runs/animals'
    """
    name = str(path)
    return PACKAGED[name] if name in PACKAGED and not path.exists() else path


def is_model(name: str) -> bool:
    """Tell whether a name on the command line is a model's, not that of drawings.

    Examples
    --------
    >>> is_model("animals"), is_model("mine.safetensors"), is_model("cat.png")
    (True, True, False)
    """
    return packaged_file(Path(name)).suffix == ".safetensors"
