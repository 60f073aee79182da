"""The README's first command in a fresh clone, with a network and without.

What it reaches on real drawings stands in `tests/workflows/test_real_drawings.py`.
"""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import inkgrad
from inkgrad.quickdraw import TASKS
from inkgrad.quickdraw.doodles import doodle_bitmaps

ROOT = Path(__file__).parents[1]
NOWHERE = "http://127.0.0.1:9"  # nothing listens there: the way out is closed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone what is committed, and install it as `make` does, while there is a network."""
    folder = tmp_path_factory.mktemp("fresh") / "inkgrad"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    make(folder, ".venv/.base", environment(folder))
    return folder


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve made-up drawings with the layout of Google's bucket, on this machine alone."""
    root = tmp_path_factory.mktemp("bucket")
    (root / "numpy_bitmap").mkdir()
    bitmaps, labels = doodle_bitmaps(TASKS["animals"], 600, seed=7)
    for number, name in enumerate(TASKS["animals"]):
        rows = bitmaps[labels == number].reshape(-1, 784)
        np.save(root / "numpy_bitmap" / f"{name}.npy", rows)
    handler = functools.partial(QuietHandler, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder (it knows no Range: the whole file comes, which must do too)."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return an environment in which nothing of ours stands but the clone."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("INKGRAD_", "PYTHON"))}
    return {**kept, "XDG_CACHE_HOME": str(folder.parent / "cache"), **more}


def make(folder: Path, target: str, env: dict[str, str]) -> str:
    """Run make, and return what it printed."""
    done = subprocess.run(
        ["make", "-C", str(folder), target], env=env, text=True, capture_output=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def check_results(folder: Path) -> dict[str, float]:
    """Check what the demo wrote, and return its test figures."""
    out = folder / "runs" / "demo"
    model = inkgrad.load(out / "model.safetensors")
    assert model.classes == TASKS["animals"]
    assert model.network.size == 420_997
    lines = (out / "metrics.jsonl").read_text().splitlines()
    assert sum(json.loads(line)["event"] == "epoch" for line in lines) >= 3
    report = (out / "report.html").read_text()
    assert "<svg" in report
    assert "data:image/png" in report
    shutil.rmtree(out)
    return dict(model.record["test"])


def test_without_a_network_it_learns_built_in_doodles(clone: Path) -> None:
    printed = make(
        clone,
        "demo",
        environment(clone, HTTP_PROXY=NOWHERE, HTTPS_PROXY=NOWHERE, ALL_PROXY=NOWHERE),
    )
    assert "built-in doodles" in printed
    assert "Try next" in printed
    assert check_results(clone)["top1"] >= 0.97


def test_with_a_network_it_fetches_drawings(clone: Path, bucket: str) -> None:
    printed = make(clone, "demo", environment(clone, INKGRAD_DATA=bucket, NO_PROXY="*"))
    assert bucket in printed
    assert check_results(clone)["n"] >= 500
