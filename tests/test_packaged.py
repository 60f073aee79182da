"""The models in the package: found by name, complete, and as good as their files say."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

import inkgrad
from inkgrad import packaged
from inkgrad.packaged import DEFAULT_MODEL, PACKAGED, is_model, packaged_file
from inkgrad.quickdraw import TASKS
from inkgrad.workflows import Settings, evaluate

NAMES = tuple(PACKAGED)
CLASSES = {"animals": 5, "everything": 345, "seed": 5, "twenty": 20}
TASK_OF = {"animals": "animals", "everything": "all", "seed": "animals", "twenty": "twenty"}
README = Path(inkgrad.__file__).parent / "models" / "README.md"


def test_there_are_these():
    assert set(NAMES) == set(CLASSES)
    counts = {name: len(inkgrad.load(name).classes) for name in NAMES}
    assert counts == {name: CLASSES[name] for name in NAMES}
    assert max(counts, key=counts.__getitem__) == DEFAULT_MODEL
    assert inkgrad.load("animals").classes == TASKS["animals"]
    assert set(re.split(", | or ", packaged.NAMES)) == set(NAMES)
    assert packaged.NAMES.count(" or ") == 1


@pytest.mark.parametrize("name", NAMES)
def test_each_tells_where_it_comes_from(name):
    model = inkgrad.load(name)
    settings = Settings.from_dict(model.record["settings"])
    assert model.network == settings.make_network()
    assert model.features is not None
    assert "CC BY 4.0" in model.record["data"]["attribution"]
    assert model.record["settings"]["recipe"]["seed"] == 42
    assert model.record["settings"]["test_size"] == 0.2
    assert model.record["command"].startswith(f"inkgrad train --task {TASK_OF[name]} ")


@pytest.mark.parametrize("name", NAMES)
def test_the_page_about_them_says_what_the_files_say(name):
    record = inkgrad.load(name).record
    card = README.with_name(f"{name}.md").read_text("utf-8")
    assert card.startswith(f"# {name}: model card\n")
    assert record["command"] in card
    (row,) = re.findall(rf"^\| `{name}` \|.*$", README.read_text("utf-8"), re.MULTILINE)
    counts = " + ".join(f"{n:,}" for n in record["drawings"].values())
    figures = [record["test"][figure] for figure in ("top1", "balanced_accuracy")]
    assert row.endswith(
        "".join(f"| {part} " for part in (counts, *map("{:.1%}".format, figures))).replace(
            "%", " %"
        )
        + "|"
    )
    commands = re.findall(r"^inkgrad train --task .*$", README.read_text("utf-8"), re.MULTILINE)
    assert essential(record["command"]) in map(essential, commands)


def essential(command: str) -> list[str]:
    """Return the words of a command but for the place of the data and what is usual.

    A network that goes by a name is recorded as ``network.json``, a model to start from by its run.
    """
    for usual in (r"--data \S+", r"--seed 42\b", r"--epochs 6\b", r"--out \S+"):
        command = re.sub(usual, "", command)
    command = re.sub(r"(--from) (?:\S*/)?(\S+/\S+)", r"\1 \2", command)
    return re.sub(r"(--network) \S+", r"\1 network.json", command).split()


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
    strokes = quickdraw_folder / "simplified"
    folder = strokes if name == "everything" else quickdraw_folder
    found = evaluate(name, folder, part="test").evaluation.to_dict()
    assert found["n"] == recorded["n"]
    for figure in ("top1", "top3", "map3", "balanced_accuracy"):
        assert found[figure] == pytest.approx(recorded[figure], abs=0.001)
