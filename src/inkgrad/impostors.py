"""Files that are not what their names say: a web page or a Git LFS pointer in place of data."""

from __future__ import annotations

import json
import re
from pathlib import Path

__all__ = ["impostor"]

_LOOKED_AT = 2048  # bytes; a page's first tag may follow a comment
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_POINTER = "version https://git-lfs"


def impostor(path: Path, wanted: str) -> str | None:
    """Return what a file is in place of what is wanted, as an error says it; None if it is not.

    A server sends a web page for a file that it has not got, or that needs a login; Git LFS leaves
    a pointer where a file was not fetched.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> _ = path.write_text("<!DOCTYPE html><title>Sign in</title>")
    >>> impostor(path, "drawings")
    'is a web page (HTML), not drawings; fetch the file itself'
    """
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    text = beginning.decode(json.detect_encoding(beginning[:4]), "replace").removeprefix("\ufeff")
    if text.startswith(_POINTER):
        return f"is a Git LFS pointer, not {wanted}; fetch the file with git lfs pull"
    if _PAGE.match(_COMMENT.sub("", text)):
        return f"is a web page (HTML), not {wanted}; fetch the file itself"
    return None
