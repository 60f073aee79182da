"""Bitmaps as an array: the data set's `.npy` files, read without ever unpickling."""

from __future__ import annotations

import math
import mmap
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from inkgrad.errors import DataError, DataWarning
from inkgrad.quickdraw.drawings import SIDE, Bitmaps
from inkgrad.quickdraw.formats.impostors import refuse_impostor

__all__ = [
    "MappedRows",
    "count_bitmaps",
    "is_dark_on_white",
    "map_npy",
    "map_rows",
    "read_header",
    "read_npy",
]

_BRIGHT = 0.75  # of the outermost pixels of a bitmap on white paper, at the least
_READERS = {
    (1, 0): npy_format.read_array_header_1_0,
    (2, 0): npy_format.read_array_header_2_0,
}


def read_npy(path: Path, limit: int | None = None, *, side: int | None = SIDE) -> Bitmaps:
    """Read the first `limit` bitmaps of a `.npy` file (all of them if None).

    Only these rows are read and allocated, after the header's promise has been compared with the
    size of the file.

    Parameters
    ----------
    path : path
        An array of uint8, ink 255 on 0, of shape (n, 784) as in the data set, (n, 28, 28), or
        (28, 28) for a single bitmap; further axes of length 1 do not matter. Bitmaps that are
        dark on white are inverted, with a `DataWarning`.
    limit : int, optional
    side : int or None
        Pixels along a side, where it is not 28; None: whatever the file has.

    Returns
    -------
    bitmaps : uint8 array of shape (min(n, limit), side, side)

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
        rows, side = _check_size(file, path, side)
        inverted = _is_inverted(file, path, rows, side)
        wanted = rows if limit is None else min(rows, limit)
        bitmaps = np.fromfile(file, dtype=np.uint8, count=wanted * side * side)
    bitmaps = bitmaps.reshape(wanted, side, side)  # (wanted · side²,) -> (wanted, side, side)
    return 255 - bitmaps if inverted else bitmaps


def map_npy(path: Path, *, side: int | None = SIDE) -> Bitmaps:
    """Map the bitmaps of a `.npy` file into memory: as `read_npy`, but read only when looked at.

    Those that are dark on white are inverted, which reads them all.

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
        rows, side = _check_size(file, path, side)
        if rows == 0:  # nothing cannot be mapped
            return np.empty((0, side, side), dtype=np.uint8)
        inverted = _is_inverted(file, path, rows, side)
        bitmaps = _map(file, rows, side)
        return 255 - bitmaps if inverted else bitmaps


@dataclass(frozen=True, eq=False)
class MappedRows:
    """Bitmaps of a file, in memory as far as the system has read them.

    Parameters
    ----------
    bitmaps : uint8 array of shape (n, side, side)
        Read-only.
    offset : int
        The byte of the file at which they begin.
    pages : mmap, optional
        The file; None if it has no rows.
    """

    bitmaps: Bitmaps
    offset: int = 0
    pages: mmap.mmap | None = None

    def read_ahead(self, first: int, rows: int) -> None:
        """Have the system read rows soon, without waiting for them; where it can do that.

        Examples
        --------
        >>> MappedRows(np.empty((0, 28, 28), np.uint8)).read_ahead(0, 5)
        """
        self._advise("MADV_WILLNEED", first, rows)

    def read_singly(self) -> None:
        """Have the system read what is asked for and no neighbours, which come by `read_ahead`."""
        self._advise("MADV_RANDOM", 0, len(self.bitmaps))

    def _advise(self, advice: str, first: int, rows: int) -> None:
        known = getattr(mmap, advice, None)  # there is none on Windows
        rows = min(rows, len(self.bitmaps) - first)
        if self.pages is None or known is None or rows <= 0:
            return
        width = self.bitmaps.shape[1] * self.bitmaps.shape[2]
        begin = (self.offset + first * width) // mmap.PAGESIZE * mmap.PAGESIZE
        self.pages.madvise(known, begin, self.offset + (first + rows) * width - begin)


def map_rows(path: Path, *, side: int | None = SIDE) -> MappedRows:
    """Map the bitmaps of a large `.npy` file into memory; only its first 64 are looked at.

    `map_npy` looks at bitmaps all over the file, each of them a movement of the disk. Here the
    system reads no neighbours of what is looked at (`MappedRows.read_singly`): 345 files are open
    in a tenth of a second rather than six.

    Raises
    ------
    DataError
        As for `read_npy`; also if the bitmaps are dark on white, as inverting would read them all.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "cat.npy"
    >>> np.save(path, np.zeros((5, 784), dtype=np.uint8))
    >>> map_rows(path).bitmaps.shape
    (5, 28, 28)
    """
    with path.open("rb") as file:
        rows, side = _check_size(file, path, side)
        if rows == 0:  # nothing cannot be mapped
            return MappedRows(np.empty((0, side, side), dtype=np.uint8))
        begin = file.tell()
        pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    bitmaps = np.frombuffer(pages, np.uint8, rows * side * side, begin).reshape(rows, side, side)
    mapped = MappedRows(bitmaps, begin, pages)
    mapped.read_singly()
    if is_dark_on_white(bitmaps[:64]):
        raise DataError(
            f"{path}: its bitmaps are dark on white; write them as ink 255 on 0, for instance by "
            "inkgrad pack"
        )
    return mapped


def _map(file: IO[bytes], rows: int, side: int) -> Bitmaps:
    """Map bitmaps from where the file is now, and leave it there."""
    begin = file.tell()
    mapped = np.memmap(file, np.uint8, "r", begin, (rows, side, side))
    file.seek(begin)
    return mapped


