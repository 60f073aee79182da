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
        "sources": ["velocity += gradient", "denominator += self.epsilon", "def _step("],
        "output": ["all equal", "drawings that it has never seen", "it says: "],
    },
    "4_modern": {
        "figures": 9,
        "formulas": [
            r"\hat x = \frac{x - \mu}{\sqrt{\sigma^2 + \varepsilon}}",
            r"y = f(x) + x",
            r"y_i = \frac{k_i}{1 - p}\, x_i",
            r"(a W) * x + (\beta - a \mu)",
        ],
        "sources": ["own *= rate[:, None]", "dx += other", "def sketch_network("],
        "output": ["two shards of 32", "layers: 26 before, 18 after", "479,097", "narrow sketch"],
    },
}


def test_every_chapter_is_tested():
    assert [chapter.stem for chapter in CHAPTERS] == list(PROMISES)


@pytest.mark.long("a chapter is a notebook: its kernel is started, and draws a dozen figures")
@pytest.mark.parametrize(
    "chapter", ["1_forward", pytest.param("2_backward", marks=pytest.mark.slow)]
)
def test_chapter_runs_and_shows_what_it_promises(chapter: str, tmp_path: Path):
    assert_keeps_promises(chapter, tmp_path)


def assert_keeps_promises(chapter: str, folder: Path, **environment: str) -> str:
    """Run a chapter in a folder, look for all that it promises, and return what it prints."""
    for name in (f"{chapter}.py", "pictures.py", "cat.json"):
        shutil.copy(WALKTHROUGH / name, folder)
    notebook = execute(folder / f"{chapter}.py", **environment)

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error"] == []
    complaints = [o.text for o in outputs if o.get("name") == "stderr"]
    assert [text for text in complaints if "building the font cache" not in text] == []

    promised = PROMISES[chapter]
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
    return printed


@pytest.mark.slow
def test_training_chapter_learns_from_real_drawings(quickdraw_folder: Path, tmp_path: Path):
    """From built-in doodles it learns whenever the book is built."""
    printed = assert_keeps_promises("3_training", tmp_path, INKGRAD_DATA=str(quickdraw_folder))
    assert f"the folder {quickdraw_folder}" in printed
    recognised = re.search(r"([\d.]+)% of \d+ drawings that it has never seen", printed)
    assert recognised is not None
    assert float(recognised[1]) > 65.0


@pytest.mark.slow
def test_modern_chapter_learns_where_the_plain_stack_does_not(
    quickdraw_folder: Path, tmp_path: Path
):
    printed = assert_keeps_promises("4_modern", tmp_path, INKGRAD_DATA=str(quickdraw_folder))
    shares = re.findall(r"^(plain|norm \+ identity) +([\d.]+)% +([\d.]+)%$", printed, re.MULTILINE)
    held_out = {name: float(share) for name, _, share in shares}
    assert held_out["norm + identity"] > max(50.0, held_out["plain"] + 10)


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
