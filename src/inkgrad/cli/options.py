"""The options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from inkgrad.packaged import NAMES

__all__ = [
    "AsJson",
    "Data",
    "Engine",
    "Limit",
    "ModelFile",
    "NetworkName",
    "Offline",
    "Own",
    "Precision",
    "Restart",
    "Seed",
    "Variation",
    "given",
    "option",
    "strengths",
]


def option(names: str, help: str, metavar: str | None = None) -> Any:
    """Return an option as typer declares it; without a metavar, a switch."""
    return typer.Option(*names.split(), metavar=metavar, help=help)


Data = Annotated[
    str | None,
    option(
        "--data",
        "Drawings to use: a folder or address (file://, http(s)://) with the layout of Google's "
        "bucket; your own folder, CLASS/*.png|svg|json; or a file of strokes with a word for each "
        "(.ndjson), such as the drawing page saves. Default: $INKGRAD_DATA, the local cache, "
        "Google's bucket, or built-in doodles.",
        "PLACE",
    ),
]
Own = Annotated[
    str | None,
    option(
        "--own",
        "Your own drawings besides, more of the classes or of others: a folder CLASS/*.png|svg|"
        "json, or a file of strokes such as the drawing page saves.",
        "PLACE",
    ),
]
Limit = Annotated[int | None, option("--limit", "Use at most N drawings per class.", "N")]
Seed = Annotated[
    int | None,
    option("--seed", "Random seed of initial weights, order and split (default: 42).", "N"),
]
Restart = Annotated[bool, option("--restart", "Discard an interrupted run in FOLDER.")]
Engine = Annotated[
    str, option("--engine", "Engine that runs the network: auto, cpu or reference.", "NAME")
]
Precision = Annotated[
    str,
    option(
        "--precision",
        "What the network computes in: float32, or int8, which is faster on many processors and "
        "almost as accurate.",
        "NAME",
    ),
]
Offline = Annotated[bool, option("--offline", "Download nothing.")]
NetworkName = Annotated[
    str | None,
    option(
        "--network",
        "Network: seed, tiny, sketch, sketch-wide, or a JSON file with what `inkgrad info --json` "
        "prints (default: seed).",
        "NAME|FILE",
    ),
]
Variation = Annotated[
    str | None,
    option(
        "--variation",
        "Strengths of the variants that differ from the usual ones, such as turn=5,mirror=0.",
        "NAME=X,…",
    ),
]
AsJson = Annotated[bool, option("--json", "Print JSON, for programs.")]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help=f"A .safetensors file, {NAMES}.")]


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def strengths(text: str) -> dict[str, Any]:
    """Return the strengths of a variation by name, from ``turn=5,mirror=0``.

    What is no number is left to `inkgrad.drawing.variants.Variation` to refuse.

    Examples
    --------
    >>> strengths("turn=5, mirror=0")
    {'turn': 5.0, 'mirror': 0.0}
    """
    found: dict[str, Any] = {}
    for word in filter(None, (word.strip() for word in text.split(","))):
        name, _, value = (part.strip() for part in word.partition("="))
        try:
            found[name] = float(value)
        except ValueError:
            found[name] = value
    return found