def _is_inverted(file: IO[bytes], path: Path, rows: int, side: int) -> bool:
    """Tell whether a file's bitmaps are dark on white, and warn if they are."""
    if rows == 0 or not is_dark_on_white(_map(file, rows, side)):
        return False
    warnings.warn(
        f"{path}: its bitmaps are dark on white; they are read inverted, as ink 255 on 0",
        DataWarning,
        stacklevel=2,
    )
    return True


def is_dark_on_white(bitmaps: Bitmaps) -> bool:
    """Tell whether bitmaps have dark ink on white paper: by the outermost pixels of most of them.

    In Google's files those are 0, as a margin is left around every drawing. At most 64 bitmaps are
    looked at, spread over all, so that it does not matter how many of a file are wanted.

    Examples
    --------
    >>> white = np.full((2, 28, 28), 255, np.uint8)
    >>> is_dark_on_white(white), is_dark_on_white(255 - white)
    (True, False)
    """
    some = bitmaps[:: -(-len(bitmaps) // 64) or 1]  # (m, side, side)
    inner = some[:, 1:-1, 1:-1].reshape(len(some), -1) > 127
    bright = (some > 127).sum(axis=(1, 2)) - inner.sum(axis=1)  # (m,)
    outermost = some[0].size - inner.shape[1] if len(some) else 0
    return bool((bright > _BRIGHT * outermost).sum() * 2 > len(some))


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
    return _measure(*read_header(file, where), where, SIDE)[0]


def _check_size(file: IO[bytes], path: Path, side: int | None) -> tuple[int, int]:
    """Return the number and side of the bitmaps, once the header agrees with the file's size."""
    size = path.stat().st_size
    try:
        header = read_header(file, str(path))
    except DataError as error:
        refuse_impostor(path)
        if size and size % (SIDE * SIDE) == 0 and not _has_magic(file):
            raise DataError(
                f"{path}: not an array in NumPy's format, but {SIDE * SIDE} bytes a drawing and no "
                "header: save the bitmaps with numpy.save"
            ) from error
        raise
    rows, side = _measure(*header, str(path), side)
    promised = file.tell() + rows * side * side
    if promised != size:
        raise DataError(
            f"{path}: its header promises {rows:,} bitmaps, that is {promised:,} bytes, but the "
            f"file has {size:,}; it is damaged, so fetch it again"
        )
    return rows, side


def _has_magic(file: IO[bytes]) -> bool:
    file.seek(0)
    return file.read(len(npy_format.MAGIC_PREFIX)) == npy_format.MAGIC_PREFIX


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
        if any(length >= 1 << 128 for length in shape):
            raise ValueError("longer than any file, and perhaps than Python prints")
    except OSError:
        raise
    except Exception:  # a header is a Python expression: its parsers raise errors of many kinds
        raise DataError(
            f"{where}: not an array in NumPy's format (or of a version after 2.0); the file is "
            "damaged or of another kind"
        ) from None
    if any(isinstance(length, bool) or not 0 <= length < 1e300 for length in shape):
        raise DataError(f"{where}: its header claims the shape {shape}, which no array can have")
    return shape, fortran, dtype


def _measure(
    shape: tuple[int, ...],
    fortran: bool,
    dtype: np.dtype[np.generic],
    where: str,
    side: int | None,
) -> tuple[int, int]:
    """Return how many bitmaps the header promises and their side, if it promises such at all."""
    if dtype != np.uint8 or fortran:
        order = " in Fortran order" if fortran else ""
        raise DataError(
            f"{where}: an array of {dtype}{order}; bitmaps are uint8 in C order, ink 255 on 0"
        )
    for layout in _layouts(shape):
        found = _side_of(layout)
        wanted = found or SIDE if side is None else side
        if layout == (wanted, wanted):
            return 1, wanted
        if layout[1:] in ((wanted * wanted,), (wanted, wanted)):
            return layout[0], wanted
    found = _side_of(shape)
    side = found or SIDE if side is None else side
    other = found is not None and found != side
    advice = f"; these have sides of {found}, and only strokes can be drawn to any size"
    raise DataError(
        f"{where}: an array of shape {shape}; bitmaps have the shape (n, {side * side}) or "
        f"(n, {side}, {side}){advice if other else ''}"
    )


def _layouts(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return a shape, and the same without axes of length 1, of which programs add some.

    Examples
    --------
    >>> _layouts((5, 28, 28, 1)), _layouts((1, 784, 1))
    ([(5, 28, 28, 1), (5, 28, 28), (1, 5, 28, 28)], [(1, 784, 1), (784,), (1, 784)])
    """
    if 1 not in shape:
        return [shape]
    longer = tuple(length for length in shape if length != 1)
    return [shape, longer, (1, *longer)]


def _side_of(shape: tuple[int, ...]) -> int | None:
    """Return the side of the bitmaps in an array; None if it cannot hold any.

    Examples
    --------
    >>> _side_of((784, 784)), _side_of((7, 3136)), _side_of((56, 56)), _side_of((7, 785))
    (28, 56, 56, None)
    """
    if len(shape) == 2 and shape[1] not in (shape[0], SIDE * SIDE):
        root = math.isqrt(shape[1])
        return root if root > 0 and root * root == shape[1] else None
    if len(shape) == 2:
        return SIDE if shape[1] == SIDE * SIDE else shape[0] or None
    return shape[1] or None if len(shape) == 3 and shape[1] == shape[2] else None
