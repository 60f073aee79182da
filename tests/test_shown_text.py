"""The way out for text: all that any command shows is harmless, whatever the names of files are."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.table import Table
from rich.text import Text
from typer.main import get_command
from typer.testing import CliRunner

import inkgrad
from inkgrad import cli
from inkgrad.cli.output import print_json
from inkgrad.terminal import make_console
from inkgrad.text import LONGEST
from tests.quickdraw.formats.writers import LINE
from tests.test_text import COMMANDS

pytestmark = pytest.mark.usefixtures("surroundings", "quick_server")

NAMES = {
    "hostile": "[red]\x1b]0;x\x07\x1b[2J\x9b31m\n\r\u2028\u202egnp\u2066 :smile:"
    + os.fsdecode(b"\xff\xfe"),
    "long": "x" * 240,
}
"""Names that a file can have."""


@pytest.fixture
def quick_server(monkeypatch):
    """Have the server not compile what it never comes to use here."""
    monkeypatch.setattr("inkgrad.web.serving._load_compiled_rasterizer", lambda: None)


def made(name: str) -> str:
    """Make a file of a hostile name, a folder, and what is in them; return the name."""
    folder = Path(name)
    folder.mkdir()
    (folder / "one").mkdir()
    (folder / "other").mkdir()
    rng = np.random.default_rng(1)
    for n in range(12):
        points = rng.integers(0, 256, (2, 2, 6)).tolist()
        for kind in ("one", "other"):
            (folder / kind / f"{n}.json").write_text(json.dumps(points))
    (folder / "one" / f"{name}.json").write_text(json.dumps(LINE))
    return name


def harmless(output: str) -> None:
    """See that nothing but ends of lines commands the terminal."""
    found = {letter for letter in output if letter in COMMANDS} - {"\n"}
    assert not found, ascii(output)


def messages(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("inkgrad: ")]


def run(*words: object) -> Any:
    result = CliRunner().invoke(cli.app, [str(word) for word in words], env={"COLUMNS": "100"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def check(*words: object) -> str:
    """Run a command; whatever comes of it, what it shows is harmless, and a message is one line."""
    result = run(*words)
    harmless(result.output)
    if result.exit_code == 2 and "Usage" not in result.output:
        told = messages(result.output)
        assert told == result.output.splitlines()[-1:], result.output
        assert len(told[0]) <= LONGEST
    return str(result.output)


def put(name: str, model: Path, words: Sequence[object]) -> list[str]:
    """Return words of a command line with a name and a model put in."""
    return [str(word).replace("NAME", name).replace("MODEL", str(model)) for word in words]


REFERENCE = ("--engine", "reference")
TRAIN = ("--epochs", 1, "--batch-size", 8, "--limit", 8, *REFERENCE)
COMMAND_LINES: dict[str, tuple[object, ...]] = {
    "demo": ("demo", "--data", "NAME", "--out", "out", "--engine", "reference"),
    "train": ("train", "--data", "NAME", "--out", "NAME-run", *TRAIN),
    "train where nothing is": ("train", "--data", "NAME/none", "--out", "NAME-run"),
    "train on a class": ("train", "--data", "NAME", "--classes", "one,NAME"),
    "train to reject": ("train", "--data", "NAME", "--out", "NAME-run", "--reject", *TRAIN),
    "train on a task": ("train", "--data", "NAME", "--task", "NAME"),
    "train by a recipe": ("train", "--data", "NAME", "--optimizer", "NAME"),
    "train into nothing": ("train", "--resume", "--out", "NAME"),
    "tune": ("tune", "MODEL", "--own", "NAME", "-o", "NAME.safetensors", *REFERENCE),
    "tune names": ("tune", "MODEL", "--rename", "one\x1b[31m\u202e=NAME", "-o", "NAME.safetensors"),
    "tune nothing": ("tune", "MODEL", "--remove", "NAME", "-o", "NAME.safetensors"),
    "evaluate": ("evaluate", "MODEL", "--data", "NAME", *REFERENCE),
    "evaluate rejection": ("evaluate", "MODEL", "--data", "NAME", "--reject", *REFERENCE),
    "evaluate as JSON": ("evaluate", "MODEL", "--data", "NAME", "--json", *REFERENCE),
    "evaluate by disturbing": (
        *("evaluate", "MODEL", "--data", "NAME", "--robustness", "--sample", 1),
        *("--card", "NAME-card", *REFERENCE),
    ),
    "evaluate nothing": ("evaluate", "NAME"),
    "predict": ("predict", "MODEL", "NAME/one/NAME.json", *REFERENCE),
    "predict as JSON": ("predict", "MODEL", "NAME/one/NAME.json", "--json", *REFERENCE),
    "predict many": ("predict", "MODEL", *["NAME/one/NAME.json"] * 9, *REFERENCE),
    "predict nothing": ("predict", "MODEL", "NAME.png"),
    "explain": ("explain", "MODEL", "NAME/one/NAME.json", "-o", "NAME.svg"),
    "explain as JSON": ("explain", "MODEL", "NAME/one/NAME.json", "--json"),
    "explain a class": ("explain", "MODEL", "NAME/one/NAME.json", "--class", "NAME"),
    "explain nothing": ("explain", "MODEL", "NAME.png"),
    "download": ("download", "NAME"),
    "download of a kind": ("download", "cat", "--kind", "NAME"),
    "download from nowhere": ("download", "cat", "--from", "ftp://NAME"),
    "preview": ("preview", "NAME", "-o", "NAME.png"),
    "preview nothing": ("preview", "NAME.npy"),
    "preview variants": ("preview", "NAME", "--n", "2", "--variants", "1", "-o", "NAME.png"),
    "preview a class": ("preview", "NAME", "--class", "NAME"),
    "inspect": ("inspect", "NAME", "--folds", 2, "--epochs", 1, *REFERENCE),
    "train on one's own, too": ("train", "--data", "NAME", "--own", "NAME/none"),
    "train from nowhere": ("train", "--data", "NAME", "--from", "none.safetensors"),
    "train without a list": ("train", "--data", "NAME", "--suspicious", "NAME/none"),
    "inspect nothing": ("inspect", "NAME/none", "-o", "NAME"),
    "pack": ("pack", "NAME", "-o", "NAME-packed"),
    "pack in one": ("pack", "NAME/one/NAME.json", "-o", "NAME.npy"),
    "pack nothing": ("pack", "NAME.json"),
    "export": ("export", "MODEL", "--html", "-o", "NAME.html"),
    "export a model": ("export", "MODEL", "-o", "NAME.safetensors"),
    "export nothing": ("export", "NAME", "--html"),
    "info": ("info", "MODEL"),
    "info as JSON": ("info", "MODEL", "--json"),
    "info on nothing": ("info", "NAME"),
    "check nothing": ("check", "NAME"),
    "serve nothing": ("serve", "NAME", "--no-open"),
    "serve nowhere": ("serve", "--host", "NAME", "--no-open"),
    "a word": ("NAME",),
    "an option": ("train", "--NAME"),
    "a value": ("train", "--epochs", "NAME"),
    "too much": ("check", "a", "NAME"),
}


def test_every_command_is_tried():
    assert {str(words[0]) for words in COMMAND_LINES.values()} >= set(get_command(cli.app).commands)


@pytest.fixture(scope="module")
def hostile_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model whose record and classes are as hostile as those of a stranger's may be."""
    from inkgrad.layers import Dense, Flatten
    from inkgrad.model import Model
    from inkgrad.network import Network

    network = Network([Flatten(), Dense(2)])
    record = {"command": "inkgrad \x1b[2Jtrain\n", "data": {"source": "a\u202eb\x07"}}
    classes = ("one\x1b[31m\u202e", "other\x9b2J\n")
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    Model(network, network.initialise(), classes, record=record).save(path)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are any bytes on Linux only")
@pytest.mark.parametrize("kind", NAMES)
def test_hostile_names_do_no_harm(kind, hostile_model):
    name = made(NAMES[kind])
    # A long name is cut in messages; where all goes well, it is shown as any other.
    some = COMMAND_LINES if kind == "hostile" else ("predict", "pack nothing", "info on nothing")
    for what in some:
        words = COMMAND_LINES[what]
        output = check(*put(name, hostile_model, words))
        assert output, what


