"""Tasks: sets of classes that go by a name, and finding the classes that a user means."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from inkgrad.errors import DataError
from inkgrad.json_text import JsonError, parse_json
from inkgrad.quickdraw.categories import CATEGORIES, find_category
from inkgrad.quickdraw.data_locations import (
    BucketFolder,
    DataLocation,
    Mirror,
    OwnFiles,
    OwnFolder,
    find_data_location,
)
from inkgrad.quickdraw.partial_download import PartialDownload
from inkgrad.quickdraw.responses import NotFoundError
from inkgrad.quickdraw.transfer import Client
from inkgrad.text import listed

__all__ = ["TASKS", "class_names", "find_task", "load_task"]

TASKS: dict[str, tuple[str, ...]] = {
    "all": CATEGORIES,
    "animals": ("cat", "dog", "dolphin", "elephant", "zebra"),
}
"""The tasks that are known everywhere."""

_FILE = "tasks.json"
_LARGEST = 1 << 20  # bytes


def load_task(
    name: str, data: str | os.PathLike[str] | None = None, *, offline: bool = False
) -> tuple[str, ...]:
    """Return the classes of a task.

    Parameters
    ----------
    name : str
        A name in the file ``tasks.json`` of the place of the drawings (an object whose values
        are lists of classes), or one of `TASKS`.
    data : path or address, optional
        The place, as `inkgrad.quickdraw.data_locations.find_data_location` takes it.
    offline : bool
        Do not ask a mirror for its tasks.

    Returns
    -------
    classes : tuple of str

    Raises
    ------
    DataError
        If there is no such task (the message lists those there are), or the file is damaged.
    DownloadError
        If the file could not be fetched from a mirror.

    Examples
    --------
    >>> load_task("animals")
    ('cat', 'dog', 'dolphin', 'elephant', 'zebra')
    """
    place = find_data_location(data)
    ask = not (offline and isinstance(place, Mirror))
    tasks = {**TASKS, **_read_tasks(place)} if ask else TASKS
    if name not in tasks:
        where = "" if place is None else f" in {place}"
        raise DataError(f"there is no task {name!r}{where}; there are {listed(sorted(tasks))}")
    return tasks[name]


def find_task(
    classes: str | Sequence[str] | None = None,
    *,
    task: str | None = None,
    data: str | os.PathLike[str] | None = None,
    offline: bool = False,
) -> tuple[str, ...]:
    """Return the classes that a user means, by the names that their files have.

    Parameters
    ----------
    classes : str or sequence of str, optional
        Names of classes, as a list or separated by commas. A name of a file or folder at the
        place counts as it stands; others are understood as
        `inkgrad.quickdraw.categories.find_category` does.
    task : str, optional
        A task's name instead, see `load_task`.
    data : path or address, optional
        The place of the drawings. If it is a folder of one's own drawings and neither classes nor
        a task is given, all its subfolders are meant; if it is a file of drawings, all its words.
    offline : bool
        Ask no server.

    Returns
    -------
    classes : tuple of str
        Distinct names.

    Raises
    ------
    DataError
        If nothing, too much or something unknown is given.

    Examples
    --------
    >>> find_task("cats, the eiffel tower", data="https://example.org/quickdraw")
    ('cat', 'The Eiffel Tower')
    """
    if classes is not None and task is not None:
        raise DataError(f"both classes and the task {task!r} are given; leave one of them out")
    if task is not None:
        return load_task(task, data, offline=offline)
    place = find_data_location(data)
    if classes is None:
        if isinstance(place, (OwnFolder, OwnFiles)):
            return place.classes()
        raise DataError(
            "no classes are named; give a task such as animals, or classes such as cat,dog"
        )
    names = [_find(name, place) for name in class_names(classes)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"the class {twice[0]} is given twice; name each class once")
    return tuple(names)


def class_names(classes: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of classes that a user has written, as a list or separated by commas.

    Examples
    --------
    >>> class_names("cat, alarm clock")
    ('cat', 'alarm clock')
    """
    given = classes.split(",") if isinstance(classes, str) else classes
    names = tuple(name.strip() for name in given)
    if not names:
        raise DataError("no classes are given; name at least one, for instance cat,dog")
    if not all(names):
        raise DataError("a class without a name is given; write them as in cat,dog")
    return names


def _find(name: str, place: DataLocation | None) -> str:
    """Return the name that a class has at a place."""
    if place is not None and place.has(name):
        return name
    if isinstance(place, (OwnFolder, OwnFiles)):
        what = "subfolder" if isinstance(place, OwnFolder) else "drawings of"
        raise DataError(f"{place} has no {what} {name!r}; there are {listed(place.classes())}")
    return find_category(name)


def _read_tasks(place: DataLocation | None) -> dict[str, tuple[str, ...]]:
    """Read the tasks that a place tells of; none if it has no such file."""
    if isinstance(place, Mirror):
        return _parse(_fetch(place), f"{place}/{_FILE}")
    if isinstance(place, BucketFolder) and (place.path / _FILE).is_file():
        with (place.path / _FILE).open("rb") as file:
            return _parse(file.read(_LARGEST), str(place.path / _FILE))
    return {}


def _fetch(mirror: Mirror) -> bytes:
    """Fetch a mirror's file of tasks; an empty object if it has none."""
    with tempfile.TemporaryDirectory(prefix="inkgrad-") as folder, Client() as client:
        try:
            with PartialDownload(Path(folder) / _FILE) as part:
                client.extend(f"{mirror.url}/{_FILE}", part, _LARGEST)
                return part.read(0, part.size)
        except NotFoundError:
            return b"{}"


def _parse(content: bytes, where: str) -> dict[str, tuple[str, ...]]:
    """Parse and check a file of tasks."""
    try:
        tasks: Any = parse_json(content)
    except JsonError as error:
        raise DataError(f"{where} cannot be read: {error}; mend or remove it") from None
    if not isinstance(tasks, dict) or not all(_is_task(value) for value in tasks.values()):
        raise DataError(
            f'{where} must be an object of lists of distinct classes, as {{"pets": ["cat", '
            '"dog"]}; mend or remove it'
        )
    return {name: tuple(value) for name, value in tasks.items()}


def _is_task(value: object) -> bool:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        return False
    return bool(value) and len(set(value)) == len(value)
