"""Drawings as pen movements: Sketch-RNN's `.npz` files, read without unpickling.

The only official split of the data set: 70,000 drawings to train, 2,500 to validate and 2,500 to
test. A drawing is an array (points, 3) of int16: the movement dx, dy to the point, and 1 if the
pen is lifted after it (Ha and Eck, "A Neural Representation of Sketch Drawings", 2017).
"""

from __future__ import annotations

import io
import lzma
import math
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from inkgrad.drawing import Strokes, check_strokes
from inkgrad.errors import DataError
from inkgrad.quickdraw.formats.npy import read_header
from inkgrad.quickdraw.formats.pickled import read_arrays
from inkgrad.quickdraw.formats.record import Record

__all__ = ["PARTS", "read_sketchrnn"]

PARTS = ("train", "valid", "test")
"""The parts of a file, in the order in which they are read."""

_MAX_PART = 512 * 1024 * 1024  # bytes; the largest official parts have about 100 million
_MAX_RATIO = 100  # a zip bomb reaches 1,000; drawings about 4
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
)


def read_sketchrnn(path: Path, part: str | None = None) -> Iterator[Record]:
    """Yield the drawings of a Sketch-RNN file.

    Parameters
    ----------
    path : path
    part : {"train", "valid", "test"}, optional
        Which part to read; all that are there if None.

    Raises
    ------
    DataError
        If the file is no such archive, has no such part, unpacks to far more than it should, or
        holds anything but arrays of movements.

    Examples
    --------
    >>> import tempfile
    >>> sketches = np.empty(1, dtype=object)
    >>> sketches[0] = np.array([[5, 5, 0], [255, 0, 1], [-255, 9, 1]], dtype=np.int16)
    >>> path = Path(tempfile.mkdtemp()) / "cat.npz"
    >>> np.savez_compressed(path, train=sketches)
    >>> next(read_sketchrnn(path)).strokes
    [array([[  0., 255.],
           [  0.,   0.]]), array([[0.],
           [9.]])]
    """
    if part is not None and part not in PARTS:
        raise DataError(f"part is {part!r}; the parts of a Sketch-RNN file are {', '.join(PARTS)}")
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED:
        raise DataError(f"{path} is not a readable .npz archive; fetch it again") from None
    with archive:
        present = [name for name in PARTS if f"{name}.npy" in archive.namelist()]
        wanted = present if part is None else [name for name in present if name == part]
        if not wanted:
            raise DataError(
                f"{path}: no part {part or ' or '.join(PARTS)} is in the archive; a Sketch-RNN "
                "file holds the arrays train, valid and test"
            )
        for name in wanted:
            where = f"{path}: {name}"
            data = _unpack(archive, f"{name}.npy", where)
            yield from _records(data, where)


def _unpack(archive: zipfile.ZipFile, member: str, where: str) -> io.BytesIO:
    """Return the bytes of one member, if their number is believable."""
    info = archive.getinfo(member)
    if info.file_size > min(_MAX_PART, _MAX_RATIO * info.compress_size + 4096):
        raise DataError(
            f"{where} unpacks from {info.compress_size:,} to {info.file_size:,} bytes; no file of "
            "drawings does, so it is refused"
        )
    try:
        return io.BytesIO(archive.read(info))  # reads no more than file_size, checks the CRC
    except _DAMAGED:
        raise DataError(
            f"{where} cannot be unpacked; the file is damaged, fetch it again"
        ) from None


def _records(data: io.BytesIO, where: str) -> Iterator[Record]:
    """Yield the drawings of one part."""
    shape, fortran, dtype = read_header(data, where)
    if dtype.kind in "iuf" and len(shape) == 3 and 0 not in shape:
        for number, moves in enumerate(_equally_long(data, shape, fortran, dtype, where), start=1):
            yield Record(_strokes(moves, f"{where}: drawing {number}"))
        return
    if dtype.kind != "O" or len(shape) != 1:
        raise DataError(
            f"{where}: an array of {dtype} of shape {shape}; Sketch-RNN files hold a "
            "one-dimensional object array, one (points, 3) array a drawing"
        )
    count = 0
    for count, moves in enumerate(read_arrays(data, where), start=1):
        yield Record(_strokes(moves, f"{where}: drawing {count}"))
    if count != shape[0]:
        raise DataError(f"{where}: {count:,} drawings are there, the header promises {shape[0]:,}")


def _equally_long(
    data: io.BytesIO,
    shape: tuple[int, ...],
    fortran: bool,
    dtype: np.dtype[np.generic],
    where: str,
) -> npt.NDArray[np.generic]:
    """Return drawings of as many points each, which `numpy.savez` makes one array of."""
    rest = data.getbuffer()[data.tell() :]
    promised = math.prod(shape) * dtype.itemsize
    if promised != len(rest):
        raise DataError(
            f"{where}: its header promises {promised:,} bytes, but {len(rest):,} are there; "
            "the file is damaged, fetch it again"
        )
    return np.frombuffer(rest, dtype).reshape(shape, order="F" if fortran else "C")


def _strokes(moves: npt.NDArray[np.generic], where: str) -> Strokes:
    """Sum up movements to points and cut them into strokes where the pen is lifted."""
    if moves.shape[1] != 3:
        raise DataError(f"{where} has the shape {moves.shape}; (points, 3) is expected")
    numbers = moves.astype(np.float64)  # (points, 3); int16 sums would overflow
    if not np.isfinite(numbers).all():
        raise DataError(f"{where} holds NaN or infinity; movements are finite numbers")
    lifted = numbers[:, 2]
    if not np.isin(lifted, (0, 1)).all():
        raise DataError(f"{where}: a pen state is neither 0 nor 1")
    points = np.cumsum(numbers[:, :2], axis=0).T  # (2, points)
    points -= points.min(axis=1, keepdims=True)  # where a drawing began is not known
    cuts = np.flatnonzero(lifted[:-1] == 1) + 1
    return check_strokes(np.split(points, cuts, axis=1), where=where)
