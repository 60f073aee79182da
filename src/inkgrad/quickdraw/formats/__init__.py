"""File formats: whatever drawings are stored in, they end as the same arrays."""

from inkgrad.quickdraw.formats.reading import PICTURES, SUFFIXES, read_bitmaps, read_records
from inkgrad.quickdraw.formats.record import Record

__all__ = [
    "PICTURES",
    "SUFFIXES",
    "Record",
    "read_bitmaps",
    "read_records",
]
