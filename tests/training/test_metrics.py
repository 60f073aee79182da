"""The metrics file: whole lines, exact numbers, and readers that meet a torn last line."""

from __future__ import annotations

import math

import pytest

from inkgrad.errors import DataError
from inkgrad.training import append_metrics, read_metrics, write_metrics

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
