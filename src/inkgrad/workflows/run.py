"""The folder of a training run: what was asked for, whether it is done, and what it may become."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from inkgrad.errors import InkgradError
from inkgrad.json_text import parse_json
from inkgrad.quickdraw import find_task
from inkgrad.storage import atomic_write_bytes
from inkgrad.training import LAST
from inkgrad.workflows.settings import Settings

__all__ = [
    "RUN",
    "default_folder",
    "read_run",
    "refuse_to_overwrite",
    "resume_run",
    "write_run",
    "writing_to",
]

RUN = "run.json"
"""The file that tells the settings of the run in a folder, and whether it is finished."""

_LONGEST_NAME = 60  # characters of a folder named after its classes


def default_folder(task: str | None, classes: Sequence[str]) -> Path:
    """Return the folder for a run that was not given one.

    Examples
    --------
    >>> default_folder(None, ["cat", "alarm clock"]).as_posix()
    'runs/cat-alarm-clock'
    """
    name = re.sub(r"\W+", "-", task or "-".join(classes)).strip("-")
    return Path("runs") / (name[:_LONGEST_NAME].rstrip("-") or "run")


def write_run(folder: Path, settings: Settings, *, finished: bool) -> None:
    """Write down what the run in `folder` was asked for, and whether its model is there."""
    facts = {"finished": finished, "settings": settings.to_dict()}
    atomic_write_bytes(folder / RUN, (json.dumps(facts, indent=1) + "\n").encode())


def read_run(folder: Path) -> tuple[Settings, bool]:
    """Return the settings of the run in `folder`, and whether it is finished.

    Raises
    ------
    InkgradError
        If there is none, or its file is damaged.
    """
    path = folder / RUN
    try:
        facts = parse_json(path.read_bytes())
        return Settings.from_dict(facts["settings"]), facts["finished"] is True
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InkgradError(
            f"there is no run to resume in {folder} ({RUN} is missing); "
            "name the folder that the interrupted run wrote to, or leave out --resume"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InkgradError(f"{path} is damaged ({error}); begin anew with --restart") from error


def refuse_to_overwrite(folder: Path, restart: bool) -> None:
    """Protect an interrupted run: it is only forgotten when that is said.

    Raises
    ------
    InkgradError
        If there is one in `folder` and `restart` is not set, or `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InkgradError(f"{folder} is a file; name a folder to write to")
    if restart or not (folder / LAST).exists():
        return
    try:
        _, finished = read_run(folder)
    except InkgradError:
        finished = False  # nobody knows what this checkpoint is of: rather keep it
    if not finished:
        raise InkgradError(
            f"{folder} holds an interrupted run; go on with it by --resume, forget it by "
            "--restart, or name another folder with --out"
        )


def resume_run(
    out: str | os.PathLike[str] | None,
    classes: str | Sequence[str] | None,
    *,
    task: str | None,
    data: str | os.PathLike[str] | None,
    choices: Mapping[str, Any],
) -> tuple[Path, Settings]:
    """Return the folder of the run that is to go on, and its settings.

    Raises
    ------
    InkgradError
        If there is no such run, or what is asked for now does not agree with it.
    """
    if out is None and task is None and classes is None:
        raise InkgradError("it is not said which run shall go on; name its folder with --out")
    asked = None
    if task is not None or classes is not None:
        asked = find_task(classes, task=task, data=data)
    folder = default_folder(task, asked or ()) if out is None else Path(out)
    begun, _ = read_run(folder)
    if asked is not None and asked != begun.classes:
        raise InkgradError(
            f"the run in {folder} learns {', '.join(begun.classes)}, not {', '.join(asked)}; "
            "leave the classes out, or train into another folder"
        )
    # Whether these may change depends on how far the run is: `inkgrad.training.fit` decides.
    free = {name: value for name, value in choices.items() if name in ("epochs", "patience")}
    chosen = replace(begun, recipe=replace(begun.recipe, **free))
    for name, value in chosen.differences(choices).items():
        raise InkgradError(
            f"the run in {folder} has {name} {value}, but {choices[name]} is asked for; "
            "leave it out, or train into another folder"
        )
    return folder, chosen


@contextlib.contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Say, if the disk refuses what is written to a run's folder, what that means."""
    try:
        yield
    except BrokenPipeError:  # not the disk: nobody reads what is printed
        raise
    except OSError as error:
        raise InkgradError(
            f"cannot write to {folder}: {error.strerror or error}; make room or get permission, "
            "or name another folder with --out"
        ) from error
