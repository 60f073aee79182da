"""The display of a training run: loading, every epoch, and what there is to be said on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from inkgrad.terminal.console import BLUE, DIM, YELLOW, clean, make_console, word
from inkgrad.terminal.guesses import bar, percent
from inkgrad.terminal.tables import data_summary

__all__ = ["TrainingDisplay"]

_REFRESH = 0.08  # seconds between two live pictures
_PLAIN_EVERY = 5.0  # seconds between two plain lines about loading
_MOST_LOADING = 6  # classes shown at once

# The columns of the table of epochs: heading, width, and from which width of console it is shown.
_COLUMNS = (
    ("epoch", 9, 0),
    ("loss", 7, 0),
    ("accuracy", 8, 0),
    ("validation", 10, 42),
    ("", 1, 42),  # a star: the best so far
    ("drawings/s", 10, 70),
    ("time left", 9, 56),
)
_LEAST_BAR, _MOST_BAR = 8, 30


class TrainingDisplay:
    """Shows a training run while it goes; a context manager.

    On a terminal: a line with a bar for the epoch that is under way, which stays as a row of a
    table when the epoch is over. Elsewhere (a pipe, a file): a plain line for about every tenth of
    the run, and one for every epoch.

    Parameters
    ----------
    console : rich.console.Console, optional
        By default `inkgrad.terminal.make_console`'s.
    patience : float
        Seconds in which nothing is shown of loading: what is over by then needs no display.
    clock : callable
        Seconds; tests put their own in its place.

    Examples
    --------
    >>> from types import SimpleNamespace as Event
    >>> with TrainingDisplay() as display:
    ...     display.on_event(Event(epoch=1, epochs=2, step=5, steps_per_epoch=10, loss=0.5,
    ...         accuracy=0.8, learning_rate=1e-3, drawings_per_s=1234.5, seconds_left=83.0))
    epoch 1/2,  50 %: loss 0.5000, accuracy 80.0 %, 1,234 drawings/s, 1:23 left
    """

    def __init__(
        self,
        console: Console | None = None,
        *,
        patience: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.console = make_console() if console is None else console
        self._clock = clock
        self._live: Live | None = None
        self._shown = float("-inf")  # when the last live picture or plain loading line was shown
        self._loading: dict[tuple[str, str], tuple[int, int]] = {}
        self._step: Any = None  # the latest event of a step
        self._tenths = 0  # of the run, told in plain lines
        self._headed = False
        self._is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        if patience > 0:
            self._shown = clock() + patience - self._between

    def __enter__(self) -> TrainingDisplay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_live()

    def on_progress(self, step: str, name: str, done: int, total: int) -> None:
        """Show how loading, compiling, judging or laying out goes on.

        Parameters
        ----------
        step : str
            "fetch", "draw", "read", "compile", "learn", "judge", "disturb", "lay" or "note". Bytes
            are fetched, files read, kernels compiled; what several networks learn is counted in
            steps, the others in drawings.
            That files are read, which takes but a moment, is shown on a terminal only. A note
            is printed, and stays.
        name : str
            The class that is loaded; empty if it is about all of them. For a note, its sentence.
        done, total : int
        """
        if step == "note":
            self._say(f"note: {clean(name)}", YELLOW)
            return
        if step not in _DONE and done >= total:  # nothing is left of these
            self._stop_live()
            self._loading.clear()
            return
        if step == "read" and not self._is_live:
            return
        self._loading[step, name] = (done, total)
        if not self._is_due(self._between):
            return
        if self._is_live:
            self._show_live(self._loading_picture())
        elif done < total:
            doing = f"{_DOING[step]} {clean(name)}".rstrip()
            self._say(f"{doing}: {_amount(step, done, total)}")

    def on_loaded(self, loaded: Any, parts: Any) -> None:
        """Show what was loaded: ``loaded.source``, ``loaded.drawings.counts()`` and `parts`."""
        self._stop_live()
        self._loading.clear()
        sizes = {name: len(part) for name, part in parts._asdict().items()}
        self.console.print(data_summary(loaded.source, loaded.drawings.counts(), sizes))

    def on_event(self, event: Any) -> None:
        """Show an event of `inkgrad.training.fit`: a step, an epoch, or a notice."""
        if hasattr(event, "message"):
            self._say(f"note: {clean(event.message)}", YELLOW)
        elif hasattr(event, "step"):
            self._on_step(event)
        else:
            self._on_epoch(event)

    def _on_step(self, event: Any) -> None:
        first = self._step is None or event.epoch != self._step.epoch
        self._step = event
        if self._is_live:
            self._head()
            if first or self._is_due(_REFRESH):
                self._show_live(self._step_row(event))
            return
        share = event.step / event.steps_per_epoch
        tenths = int(10 * (event.epoch - 1 + share) / event.epochs + 1e-9)
        if tenths > self._tenths and event.step < event.steps_per_epoch:
            self._say(
                f"epoch {event.epoch}/{event.epochs}, {100 * share:3.0f} %: "
                f"loss {event.loss:.4f}, accuracy {percent(event.accuracy)}, "
                f"{event.drawings_per_s:,.0f} drawings/s, {_minutes(event.seconds_left)} left"
            )
        self._tenths = max(tenths, self._tenths)

    def _on_epoch(self, event: Any) -> None:
        of = f"/{self._step.epochs}" if self._step is not None else ""
        if self._is_live:
            self._head()
            self._stop_live()
            self.console.print(self._epoch_row(event, of))
            return
        line = (
            f"epoch {event.epoch}{of} done: "
            f"loss {event.train_loss:.4f}, accuracy {percent(event.train_accuracy)}"
        )
        if event.validation_accuracy is not None:
            best = " (the best so far)" if event.is_best else ""
            line += f", validation {percent(event.validation_accuracy)}{best}"
        self._say(f"{line}, {event.seconds:.1f} s")

    def _head(self) -> None:
        """Print the headings of the table of epochs, once."""
        if not self._headed:
            self._headed = True
            self._stop_live()
            self.console.print()
            self.console.print(self._row([Text(name, DIM) for name, _, _ in _COLUMNS], None))

    def _step_row(self, event: Any) -> Table:
        """Return the line of the epoch that is under way."""
        cells = [
            Text(f"{event.epoch}/{event.epochs}", "bold"),
            Text(f"{event.loss:.4f}"),
            Text(percent(event.accuracy)),
            Text(""),
            Text(""),
            Text(f"{event.drawings_per_s:,.0f}"),
            Text(_minutes(event.seconds_left)),
        ]
        return self._row(cells, event.step / event.steps_per_epoch)

    def _epoch_row(self, event: Any, of: str) -> Table:
        """Return the line that stays of an epoch; a star marks the best so far."""
        validated = event.validation_accuracy is not None
        style = f"bold {BLUE}" if validated else DIM
        speed = self._step.drawings_per_s if self._step is not None else None
        cells = [
            Text(f"{event.epoch}{of}"),
            Text(f"{event.train_loss:.4f}"),
            Text(percent(event.train_accuracy)),
            Text(percent(event.validation_accuracy), style),
            Text("★" if validated and event.is_best else "", YELLOW),
            Text(f"{speed:,.0f}" if speed is not None else ""),
            Text(f"{event.seconds:.1f} s", DIM),
        ]
        return self._row(cells, 1.0)

    def _row(self, cells: Sequence[Text], share: float | None) -> Table:
        """Return one line of the table, with the columns that the console has room for."""
        width = self.console.width
        shown = [(c, w) for c, (_, w, least) in zip(cells, _COLUMNS, strict=True) if width >= least]
        room = width - sum(w + 2 for _, w in shown)
        table = Table.grid(padding=(0, 2, 0, 0))
        row: list[Any] = []
        for place, (cell, cell_width) in enumerate(shown):
            table.add_column(width=cell_width, justify="right" if place else "left", no_wrap=True)
            row.append(cell)
            if place == 0 and room >= _LEAST_BAR + 2:
                length = min(room - 2, _MOST_BAR)
                table.add_column(width=length)
                row.append("" if share is None else bar(share, length))
        table.add_row(*row)
        return table

    def _loading_picture(self) -> Group:
        """Return a line for each class that is being loaded, and one for those that are done."""
        table = Table.grid(padding=(0, 2, 0, 0))
        finished: dict[str, list[int]] = {}
        rows = 0
        for (step, name), (done, total) in self._loading.items():
            if done >= total:
                finished.setdefault(step, []).append(total)
            elif rows < _MOST_LOADING:
                rows += 1
                share = done / total
                table.add_row(
                    word(name or _DOING[step]), bar(share, 20), _amount(step, done, total)
                )
        lines = [
            Text(f"{_DONE[step]}: {_count(len(totals), 'class')}, {_size(step, sum(totals))}", DIM)
            for step, totals in finished.items()
        ]
        return Group(*lines, table)

    @property
    def _between(self) -> float:
        """Seconds between two pictures of loading, or two lines about it."""
        return _REFRESH if self._is_live else _PLAIN_EVERY

    def _is_due(self, seconds: float) -> bool:
        """Whether so much time has gone by since something was shown; if so, it begins anew."""
        now = self._clock()
        if now - self._shown < seconds:
            return False
        self._shown = now
        return True

    def _show_live(self, picture: Any) -> None:
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(picture, refresh=True)

    def _stop_live(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _say(self, line: str, style: str = "") -> None:
        """Print a line that stays, above the live one if there is one."""
        self.console.print(Text(line, style), soft_wrap=not self._is_live)


_DOING = {
    "fetch": "fetching",
    "draw": "drawing",
    "read": "reading",
    "compile": "compiling",
    "learn": "learning",
    "judge": "judging",
    "disturb": "robustness",
    "lay": "laying out",
}
_DONE = {"fetch": "fetched", "draw": "drawn"}
_UNIT = {
    "draw": "drawing",
    "read": "file",
    "compile": "kernel",
    "learn": "step",
    "judge": "drawing",
    "disturb": "drawing",
    "lay": "drawing",
}


def _amount(step: str, done: int, total: int) -> str:
    """Return how much of how much, in the unit of the step."""
    if step == "fetch":
        return f"{done / 1e6:.1f} of {_size(step, total)}"
    return f"{done:,} of {_size(step, total)}"


def _count(number: int, noun: str) -> str:
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{ending}"


def _size(step: str, total: int) -> str:
    return f"{total / 1e6:.1f} MB" if step == "fetch" else _count(total, _UNIT[step])


def _minutes(seconds: float) -> str:
    """Return seconds as 1:05, or as 1:02:03 from an hour on."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
