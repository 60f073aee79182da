"""The benchmarks measure what they say, in turn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bench.pairs import seconds_by_turns
from bench.raster import compare_pixels
from typer.testing import CliRunner

from bench import __main__ as command
from bench import training
from inkgrad.drawing import rasterize_many
from inkgrad.quickdraw.doodles import doodles


def test_contestants_run_in_turn_and_every_second_round_backwards():
    calls = []
    contestants = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    seconds = seconds_by_turns(contestants, rounds=3, seconds_a_turn=0.0)
    assert [len(times) for times in seconds.values()] == [3, 3]
    assert all(time > 0 for times in seconds.values() for time in times)
    assert calls[:4] == ["a", "a", "b", "b"]  # warmed up, and timed once
    assert calls[4:] == ["a", "b", "b", "a", "a", "b"]


def test_a_slow_contestant_is_called_less_often_in_a_turn():
    calls = {"slow": 0, "quick": 0}

    def count(name: str, work: int) -> None:
        calls[name] += 1
        sum(range(work))

    contestants = {
        "slow": lambda: count("slow", 200_000),
        "quick": lambda: count("quick", 2_000),
    }
    seconds_by_turns(contestants, rounds=1, seconds_a_turn=0.05)
    assert calls["slow"] < calls["quick"]


def test_rows_have_the_names_that_others_rely_on(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "tune_allocator", lambda threads: None)
    rival = {"PyTorch stand-in": lambda: sum(range(100_000))}
    monkeypatch.setattr(training, "_torch", lambda x, labels, threads: rival)
    path = tmp_path / "rows.json"
    arguments = ["training", "--json", str(path), "--batch", "2", "--rounds", "1"]
    result = CliRunner().invoke(command.app, [*arguments, "--seconds", "0.01"])
    assert result.exit_code == 0, result.output
    rows = json.loads(path.read_text())["rows"]
    assert [row["name"] for row in rows] == ["inkgrad reference", "PyTorch stand-in"]
    assert all(row["batch"] == 2 and row["threads"] == 2 for row in rows)
    assert all(row["drawings_per_s"] > 0 for row in rows)
    times = [2 / row["drawings_per_s"] for row in rows]
    assert rows[0]["ratio_to_best_torch"] == pytest.approx(times[1] / times[0])
    assert "ratio_to_best_torch" not in rows[1]


def test_starting_is_measured_beside_numpy(tmp_path):
    path = tmp_path / "rows.json"
    result = CliRunner().invoke(command.app, ["startup", "--rounds", "1", "--json", str(path)])
    assert result.exit_code == 0, result.output
    rows = {row["name"]: row for row in json.loads(path.read_text())["rows"]}
    assert rows["import numpy"]["beyond_numpy"] == 0
    assert rows["python"]["seconds"] > 0
    assert "inkgrad --help" in rows


def test_pixels_are_compared_where_there_is_ink(tmp_path):
    drawn, _ = doodles(["cat"], 5)
    lines = [json.dumps({"drawing": drawing}) for drawing in drawn]
    (tmp_path / "cat.ndjson").write_text("\n".join(lines))
    bitmaps = rasterize_many(drawn)
    np.save(tmp_path / "cat.npy", bitmaps.reshape(5, 784))
    same = compare_pixels(tmp_path)
    assert (same["drawings"], same["mean_error"], same["equal"]) == (5, 0, 1)
    assert same["correlation"] == pytest.approx(1)
    np.save(tmp_path / "cat.npy", np.maximum(bitmaps, 1).reshape(5, 784))
    other = compare_pixels(tmp_path)  # now every pixel counts as inked
    assert other["mean_error"] == pytest.approx((bitmaps == 0).mean())
    assert other["within_2"] == 1
