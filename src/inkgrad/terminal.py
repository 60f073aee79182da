"""What the command line shows: progress, tables, and doodles drawn with characters."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)
from rich.style import Style
from rich.table import Table
from rich.text import Text

__all__ = [
    "TrainingDisplay",
    "confusion_table",
    "doodle",
    "guess_bars",
    "per_class_table",
    "side_by_side",
]

_MOST_COLUMNS = 20  # a wider confusion matrix is told by its most frequent confusions
_SHADES = " .:-=+*#%@"  # paper to ink, where there are no colours
_PLAIN_EVERY = 0.1  # of the run, between two lines of progress where there is no terminal


class TrainingDisplay:
    """Shows how loading and training go on: a live line in a terminal, plain lines elsewhere.

    Used as a context manager; its methods are callbacks for `inkgrad.workflows.train`.

    Parameters
    ----------
    console : rich.console.Console
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self._live: Progress | None = None
        self._task = TaskID(0)
        self._bytes: dict[str, tuple[int, int]] = {}
        self._shown = -1.0
        self._epochs = 0

    def __enter__(self) -> TrainingDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the live line, if there is one."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def on_progress(self, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` bytes of the drawings called `name` are here."""
        self._bytes[name] = (done, total)
        have = sum(d for d, _ in self._bytes.values())
        want = sum(t for _, t in self._bytes.values())
        if self._live is None and self.console.is_terminal:
            self._start(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                DownloadColumn(),
                TransferSpeedColumn(),
            )
        if self._live is not None:
            self._live.update(
                self._task, description=f"fetching {name}", completed=have, total=want
            )

    def on_loaded(self, source: str, counts: Mapping[str, int], parts: Mapping[str, int]) -> None:
        """Say where the drawings come from, how many there are, and how they are parted."""
        self.close()
        self.console.print(Text(f"Drawings: {source}"))
        shown = ", ".join(f"{name} {count:,}" for name, count in list(counts.items())[:10])
        more = f" … ({len(counts)} classes)" if len(counts) > 10 else ""
        self.console.print(Text(f"  {shown}{more}"), soft_wrap=True)
        self.console.print(
            Text("  " + ", ".join(f"{count:,} to {what}" for what, count in parts.items()))
        )

    def on_event(self, event: Any) -> None:
        """Show an event of training: see `inkgrad.training.events`."""
        kind = type(event).__name__
        if kind == "StepDone":
            self._step(event)
        elif kind == "EpochDone":
            self._epoch(event)
        else:
            self.console.print(Text(event.message, style="yellow"))

    def _step(self, event: Any) -> None:
        self._epochs = event.epochs
        if not self.console.is_terminal:
            self._plain_step(event)
            return
        if self._live is None:
            self._start(
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(bar_width=None),
                TextColumn("loss {task.fields[loss]}"),
                TextColumn("accuracy {task.fields[accuracy]}"),
                TextColumn("{task.fields[rate]} drawings/s"),
                TextColumn("{task.fields[left]} left"),
            )
        assert self._live is not None  # noqa: S101  (narrows the type; _start has just set it)
        self._live.update(
            self._task,
            completed=event.step,
            total=event.steps_per_epoch,
            epoch=f"{event.epoch}/{event.epochs}",
            loss=f"{event.loss:.3f}",
            accuracy=_percent(event.accuracy),
            rate=f"{event.drawings_per_s:,.0f}",
            left=_clock(event.seconds_left),
        )

    def _plain_step(self, event: Any) -> None:
        done = (event.epoch - 1 + event.step / event.steps_per_epoch) / event.epochs
        if self._shown < 0 or done - self._shown >= _PLAIN_EVERY:
            self._shown = done
            self.console.print(
                f"epoch {event.epoch}/{event.epochs}  {done:4.0%}  loss {event.loss:.3f}  "
                f"accuracy {_percent(event.accuracy)}  {event.drawings_per_s:,.0f} drawings/s  "
                f"{_clock(event.seconds_left)} left",
                highlight=False,
            )

    def _epoch(self, event: Any) -> None:
        line = (
            f"epoch {event.epoch}/{self._epochs or event.epoch}  loss {event.train_loss:.3f}  "
            f"accuracy {_percent(event.train_accuracy)}"
        )
        if event.validation_accuracy is not None:
            line += f"  validation {_percent(event.validation_accuracy)}"
        line += f"  {event.seconds:.0f} s"
        if event.is_best and event.validation_accuracy is not None:
            line += "  best so far"
        self.console.print(line, highlight=False, style="bold")

    def _start(self, *columns: Any) -> None:
        self._live = Progress(*columns, console=self.console, transient=True)
        blank = {"epoch": "", "loss": "", "accuracy": "", "rate": "", "left": ""}
        self._task = self._live.add_task("", total=None, **blank)
        self._live.start()


def confusion_table(classes: Sequence[str], confusion: npt.ArrayLike) -> Table:
    """Return a confusion matrix as a table: rows are what was drawn, columns what was read.

    With more than 20 classes, the twenty most frequent confusions are listed instead.

    Examples
    --------
    >>> console = Console(width=60, color_system=None)
    >>> console.print(confusion_table(("cat", "dog"), [[9, 1], [2, 8]]))  # doctest: +SKIP
    """
    matrix = np.asarray(confusion)
    if len(classes) > _MOST_COLUMNS:
        return _most_frequent_confusions(classes, matrix)
    table = Table(title="drawn (rows) and read as (columns)", title_justify="left")
    table.add_column("")
    for number, name in enumerate(classes):
        table.add_column(name if len(classes) <= 8 else str(number + 1), justify="right")
    for number, (name, row) in enumerate(zip(classes, matrix, strict=True)):
        total = max(int(row.sum()), 1)
        cells = [
            Text(f"{count:,}" if count else "·", style=_shade(count / total, right=k == number))
            for k, count in enumerate(row.tolist())
        ]
        label = name if len(classes) <= 8 else f"{number + 1:>2} {name}"
        table.add_row(label, *cells)
    return table


