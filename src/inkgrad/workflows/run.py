"""The folder of a training run: what was asked for, how far it is, and what it may become."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from inkgrad.errors import InkgradError, ModelError
from inkgrad.insight.card import Making
from inkgrad.json_text import parse_json
from inkgrad.model import load
from inkgrad.network import Network
from inkgrad.quickdraw import find_task
from inkgrad.signals import Stopped
from inkgrad.storage import atomic_write_bytes
from inkgrad.text import listed
from inkgrad.training import LAST, load_checkpoint
from inkgrad.workflows.settings import Settings

__all__ = [
    "BEGUN",
    "FINISHED",
    "MODEL",
    "REPORT",
    "RUN",
    "TRAINING",
    "begun",
    "default_folder",
    "finished_already",
    "folder_to_resume",
    "read_making",
    "read_run",
    "refuse_to_overwrite",
    "resume_run",
    "write_run",
    "writing_to",
]

RUN = "run.json"
"""The file that tells the settings of the run in a folder, and how far it is."""

MODEL, REPORT = "model.safetensors", "report.html"
"""What a finished run leaves."""

BEGUN, TRAINING, FINISHED = "begun", "training", "finished"
"""How far a run is.

It has begun: a checkpoint in its folder is of an earlier run. It is training: the checkpoint is its
own. It is finished: so are model and report.
"""

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


def write_run(folder: Path, settings: Settings, state: str, making: Making | None = None) -> None:
    """Write down what the run in `folder` was asked for, how far it is, and how it was made."""
    facts: dict[str, Any] = {"state": state, "settings": settings.to_dict()}
    if making is not None:
        facts["making"] = asdict(making)
    atomic_write_bytes(folder / RUN, (json.dumps(facts, indent=1) + "\n").encode())


def read_run(folder: Path) -> tuple[Settings, str]:
    """Return the settings of the run in `folder`, and how far it is.

    Raises
    ------
    InkgradError
        If there is none, or its file is damaged.
    """
    path = folder / RUN
    try:
        facts = parse_json(path.read_bytes())
        settings = Settings.from_dict(facts["settings"])
        if "state" not in facts:  # written by an earlier inkgrad
            return settings, FINISHED if facts["finished"] is True else TRAINING
        if facts["state"] not in (BEGUN, TRAINING, FINISHED):
            raise ValueError(f"its state is {facts['state']!r}")
        return settings, facts["state"]
    except (FileNotFoundError, NotADirectoryError) as error:
        found = (folder / LAST).exists()
        way_out = "start over with --restart" if found else "leave out --resume"
        raise InkgradError(
            f"there is no run to resume in {folder} ({RUN} is missing); name the folder that the "
            f"interrupted run wrote to, or {way_out}"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InkgradError(f"{path} is damaged ({error}); start over with --restart") from error


def read_making(folder: Path, settings: Settings) -> Making | None:
    """Return on what machine, and how long, the finished run in `folder` was trained.

    None if there is no such run, if it has other settings, or if it does not tell.
    """
    try:
        found, state = read_run(folder)
        making = Making(**parse_json((folder / RUN).read_bytes())["making"])
    except (InkgradError, OSError, ValueError, KeyError, TypeError):
        return None
    sound = isinstance(making.machine, str) and isinstance(making.seconds, (int, float))
    # The model file does not tell where the data lay.
    same = replace(found, data=None) == replace(settings, data=None)
    return making if sound and same and state == FINISHED else None


@contextlib.contextmanager
def begun(folder: Path, settings: Settings, state: str) -> Iterator[Callable[[], None]]:
    """Say on the disk that a run has begun, before anything slow; inside, it is brought to its end.

    Whatever kills the process, its settings are then known. If it ends by a mistake or by Ctrl-C
    before training, the folder is as it was; SIGTERM and SIGHUP, by which nobody takes the command
    back, leave a run that can be resumed.

    Yields
    ------
    on_begun : callable
        To be called when the checkpoint in the folder is the run's own.
    """
    path = folder / RUN
    with writing_to(folder):
        before = path.read_bytes() if path.exists() else None
        write_run(folder, settings, state)
    training = False

    def on_begun() -> None:
        nonlocal training
        write_run(folder, settings, TRAINING)
        training = True

    command = f"train --resume --out {shlex.quote(str(folder))}"
    try:
        yield on_begun
    except BaseException as error:
        if isinstance(error, Stopped) and (training or error.number != signal.SIGINT):
            fresh = state == BEGUN and not training
            error.advice = (
                f"nothing was trained yet: {command} starts it" if fresh else f"{command} goes on"
            )
        elif not training:
            with contextlib.suppress(OSError):
                if before is None:
                    path.unlink(missing_ok=True)
                else:
                    atomic_write_bytes(path, before)
        raise


def refuse_to_overwrite(folder: Path, restart: bool, network: Network | None = None) -> None:
    """Protect an interrupted run: it is only forgotten when that is said.

    Parameters
    ----------
    folder : Path
    restart : bool
        Whether it is said.
    network : Network, optional
        That the run would be resumed with; by default its own.

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
        settings, state = read_run(folder)
        if state == TRAINING:
            _check_checkpoint(folder, settings, network)
    except InkgradError as error:  # nobody knows what this checkpoint is of: rather keep it
        raise InkgradError(
            f"{folder} holds an interrupted run that cannot be resumed; forget it by --restart, or "
            f"name another folder with --out ({error})"
        ) from error
    if state == TRAINING:
        raise InkgradError(
            f"{folder} holds an interrupted run; go on with it by --resume, forget it by "
            "--restart, or name another folder with --out"
        )


