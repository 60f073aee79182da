"""The list of suspicious drawings, as a file: written by `inspect`, read by `train`."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkgrad.errors import DataError
from inkgrad.json_text import JsonError, parse_json
from inkgrad.quickdraw import Drawings
from inkgrad.storage import atomic_write_bytes
from inkgrad.workflows.settings import Parts

__all__ = [
    "Suspicious",
    "drawing_id",
    "leave_out",
    "named_in",
    "read_suspicious",
    "write_suspicious",
]

_LIST = "suspicious"


@dataclass(frozen=True)
class Suspicious:
    """A drawing whose label is probably wrong.

    Attributes
    ----------
    class_name : str
        Its label.
    row : int
        Its number among the drawings of its class, from 0, in the order in which they are loaded:
        the rows of a class's bitmaps, and after them those of its strokes that are none of these.
    suggested : str
        The class that it probably is of.
    loss : float
        The cross-entropy of its label, by a network that never saw it.
    confidence : float
        The probability that this network gives the suggested class.
    drawing : str
        16 hexadecimal digits by which it is found again, see `drawing_id`.
    """

    class_name: str
    row: int
    suggested: str
    loss: float
    confidence: float
    drawing: str


def drawing_id(bitmap: NDArray[np.uint8]) -> str:
    """Return 16 hexadecimal digits that depend on the bitmap's bytes alone.

    Examples
    --------
    >>> drawing_id(np.zeros((28, 28), np.uint8))
    '51952685996be59f'
    """
    return hashlib.blake2b(bitmap.tobytes(), digest_size=8).hexdigest()


def write_suspicious(
    path: str | os.PathLike[str], found: Sequence[Suspicious], facts: dict[str, Any]
) -> None:
    """Write a list of suspicious drawings as JSON, after some facts about how it was made."""
    value = {**facts, _LIST: [asdict(one) for one in found]}
    atomic_write_bytes(path, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_suspicious(path: str | os.PathLike[str]) -> frozenset[tuple[str, str]]:
    """Return the class and the `drawing_id` of each drawing in a list, trusting nothing in it.

    Raises
    ------
    DataError
        If the file is missing or is no such list.
    """
    try:
        value = parse_json(Path(path).read_bytes())
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror or error}; give the suspicious.json that "
            "`inkgrad inspect` has written"
        ) from error
    except JsonError as error:
        raise DataError(f"{path} cannot be read: {error}") from error
    rows = value.get(_LIST) if isinstance(value, dict) else None
    if not isinstance(rows, list) or not all(map(_is_row, rows)):
        raise DataError(
            f"{path} is no list of suspicious drawings; give the suspicious.json that "
            "`inkgrad inspect` has written"
        )
    return frozenset((row["class_name"], row["drawing"]) for row in rows)


def named_in(drawings: Drawings, listed: frozenset[tuple[str, str]]) -> NDArray[np.bool_]:
    """Return whether each drawing is in a list, (n,)."""
    is_in = (
        (drawings.classes[label], drawing_id(bitmap)) in listed
        for label, bitmap in zip(drawings.labels.tolist(), drawings.bitmaps, strict=True)
    )
    return np.fromiter(is_in, np.bool_, len(drawings))


def leave_out(listed: frozenset[tuple[str, str]], parts: Parts) -> tuple[Parts, str]:
    """Return the parts without what is listed among the drawings to learn from.

    Returns
    -------
    parts : Parts
        Those to validate and to test by stay as they are.
    told : str
        How many were left out, in a sentence.
    """
    is_out = named_in(parts.train, listed)
    told = f"{is_out.sum():,} of {len(is_out):,} drawings to learn from are suspicious and left out"
    return parts._replace(train=parts.train.subset(~is_out)), told


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(
        isinstance(row.get(name), str) for name in ("class_name", "drawing")
    )
