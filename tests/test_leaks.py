"""Nothing that is committed names the machine it was made on, or the registry it installed from."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# In pieces, so that this file does not contain what it looks for.
MACHINE_PATHS = [
    r"(?<![\w.])/" + "work/",
    r"(?<![\w.])/" + r"root\b",
    r"(?<![\w.])/" + r"home/[\w.-]+",
    r"(?<![\w.])/" + r"Users/[\w.-]+",
    r"[A-Z]:\\+" + r"Users\\",
    r"(?<![\w.])/" + r"tmp/v\b",
    r"(?<![\w.])/" + r"tmp/bash_jobs",
]
REGISTRIES = [
    r"\bpypi\." + "org",
    r"\bpython" + r"hosted\.org",
    r"\bnpm" + r"js\.(org|com)",
    r"\bconda\." + "anaconda",
    r"\bproxy\." + r"golang\.org",
    r"\bcrates\." + "io",
    "--(extra-)?" + "index-url",
]
FORBIDDEN = re.compile("|".join(f"(?:{p})" for p in MACHINE_PATHS + REGISTRIES).encode())


def leaks(data: bytes) -> list[str]:
    """Return what `data` contains that it should not, each with its line number."""
    found = []
    for match in FORBIDDEN.finditer(data):
        line = data.count(b"\n", 0, match.start()) + 1
        found.append(f"line {line}: {match.group().decode()}")
    return found


def tracked() -> list[Path]:
    """Return every file that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so there is no telling what is committed")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=60
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]  # a file deleted but not yet committed


def test_no_committed_file_names_this_machine_or_a_registry():
    files = tracked()
    assert Path(__file__) in files
    found = {str(path.relative_to(ROOT)): leaks(path.read_bytes()) for path in files}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text",
    [
        "open('/" + "work/data')",
        "cd /" + "root",
        "#!/" + "home/ada/bin/python",
        "/" + "Users/ada",
        "C:\\" + "Users\\ada",
        "/" + "tmp/v/bin/python",
        "https://pypi" + ".org/simple",
        "https://files.python" + "hosted.org/x",
        "registry.npm" + "js.org",
        "pip install --index" + "-url x",
    ],
)
def test_a_leak_is_caught(text):
    assert leaks(b"first line\n" + text.encode())[0].startswith("line 2: ")


@pytest.mark.parametrize("text", ["framework/layers", "../workshop", "home/page", "/tmp/doodles"])
def test_ordinary_words_are_not(text):
    assert leaks(text.encode()) == []