def _most_frequent_confusions(classes: Sequence[str], matrix: npt.NDArray[Any]) -> Table:
    wrong = matrix.copy()
    np.fill_diagonal(wrong, 0)
    table = Table(title="most frequent confusions", title_justify="left")
    for column in ("drawn", "read as"):
        table.add_column(column)
    table.add_column("times", justify="right")
    for place in np.argsort(-wrong, axis=None, kind="stable")[:_MOST_COLUMNS]:
        drawn, read = divmod(int(place), len(classes))
        if wrong[drawn, read]:
            table.add_row(classes[drawn], classes[read], f"{wrong[drawn, read]:,}")
    return table


def per_class_table(per_class: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return each class's drawings, precision and recall, worst recall first.

    Parameters
    ----------
    per_class : dict of class to {"support", "precision", "recall", "f1"}
    """
    table = Table(title="class by class", title_justify="left")
    table.add_column("class")
    for column in ("drawings", "precision", "recall", "f1"):
        table.add_column(column, justify="right")
    order = sorted(per_class, key=lambda name: (per_class[name]["recall"] or 0.0, name))
    for name in order:
        row = per_class[name]
        figures = [_percent(row[key]) for key in ("precision", "recall", "f1")]
        table.add_row(name, f"{row['support']:,}", *figures)
    return table


def doodle(bitmap: npt.ArrayLike, *, colours: bool = True, unicode: bool = True) -> Text:
    """Return a bitmap as text, two rows of pixels to a line, one column to a character.

    With colours the upper half of each character cell is one pixel and the lower half another,
    in their grey levels; without, the mean of the two is a character between " " and "@".

    Parameters
    ----------
    bitmap : (rows, columns) uint8 array, ink 255 on 0
    colours : bool
        Whether the terminal has colours.
    unicode : bool
        Whether its encoding has the half-block character.

    Examples
    --------
    >>> print(doodle([[0, 255], [0, 255], [0, 0], [255, 0]], colours=False))
     @
    +
    """
    pixels = np.asarray(bitmap, dtype=np.uint8)
    if len(pixels) % 2:
        pixels = np.vstack([pixels, np.zeros_like(pixels[:1])])
    text = Text(no_wrap=True)
    for upper, lower in zip(pixels[::2].tolist(), pixels[1::2].tolist(), strict=True):
        if text:
            text.append("\n")
        for top, bottom in zip(upper, lower, strict=True):
            if colours and unicode:
                style = f"rgb({top},{top},{top}) on rgb({bottom},{bottom},{bottom})"
                text.append("▀", Style.parse(style))
            else:
                level = math.ceil((top + bottom) / 2 / 255 * (len(_SHADES) - 1))
                text.append(_SHADES[level])
    if not (colours and unicode):
        text.rstrip()
    return text


def guess_bars(
    guesses: Sequence[tuple[str, float]], *, width: int = 16, unicode: bool = True
) -> Text:
    """Return guesses as one line each: a bar as long as the guess is sure, its share, its name.

    Examples
    --------
    >>> print(guess_bars([("cat", 0.75), ("dog", 0.25)], width=8, unicode=False))
    ######    75.0 %  cat
    ##        25.0 %  dog
    """
    mark = "█" if unicode else "#"
    lines = [
        f"{mark * round(share * width):<{width}}{_percent(share):>8}  {name}"
        for name, share in guesses
    ]
    return Text("\n".join(lines), no_wrap=True)


def side_by_side(
    console: Console, bitmaps: Sequence[npt.ArrayLike], captions: Sequence[str | Text]
) -> RenderableType:
    """Return several doodles in a row, as many as fit, each over its caption."""
    colours, unicode = has_colours(console), has_unicode(console)
    cells = []
    for bitmap, caption in zip(bitmaps, captions, strict=True):
        picture = doodle(bitmap, colours=colours, unicode=unicode)
        cells.append(Group(picture, Text(caption) if isinstance(caption, str) else caption, ""))
    width = max(np.asarray(bitmap).shape[1] for bitmap in bitmaps)
    return Columns(cells, padding=(0, 2), width=width)


def has_colours(console: Console) -> bool:
    """Tell whether the console shows colours (it is a terminal, and NO_COLOR is not set)."""
    return console.color_system is not None and not console.no_color


def has_unicode(console: Console) -> bool:
    """Tell whether the console's encoding has block characters."""
    return console.encoding.lower().replace("-", "").startswith("utf")


def _shade(share: float, *, right: bool) -> str:
    """Return a style for a cell of the confusion matrix: green on its diagonal, red beside it."""
    if share == 0:
        return "dim"
    if right:
        return "bold green" if share >= 0.8 else "bold yellow"
    return "red" if share >= 0.05 else ""


def _percent(share: float | None) -> str:
    """Return a share as a percentage, or a dash where there is none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def _clock(seconds: float) -> str:
    """Return a duration as m:ss."""
    whole = 0 if not math.isfinite(seconds) else max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
