"""The journal of a run: events told, metrics written, checkpoints saved when they are due."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from inkgrad.training.checkpoint import BEST, LAST, save_checkpoint
from inkgrad.training.events import Event, Notice, StepDone
from inkgrad.training.health import diverged, flat_notice
from inkgrad.training.metrics import append_metrics, is_torn, write_metrics
from inkgrad.training.state import Tally, TrainingState

__all__ = ["METRICS", "Journal"]

METRICS = "metrics.jsonl"
"""The file name of the metrics in a run's folder."""

_LINES_PER_EPOCH = 20


class Journal:
    """Keeps the books of one run, and moves its state from step to step and epoch to epoch.

    Nothing that is timed here has any influence on the parameters.

    Parameters
    ----------
    state : TrainingState
        Changed in place.
    folder : Path or None
        Where metrics and checkpoints go; nowhere, if None.
    on_event : callable or None
        Told every event.
    checkpoint_seconds : float
        How long after a checkpoint the next is due.
    read_back : callable, optional
        Called before the state is saved, to bring it up to date.
    """

    def __init__(
        self,
        state: TrainingState,
        folder: Path | None,
        on_event: Callable[[Event], None] | None,
        checkpoint_seconds: float,
        read_back: Callable[[], object] = lambda: None,
    ) -> None:
        self.state = state
        self._read_back = read_back
        self._folder = folder
        self._tell = on_event or (lambda event: None)
        self._checkpoint_seconds = checkpoint_seconds
        self._begun = self._marked = self._saved = time.monotonic()
        self._steps = self._seen = 0  # since `fit` was called
        self._stepping = 0.0  # seconds spent on them, validation not included
        self._written = 0  # bytes that the metrics had when they were last written

    def begin(self) -> None:
        """Make the folder say the same as the state: metrics up to here, and a checkpoint."""
        if self._folder is None:
            return
        self.save()  # first: what an earlier run left is only removed once this one stands
        if self.state.optimizer.steps == 0:
            (self._folder / BEST).unlink(missing_ok=True)
        elif is_torn(self._folder / METRICS):
            self.notice(
                f"the last line of {self._folder / METRICS} was cut short; it is left out, and the "
                "metrics go on from the checkpoint"
            )
        self._write_metrics()

    def notice(self, message: str) -> None:
        """Tell the user something."""
        self._tell(Notice(message))

    def check(self, value: float, what: str) -> None:
        """Refuse to go on with a number that is not finite: see `diverged`."""
        if not math.isfinite(value):
            where = f"in epoch {self.state.epoch + 1}, step {self.state.step + 1}"
            kept = None if self._folder is None else self._folder / LAST
            raise diverged(f"{what} is {value} {where}", self.state.recipe, kept)

    def step(self, loss: float, logits: Any, labels: Any, learning_rate: float) -> None:
        """Count a step that was made, and tell of it."""
        state = self.state
        state.count(loss, logits, labels)
        self._steps += 1
        self._seen += len(labels)
        self._stepping += self._mark()
        per_epoch = state.steps_per_epoch
        every = math.ceil(per_epoch / _LINES_PER_EPOCH)
        if state.step % every == 0 or state.step == per_epoch:
            self._line(learning_rate, classes=logits.shape[1])
        elapsed = self._marked - self._begun
        left = state.recipe.epochs * per_epoch - state.optimizer.steps
        self._tell(
            StepDone(
                epoch=state.epoch + 1,
                epochs=state.recipe.epochs,
                step=state.step,
                steps_per_epoch=per_epoch,
                loss=state.epoch_tally.mean_loss,
                accuracy=state.epoch_tally.accuracy,
                learning_rate=learning_rate,
                drawings_per_s=self._seen / max(self._stepping, 1e-9),  # coarse clocks may say 0
                seconds_left=left * elapsed / self._steps,
            )
        )
        if self._marked - self._saved >= self._checkpoint_seconds:
            self.save()

    def epoch(self, judged: tuple[float, float] | None) -> None:
        """Close an epoch, given its validation loss and accuracy (None without validation)."""
        if judged is not None:
            self.check(judged[0], "the validation loss")
        self._check_arrays()
        self._mark()
        done = self.state.close_epoch(judged)
        self._append_newest()
        if self._folder is not None and judged is not None and done.is_best:
            save_checkpoint(self._folder / BEST, self.state)
        self.save()
        self._tell(done)

    def save(self) -> None:
        """Save the checkpoint that the run can be resumed from."""
        self._read_back()
        if self._folder is not None:
            self._check_arrays()
            save_checkpoint(self._folder / LAST, self.state)
        self._saved = time.monotonic()

    def _line(self, learning_rate: float, classes: int) -> None:
        """Record how the latest steps went, and once in a run that nothing is being learnt."""
        state = self.state
        place = {"epoch": state.epoch + 1, "step": state.optimizer.steps}
        latest, state.window = state.window, Tally()
        self._record(
            {
                "event": "train",
                **place,
                "loss": latest.mean_loss,
                "accuracy": latest.accuracy,
                "learning_rate": learning_rate,
            }
        )
        message = flat_notice(
            losses=(latest.mean_loss, state.epoch_tally.mean_loss),
            classes=classes,
            steps=state.optimizer.steps,
            last=state.optimizer.steps == state.recipe.epochs * state.steps_per_epoch,
            recipe=state.recipe,
        )
        if message and all(record["event"] != "notice" for record in state.records):
            self._record({"event": "notice", **place, "message": message})
            self.notice(message)

    def _record(self, record: dict[str, Any]) -> None:
        self.state.records.append(record)
        self._append_newest()

    def _append_newest(self) -> None:
        """Add the newest record to the metrics; if they are not as they were left, mend them."""
        if self._folder is None:
            return
        path = self._folder / METRICS
        if _size(path) == self._written:
            append_metrics(path, self.state.records[-1])
            self._written = _size(path)
        else:
            self._write_metrics()
            self.notice(f"{path} was changed or cut short by another program; it is whole again")

    def _write_metrics(self) -> None:
        if self._folder is not None:
            write_metrics(self._folder / METRICS, self.state.records)
            self._written = _size(self._folder / METRICS)

    def _mark(self) -> float:
        """Add the seconds since the last mark to the epoch's, and return them."""
        before, self._marked = self._marked, time.monotonic()
        self.state.seconds += self._marked - before
        return self._marked - before

    def _check_arrays(self) -> None:
        """Refuse numbers that are not finite, before they take the place of good ones."""
        for name, array in self.state.named_arrays():
            self.check(float(np.abs(array).max(initial=0)), f"the largest number in {name}")


def _size(path: Path) -> int:
    """Return a file's length in bytes; -1 if it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1
