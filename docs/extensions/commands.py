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

__all__ = ["help_text", "setup"]

_COLUMNS = "96"


def help_text(*words: str) -> str:
    """Return what `inkgrad WORDS --help` prints, without colours."""
    settings = {"COLUMNS": _COLUMNS, "TERMINAL_WIDTH": _COLUMNS, "NO_COLOR": "1", "TERM": "dumb"}
    start = "from inkgrad.cli import app; app(prog_name='inkgrad')"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", start, *words, "--help"],
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={**os.environ, **settings},
    )
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    return "\n".join(lines).strip("\n").removeprefix(" ")


def setup(app: Any) -> dict[str, bool]:
    """Register the directive."""
    from docutils import nodes
    from sphinx.util.docutils import SphinxDirective

    class Help(SphinxDirective):
        """`{help} VERB`."""

        optional_arguments = 1

        def run(self) -> list[nodes.Node]:
            shown = " ".join(["$ inkgrad", *self.arguments, "--help"])
            text = f"{shown}\n\n{help_text(*self.arguments)}"
            return [nodes.literal_block("", text, language="text")]

    app.add_directive("help", Help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
