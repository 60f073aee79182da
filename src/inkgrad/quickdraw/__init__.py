"""Quick, Draw!: the data set, its categories, files and splits, and drawings of our own making."""

from inkgrad.quickdraw.categories import CATEGORIES, find_categories, find_category
from inkgrad.quickdraw.drawings import Drawings, concatenate
from inkgrad.quickdraw.duplicates import leaked, same_drawing
from inkgrad.quickdraw.formats import (
    Record,
    read_bitmaps,
    read_drawings,
    read_folder,
    read_records,
)
from inkgrad.quickdraw.split import notebook_split, split, validation_split

__all__ = [
    "CATEGORIES",
    "Drawings",
    "Record",
    "concatenate",
    "find_categories",
    "find_category",
    "leaked",
    "notebook_split",
    "read_bitmaps",
    "read_drawings",
    "read_folder",
    "read_records",
    "same_drawing",
    "split",
    "validation_split",
]
