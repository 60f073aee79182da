"""Outliers: drawings of other classes than a model's, to learn what is none of them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence

from inkgrad.drawing import Raster
from inkgrad.errors import DataError
from inkgrad.quickdraw.data_locations import (
    BucketFolder,
    OwnFiles,
    OwnFolder,
    find_data_location,
)
from inkgrad.quickdraw.drawings import GOOGLES, Drawings
from inkgrad.quickdraw.loaded import OnProgress
from inkgrad.quickdraw.loading import load_drawings

__all__ = ["UNKNOWN", "load_outliers", "local_classes", "other_classes", "unknown_classes"]

UNKNOWN = "unknown.txt"
"""The file in a folder of drawings that names classes, one a line, which no outlier is taken of.

How well a model notices what it does not know can then be judged on drawings of classes that it has
never met in any form."""

_POOL = 60_000  # drawings, of all other classes together
_FEWEST = 10  # of each class


def unknown_classes(data: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Return the classes that the data's ``unknown.txt`` names; none if there is no such file.

    Parameters
    ----------
    data : path or address, optional
        See `inkgrad.quickdraw.load_drawings`.

    Raises
    ------
    DataError
        If the file cannot be read as text.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog", "zebra"):
    ...     (folder / name).mkdir()
    >>> _ = (folder / "unknown.txt").write_text("zebra")
    >>> unknown_classes(folder), other_classes(["cat"], folder)
    (('zebra',), ('dog',))
    """
    place = find_data_location(data)
    if not isinstance(place, (BucketFolder, OwnFolder, OwnFiles)):
        return ()
    file = (place.path if place.path.is_dir() else place.path.parent) / UNKNOWN
    if not file.is_file():
        return ()
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file} cannot be read ({error}); it must be text in UTF-8, one class a line"
        ) from error
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))


def other_classes(
    classes: Sequence[str], data: str | os.PathLike[str] | None = None
) -> tuple[str, ...]:
    """Return the classes of a local folder of drawings that are neither these nor unknown ones.

    Parameters
    ----------
    classes : sequence of str
        What a model knows.
    data : path or address, optional
    """
    there = local_classes(data)
    left_out = {_folded(name) for name in (*classes, *unknown_classes(data))} if there else set()
    return tuple(name for name in there if _folded(name) not in left_out)


def local_classes(data: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Return the classes of a local folder of drawings, in alphabetical order.

    No file of drawings is opened for it, but where drawings have their words in the files. Of a
    server nothing is known, so there are none.

    Parameters
    ----------
    data : path or address, optional
    """
    place = find_data_location(data)
    if isinstance(place, BucketFolder):
        labels = {str(group.label) for group in place.groups}
        return tuple(sorted(name for name in labels if place.has(name)))
    return place.classes() if isinstance(place, (OwnFolder, OwnFiles)) else ()


def load_outliers(
    classes: Sequence[str],
    data: str | os.PathLike[str] | None = None,
    *,
    raster: Raster = GOOGLES,
    strokes: bool = False,
    on_progress: OnProgress | None = None,
) -> Drawings | None:
    """Load some drawings of each other class that the data has; None if it has no other.

    At most 60,000 in all, as many of each class. Classes that ``unknown.txt`` names are never
    read, in any form.

    Parameters
    ----------
    classes : sequence of str
        What the model knows, of which nothing is taken.
    data, raster, strokes, on_progress
        See `inkgrad.quickdraw.load_drawings`.

    Returns
    -------
    drawings : Drawings
        With the other classes as theirs.
    """
    others = other_classes(classes, data)
    if not others:
        return None
    limit = max(_FEWEST, _POOL // len(others))
    return load_drawings(
        others, data=data, limit=limit, raster=raster, strokes=strokes, on_progress=on_progress
    ).drawings


def _folded(name: str) -> str:
    """Return a name by which the same class is known, however it is written."""
    return unicodedata.normalize("NFC", name).casefold()
