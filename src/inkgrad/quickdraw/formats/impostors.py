"""Files that are not what their names say: a web page or a Git LFS pointer in place of data."""

from __future__ import annotations

import re
from pathlib import Path

from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.text import encoding_of

__all__ = ["refuse_impostor"]

_LOOKED_AT = 2048  # bytes; a page's first tag may follow a comment
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_POINTER = "version https://git-lfs"


def refuse_impostor(path: Path) -> None:
    """Refuse a file that holds something else than drawings, under whatever name.

    Raises
    ------
    DataError
        If it is a web page, such as a server sends in place of a file that it has not got, or a
        pointer that Git LFS left in place of a file.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> _ = path.write_text("<!DOCTYPE html><title>Sign in</title>")
    >>> refuse_impostor(path)
    Traceback (most recent call last):
    inkgrad.errors.DataError: ...cat.npy is a web page (HTML), not drawings; fetch the file itself
    """
    with path.open("rb") as file:
        beginning = file.read(_LOOKED_AT)
    text = beginning.decode(encoding_of(beginning), "replace").removeprefix("\ufeff")
    if text.startswith(_POINTER):
        raise DataError(
            f"{path} is a Git LFS pointer, not drawings; fetch the file with git lfs pull"
        )
    if _PAGE.match(_COMMENT.sub("", text)):
        raise DataError(f"{path} is a web page (HTML), not drawings; fetch the file itself")
