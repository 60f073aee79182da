"""A Sphinx directive: what a command says of itself, asked when the page is made.

    ```{help} train
    ```

puts the output of `inkgrad train --help` on the page, so that it cannot grow old.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

__all__ = ["help_text", "setup"]

_COLUMNS = 92


def help_text(*words: str) -> str:
    """Return what `inkgrad WORDS --help` prints, without colours."""
    environment = {**os.environ, "COLUMNS": str(_COLUMNS), "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "inkgrad", *words, "--help"]
    done = subprocess.run(
        command, capture_output=True, check=True, encoding="utf-8", env=environment
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())


class _Help(SphinxDirective):
    """`{help} VERB`."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        words = self.arguments[0].split() if self.arguments else []
        shown = " ".join(["$ inkgrad", *words, "--help"])
        return [nodes.literal_block("", f"{shown}\n{help_text(*words)}", language="text")]


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("help", _Help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
