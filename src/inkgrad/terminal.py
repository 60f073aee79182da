"""What the command line shows: progress, tables, and doodles drawn with characters."""

from __future__ import annotations

import math
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
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
)
from rich.style import Style
from rich.table import Table
from rich.text import Text

__all__ = [
    "TrainingDisplay",
    "checks_table",
    "confusion_table",
    "doodle",
    "facts_text",
    "figures_line",
    "guess_bars",
    "per_class_table",
    "reading_beside_guesses",
    "readings_in_rows",
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
        self._loading = ""
        self._amounts: dict[str, tuple[int, int]] = {}
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

    def on_progress(self, step: str, name: str, done: int, total: int) -> None:
        """Show that `done` of `total` of the drawings called `name` are fetched or drawn.

        Parameters
        ----------
        step : "fetch" or "draw"
            Counted in bytes, or in drawings.
        """
        if not self.console.is_terminal:
            return
        if step != self._loading:
            self.close()
            self._loading, self._amounts = step, {}
        live = self._live
        if live is None:
            amount = DownloadColumn() if step == "fetch" else MofNCompleteColumn()
            live = self._start(TextColumn("{task.description}"), BarColumn(bar_width=24), amount)
        self._amounts[name] = (done, total)
        live.update(
            self._task,
            description=f"{'fetching' if step == 'fetch' else 'drawing'} {name}",
            completed=sum(d for d, _ in self._amounts.values()),
            total=sum(t for _, t in self._amounts.values()),
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
        live = self._live
        if live is None:
            live = self._start(
                TextColumn("epoch {task.fields[epoch]}"),
                BarColumn(bar_width=None),
                TextColumn("loss {task.fields[loss]}"),
                TextColumn("accuracy {task.fields[accuracy]}"),
                TextColumn("{task.fields[rate]} drawings/s"),
                TextColumn("{task.fields[left]} left"),
            )
        live.update(
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

    def _start(self, *columns: Any) -> Progress:
        self._live = live = Progress(*columns, console=self.console, transient=True)
        self._task = live.add_task("", epoch="", loss="", accuracy="", rate="", left="")
        live.start()
        return live


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


def per_class_table(per_class: Sequence[Mapping[str, Any]]) -> Table:
    """Return each class's drawings, precision and recall, worst recall first.

    Parameters
    ----------
    per_class : list of {"class", "support", "precision", "recall", "f1"}
    """
    table = Table(title="class by class", title_justify="left")
    table.add_column("class")
    for column in ("drawings", "precision", "recall", "f1"):
        table.add_column(column, justify="right")
    for row in sorted(per_class, key=lambda row: (row["recall"] or 0.0, row["class"])):
        figures = [_percent(row[key]) for key in ("precision", "recall", "f1")]
        table.add_row(row["class"], f"{row['support']:,}", *figures)
    return table


def figures_line(figures: Mapping[str, Any]) -> Text:
    """Return the figures of an evaluation in one line.

    Examples
    --------
    >>> keys = ("top1", "balanced_accuracy", "top3", "map3")
    >>> print(figures_line({"n": 50, **dict.fromkeys(keys, 0.9)}))
    Test accuracy on 50 drawings: top-1 90.0 %, balanced 90.0 %, top-3 90.0 %, MAP@3 0.900
    """
    text = Text(f"Test accuracy on {figures['n']:,} drawings: ")
    text.append(f"top-1 {_percent(figures['top1'])}", style="bold green")
    text.append(f", balanced {_percent(figures['balanced_accuracy'])}", style="bold green")
    text.append(f", top-3 {_percent(figures['top3'])}, MAP@3 {figures['map3']:.3f}")
    return text


def checks_table(rows: Sequence[Any]) -> Table:
    """Return gradient checks as a table: see `inkgrad.insight.Check`."""
    table = Table(title="each derivative, written out and measured", title_justify="left")
    for column in ("layer", "gradient", "method"):
        table.add_column(column)
    for column in ("relative error", "allowed", ""):
        table.add_column(column, justify="right")
    for row in rows:
        verdict = Text("right", "green") if row.passed else Text("WRONG", "bold red")
        error, allowed = f"{row.relative_error:.1e}", f"{row.tolerance:.0e}"
        table.add_row(row.layer, row.quantity, row.method, error, allowed, verdict)
    return table


def facts_text(facts: Mapping[str, Any]) -> Text:
    """Return what `inkgrad.workflows.info` found, for reading."""
    if facts["kind"] == "drawings":
        return Text(
            f"{facts['path']}: {facts['drawings']:,} drawings, mean grey level {facts['ink']:.1f}"
        )
    text = Text(facts["summary"])
    if facts["classes"]:
        text.append(f"\n\nclasses: {', '.join(facts['classes'])}")
    record = facts.get("record") or {}
    if record:
        test = record["test"]
        text.append(f"\nmade by: {record['command']}")
        text.append(f"\nfrom:    {record['data']['source']}")
        text.append(
            f"\ntest:    {test['n']:,} drawings kept aside, top-1 {_percent(test['top1'])}, "
            f"balanced {_percent(test['balanced_accuracy'])}"
        )
    return text


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


def reading_beside_guesses(console: Console, name: str, reading: Any) -> Table:
    """Return one drawing beside what a network reads in it: see `inkgrad.insight.Reading`."""
    grid = Table.grid(padding=(0, 2))
    bars = guess_bars(reading.guesses, unicode=_has_unicode(console))
    grid.add_row(_picture(console, reading.bitmap), Text(f"{name}\n\n") + bars)
    return grid


def readings_in_rows(console: Console, readings: Sequence[Any]) -> RenderableType:
    """Return several drawings side by side, each over what the network reads in it."""
    cells = []
    for reading in readings:
        right = reading.read == reading.drawn
        caption = Text(f"{reading.read} {_percent(reading.probability)}")
        caption.stylize("green" if right else "red")
        if not right:
            caption.append(f", is {reading.drawn}", style="default")
        cells.append(Group(_picture(console, reading.bitmap), caption, ""))
    return Columns(cells, padding=(0, 2))


def _picture(console: Console, bitmap: npt.ArrayLike) -> Text:
    return doodle(bitmap, colours=_has_colours(console), unicode=_has_unicode(console))


def _has_colours(console: Console) -> bool:
    """Tell whether the console shows colours (it is a terminal, and NO_COLOR is not set)."""
    return console.color_system is not None and not console.no_color


def _has_unicode(console: Console) -> bool:
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
