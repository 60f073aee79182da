"""Bitmaps as an array: the data set's `.npy` files, read without ever unpickling."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from inkgrad.errors import DataError
from inkgrad.quickdraw.drawings import SIDE, Bitmaps

__all__ = ["count_bitmaps", "map_npy", "read_header", "read_npy"]

_PIXELS = SIDE * SIDE
_ROW_SHAPES = ((_PIXELS,), (SIDE, SIDE))
_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


def read_npy(path: Path, limit: int | None = None) -> Bitmaps:
    """Read the first `limit` bitmaps of a `.npy` file (all of them if None).

    Only these rows are read and allocated, after the header's promise has been compared with the
    size of the file.

    Parameters
    ----------
    path : path
        An array of uint8, ink 255 on 0, of shape (n, 784) as in the data set, (n, 28, 28), or
        (28, 28) for a single bitmap.
    limit : int, optional

    Returns
    -------
    bitmaps : uint8 array of shape (min(n, limit), 28, 28)

    Raises
    ------
    DataError
        If the file is no such array, or shorter or longer than its header says.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> np.save(path, np.zeros((5, 784), dtype=np.uint8))
    >>> read_npy(path, limit=2).shape
    (2, 28, 28)
    """
    with path.open("rb") as file:
        rows = _check_size(file, path)
        wanted = rows if limit is None else min(rows, limit)
        bitmaps = np.fromfile(file, dtype=np.uint8, count=wanted * _PIXELS)  # (wanted * 784,)
    return bitmaps.reshape(wanted, SIDE, SIDE)  # (wanted * 784,) -> (wanted, 28, 28)


def map_npy(path: Path) -> Bitmaps:
    """Map the bitmaps of a `.npy` file into memory: as `read_npy`, but read only when looked at.

    Raises
    ------
    DataError
        As for `read_npy`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> np.save(path, np.zeros((5, 784), dtype=np.uint8))
    >>> map_npy(path).shape
    (5, 28, 28)
    """
    with path.open("rb") as file:
        rows = _check_size(file, path)
        if rows == 0:  # nothing cannot be mapped
            return np.empty((0, SIDE, SIDE), dtype=np.uint8)
        return np.memmap(file, np.uint8, "r", file.tell(), (rows, SIDE, SIDE))


def count_bitmaps(file: IO[bytes], where: str) -> int:
    """Read a header, leave `file` at the first bitmap, and return how many the header promises.

    Parameters
    ----------
    file : binary file
        At its beginning.
    where : str
        How an error calls the file.

    Raises
    ------
    DataError
        As `read_header`; also if it is not an array of bitmaps.
    """
    return _count_bitmaps(*read_header(file, where), where)


def _check_size(file: IO[bytes], path: Path) -> int:
    """Return the number of bitmaps, once the header's promise agrees with the file's size."""
    rows = count_bitmaps(file, str(path))
    promised = file.tell() + rows * _PIXELS
    size = path.stat().st_size
    if promised != size:
        raise DataError(
            f"{path}: its header promises {rows:,} bitmaps, that is {promised:,} bytes, but the "
            f"file has {size:,}; it is damaged, so fetch it again"
        )
    return rows


def read_header(file: IO[bytes], where: str) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    """Read the header of an array in NumPy's format and leave `file` at the first byte of data.

    Parameters
    ----------
    file : binary file
        At its beginning.
    where : str
        How an error calls the file.

    Returns
    -------
    shape : tuple of int
        As the header claims: compare it with the file's size before allocating anything.
    fortran_order : bool
    dtype : dtype

    Raises
    ------
    DataError
        If this is no such header, or the shape has negative numbers.

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> np.save(file, np.zeros((2, 784), dtype=np.uint8))
    >>> _ = file.seek(0)
    >>> read_header(file, "cat.npy")
    ((2, 784), False, dtype('uint8'))
    """
    try:
        version = npy_format.read_magic(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 2 wrote lengths as 10L: read, but warned of
            shape, fortran, dtype = _READERS[version](file)
    except (ValueError, KeyError, MemoryError, RecursionError):
        raise DataError(
            f"{where}: not an array in NumPy's format (or of a version after 2.0); the file is "
            "damaged or of another kind"
        ) from None
    if any(isinstance(length, bool) or length < 0 for length in shape):
        raise DataError(f"{where}: its header claims the shape {shape}, which no array can have")
    return shape, fortran, dtype


def _count_bitmaps(
    shape: tuple[int, ...], fortran: bool, dtype: np.dtype[np.generic], where: str
) -> int:
    """Return how many bitmaps the header promises, if it promises bitmaps at all."""
    if dtype != np.uint8 or fortran:
        order = " in Fortran order" if fortran else ""
        raise DataError(
            f"{where}: an array of {dtype}{order}; bitmaps are uint8 in C order, ink 255 on 0"
        )
    if shape == (SIDE, SIDE):
        return 1
    if shape[1:] not in _ROW_SHAPES:
        raise DataError(
            f"{where}: an array of shape {shape}; bitmaps have the shape (n, {_PIXELS}) or "
            f"(n, {SIDE}, {SIDE})"
        )
    return shape[0]
