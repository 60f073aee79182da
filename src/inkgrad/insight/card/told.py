"""What a model's record tells of its making, read without trust: the file may be a stranger's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["counts", "number", "part_of", "recipe", "text"]


def part_of(record: Mapping[str, Any], *names: str) -> Any:
    """Return what stands under these names, one within the other; None where there is nothing.

    Examples
    --------
    >>> part_of({"data": {"source": "a folder"}}, "data", "source"), part_of({}, "data", "source")
    ('a folder', None)
    """
    found: Any = record
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def text(record: Mapping[str, Any], *names: str) -> str:
    """Return a text of the record; empty if there is none."""
    found = part_of(record, *names)
    return found if isinstance(found, str) else ""


def number(record: Mapping[str, Any], *names: str) -> float | None:
    """Return a number of the record; None if there is none."""
    found = part_of(record, *names)
    is_number = isinstance(found, (int, float)) and not isinstance(found, bool)
    return found if is_number else None


def counts(record: Mapping[str, Any]) -> dict[str, int]:
    """Return how many drawings of each class there were in all; empty if that is not told."""
    found = part_of(record, "data", "counts")
    if not isinstance(found, Mapping) or not all(type(n) is int for n in found.values()):
        return {}
    return dict(found)


def recipe(record: Mapping[str, Any]) -> str:
    """Return the recipe of the training in a line; empty if it is not told.

    Examples
    --------
    >>> recipe({"settings": {"balance": True, "augment": 2, "recipe": {"epochs": 6,
    ...     "batch_size": 128, "optimizer": "adam", "learning_rate": 0.002, "schedule": "cosine"}}})
    '6 epochs, batches of 128, adam, learning rate 0.002 (cosine), 2 variants of each drawing,
    rare classes shown more often'
    """
    given = part_of(record, "settings", "recipe")
    if not isinstance(given, Mapping):
        return ""
    words = []
    for name, form in (
        ("epochs", "{} epochs"),
        ("batch_size", "batches of {}"),
        ("optimizer", "{}"),
        ("learning_rate", "learning rate {}"),
        ("weight_decay", "weight decay {}"),
        ("clip_norm", "gradients clipped to {}"),
        ("label_smoothing", "label smoothing {}"),
        ("averaging", "averaged weights {}"),
        ("patience", "patience {}"),
    ):
        if given.get(name):
            words.append(form.format(given[name]))
            if name == "learning_rate" and given.get("schedule"):
                words[-1] += f" ({given['schedule']})"
    words += _variants(record)
    if part_of(record, "settings", "balance") is True:
        words.append("rare classes shown more often")
    return ", ".join(words)


def _variants(record: Mapping[str, Any]) -> list[str]:
    """Return how drawings were varied; a file that knows no seed of the split is an older one."""
    times = number(record, "settings", "augment") or 0
    if part_of(record, "settings", "split_seed") is None:
        return [f"{times:.0f} variants of each drawing"] if times > 1 else []
    how_often = "once" if times == 1 else f"{times:.0f} times"
    return [f"each drawing {how_often} an epoch, always in a new variant"] if times else []