def folder_to_resume(
    out: str | os.PathLike[str] | None,
    classes: str | Sequence[str] | None,
    *,
    task: str | None,
    data: str | os.PathLike[str] | None,
) -> tuple[Path, tuple[str, ...] | None]:
    """Return the folder of the run that is to go on, and the classes if they are named.

    Raises
    ------
    InkgradError
        If neither is.
    """
    if out is None and task is None and classes is None:
        raise InkgradError("no run to resume is named; give its folder with --out")
    asked = None
    if task is not None or classes is not None:
        asked = find_task(classes, task=task, data=data)
    return default_folder(task, asked or ()) if out is None else Path(out), asked


def resume_run(
    folder: Path,
    asked: tuple[str, ...] | None,
    choices: Mapping[str, Any],
    network: Network | None = None,
) -> tuple[Settings, str]:
    """Return the settings of the run that is to go on, and from where.

    Returns
    -------
    settings : Settings
    state : str
        Begun: from the beginning. Training: from its checkpoint. Finished: there is nothing to do.

    Raises
    ------
    InkgradError
        If there is no such run, it cannot be resumed, or what is asked for now does not agree with
        it.
    """
    settings, state = read_run(folder)
    if network is not None and settings.network is not None and network != settings.make_network():
        raise InkgradError(
            f"the run in {folder} trains another network; leave the network out, or train into "
            "another folder"
        )
    if asked is not None and asked != settings.classes:
        raise InkgradError(
            f"the run in {folder} learns {listed(settings.classes)}, not {listed(asked)}; "
            "leave the classes out, or train into another folder"
        )
    # How far the run is decides whether these may change.
    free = {name: value for name, value in choices.items() if name in ("epochs", "patience")}
    chosen = replace(settings, recipe=replace(settings.recipe, **free))
    differences = chosen.differences(choices)
    if state == FINISHED and chosen == settings and not differences and _is_whole(folder):
        return chosen, FINISHED
    if state == BEGUN or not (folder / LAST).exists():
        state = BEGUN
    elif chosen.recipe.schedule_knows_the_end:
        differences |= settings.differences({"epochs": chosen.recipe.epochs})
    for name, value in differences.items():
        raise InkgradError(
            f"the run in {folder} has {name} {value}, but {choices[name]} is asked for; "
            "leave it out, or train into another folder"
        )
    if state != BEGUN:
        _check_checkpoint(folder, settings, network)
        state = TRAINING
    return chosen, state


def finished_already(folder: Path, settings: Settings) -> str:
    """Return the sentence for a run that has nothing left to do."""
    recipe = settings.recipe
    # A schedule that knows the end was laid out for just so many epochs.
    more = "" if recipe.schedule_knows_the_end else f"give more --epochs than {recipe.epochs}, or "
    return (
        f"the run in {folder} is finished already, with the model {folder / MODEL}; to train on, "
        f"{more}begin a new run with --restart or another --out"
    )


def _check_checkpoint(folder: Path, settings: Settings, network: Network | None) -> None:
    """Refuse a checkpoint that the run cannot go on from, before anything is loaded for it."""
    try:
        load_checkpoint(folder / LAST, network or settings.make_network())
    except ModelError as error:
        raise ModelError(f"{error}; start over with --restart") from error


def _is_whole(folder: Path) -> bool:
    """Whether model and report of a finished run are there to be used."""
    try:
        load(folder / MODEL)
    except InkgradError:
        return False
    return (folder / REPORT).is_file()


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
            + ("then go on with --resume" if _goes_on(folder) else "or name another with --out")
        ) from error


def _goes_on(folder: Path) -> bool:
    """Whether the run in a folder can be resumed where it is."""
    try:
        return read_run(folder)[1] == TRAINING and (folder / LAST).exists()
    except InkgradError:
        return False
