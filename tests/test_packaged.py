"""The models in the package: found by name, complete, and as good as their files say."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

import inkgrad
from inkgrad.packaged import DEFAULT_MODEL, PACKAGED, is_model, packaged_file
from inkgrad.quickdraw import TASKS
from inkgrad.workflows import evaluate

NAMES = ("animals", "twenty")
README = Path(inkgrad.__file__).parent / "models" / "README.md"


def test_there_are_these():
    assert tuple(PACKAGED) == NAMES
    assert DEFAULT_MODEL in PACKAGED
    assert inkgrad.load("animals").classes == TASKS["animals"]
    assert len(inkgrad.load("twenty").classes) == 20


@pytest.mark.parametrize("name", NAMES)
def test_each_is_the_seed_network_and_tells_where_it_comes_from(name):
    model = inkgrad.load(name)
    assert model.network == inkgrad.seed_network(len(model.classes))
    assert model.features is not None
    assert "CC BY 4.0" in model.record["data"]["attribution"]
    assert model.record["settings"]["recipe"]["seed"] == 42
    assert model.record["settings"]["test_size"] == 0.2
    assert model.record["command"].startswith(f"inkgrad train --task {name}")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_them_says_what_the_files_say(name):
    record = inkgrad.load(name).record
    (row,) = re.findall(rf"^\| `{name}` \|.*$", README.read_text("utf-8"), re.MULTILINE)
    counts = " + ".join(f"{n:,}" for n in record["drawings"].values())
    figures = [record["test"][figure] for figure in ("top1", "balanced_accuracy")]
    assert row.endswith(
        "".join(f"| {part} " for part in (counts, *map("{:.1%}".format, figures))).replace(
            "%", " %"
        )
        + "|"
    )
    (command,) = re.findall(
        rf"^inkgrad train --task {name}\b(.*)$", README.read_text("utf-8"), re.M
    )
    flags = record["command"].replace("--data quickdraw --seed 42 --epochs 6", "")
    assert flags.split() == ["inkgrad", "train", "--task", name, *command.split()]


def test_they_are_small_and_so_is_the_wheel(tmp_path):
    """A wheel is the package's files in a zip, each deflated."""
    for path in PACKAGED.values():
        assert path.stat().st_size <= 2_000_000, path
    package = Path(inkgrad.__file__).parent
    with zipfile.ZipFile(tmp_path / "wheel.zip", "w", zipfile.ZIP_DEFLATED) as wheel:
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                wheel.write(path, path.relative_to(package))
    assert (tmp_path / "wheel.zip").stat().st_size <= 8_000_000


def test_what_is_there_under_a_name_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert packaged_file(Path("animals")) == PACKAGED["animals"]
    assert is_model("animals")
    Path("animals").mkdir()
    assert packaged_file(Path("animals")) == Path("animals")
    assert not is_model("animals")
    assert is_model("animals.safetensors")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_they_are_as_good_as_their_files_say(quickdraw_folder, name):
    recorded = inkgrad.load(name).record["test"]
    found = evaluate(name, quickdraw_folder, part="test").evaluation.to_dict()
    assert found["n"] == recorded["n"]
    for figure in ("top1", "top3", "map3", "balanced_accuracy"):
        assert found[figure] == pytest.approx(recorded[figure], abs=0.001)
