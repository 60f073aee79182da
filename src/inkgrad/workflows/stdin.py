"""Drawings piped in: what kind of file they are is seen from their first bytes."""

from __future__ import annotations

import contextlib
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from inkgrad.drawing import Raster
from inkgrad.errors import DataError, DataWarning
from inkgrad.json_text import JsonError, NotJsonError, parse_json
from inkgrad.quickdraw import read_bitmaps
from inkgrad.quickdraw.drawings import GOOGLES, Bitmaps
from inkgrad.quickdraw.formats.text import encoding_of

__all__ = ["NAME", "kind_of", "piped_file", "read_standard_input"]

NAME = "standard input"
"""How messages call it."""

_SIGNATURES = {
    b"\x89PNG": ".png",
    b"\xff\xd8\xff": ".jpg",
    b"GIF8": ".gif",
    b"BM": ".bmp",
    b"RIFF": ".webp",
    b"II*\0": ".tif",
    b"MM\0*": ".tif",
    b"\x93NUMPY": ".npy",
    b"PK": ".npz",
    b"version https://git-lfs": ".npy",  # whose reader says what it is
}
_BITMAP = 784  # bytes of a bitmap of 28 × 28
_COLUMNS = re.compile(r'(sep=.\s+)?[\w",;\t ]*\bdrawing\b', re.IGNORECASE)  # a table's names


def read_standard_input(stream: IO[bytes] | None = None, *, raster: Raster = GOOGLES) -> Bitmaps:
    """Read drawings of any kind that `inkgrad.quickdraw.read_bitmaps` knows, but for ``.bin``.

    Parameters
    ----------
    stream : binary file, optional
        By default the process's standard input.
    raster : Raster
        How strokes and pictures are drawn; by default as Google did.

    Returns
    -------
    bitmaps : uint8 array (n, side, side)
        Ink 255 on 0; n ≥ 1.

    Raises
    ------
    DataError
        If nothing comes, its kind cannot be told, or it cannot be read.

    Examples
    --------
    >>> import io
    >>> read_standard_input(io.BytesIO(b"[[[0, 99, 255], [3, 9, 0]]]")).shape
    (1, 28, 28)
    """
    with piped_file(stream) as path:
        return read_bitmaps(path, raster=raster)


@contextlib.contextmanager
def piped_file(stream: IO[bytes] | None = None) -> Iterator[Path]:
    """Give what is piped in as a file with the suffix of its kind, for as long as it is read.

    Errors and warnings of whoever reads it call it ``standard input``.

    Raises
    ------
    DataError
        If nothing comes, or its kind cannot be told.
    """
    content = (sys.stdin.buffer if stream is None else stream).read()
    with tempfile.TemporaryDirectory(prefix="inkgrad-") as folder:
        path = Path(folder) / f"drawing{kind_of(content)}"
        path.write_bytes(content)
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always", DataWarning)
                yield path
        except DataError as error:
            raise DataError(str(error).replace(str(path), NAME)) from None
    for warning in told:
        warnings.warn(str(warning.message).replace(str(path), NAME), DataWarning, stacklevel=3)


def kind_of(content: bytes) -> str:
    r"""Return the suffix that a file with this content should have.

    Raises
    ------
    DataError
        If there is no content, or it begins like no file of drawings.

    Examples
    --------
    >>> kind_of(b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    '.svg'
    >>> kind_of(b'{"drawing": []}\n{"drawing": []}\n')
    '.ndjson'
    """
    for signature, suffix in _SIGNATURES.items():
        if content.startswith(signature):
            return suffix
    if content[4:8] == b"ftyp":
        return ".heic"
    text = content.decode(encoding_of(content), "replace").removeprefix("\ufeff").lstrip()
    if not text:
        raise DataError(
            f"{NAME} is empty; pipe a drawing into it, as in inkgrad predict - < drawing.png"
        )
    if text.startswith("<"):
        root = re.search(r"<(?:\w+:)?(svg|ink)\b", text)
        return ".inkml" if root and root[1] == "ink" else ".svg"
    if text.startswith(("[", "{")):
        return ".json" if _is_json(text) else ".ndjson"
    if _COLUMNS.match(text):
        return ".csv"
    if b"\0" in content and len(content) % _BITMAP == 0:  # an array without its header
        return ".npy"
    raise DataError(
        f"{NAME} begins like no drawing: it may be a picture (PNG, JPEG, GIF, BMP, WebP, TIFF), "
        "SVG, .npy, .npz, InkML, or strokes as .json, .ndjson or .csv; give others as files"
    )


def _is_json(text: str) -> bool:
    """Whether the whole is one JSON value, not one a line."""
    try:
        parse_json(text)
    except NotJsonError:
        return False
    except JsonError:  # it is, and there is something wrong with it, which the reader says
        return True
    return True
