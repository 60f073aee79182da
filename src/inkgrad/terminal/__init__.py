"""What the command line shows: live progress, tables, bars and drawings, in plain text or colour.

It knows numbers, names and arrays, and nothing of how they came about. Rich is imported at once
here, so import this room only where something is about to be shown.
"""

from inkgrad.terminal.console import clean, make_console, working
from inkgrad.terminal.display import TrainingDisplay
from inkgrad.terminal.drawings import Drawing, drawing_to_text, gallery
from inkgrad.terminal.explanation import show_explanation
from inkgrad.terminal.guesses import guess_bars
from inkgrad.terminal.results import (
    show_checks,
    show_evaluation,
    show_exact_checks,
    show_facts,
    show_files,
    show_inspection,
    show_interruption,
    show_predictions,
    show_rounding,
    show_training,
    show_written,
)
from inkgrad.terminal.tables import (
    check_table,
    class_table,
    confusion_list,
    confusion_matrix,
    data_summary,
    figures,
)
from inkgrad.terminal.tuning import show_tuning

__all__ = [
    "Drawing",
    "TrainingDisplay",
    "check_table",
    "class_table",
    "clean",
    "confusion_list",
    "confusion_matrix",
    "data_summary",
    "drawing_to_text",
    "figures",
    "gallery",
    "guess_bars",
    "make_console",
    "show_checks",
    "show_evaluation",
    "show_exact_checks",
    "show_explanation",
    "show_facts",
    "show_files",
    "show_inspection",
    "show_interruption",
    "show_predictions",
    "show_rounding",
    "show_training",
    "show_tuning",
    "show_written",
    "working",
]
