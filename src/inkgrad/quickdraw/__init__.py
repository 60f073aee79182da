"""Quick, Draw!: the data set, its categories, files and splits, and drawings of our own making."""

from inkgrad.quickdraw.balance import Balanced, Even
from inkgrad.quickdraw.cache import GOOGLE_BUCKET
from inkgrad.quickdraw.categories import CATEGORIES, find_categories, find_category
from inkgrad.quickdraw.drawings import Drawings, concatenate
from inkgrad.quickdraw.duplicates import leaked, same_drawing
from inkgrad.quickdraw.fetch import fetch
from inkgrad.quickdraw.formats import Record, read_bitmaps, read_records
from inkgrad.quickdraw.loaded import Counts, Loaded, OnProgress
from inkgrad.quickdraw.loading import load_drawings
from inkgrad.quickdraw.mixed import load_mixed, mixed_classes
from inkgrad.quickdraw.own_drawings import read_drawings, read_folder
from inkgrad.quickdraw.row_strokes import RowStrokes
from inkgrad.quickdraw.split import notebook_split, split, validation_split
from inkgrad.quickdraw.tasks import TASKS, find_task, load_task
from inkgrad.quickdraw.varied import Varied

__all__ = [
    "CATEGORIES",
    "GOOGLE_BUCKET",
    "TASKS",
    "Balanced",
    "Counts",
    "Drawings",
    "Even",
    "Loaded",
    "OnProgress",
    "Record",
    "RowStrokes",
    "Varied",
    "concatenate",
    "fetch",
    "find_categories",
    "find_category",
    "find_task",
    "leaked",
    "load_drawings",
    "load_mixed",
    "load_task",
    "mixed_classes",
    "notebook_split",
    "read_bitmaps",
    "read_drawings",
    "read_folder",
    "read_records",
    "same_drawing",
    "split",
    "validation_split",
]
