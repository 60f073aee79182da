"""What a model file says of its making: enough to repeat it, nothing of the machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inkgrad.drawing.variants import Variation
from inkgrad.errors import InkgradError
from inkgrad.insight import Evaluation, hard_classes
from inkgrad.model import Model
from inkgrad.quickdraw import Loaded
from inkgrad.version import __version__
from inkgrad.workflows.networks import name_of
from inkgrad.workflows.run import MODEL
from inkgrad.workflows.settings import Parts, Settings

__all__ = [
    "FIGURES",
    "FLAGS",
    "Origin",
    "command",
    "make_record",
    "origin_of",
    "source_of",
]

FIGURES = ("n", "top1", "top3", "map3", "balanced_accuracy")
"""The figures of the test part that a model file holds."""

FLAGS = (
    "limit",
    "batch_size",
    "optimizer",
    "learning_rate",
    "schedule",
    "momentum",
    "nesterov",
    "weight_decay",
    "clip_norm",
    "label_smoothing",
    "averaging",
    "patience",
    "split",
    "fold",
    "test_size",
    "validation_size",
    "balance",
    "per_class",
    "augment",
    "outliers",
    "variation",
    "suspicious",
    "start",
    "own",
)
"""The settings that the command line has options for, by the same names; besides the usual ones
(classes, task, data, seed, epochs), which every command names."""


class Origin(NamedTuple):
    """How a model was trained: by which settings, on drawings with which fingerprint."""

    settings: Settings
    fingerprint: str


def make_record(
    settings: Settings, loaded: Loaded, parts: Parts, engine: str, evaluation: Evaluation
) -> dict[str, Any]:
    """Return what a model file says of its making, in plain values.

    No times and no names of the machine's folders: on one machine, the same command with the same
    drawings gives the same bytes, for any number of threads where the fast engine's kernels carry
    out the whole network (see `inkgrad.engines.cpu.CpuEngine`).
    """
    figures = evaluation.to_dict()
    return {
        "inkgrad": __version__,
        "command": command(settings),
        "engine": engine,
        "data": {
            "source": source_of(loaded),
            "attribution": loaded.attribution,
            "fingerprint": loaded.drawings.fingerprint(),
            "counts": loaded.drawings.counts(),
        },
        "drawings": {name: len(part) for name, part in parts._asdict().items()},
        "settings": {
            **settings.to_dict(),
            "data": None,
            "suspicious": _name(settings.suspicious),
            "start": _run_of(settings.start),
            "own": _name(settings.own),
        },
        "test": {name: figures[name] for name in FIGURES},
        "hard_classes": hard_classes(evaluation.classes, evaluation.confusion),
    }


def origin_of(model: Model) -> Origin | None:
    """Return how a model was trained; None if its file does not tell, or nothing sensible.

    Examples
    --------
    >>> from inkgrad.network import seed_network
    >>> origin_of(Model(seed_network(2), seed_network(2).initialise(), ("cat", "dog"))) is None
    True
    """
    try:
        settings = Settings.from_dict(model.record["settings"])
        fingerprint = model.record["data"]["fingerprint"]
    except (InkgradError, KeyError, TypeError):
        return None
    known = isinstance(fingerprint, str) and settings.classes == model.classes
    return Origin(settings, fingerprint) if known else None


def command(settings: Settings) -> str:
    """Return the command line that repeats a run, but for the folders of its data and output.

    Examples
    --------
    >>> settings = Settings.choose(
    ...     ("cat", "dog"), {"epochs": 3, "schedule": "step"}, data="/somewhere/quickdraw"
    ... )
    >>> command(settings)
    'inkgrad train --classes cat,dog --data quickdraw --seed 42 --epochs 3 --schedule step'
    """
    words = ["inkgrad", "train"]
    if settings.task:
        words += ["--task", settings.task]
    else:
        words += ["--classes", ",".join(settings.classes)]
    if settings.data:
        is_address = "://" in settings.data
        words += ["--data", settings.data if is_address else Path(settings.data).name]
    if settings.network is not None and settings.start is None:  # which has the network
        # Without a name it is what `inkgrad info --json` prints of the model.
        words += ["--network", name_of(settings.make_network()) or "network.json"]
    words += ["--seed", str(settings.recipe.seed)]
    if settings.split_seed != settings.recipe.seed:
        words += ["--split-seed", str(settings.split_seed)]
    words += ["--epochs", str(settings.recipe.epochs)]
    for name, value in settings.differences(Settings(settings.classes).choices()).items():
        if name in FLAGS:
            flag = "--from" if name == "start" else "--" + name.replace("_", "-")
            if name in _PATHS:
                value = _PATHS[name](value)
            words += [flag] if value is True else [flag, _in_words(value)]
    return shlex.join(words)


def _in_words(value: Any) -> str:
    """Return a setting as the command line takes it."""
    if not isinstance(value, Mapping):  # but for a variation
        return str(value)
    usual = Variation().to_dict()
    return ",".join(f"{name}={v:g}" for name, v in value.items() if v != usual[name])


def _name(path: str | None) -> str | None:
    """Return a file's name without its folder."""
    return None if path is None else Path(path).name


def _run_of(path: str | None) -> str | None:
    """Return the name of a model's file, and of the run if all runs call it so."""
    if path is None:
        return None
    file = Path(path)
    return f"{file.parent.name}/{file.name}" if file.name == MODEL else file.name


_PATHS = {"suspicious": _name, "start": _run_of, "own": _name}


def source_of(loaded: Loaded) -> str:
    """Return where drawings came from, but for the machine's folders and the day's network."""
    if loaded.parts:
        return " and ".join(
            f"{source_of(part)} ({len(part.drawings):,} drawings)" for part in loaded.parts
        )
    if loaded.built_in:
        return "built-in doodles"
    place = r"(the (?:folder of drawings|folder|file of drawings|files of drawings in)) (.+)"
    if found := re.fullmatch(place, loaded.source):
        return f"{found[1]} {Path(found[2]).name}"
    return re.sub(r"^what was fetched earlier from |, (as|the first) .*$", "", loaded.source)
