"""The walkthrough runs from the first cell to the last, and shows what it promises."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WALKTHROUGH = Path(__file__).parents[2] / "docs" / "walkthrough"
SOURCE = Path(__file__).parents[2] / "src"
CHAPTERS = sorted(WALKTHROUGH.glob("[0-9]_*.py"))

# What a reader must find in each chapter: formulas, figures, and words of the library's own source.
PROMISES = {
    "1_forward": {
        "figures": 12,
        "formulas": [
            r"Z = X * K + b",
            r"m = \left\lfloor \frac{n + 2p - f}{s} \right\rfloor + 1",
            r"A = \mathrm{ReLU}(Z)",
            r"A^2 = \mathrm{softmax}(Z^2)",
        ],
        "sources": ["def patches(", "def log_softmax(", "def seed_network("],
        "output": ["28  2  2  0  14     13.5", "420,997", "(3136,)", "(64, 7, 7)"],
    },
    "2_backward": {
        "figures": 11,
        "formulas": [
            r"L = -\log p_{\text{right}}",
            r"dW = X^{\mathsf T} G",
            r"dW = G\,P^{\mathsf T}",
            r"dx = dy \cdot [x > 0]",
        ],
        "sources": ["def add_patches(", "def gradients(", "check_labels("],
        "output": ["conv2.weight", "relative error"],
    },
    "3_training": {
        "figures": 15,
        "formulas": [r"\theta \leftarrow \theta - \alpha\, g", r"v \leftarrow \mu v + g"],
        "sources": ["velocity += gradient", "denominator += self.epsilon", "def move("],
        "output": ["all equal", "of 600 drawings", "it says: cat"],
    },
}


def test_every_chapter_is_tested():
    assert [chapter.stem for chapter in CHAPTERS] == list(PROMISES)


@pytest.mark.long("a chapter is a notebook: its kernel is started, and draws a dozen figures")
@pytest.mark.parametrize(
    "chapter",
    [
        pytest.param(
            chapter,
            id=chapter.stem,
            marks=[] if chapter.stem == "1_forward" else [pytest.mark.slow],
        )
        for chapter in CHAPTERS
    ],
)
def test_chapter_runs_and_shows_what_it_promises(chapter: Path, tmp_path: Path):
    for name in (chapter.name, "pictures.py", "cat.json"):
        shutil.copy(WALKTHROUGH / name, tmp_path)
    notebook = execute(tmp_path / chapter.name)

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error"] == []
    complaints = [o.text for o in outputs if o.get("name") == "stderr"]
    assert [text for text in complaints if "building the font cache" not in text] == []

    promised = PROMISES[chapter.stem]
    figures = [o for o in outputs if "image/png" in o.get("data", {})]
    assert len(figures) == promised["figures"]
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    for formula in promised["formulas"]:
        assert " ".join(formula.split()) in " ".join(text.split())
    shown = "\n".join(
        o.data["text/markdown"] for o in outputs if "text/markdown" in o.get("data", {})
    )
    for words in promised["sources"]:
        assert words in shown
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    for words in promised["output"]:
        assert words in printed


@pytest.mark.slow
def test_training_chapter_learns_from_real_drawings(quickdraw_folder: Path, tmp_path: Path):
    for name in ("3_training.py", "pictures.py", "cat.json"):
        shutil.copy(WALKTHROUGH / name, tmp_path)
    notebook = execute(tmp_path / "3_training.py", INKGRAD_DATA=str(quickdraw_folder))
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    assert (
        sum("image/png" in o.get("data", {}) for o in outputs) == PROMISES["3_training"]["figures"]
    )
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    assert f"the folder {quickdraw_folder}" in printed
    recognised = re.search(r"([\d.]+)% of \d+ drawings that it has never seen", printed)
    assert recognised is not None
    assert float(recognised[1]) > 65.0


RUN = """
import sys, jupytext, nbformat, nbclient
source, result = sys.argv[1:]
notebook = jupytext.read(source)
nbclient.NotebookClient(notebook, timeout=240, kernel_name="python3").execute()
nbformat.write(notebook, result)
"""


USERS_FOLDERS = (
    *("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"),
    "MPLCONFIGDIR",
)


def execute(source: Path, **environment: str):
    """Convert one chapter and run it in its folder; without real drawings, if none are named."""
    import nbformat

    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("INKGRAD_", "COV_", "COVERAGE_"))
    }
    own = str(source.parent / "own")  # the user's folders need not be writable
    done = subprocess.run(
        [sys.executable, "-c", RUN, source.name, "result.ipynb"],
        cwd=source.parent,
        env={
            **kept,
            **dict.fromkeys(USERS_FOLDERS, own),
            "PYTHONPATH": str(SOURCE),
            **environment,
        },
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return nbformat.read(source.parent / "result.ipynb", as_version=4)
