"""Tasks, and the classes that a user means."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inkgrad.errors import DataError, DownloadError
from inkgrad.quickdraw.categories import CATEGORIES
from inkgrad.quickdraw.tasks import find_task, load_task

from .bucket import Bucket, status

ANIMALS = ("cat", "dog", "dolphin", "elephant", "zebra")
TASKS = {"pets": ["cat", "dog"], "own": ["sun dial", "cat"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "numpy_bitmap").mkdir()
    (tmp_path / "numpy_bitmap" / "sun dial.npy").write_bytes(b"")
    (tmp_path / "tasks.json").write_text(json.dumps(TASKS))
    return tmp_path


def test_tasks_known_everywhere(folder: Path) -> None:
    assert load_task("animals") == load_task("animals", folder) == ANIMALS
    assert load_task("all") == CATEGORIES
    assert len(load_task("all")) == 345


def test_tasks_of_a_folder(folder: Path) -> None:
    assert load_task("pets", folder) == ("cat", "dog")
    assert load_task("own", folder.as_uri()) == ("sun dial", "cat")


def test_a_folder_may_have_a_task_of_a_known_name(folder: Path) -> None:
    (folder / "tasks.json").write_text('{"animals": ["owl", "cat"]}')
    assert load_task("animals", folder) == ("owl", "cat")


def test_a_folder_without_tasks(folder: Path) -> None:
    (folder / "tasks.json").unlink()
    assert load_task("animals", folder) == ANIMALS


def test_an_unknown_task(folder: Path) -> None:
    with pytest.raises(DataError, match=r"no task 'pets'; there are all, animals$"):
        load_task("pets")
    with pytest.raises(DataError, match=r"in the folder .*; there are all, animals, own, pets$"):
        load_task("plants", folder)


def test_tasks_of_a_mirror(server: Bucket) -> None:
    assert load_task("animals", server.url) == ANIMALS
    server.files["tasks.json"] = json.dumps(TASKS).encode()
    assert load_task("pets", server.url) == ("cat", "dog")
    server.gets.clear()
    assert load_task("animals", server.url, offline=True) == ANIMALS
    with pytest.raises(DataError, match=r"there are all, animals$"):
        find_task(task="pets", data=server.url, offline=True)
    assert server.gets == []
    server.always("tasks.json", status(403))
    with pytest.raises(DownloadError, match=r"tasks\.json: the server answered 403"):
        load_task("animals", server.url)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[" * 100_000,
        b"[]",
        b'{"a": 1}',
        b'{"a": []}',
        b'{"a": [1]}',
        b'{"a": [""]}',
        b'{"a": ["cat", "cat"]}',
        b"\xff\xfe",
    ],
)
def test_damaged_tasks(folder: Path, content: bytes) -> None:
    (folder / "tasks.json").write_bytes(content)
    with pytest.raises(DataError, match=r"tasks\.json (cannot be read: \w|must be an object)"):
        load_task("animals", folder)


def test_classes_by_forgiving_names(folder: Path) -> None:
    assert find_task("cats, The eiffel tower") == ("cat", "The Eiffel Tower")
    assert find_task(["t shirt", "dog"]) == ("t-shirt", "dog")
    assert find_task("sun dial,Cat", data=folder) == ("sun dial", "cat")
    assert find_task(task="animals") == ANIMALS


def test_own_drawings(tmp_path: Path) -> None:
    for name in ("ours", "cat"):
        (tmp_path / name).mkdir()
    assert find_task(data=tmp_path) == ("cat", "ours")
    assert find_task("ours", data=tmp_path) == ("ours",)
    with pytest.raises(DataError, match=r"has no subfolder 'Ours'; there are cat, ours$"):
        find_task("Ours", data=tmp_path)


def test_a_file_of_drawings(tmp_path: Path) -> None:
    path = tmp_path / "drawings.ndjson"
    words = ["my logo", "cats", "", "my logo"]
    path.write_text("".join(f'{{"word": "{w}", "drawing": [[[0], [0]]]}}\n' for w in words))
    assert find_task(data=path) == ("cats", "drawings", "my logo")
    assert find_task("my logo , cats", data=path) == ("my logo", "cats")
    with pytest.raises(DataError, match=r"no drawings of 'cat'; there are cats, drawings, my "):
        find_task("cat", data=path)


@pytest.mark.parametrize(
    ("classes", "task", "match"),
    [
        (None, None, "no classes are named; give a task such as animals"),
        ("cat,dog", "animals", "both classes and the task 'animals' are given"),
        ("cat,,dog", None, "a class without a name"),
        ("", None, "a class without a name"),
        ([], None, "no classes are given"),
        ("cat,dog,Cats", None, "the class cat is given twice"),
        ("cat,dolfin", None, "'dolfin' is no Quick, Draw! category; did you mean dolphin"),
    ],
)
def test_wishes_that_make_no_sense(
    classes: str | list[str] | None, task: str | None, match: str
) -> None:
    with pytest.raises(DataError, match=match):
        find_task(classes, task=task)