def test_what_is_typed_at_length_is_not_said_at_length(hostile_model):
    length = 5000
    for what, words in COMMAND_LINES.items():
        given = put("x" * length, hostile_model, words)
        if any("x" * length in word for word in given) and words[0] != "demo":
            output = run(*given).output
            assert len(max(output.splitlines(), key=len)) <= LONGEST, what
            assert len(output) < 1000, what


def test_a_harmless_path_can_be_copied(hostile_model):
    name = "my drawings/猫 é 👩\u200d🚀/a\u00a0b"
    path = Path(name) / "line.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(LINE))
    assert name in check("predict", hostile_model, path)
    absent = path.with_stem("none")
    assert f"{absent} does not exist" in check("predict", hostile_model, absent)


def test_a_real_process_shows_no_more():
    """With a real terminal's encoding, and arguments as the system hands them over."""
    done = subprocess.run(
        [sys.executable, "-m", "inkgrad", "info", b"\xff\x1b[2J\x9b\xe2\x80\xae\n"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    harmless(done.stderr.decode())
    assert done.stdout == b""


def test_the_console_lets_nothing_through(monkeypatch):
    hostile = "".join(COMMANDS)
    table = Table(title=hostile)
    table.add_column(hostile)
    table.add_row(Text(hostile))
    for environment in ({}, {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm"}):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        console = make_console(io.StringIO())
        console.print(hostile, Text(hostile, "red"), table)
        shown = console.file.getvalue()
        assert ("\x1b[" in shown) == bool(environment)
        harmless(re.sub(r"\x1b\[[0-9;]*m", "", shown))


def test_json_is_escaped(capsys):
    print_json({"\x7f\x1b\x9b\u202e\ud800": "\x7f"})
    shown = capsys.readouterr().out
    harmless(shown)
    assert json.loads(shown) == {"\x7f\x1b\x9b\u202e\ud800": "\x7f"}


# --- the only door ------------------------------------------------------------------------------

_DOORS = {
    "cli/output.py": {"print_text"},
    # Into a pipe: names of functions, for the process that started this one.
    "engines/cpu/helping.py": {"on_end"},
    "signals.py": {"_leave"},
    "web/guard.py": {"__call__"},
    # A DataWarning is made harmless by itself, as an InkgradError is.
    "quickdraw/formats/npy.py": {"_is_inverted"},
    "workflows/explain.py": {"_read"},
    "workflows/stdin.py": {"piped_file"},
}
"""The functions that may print as they like: they make text harmless, or have none from outside."""


def prints(source: str, doors: set[str] = frozenset()) -> list[str]:  # type: ignore[assignment]
    """Return what in a source prints without making it harmless."""
    tree = ast.parse(source)
    allowed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in doors:
            allowed |= {id(inner) for inner in ast.walk(node)}
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in allowed:
            continue
        called = ast.unparse(node.func)
        name = called.rsplit(".", 1)[-1]
        constant = bool(node.args) and isinstance(node.args[0], ast.Constant)
        if (
            called in ("print", "rich.print", "pprint", "input", "os.write", "warnings.warn")
            or name in ("echo", "secho", "echo_via_pager", "print_exc", "print_exception")
            or re.search(r"\b(stdout|stderr|__stdout__|__stderr__)(\.buffer)?\.write", called)
            or (name in ("confirm", "prompt") and not constant)
            or (name in ("warning", "error", "exception", "critical") and "log" in called.lower())
            or name == "Console"
        ):
            found.append(called)
    return found


def test_nothing_prints_but_through_the_door():
    root = Path(inkgrad.__file__).parent
    found = {}
    for path in root.rglob("*.py"):
        name = path.relative_to(root).as_posix()
        if calls := prints(path.read_text("utf-8"), _DOORS.get(name, set())):
            found[name] = calls
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "print('a')",
        "typer.echo(text)",
        "click.secho(text, err=True)",
        "sys.stderr.write(text)",
        "sys.stdout.buffer.write(data)",
        "rich.print(text)",
        "Console().print(text)",
        "console = rich.console.Console(stderr=True)",
        "typer.confirm(f'Open {name}?')",
        "warnings.warn(text)",
        "logging.getLogger('inkgrad').exception(text)",
        "traceback.print_exc()",
        "def _echo(): pass\ndef other():\n    typer.echo(text)",
    ],
)
def test_each_of_these_is_caught(source):
    assert prints(source, {"_echo"})


@pytest.mark.parametrize(
    "source",
    [
        "console.print(text)",
        "_echo(text)",
        "file.write(data)",
        "typer.confirm('Open it?')",
        "def _echo(text):\n    typer.secho(text)",
    ],
)
def test_each_of_these_is_allowed(source):
    assert not prints(source, {"_echo"})
