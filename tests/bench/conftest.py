"""What the benchmarks' tests share: few drawings, stand-ins for the rivals, the command line."""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from bench.ladder import climb
from bench.ours import OurTrainer
from bench.pool import pool
from typer.testing import CliRunner

from bench import __main__ as command
from bench import inference, memory, networks, ours, segments, training
from inkgrad.engines import ReferenceEngine


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Draw few doodles, compile nothing, and leave the tests' own process as it is."""
    monkeypatch.setattr(ours, "ENGINES", {"reference": ReferenceEngine})
    for module in (training, inference, networks, memory, segments, climb):
        monkeypatch.setattr(module, "pool", lambda: pool(16))
    monkeypatch.setattr(command, "restart_tuned", lambda *_: None)


@pytest.fixture
def bench(tmp_path):
    """Return what runs a benchmark and returns its rows; the plot stands in ``rows.png``."""

    def run(*words: str) -> list[dict[str, Any]]:
        path: Path = tmp_path / "rows.json"
        result = CliRunner().invoke(command.app, [*words, "--json", str(path)])
        assert result.exit_code == 0, result.output
        assert (tmp_path / "rows.png").read_bytes().startswith(b"\x89PNG")
        run.output = result.output
        written = json.loads(path.read_text())
        run.machine = written["machine"]
        return written["rows"]

    return run


def stand_in(first, *_, **__):
    """Return a rival that computes what ours does."""
    return {"PyTorch stand-in": OurTrainer(ReferenceEngine(first.network), first)}


def need(module: str) -> None:
    """Skip a test whose rival is not installed, or cannot be loaded; in CI, fail."""
    try:
        importlib.import_module(module)
    except (ImportError, OSError) as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no {module}: {error}")
