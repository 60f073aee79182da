"""The metrics file: whole lines, exact numbers, and readers that meet a torn last line."""

from __future__ import annotations

import builtins
import errno
import io
import math
import os

import pytest

from inkgrad.errors import DataError
from inkgrad.training import (
    METRICS,
    EpochDone,
    Notice,
    Recipe,
    StepDone,
    append_metrics,
    fit,
    read_metrics,
    write_metrics,
)

from .problems import TRAIN, VALIDATION, left_behind, tiny_network, without_seconds

RECORDS = [{"event": "train", "loss": 0.1 + 0.2}, {"event": "notice", "message": "größer"}]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_metrics(path, RECORDS[:1])
    append_metrics(path, RECORDS[1])
    assert read_metrics(path) == RECORDS
    write_metrics(path, RECORDS[1:])
    assert read_metrics(path) == RECORDS[1:]
    write_metrics(path, [])
    assert read_metrics(path) == []


def test_a_torn_last_line_is_left_out(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_metrics(path, RECORDS)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert read_metrics(path) == RECORDS[: whole[:cut].count(b"\n")]


@pytest.mark.parametrize("line", [b"{", b"3", b"[1]", b"\xff", b"", b"[" * 100_000])
def test_a_line_that_is_no_object_is_refused(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"a": 1}\n' + line + b'\n{"b": 2}\n')
    with pytest.raises(DataError, match=r"line 2 of .*metrics.jsonl is not a JSON object"):
        read_metrics(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"cannot read the metrics .*none.jsonl: No such file"):
        read_metrics(tmp_path / "none.jsonl")


def test_numbers_that_are_not_finite_are_never_written(tmp_path):
    path = tmp_path / "metrics.jsonl"
    write_metrics(path, RECORDS)
    with pytest.raises(ValueError, match="not JSON compliant"):
        append_metrics(path, {"loss": math.nan})
    assert read_metrics(path) == RECORDS


# --- a disk that takes less than it is given ------------------------------------------------------


class Grudging(io.FileIO):
    """Takes five bytes at a time, and of one of the writes two, then none: the disk is full."""

    writes, full_at = 0, None

    def write(self, data):
        Grudging.writes += 1
        if Grudging.full_at is not None and Grudging.writes >= Grudging.full_at:
            if Grudging.writes > Grudging.full_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(memoryview(data)[:2])
        return super().write(memoryview(data)[:5])


@pytest.fixture
def grudging(monkeypatch):
    """Have every file that is opened without a buffer, to append to it, be a grudging one."""
    usual = builtins.open

    def opened(path, mode="r", buffering=-1, *args, **options):
        if (mode, buffering) == ("ab", 0):
            return Grudging(path, "a")
        return usual(path, mode, buffering, *args, **options)

    monkeypatch.setattr(Grudging, "writes", 0)
    monkeypatch.setattr(Grudging, "full_at", None)
    monkeypatch.setattr(builtins, "open", opened)
    return Grudging


def run(folder, **options):
    recipe = Recipe(epochs=3, batch_size=16)
    return fit(
        tiny_network(),
        TRAIN,
        validation=VALIDATION,
        recipe=recipe,
        engine="reference",
        folder=folder,
        **options,
    )


def test_short_writes_are_gone_on_with(tmp_path, grudging):
    fitted = run(tmp_path)
    assert grudging.writes > 100
    assert read_metrics(tmp_path / METRICS) == list(fitted.records)
    epochs = [r for r in fitted.records if r["event"] == "epoch"]
    assert len(epochs) == len(fitted.history) == 3


@pytest.mark.parametrize("full_at", [1, 2, 40, 200])
def test_a_disk_that_is_full_leaves_whole_lines_and_a_run_that_goes_on(tmp_path, grudging, full_at):
    whole = run(tmp_path / "whole")
    grudging.writes, grudging.full_at = 0, full_at
    with pytest.raises(OSError, match="No space left"):
        run(tmp_path / "run")
    assert (tmp_path / "run" / METRICS).read_bytes()[-1:] in (b"", b"\n")
    lines = read_metrics(tmp_path / "run" / METRICS)
    assert without_seconds(lines) == without_seconds(list(whole.records))[: len(lines)]
    grudging.full_at = None
    run(tmp_path / "run", resume=True)
    assert left_behind(tmp_path / "run") == left_behind(tmp_path / "whole")


@pytest.mark.parametrize("harm", ["torn", "cut", "longer", "gone"])
@pytest.mark.parametrize("moment", [StepDone, EpochDone])
def test_metrics_that_another_program_damages_are_whole_again(tmp_path, harm, moment):
    whole = run(tmp_path / "whole")
    path, events = tmp_path / "run" / METRICS, []

    def harmful(event):
        events.append(event)
        if len([e for e in events if isinstance(e, moment)]) == 2 and isinstance(event, moment):
            if harm == "gone":
                path.unlink()
            elif harm == "longer":
                with path.open("ab") as file:
                    file.write(b"{")
            else:
                os.truncate(path, path.stat().st_size - 7 if harm == "torn" else 0)

    fitted = run(tmp_path / "run", on_event=harmful)
    assert read_metrics(path) == list(fitted.records)
    assert without_seconds(read_metrics(path)) == without_seconds(list(whole.records))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert notice.message == (
        f"{path} was changed or cut short by another program; it is whole again"
    )


def test_a_torn_last_line_is_told_of_on_resuming(tmp_path):
    whole = run(tmp_path / "whole")
    calls = iter(range(1000))
    run(tmp_path / "run", should_stop=lambda: next(calls) == 10)
    path, events = tmp_path / "run" / METRICS, []
    os.truncate(path, path.stat().st_size - 5)
    run(tmp_path / "run", resume=True, on_event=events.append)
    assert isinstance(events[0], Notice)
    assert events[0].message == (
        f"the last line of {path} was cut short; it is left out, and the metrics go on from the "
        "checkpoint"
    )
    assert without_seconds(read_metrics(path)) == without_seconds(list(whole.records))
