"""Our JavaScript, in a process of node that does its work when it is told to."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.rivals import leave_out
from inkgrad.web import static_folder

__all__ = ["Node", "start_node"]

_SCRIPT = Path(__file__).with_name("node.js")


class Node:
    """A function of one of our modules and the drawings that it is to be called with.

    The drawings are in node's memory, as arrays of arrays, before anything is timed, and results
    stay there until they are asked for: a run costs what it costs in a page, and a line to and fro.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self) -> None:
        """Call the function with each drawing; return when that is done."""
        self.ask("run")

    def results(self) -> Any:
        """Return what the last run came to, as it comes out of JSON."""
        return json.loads(self.ask("results"))

    def ask(self, line: str) -> str:
        """Send a line and return the answer.

        Raises
        ------
        ValueError
            If node ended instead; what it had to say stands in the terminal.
        """
        print(line, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise ValueError(f"{' '.join(self._process.args[-2:])} ended without an answer")
        return answer


@contextlib.contextmanager
def start_node(module: str, function: str, drawings: Sequence[Any]) -> Iterator[Node | None]:
    """Yield node with a function of ``web/static/MODULE``; None, and a line why, if it cannot be.

    Parameters
    ----------
    module, function : str
        A file's name, and what of it is called with one drawing after the other.
    drawings : sequence of drawings
        Lists of lists.
    """
    program = shutil.which("node")
    if program is None or not (static_folder() / module).is_file():
        missing = "node is not installed" if program is None else f"there is no {module} yet"
        leave_out("inkgrad in JavaScript", missing)
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="site-") as scratch:
        site = Path(scratch) / "site"
        shutil.copytree(static_folder(), site)
        # Browsers are told what a module is by the page, node by this file.
        (site / "package.json").write_text('{"type": "module"}')
        shutil.copy(_SCRIPT, site / "node.js")
        command = [program, str(site / "node.js"), str(site / module), function]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                node = Node(process)
                node.ask(json.dumps(drawings))
                yield node
            finally:
                process.kill()
