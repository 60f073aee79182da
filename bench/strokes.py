"""Drawings as lists of lists, as they stand in files: what rasterisers are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inkgrad.quickdraw.data_locations import BucketFolder, find_data_location
from inkgrad.quickdraw.doodles import ANIMALS, doodles

__all__ = ["DOODLES", "built_in", "find_folder", "read_strokes"]

DOODLES = 900
"""Built-in doodles that take the place of real drawings: as many as there are pairs."""


def find_folder(data: str | None, holding: str) -> Path | None:
    """Return the folder of drawings if it has such a subfolder; otherwise say so, and None.

    Parameters
    ----------
    data : path, optional
        Otherwise what ``INKGRAD_DATA`` names.
    holding : str
    """
    place = find_data_location(data)
    if isinstance(place, BucketFolder) and (place.path / holding).is_dir():
        return place.path
    print(f"no folder with {holding}/ is named: built-in doodles take their place")
    return None


def read_strokes(path: Path) -> Iterator[tuple[str | None, list[Any]]]:
    """Yield key and strokes of each drawing of an ``.ndjson`` file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            yield record.get("key_id"), record["drawing"]


def built_in() -> list[Any]:
    """Return built-in doodles, of all animals equally many."""
    drawings, _ = doodles(ANIMALS, -(-DOODLES // len(ANIMALS)))
    return drawings
